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
    routes = [pattern for pattern, _ in semsearch_datasette.register_routes()]
    outcome, faults = Outcome(), []
    for _ in range(count):
        path = _path(rng, rng.choice(routes), database.stem)
        begun = time.process_time()
        answer = await datasette.client.get(path, headers=rng.choice(({}, {"if-none-match": '"x"'}, {"accept": "*/*"})))
        took = time.process_time() - begun
        outcome.states += 1
        if answer.status_code >= 500 and answer.status_code != 503:
            faults.append(f"{path[:300]}: {answer.status_code}")
        if took > SECONDS:
            faults.append(f"{path[:300]}: {took:.1f} s")
        if "<script>alert(1)" in answer.text:
            faults.append(f"{path[:300]}: markup comes back")
    outcome.faults = tuple(faults)
    return outcome


def _path(rng: random.Random, route: str, name: str) -> str:
    collections = ("articles_lsa", "articles_lsa_words", "articles_pmi", "graph_prone", "nothing")
    values = {
        "database": lambda: name if rng.random() < 0.95 else quote(rng.choice(TEXTS)[:200], safe=""),
        "collection": lambda: rng.choice(collections),
        "id": lambda: rng.choice(("1", "2", "moon", "a", "99999", quote(rng.choice(TEXTS)[:200], safe="") or "x")),
        "format": lambda: rng.choice(("", "", ".json", ".csv")),
    }
    path = route.strip("^$")
    path = re.sub(
        r"\(\?P<(\w+)>[^()]*\)\??", lambda found: values.get(found[1], lambda: str(rng.randrange(20)))(), path
    )
    path = path.replace("\\", "")
    arguments = [(rng.choice(NAMES), rng.choice(TEXTS)) for _ in range(rng.randrange(5))]
    return f"{path}?{urlencode(arguments)}" if arguments else path
