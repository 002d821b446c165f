"""Options that several commands share, and options that go by a former name as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from semsearch.search.query import MODES

Command = TypeVar("Command", bound=Callable[..., Any])

weight_option = click.option(
    "--weight",
    type=float,
    metavar="W",
    show_default="chosen at build time, see `semsearch runs`",
    help="weight of the vector score in hybrid search, 0 to 1",
)
mode_option = click.option(
    "--mode",
    type=click.Choice(MODES),
    default="hybrid",
    show_default=True,
    help="rank by vector score, by text score (BM25), or by both",
)
label_option = click.option(
    "--label", "column", metavar="COL", show_default="the dataset's label column", help="the column of labels"
)


def seed_option(result: str = "results") -> Callable[[Command], Command]:
    """Adds --seed; `result` names what a seed reproduces."""
    text = f"random seed; the same seed gives the same {result}"
    return click.option("--seed", type=int, default=0, show_default=True, metavar="N", help=text)


def listing_options(command: Command) -> Command:
    """Adds --json, --csv and --table, as `shape`: None where none is given."""
    for name, text in (("table", "print a table"), ("csv", "print CSV"), ("json", "print JSON")):
        command = click.option(f"--{name}", "shape", flag_value=name, help=text)(command)
    return command


def png_option(text: str, *names: str, required: bool = False) -> Callable[[Command], Command]:
    """Adds an option that names an image file to write."""
    kind = click.Path(dir_okay=False, writable=True)
    default = None if required else "none"
    return click.option(*names, type=kind, metavar="FILE", required=required, show_default=default, help=text)


def former_option(option: click.Option, *former: str) -> click.Option:
    """A hidden option under the names that `option` had before, such as "--old" or "--old/--no-old".

    It says in one line on stderr what the option is called now, and hands its value over. Where both are given the
    present name counts. Add it to the same command's parameters.
    """

    def hand_over(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if context.get_parameter_source(str(parameter.name)) is click.core.ParameterSource.COMMANDLINE:
            negated = value is False and parameter.secondary_opts and option.secondary_opts
            old, new = (side.secondary_opts[0] if negated else side.opts[0] for side in (parameter, option))
            click.echo(f"{old} is now called {new}", err=True)
            context.default_map = {**(context.default_map or {}), str(option.name): value}

    return click.Option(
        list(former),
        type=option.type,
        multiple=option.multiple,
        is_flag=option.is_flag,
        default=None,
        hidden=True,
        is_eager=True,  # so that the value is there when `option` looks for its default
        expose_value=False,
        callback=hand_over,
    )


def renamed(former: str, now: str) -> Callable[[click.Command], click.Command]:
    """A decorator, placed above `@click.command`: the option `now` also answers to the names `former`."""

    def add(command: click.Command) -> click.Command:
        option = next(one for one in command.params if isinstance(one, click.Option) and now in one.opts)
        command.params.append(former_option(option, former))
        return command

    return add
