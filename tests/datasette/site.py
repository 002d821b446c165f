"""A Datasette in this process, and the tables that its tests build."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from datasette.app import Datasette
from jinja2.bccache import Bucket, BytecodeCache

from semsearch import registry
from semsearch.building import build
from semsearch.storage import connect, datasets, keys
from semsearch.storage.driver import Connection
from tests import planted

# The last document is written to be executed where a page does not escape it.
SPACE = (
    *planted.SPACE[:5],
    (
        "<script>alert('title')</script>",
        "astronauts <b onload=alert(1)>returned</b> to earth in a capsule after one orbit",
    ),
)
WEIRD = ("a/b", "50%", "x, y", "two words", "🎈 emoji", "name.json", "~2F", "<i>", "é+è", "?q=1&k=2", "#", "..")


class CompiledTemplates(BytecodeCache):
    """Compiled templates in memory, shared by all Datasettes of this process: compiling costs more than most pages."""

    codes: ClassVar[dict[tuple[str, str], Any]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.codes[bucket.key, bucket.checksum] = bucket.code


class Site:
    """A Datasette and the loop that all its requests run on."""

    def __init__(self, files: list[str], **options: Any) -> None:
        self.loop = asyncio.new_event_loop()
        self.datasette = Datasette(files, **options)
        jinja = getattr(self.datasette, "_jinja_env", None) or self.datasette.jinja_env  # 1.0's name, and 0.65's
        jinja.bytecode_cache = CompiledTemplates()
        self.call(self.datasette.invoke_startup())
        application = self.datasette.app()
        self.datasette.app = lambda: application  # as a server has: the client of 1.0 makes one for each request

    def call(self, awaitable: Any) -> Any:
        return self.loop.run_until_complete(awaitable)

    def get(self, path: str, **options: Any) -> Any:
        return self.call(self.datasette.client.get(path, **options))

    def request(self, method: str, path: str) -> Any:
        return self.call(self.datasette.client.request(method, path))

    def as_actor(self, id: str) -> dict[str, Any]:
        """Options for `get` that make the request this actor's."""
        return {"cookies": {"ds_actor": self.datasette.sign({"a": {"id": id}}, "actor")}}

    def close(self) -> None:
        for database in self.datasette.databases.values():
            database.close()
        if self.datasette.executor is not None:
            self.datasette.executor.shutdown()
        self.loop.close()


def build_lsa(db: Connection, table: str, text: list[str], title: str | None, dim: int) -> None:
    """Register a table and build it."""
    with connect.transaction(db):
        dataset = datasets.register(db, keys.shape_of(db, table), text_columns=text, title_column=title)
    build.build(db, dataset, registry.load(entry_points=False).builder("lsa"), {"dim": dim})


def build_pmi(db: Connection, table: str) -> None:
    """Vectors of the words of a table that is a dataset already."""
    pmi = registry.load(entry_points=False).builder("pmi")
    build.build(db, datasets.get_dataset(db, table), pmi, {"dim": 4, "min_count": 1})
