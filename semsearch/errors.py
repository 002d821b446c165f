"""The errors that the library raises on purpose.

SemsearchError            its text is one line for people: what was requested, what was found, what to do
├── DatabaseError         the file cannot be used: not a database, locked, full, read-only
│   └── SchemaError       the file was made by an older or a newer semsearch
├── NotFoundError         a dataset, collection, item, column or builder that does not exist
├── NameTakenError        a name that is already in use
├── InputError            an invalid query, option or source
├── BuildError            a builder found nothing to learn from, or returned something inconsistent
├── PluginError           an installed plugin that fails to load or clashes with another
└── CapabilityError       a package or a device is missing; the text names the remedy
"""

from __future__ import annotations


class SemsearchError(Exception):
    """The base class; its text is one line for people."""


class DatabaseError(SemsearchError):
    """The database file cannot be opened, read or written."""


class SchemaError(DatabaseError):
    """The catalogue in the file was written by an incompatible version of semsearch."""


class NotFoundError(SemsearchError):
    """Something requested by name does not exist; the text lists what does."""


class NameTakenError(SemsearchError):
    """A new name belongs to something that semsearch may not replace."""


class InputError(SemsearchError):
    """A query, an option or a source is invalid."""


class BuildError(SemsearchError):
    """A build could not produce usable embeddings."""


class PluginError(SemsearchError):
    """A plugin fails to import, or registers a name twice."""


class CapabilityError(SemsearchError):
    """A package or a device is missing; the text names the remedy."""
