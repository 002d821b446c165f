"""Random requests of the pages: no answer of 500 or more but a clear 503, and none that takes seconds."""

from __future__ import annotations

import asyncio
import random
import re
import time
from pathlib import Path
from urllib.parse import quote, urlencode

import semsearch_datasette
from datasette.app import Datasette

from semsearch.storage import collections, connect
from tests.torture.crashes import Outcome

SECONDS = 5.0  # of processor time for one request
NAMES = ("q", "mode", "k", "weight", "after", "explain", "picture", "label", "threshold", "words", "a", "b", "c", "id",
         "seed", "prior", "number", "other", "from", "to", "measure", "mask", "noise", "bits", "from_size", "title",
         "body__contains", "theme__in", "nothing__gt", "_filter_column", "_filter_op", "_filter_value", "v",
         "_filter_column_1", "__", "id__exact")  # fmt: skip
TEXTS = (
    *("", "moon", "the moon dough", "0", "1", "-1", "0.5", "1e308", "nan", "inf", "9" * 25, "hybrid", "vector", "text"),
    *('"', '"moon', "-moon", "* OR (", "moon AND", "NEAR(", "a" * 5_000, "ÄÖ\u0301", "北京", "\u202e", "\x00", "%00"),
    *("' or 1=1 --", "<script>alert(1)</script>", "../../etc/passwd", "{{7*7}}", "1,2", "~7E", "true", "[]"),
)


def ask(database: Path, *, seed: int, count: int) -> Outcome:
    """`count` random requests of one database by an anonymous visitor."""
    return asyncio.run(_ask(database, seed, count))


async def _ask(database: Path, seed: int, count: int) -> Outcome:
    rng = random.Random(seed)
    datasette = Datasette([str(database)])
    await datasette.invoke_startup()
    application = datasette.app()
    datasette.app = lambda: application  # as a server has: the client of 1.0 makes one for each request
    routes = [pattern for pattern, _ in semsearch_datasette.register_routes()]
    names = _names(database)
    outcome, faults = Outcome(), []
    for _ in range(count):
        path = _path(rng, rng.choice(routes), names)
        begun = time.process_time()
        answer = await datasette.client.get(path, headers=rng.choice(({}, {"if-none-match": '"x"'}, {"accept": "*/*"})))
        took = time.process_time() - begun
        outcome.states += 1
        outcome.new += answer.status_code == 200
        if answer.status_code >= 500 and answer.status_code != 503:
            faults.append(f"{path[:300]}: {answer.status_code}")
        if took > SECONDS:
            faults.append(f"{path[:300]}: {took:.1f} s")
        if "<script>alert(1)" in answer.text and "text/html" in answer.headers.get("content-type", ""):
            faults.append(f"{path[:300]}: markup comes back")
    for each in datasette.databases.values():
        each.close()
    outcome.faults = tuple(faults)
    return outcome


def _names(database: Path) -> dict[str, tuple[str, ...]]:
    """What the parts of a URL may be: the names of the database, its collections and some of their items."""
    with connect.reading(str(database)) as db:
        made = tuple(each.name for each in collections.all_collections(db))
    return {
        "database": (database.stem,),
        "collection": (*made, "nothing"),
        "id": ("1", "2", "17", "moon", "dough", "a", "99999", "1.0", "01"),
        "format": ("", "", ".json", ".csv"),
        "page": ("nothing", "item", "item/1/2"),
    }


def _path(rng: random.Random, route: str, names: dict[str, tuple[str, ...]]) -> str:
    def part(found: re.Match[str]) -> str:
        known = names.get(found[1])
        if known is None:
            return str(rng.choice((0, 1, 2, 5, rng.randrange(100_000))))
        if found[1] != "format" and rng.random() < 0.05:
            return quote(rng.choice(TEXTS)[:200], safe="") or "x"
        return rng.choice(known)

    path = re.sub(r"\(\?P<(\w+)>[^()]*\)\??", part, route.strip("^$")).replace("\\", "")
    values = (*TEXTS, *names["id"], *names["collection"])
    arguments = [(rng.choice(NAMES), rng.choice(values)) for _ in range(rng.randrange(5))]
    return f"{path}?{urlencode(arguments)}" if arguments else path
