"""How a builder declares its options: default, help, bounds and former names, in one place.

The command line, the generated docs, the check of values and the reading of stored runs all use this declaration.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from semsearch.errors import InputError, not_a_choice, out_of_range, written
from semsearch.records import Of

BOUNDS = ("least", "most", "above", "below")  # the names under which an option declares them


def option(  # noqa: PLR0913 - all but two are optional and keyword-only; an object to hold them would need the same arguments
    default: Any,
    help: str,
    *,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] | tuple[int, ...] = (),
    unit: str = "",
    default_text: str = "",
    was: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
    of: Of | None = None,
    needed: bool = False,
    may_change_on_resume: bool = False,
    file: str = "",
) -> Any:
    """A field of an Options dataclass.

    default, help           the default value and one line of help, without bounds and default: those are added to it
    least, most             inclusive bounds; `above` and `below` are exclusive ones
    choices                 the allowed values, where there are few
    unit                    of the value, in the plural: "pixels"; help ends with it
    default_text            what the default is, in words, where the value does not say it: "chosen from the data"
    was, also               former names, which are announced on the command line, and further names, which are not
    of, needed              the value names a collection of such items, which fit gets as `corpus.inputs[field]`;
                            whether a build needs one
    may_change_on_resume    whether a resumed training may have another value
    file                    the value is the content of a text file, by the option's name on the command line
    """
    metadata = {name: value for name, value in locals().items() if name != "default"}
    return dataclasses.field(default=default, metadata=metadata)


def own_stop_words_option() -> Any:
    """The option `--stop FILE`: words that a builder of texts leaves out, besides those of the language."""
    return option(
        None,
        "text file with words to leave out, separated by blanks or line ends; # begins a comment",
        file="stop",
        also=("stop_file",),
    )


@dataclass(frozen=True)
class BuilderOptions:
    """Base of the builders' Options: values are checked on construction. Raises InputError."""

    def __post_init__(self) -> None:
        check_values(self)


def check_values(options: Any) -> None:
    """Raises InputError for the first value outside the bounds or choices that its field declares. None is allowed."""
    for field in dataclasses.fields(options):
        value, facts = getattr(options, field.name), field.metadata
        if value is None:
            continue
        if facts.get("choices") and value not in facts["choices"]:
            raise not_a_choice(flag_of(field), value, facts["choices"])
        if not _is_within(value, facts):
            least, most, above, below = (facts.get(name) for name in BOUNDS)
            raise out_of_range(flag_of(field), value, least=least, most=most, above=above, below=below)


def _is_within(value: Any, facts: Mapping[str, Any]) -> bool:
    """Written so that NaN is outside of any bound."""
    least, most, above, below = (facts.get(name) for name in BOUNDS)
    return (
        (least is None or value >= least)
        and (most is None or value <= most)
        and (above is None or value > above)
        and (below is None or value < below)
    )


def flag_of(field: dataclasses.Field[Any]) -> str:
    """The name of an option on the command line: --batch-size."""
    return dashed(field.metadata.get("file") or field.name)


def dashed(name: str) -> str:
    """A Python keyword as an option of the command line."""
    return "--" + name.replace("_", "-")


def bounds_text(field: dataclasses.Field[Any]) -> str:
    """The allowed values in words: "1 to 64", "above 0, at most 1", "2 or 3"; empty where any value is allowed."""
    facts = field.metadata
    if facts.get("choices"):
        return _either(facts["choices"])
    bounds = {name: written(facts[name]) for name in ("least", "above", "most", "below") if facts.get(name) is not None}
    words = {"least": "at least", "above": "above", "most": "at most", "below": "below"}
    if {"least", "most"} <= bounds.keys():
        text = f"{bounds['least']} to {bounds['most']}"
    else:
        text = ", ".join(f"{words[name]} {value}" for name, value in bounds.items())
    return text


def default_text(field: dataclasses.Field[Any]) -> str:
    """The default in words: "0.05", "none", "on", "chosen from the data: 50 to 500"."""
    if field.metadata.get("needed"):
        return "required"
    text: str = field.metadata.get("default_text", "")
    return text or written(field.default)


def help_of(field: dataclasses.Field[Any]) -> str:
    """The line of help on the command line: what the option is, its bounds and its default."""
    facts, bounds = field.metadata, bounds_text(field)
    if facts.get("choices") and isinstance(facts["choices"][0], str):
        bounds = ""  # shown next to the option's name
    default = default_text(field)
    notes = [bounds, default if facts.get("needed") else f"default: {default}"]
    return f"{text_of(field)}  [{'; '.join(filter(None, notes))}]"


def text_of(field: dataclasses.Field[Any]) -> str:
    """What the option is, in one line, with its unit."""
    text, unit = field.metadata.get("help", ""), field.metadata.get("unit", "")
    return f"{text}, in {unit}" if unit else str(text)


def _either(choices: tuple[Any, ...]) -> str:
    *others, last = map(str, choices)
    return f"{', '.join(others)} or {last}"


def former_names(options_type: type, kind: str = "was") -> dict[str, str]:
    """Former (`was`) or further (`also`) names of options, each with its present name."""
    return {name: field.name for field in dataclasses.fields(options_type) for name in field.metadata.get(kind, ())}


def current_names(options_type: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """The same values by the options' present names. Raises InputError where both names of one option are given."""
    names = former_names(options_type) | former_names(options_type, "also")
    values = dict(given)
    for name in given:
        if name not in names:
            continue
        if names[name] in values:
            now = dashed(names[name])
            raise InputError(f"{dashed(name)} and {now} are both given: they are the same option, give only {now}")
        values[names[name]] = values.pop(name)
    return values
