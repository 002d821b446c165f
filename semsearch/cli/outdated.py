"""Which collections need a rebuild, because what they were built from was rebuilt."""

from __future__ import annotations

from semsearch import registry
from semsearch.building.rebuild_command import rebuild_command
from semsearch.cli.output import remark
from semsearch.records import Collection
from semsearch.storage import collections, dependencies
from semsearch.storage.driver import Connection


def report_outdated(connection: Connection, db: str, rebuilt: Collection) -> None:
    """Print a line for each collection that was built from an earlier version of `rebuilt`."""
    for reader in dependencies.readers(connection, rebuilt.name):
        if reader.builder in registry.load().builders and dependencies.outdated(connection, reader):
            run = collections.get_run(connection, reader.run)
            command = rebuild_command(db, reader, run)
            remark(f"{reader.name} is based on an older version of {rebuilt.name}. To rebuild it: {command}")
