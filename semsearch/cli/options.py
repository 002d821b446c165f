"""Options that several commands share, how their defaults are printed, and options that were renamed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import PurePath
from typing import Any, TypeVar

import click

from semsearch.errors import written_list
from semsearch.maths.languages import checked_language
from semsearch.search.query import MODES

Command = TypeVar("Command", bound=Callable[..., Any])


class Option(click.Option):
    """An option whose default in words (a `show_default` text) is printed without click's parentheses."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        if record is None or not isinstance(self.show_default, str):
            return record
        return record[0], record[1].replace(f"default: ({self.show_default})", f"default: {self.show_default}")


option = partial(click.option, cls=Option)

weight_option = option(
    "--weight",
    type=float,
    metavar="W",
    show_default="the collection's weight: fitted, else estimated at the build, else 0.5",
    help="weight of the similarity in hybrid search, 0 to 1",
)
mode_option = option(
    "--mode",
    type=click.Choice(MODES),
    default="hybrid",
    show_default=True,
    help="rank by similarity and text score (hybrid), by similarity, or by text score (BM25)",
)
_LANGUAGE: dict[str, Any] = {
    "metavar": "NAME",
    "show_default": "found from the texts",
    "callback": lambda context, parameter, value: None if value is None else checked_language(value),
    "help": "language of the texts, such as german or de; 'none' for names and codes, 'auto' to detect it",
}
language_option = option("--language", **_LANGUAGE)
label_option = option(
    "--label", "column", metavar="COL", show_default="the dataset's label column", help="the column of labels"
)
label_or_first_option = option(
    "--label",
    "column",
    metavar="COL",
    show_default="the dataset's label column, else the first column whose values can be labels",
    help="the column of labels",
)


def language_parameter() -> Option:
    """--language, for a command that is made of parameters."""
    return Option(["--language"], **_LANGUAGE)


def seed_option(result: str = "results") -> Callable[[Command], Command]:
    """Adds --seed; `result` names what a seed reproduces."""
    text = f"random seed; the same seed gives the same {result}"
    return option("--seed", type=int, default=0, show_default=True, metavar="N", help=text)


def listing_options(command: Command) -> Command:
    """Adds --json, --csv and --table, as `shape`: None where none is given."""
    for name, text in (("table", "print a table"), ("csv", "print CSV"), ("json", "print JSON")):
        command = option(f"--{name}", is_flag=True, expose_value=False, help=text, callback=_choose_shape)(command)
    return command


def _choose_shape(context: click.Context, parameter: click.Parameter, is_given: bool) -> None:
    """Set `shape` to the name of this option if it was given. Raises UsageError if another one was given as well."""
    former = context.params.setdefault("shape", None)
    if is_given and former is not None:
        raise click.UsageError(f"--{former} and --{parameter.name} contradict each other: give one of them", context)
    if is_given:
        context.params["shape"] = parameter.name


def png_option(
    text: str, *names: str, required: bool = False, suffixes: Sequence[str] = (".png",)
) -> Callable[[Command], Command]:
    """Adds an option that names an image file to write: with one of these suffixes, or with none.

    Another suffix is a usage error, because the file would not have the format that its name says.
    """

    def check(context: click.Context, parameter: click.Parameter, path: str | None) -> str | None:
        suffix = PurePath(path).suffix.lower() if path else ""
        if suffix and suffix not in suffixes:
            raise click.BadParameter(
                f"{path} cannot be written as {suffix}: give a name that ends in {written_list(suffixes, 'or')}",
                context,
                parameter,
            )
        return path

    kind = click.Path(dir_okay=False, writable=True)
    default = None if required else "none"
    return option(*names, type=kind, metavar="FILE", required=required, show_default=default, help=text, callback=check)


def former_option(present: click.Option, *former: str) -> click.Option:
    """A hidden option under the names that `present` had before, such as "--old" or "--old/--no-old".

    It prints one line on stderr, "--old is now called --new", and hands its value over. If both are given, the present
    name counts. Add it to the same command's parameters.
    """

    def hand_over(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if context.get_parameter_source(str(parameter.name)) is click.core.ParameterSource.COMMANDLINE:
            negated = value is False and parameter.secondary_opts and present.secondary_opts
            old, new = (side.secondary_opts[0] if negated else side.opts[0] for side in (parameter, present))
            click.echo(f"{old} is now called {new}", err=True)
            context.default_map = {**(context.default_map or {}), str(present.name): value}

    return click.Option(
        list(former),
        type=present.type,
        multiple=present.multiple,
        is_flag=present.is_flag,
        default=None,
        hidden=True,
        is_eager=True,  # its value must be there when `present` looks up its default
        expose_value=False,
        callback=hand_over,
    )


def renamed(former: str, now: str) -> Callable[[click.Command], click.Command]:
    """A decorator to place above `@click.command`: the option `now` also answers to the names `former`."""

    def add(command: click.Command) -> click.Command:
        present = next(param for param in command.params if isinstance(param, click.Option) and now in param.opts)
        command.params.append(former_option(present, former))
        return command

    return add
