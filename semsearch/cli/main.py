"""The `semsearch` command: its group, its verbs, and how it ends."""

from __future__ import annotations

import sys
from typing import Any

import click

from semsearch import __version__, registry
from semsearch.errors import SemsearchError
from semsearch.storage import driver

LISTING = ("list", "ls", "show", "tables", "info")  # what people try to see what there is


class Verbs(click.Group):
    """Turns every error meant for people into one line and exit code 1, Ctrl-C included."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] in LISTING and args[0] not in self.commands:
            verbs = "`semsearch collections DB`, `datasets DB`, `runs DB` and `builders`"
            raise click.UsageError(f"No such command {args[0]!r}: {verbs} list what there is", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SemsearchError as error:
            _fail(str(error))
        except KeyboardInterrupt:
            _fail("Interrupted: nothing was written")
        except MemoryError:
            _fail("Out of memory: nothing was written; try fewer items or a smaller --dim")
        except driver.Error as error:
            _fail(f"SQLite: {error}; nothing was written")
        except BrokenPipeError:
            sys.stderr.close()  # the reader of our output has gone, as in `| head`
            sys.exit(1)


def _fail(text: str) -> None:
    click.echo(f"Error: {' '.join(text.split())}", err=True)
    sys.exit(1)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="semsearch")
def cli() -> None:
    """Search any SQLite table by meaning.

    \b
    semsearch demo                      a complete example, from data on this machine
    semsearch index my.db articles      make a table of your own searchable
    semsearch search my.db articles_lsa "interest rates"
    semsearch serve my.db               browse it
    """


def assemble() -> click.Group:
    """The group with every verb, built-in and of plugins."""
    from semsearch.cli import (
        build,
        demo,
        exchange,
        graphs,
        images,
        ingest,
        learn,
        listing,
        samples,
        search,
        update,
        upkeep,
        words,
    )

    for module in (
        demo,
        ingest,
        exchange,
        graphs,
        images,
        samples,
        build,
        update,
        search,
        words,
        learn,
        listing,
        upkeep,
    ):
        module.add_to(cli)
    registry.load().plugins.hook.register_commands(cli=cli)
    return cli


def main() -> None:
    """The console script."""
    try:
        group = assemble()
    except SemsearchError as error:
        _fail(str(error))
    group()
