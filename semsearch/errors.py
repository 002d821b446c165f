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

import re
from collections.abc import Iterable
from difflib import get_close_matches

_OPTION = re.compile(r"--?([a-z][a-z-]*)")
MAX_SHOWN = 40  # characters of a wrong value in an error


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


def out_of_range(
    name: str,
    value: object,
    *,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
    of: str = "",
) -> InputError:
    """The error of a value outside its bounds: `--weight must be between 0 and 1, not 7`.

    `name` is the option's. `least` and `most` are inclusive bounds, `above` and `below` exclusive ones. `of` says what
    the bounds are those of: "pixels", "the number of items".
    """
    given = {"least": least, "most": most, "above": above, "below": below}
    known = {which: written(bound) for which, bound in given.items() if bound is not None}
    words = {"least": "at least", "above": "above", "most": "at most", "below": "below"}
    if {"least", "most"} <= known.keys():
        bounds = f"between {known['least']} and {known['most']}"
    else:
        bounds = " and ".join(f"{words[which]} {known[which]}" for which in words if which in known)
    return InputError(f"{name} must be {bounds}{of and f' {of}'}, not {written(value)}")


def reason_of(error: Exception) -> str:
    """Why a file cannot be read, without the number and the path that the text of an OSError has."""
    return str(isinstance(error, OSError) and error.strerror or error)


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """The end of an error about an unknown name: `. Did you mean 'lsa'?`; empty if no name is similar."""
    near = get_close_matches(name, names, n=1)
    return f". Did you mean {near[0]!r}?" if near else ""


def as_argument(text: str) -> str:
    """An error for SQL and pages: an option at its beginning is named as an argument, `from_size` for --from-size."""
    option = _OPTION.match(text)
    return text if option is None else option[1].replace("-", "_") + text[option.end() :]


def not_a_choice(name: str, value: object, choices: Iterable[object]) -> InputError:
    """The error of a value that is none of the choices: `--mode must be hybrid, vector or text, not 'fuzzy'`."""
    shown = written(value) if isinstance(value, int | float) else repr(str(value)[:MAX_SHOWN])
    return InputError(f"{name} must be {written_list(choices, 'or')}, not {shown}")


def written_list(values: Iterable[object], word: str = "and") -> str:
    """`lsa`, `lsa and pmi`, or `lsa, pmi and glove`; with `word` "or" the choices."""
    *others, last = [*map(str, values)] or [""]
    return f"{', '.join(others)} {word} {last}" if others else last


def written(value: object) -> str:
    """A value for people: 1,000, 0.5, none, on."""
    if value is None or isinstance(value, bool):
        return "none" if value is None else "on" if value else "off"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)
