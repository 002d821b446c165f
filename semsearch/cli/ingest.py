"""Verbs that bring data in."""

from __future__ import annotations

import click

from semsearch import registry
from semsearch.cli.output import Progress, remark
from semsearch.cli.upkeep import say_checkpoint
from semsearch.storage.connect import writing


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    cli.add_command(ingest)


@click.group()
def ingest() -> None:
    """Bring documents into a file, or name a table that is already there."""
