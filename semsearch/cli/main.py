"""The `semsearch` command: its group, its verbs, and how errors end it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

from semsearch import __version__, installed
from semsearch.cli import console, output
from semsearch.cli.output import visible
from semsearch.cli.verbs import VERBS
from semsearch.errors import SemsearchError

LISTING_GUESSES = ("list", "ls", "show", "tables", "info")  # verbs of other tools for which we have four

SQLITE_HEADER = b"SQLite format 3\0"
_ARGUMENTS = "semsearch.arguments"  # where click's context keeps what a verb was given

SECTIONS = {
    "Get started": ("demo", "index", "serve", "mcp"),
    "Ingest": ("ingest", "pretrained"),
    "Build": ("build", "update", "builders"),
    "Search": ("search", "similar", "ask", "analogy", "odd-one-out", "fill"),
    "Explore": (
        "classify",
        "cluster",
        "duplicates",
        "neighbours",
        "map",
        "predict-links",
        "reconstruct",
        "sample",
        "interpolate",
    ),
    "Evaluate": ("evaluate",),
    "Export and upkeep": ("datasets", "collections", "runs", "export", "drop", "migrate", "views", "doctor"),
}


class Verbs(click.Group):
    """Lists verbs under headings, imports each when it is needed, and turns every expected error, Ctrl-C included,
    into one line and exit code 1."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._loaded: set[str] = set()  # modules of verbs

    def load(self, *names: str) -> None:
        """Import the modules of these verbs, which add them to the group."""
        for module in dict.fromkeys(module for name in names for module in VERBS[name].modules):
            if module not in self._loaded:
                self._loaded.add(module)
                import_module(f"semsearch.cli.{module}").add_to(self)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS.keys() | self.commands.keys())

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in VERBS:
            self.load(name)
        return super().get_command(ctx, name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        listed = {name for names in SECTIONS.values() for name in names}
        names = self.list_commands(ctx)
        limit = formatter.width - 6 - max(map(len, names))
        short = {name: self.commands[name].get_short_help_str(limit) for name in self.commands}
        lines = {name: short.get(name) or VERBS[name].help for name in names}
        for title, verbs in {**SECTIONS, "Plugins": tuple(name for name in names if name not in listed)}.items():
            if rows := [(name, lines[name]) for name in verbs if name in lines]:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """--quiet and --verbose may stand after the verb too, as people write them."""
        end = args.index("--") if "--" in args else len(args)
        flags = [argument for argument in args[:end] if argument in ("--quiet", "--verbose")]
        rest = [argument for argument in args[:end] if argument not in flags]
        return super().parse_args(ctx, [*flags, *rest, *args[end:]])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        ctx.meta[_ARGUMENTS] = tuple(args)
        output.verbosity.database = next(filter(_is_database, args), None)
        if args and args[0] in LISTING_GUESSES and args[0] not in self.list_commands(ctx):
            verbs = "`semsearch datasets DB`, `collections DB`, `runs DB` or `builders`"
            raise click.UsageError(f"No such command {args[0]!r}. To list what a database contains, use {verbs}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SemsearchError as error:
            _fail(str(error))
        except KeyboardInterrupt:
            _fail("Interrupted: nothing was written")
        except MemoryError:
            _fail("Out of memory: nothing was written. Use fewer items or fewer dimensions")
        except BrokenPipeError:
            console.finish()  # the reader of our output has gone, as in `| head`
            sys.exit(1)
        except OSError as error:
            _fail(_explain(error))
        except Exception as error:
            if found := _reason_in_file(error, ctx.meta.get(_ARGUMENTS, ())):
                _fail(found)
            raise  # a bug: its traceback is wanted


def _reason_in_file(error: Exception, arguments: Sequence[str]) -> str | None:
    """What SQLite says, or what is damaged in the catalogue of a database that the command was given; else None."""
    from semsearch.storage import damage, driver  # with numpy and SQLite, for which `--help` need not wait

    if isinstance(error, driver.Error):
        return f"SQLite: {error}. Nothing was written"
    return _damage_in(arguments) if isinstance(error, damage.UNFIT) else None


def _explain(error: OSError) -> str:
    """One line about a file or stream that cannot be read or written."""
    what = f"{error.filename!r}" if error.filename else "The output"
    return (
        f"{what} cannot be read or written ({error.strerror or error}): check its permissions and the free disk space"
    )


def _fail(text: str) -> NoReturn:
    if output.verbosity.verbose and sys.exc_info()[0] is not None:
        traceback.print_exc()
    text = output.with_database(" ".join(text.split()))
    click.echo(f"Error: {visible(text)}", err=True)
    sys.exit(1)


def _is_database(path: str) -> bool:
    """Whether there is a SQLite file at this path."""
    try:
        if not os.path.isfile(path):  # a pipe is not opened: that would take what it holds
            return False
        with open(path, "rb") as file:
            return file.read(len(SQLITE_HEADER)) == SQLITE_HEADER
    except (OSError, ValueError):  # ValueError: of a null character
        return False


def _damage_in(arguments: Sequence[str]) -> str | None:
    """What is damaged in the database that a command was given; None if nothing is found."""
    from semsearch.storage import connect, damage

    for path in filter(os.path.isfile, arguments):
        with suppress(SemsearchError), connect.reading(path) as db:
            for what in damage.find(db):
                return f"{path}: {what}: {damage.REMEDY}"
            (sound,) = db.execute("pragma quick_check(1)").fetchone()
            if sound != "ok":
                return f"{path} is damaged ({sound}): restore a backup"
    return None


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="COMMAND ...",
)
@click.version_option(__version__, prog_name="semsearch")
@click.option("--quiet", is_flag=True, help="print errors and results only, no remarks and no progress")
@click.option("--verbose", is_flag=True, help="also print how long each stage took, and the traceback of an error")
def cli(quiet: bool, verbose: bool) -> None:
    """Semantic search in any SQLite table, with vectors learned from your own data.

    Ingest items into a dataset, which is an ordinary table. Build collections of vectors from it. Then search them
    here, in SQL, in Python or in Datasette.

    \b
    semsearch demo                                        a complete example
    semsearch index my.db articles                        make a table searchable
    semsearch search my.db articles_lsa "interest rates"  search it
    semsearch serve my.db                                 open it in a browser
    """
    output.set_verbosity(quiet=quiet, verbose=verbose)


def assemble() -> click.Group:
    """The group with every verb, built-in and of plugins, and all their modules imported."""
    cli.load(*VERBS)
    from semsearch import registry

    registry.load().plugins.hook.register_commands(cli=cli)
    return cli


def prepared() -> click.Group:
    """The group for one command. If an installed plugin adds verbs, all are loaded, since it may change them.

    Raises PluginError for a plugin that fails to import.
    """
    adds_verbs = any(hasattr(plugin, "register_commands") for _, plugin in installed.plugins())
    return assemble() if adds_verbs else cli


def main() -> None:
    """The console script."""
    console.prepare()
    try:
        group = prepared()
    except SemsearchError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("Interrupted: nothing was written")
    try:
        group()
    except SystemExit as ended:
        failed = console.finish()
        if failed is not None and not isinstance(failed, BrokenPipeError) and not ended.code:
            _fail(_explain(failed))
        raise
