"""The command that rebuilds a collection with its stored options."""

from __future__ import annotations

import dataclasses
import shlex

from semsearch import registry
from semsearch.builders.options import current_names
from semsearch.records import Collection, Run


def rebuild_command(db: str, collection: Collection, run: Run) -> str:
    """The command line that builds a collection again from the present rows, with the options of `run`."""
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
