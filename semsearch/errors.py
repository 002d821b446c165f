"""Every error the library raises on purpose.

SemsearchError            one line for people: what was asked, what was found, what to do
├── DatabaseError         the file cannot be used: not a database, locked, full, read-only
│   └── SchemaError       the file was made by an older or a newer semsearch
├── NotFoundError         a dataset, collection, item, column or builder that is not there
├── NameTakenError        a name that already means something else
├── InputError            a query, option or source that cannot be used as it is
├── BuildError            a builder had nothing to learn from, or returned something inconsistent
├── PluginError           an installed plugin that fails to load or clashes with another
└── CapabilityError       something this machine's installation lacks, with its remedy
"""

from __future__ import annotations


class SemsearchError(Exception):
    """Base of all; its text is one line fit for people."""


class DatabaseError(SemsearchError):
    """The database file cannot be opened, read or written."""


class SchemaError(DatabaseError):
    """The catalogue in the file belongs to another version of semsearch."""


class NotFoundError(SemsearchError):
    """What was asked for by name does not exist; the text says what does."""


class NameTakenError(SemsearchError):
    """A new name collides with something that is not ours to replace."""


class InputError(SemsearchError):
    """A query, an option or a source cannot be used as it is."""


class BuildError(SemsearchError):
    """A build could not produce usable embeddings."""


class PluginError(SemsearchError):
    """A plugin fails to import, or registers a name twice."""


class CapabilityError(SemsearchError):
    """The installation lacks something needed; the text names the remedy."""
