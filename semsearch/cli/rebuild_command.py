"""The command that builds a collection as it was built, and for which collections it is due."""

from __future__ import annotations

import dataclasses
import shlex

from semsearch import registry
from semsearch.builders.options import current_names
from semsearch.cli.output import remark
from semsearch.records import Collection, Run
from semsearch.storage import collections, dependencies
from semsearch.storage.driver import Connection


def again(db: str, collection: Collection, run: Run) -> str:
    """The command that builds a collection as it was built, on the rows there are now."""
    words = ["semsearch", "build", collection.builder, db, collection.dataset, "--name", collection.name]
    words += ["--seed", str(run.seed)] if run.seed else []
    options_type = registry.load().builder(collection.builder).Options
    options = current_names(options_type, run.options)  # an older version may have stored former names
    for field in dataclasses.fields(options_type):
        value, flag = options.get(field.name, field.default), field.name.replace("_", "-")
        if value != field.default:
            words += (
                [f"--{flag}" if value else f"--no-{flag}"] if isinstance(value, bool) else [f"--{flag}", str(value)]
            )
    return shlex.join(words)


def say_outdated(connection: Connection, db: str, made: Collection) -> None:
    """A line for each collection that was made of what this one held before it was made anew."""
    for reader in dependencies.readers(connection, made.name):
        if reader.builder in registry.load().builders and dependencies.outdated(connection, reader):
            run = collections.get_run(connection, reader.run)
            remark(f"{reader.name} was made of what {made.name} held before: {again(db, reader, run)}")
