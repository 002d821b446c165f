"""The cost of a search page on the installed Datasette, compared with Datasette's own `select 1` in the same run.

    python benchmarks/pages.py [DB COLLECTION] [--rounds 100] [--profile] [--json]

Without DB it builds `semsearch demo` in a temporary folder. One client requests each page in turn, round by round, with
another query each round (titles of the collection's own rows), so that whatever slows the machine slows all alike. Each
query is requested once before, and there is a row for first requests, which read their words from the file. The lower
bound is a plugin page with one query by key (benchmarks/floor). Requests go through Datasette's own client in this
process, then over HTTP to a Datasette in another process. The exit code is 1 if the page or its JSON takes more than 3
times as long as `select 1` through Datasette's client, or if a page with its style is larger than 60 KB. `--profile`
prints where the time of the JSON goes instead.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import cProfile
import http.client
import itertools
import pstats
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import quote_plus

import results
from datasette.app import Datasette
from datasette.version import __version__
from tabulate import tabulate

from semsearch.storage import collections, connect, datasets

MOST_TIMES, MOST_BYTES = 3.0, 60_000
WARM = 5  # rounds before the clock starts: models are read, templates compiled
OWN = "select 1, JSON"
FLOOR = "one query by key"
FIRST = "search, JSON, new words"
SEARCH = "search, JSON"
QUESTIONS = 40
PLUGINS = Path(__file__).with_name("floor")
Ask = Callable[[str], Awaitable[bytes]]


@dataclass(frozen=True)
class Row:
    """One page by one way of asking: milliseconds, times the medians of `select 1` and of one query, median bytes.

    `least` is the median over the questions of the fastest that each was answered: what a page takes where nothing else
    wants the machine. `least_floors` sets it beside that of one query.
    """

    way: str
    page: str
    p50: float
    p95: float
    times: float
    floors: float
    least: float
    least_floors: float
    bytes: int


def questions(db: str, collection: str, wanted: int) -> list[str]:
    """Titles, or beginnings of texts, of rows spread over the collection's table."""
    with connect.reading(db) as connection:
        found = collections.get_collection(connection, collection)
        items = list(datasets.read_items(connection, datasets.get_dataset(connection, found.dataset)))
    texts = [" ".join(re.findall(r"\w+", item.title or item.body)[:6]) for item in items]
    texts = [text for text in texts if text] or ["nothing"]
    return texts[:: max(1, len(texts) // wanted)][:wanted]


def pages(db: str, collection: str) -> dict[str, str]:
    """The URLs that are timed; `{q}` stands for the question."""
    name = Path(db).stem
    page = f"/{name}/-/semsearch/{collection}"
    own = f"/{name}.json?sql=select+1" if __version__.startswith("0.") else f"/{name}/-/query.json?sql=select+1"
    return {
        OWN: own,
        FLOOR: f"/-/one-query/{name}",
        "search, JSON": page + ".json?q={q}",
        "search, HTML": page + "?q={q}",
        "search, Vector, JSON": page + ".json?q={q}&mode=vector",
        "search, Text, JSON": page + ".json?q={q}&mode=text",
        "empty query, HTML": page,
        "home, HTML": "/-/semsearch",
    }


async def measure(way: str, ask: Ask, urls: Mapping[str, str], asked: Sequence[str], rounds: int) -> list[Row]:
    """Every page once a round, in turn."""
    took: dict[str, list[float]] = {page: [] for page in (*urls, FIRST)}
    weights: dict[str, list[int]] = {page: [] for page in (*urls, FIRST)}

    async def timed(page: str, url: str, question: str) -> None:
        start = time.perf_counter()
        body = await ask(url.replace("{q}", quote_plus(question)))
        took[page].append(1000 * (time.perf_counter() - start))
        weights[page].append(len(body))

    for _ in range(WARM):
        for url in urls.values():
            await ask(url.replace("{q}", quote_plus(asked[0])))
    for question in asked[1:]:
        await timed(FIRST, urls[SEARCH], question)
    for question in itertools.islice(itertools.cycle(asked), rounds):
        for page, url in urls.items():
            await timed(page, url, question)
    mids = {page: median(ms) for page, ms in took.items()}
    least = {
        page: median(min(ms[at :: len(asked)]) for at in range(min(len(asked), len(ms)))) for page, ms in took.items()
    }
    return [
        Row(
            way,
            page,
            p50=mids[page],
            p95=quantiles(ms, n=20)[-1],
            times=mids[page] / mids[OWN],
            floors=mids[page] / mids[FLOOR],
            least=least[page],
            least_floors=least[page] / least[FLOOR],
            bytes=int(median(weights[page])),
        )
        for page, ms in took.items()
    ]


def client_of(datasette: Datasette) -> Ask:
    """Asks through Datasette's own client, which is no network."""

    async def ask(url: str) -> bytes:
        answer = await datasette.client.get(url)
        if answer.status_code != 200:
            raise SystemExit(f"{url} answers {answer.status_code}: {answer.text[:300]}")
        return bytes(answer.content)

    return ask


@contextlib.contextmanager
def served(db: str) -> Iterator[Ask]:
    """Asks over one kept connection to a Datasette in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "datasette", "serve", db, "--port", str(port), "--plugins-dir", str(PLUGINS)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    async def ask(url: str) -> bytes:
        connection.request("GET", url)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{url} answers {answer.status}: {body[:300]!r}")
        return body

    try:
        _wait(port)
        yield ask
    finally:
        connection.close()
        process.terminate()
        process.wait()


def _wait(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    raise SystemExit("datasette serve did not answer within 20 seconds")


async def in_process(
    db: str, urls: Mapping[str, str], asked: Sequence[str], rounds: int, profiled: bool
) -> tuple[list[Row], int]:
    """The rows of Datasette's own client, and the bytes of the style; profiled, what the JSON's time is spent on."""
    datasette = Datasette([db], plugins_dir=str(PLUGINS), settings={"num_sql_threads": 0} if profiled else {})
    await datasette.invoke_startup()
    ask = client_of(datasette)
    try:
        style = len(await ask("/-/static-plugins/semsearch/semsearch.css"))
        if not profiled:
            return await measure("datasette.client", ask, urls, asked, rounds), style
        for page in ("search, JSON", OWN):
            await _profile(page, ask, urls[page], asked, rounds)
        return [], style
    finally:
        if datasette.executor is not None:
            datasette.executor.shutdown()


async def _profile(page: str, ask: Ask, url: str, asked: Sequence[str], rounds: int) -> None:
    """Queries run in the event loop's thread (num_sql_threads 0), or the profiler would not see them."""
    questions = list(itertools.islice(itertools.cycle(asked), rounds + WARM))
    for question in questions[:WARM]:
        await ask(url.replace("{q}", quote_plus(question)))
    profile = cProfile.Profile()
    profile.enable()
    for question in questions[WARM:]:
        await ask(url.replace("{q}", quote_plus(question)))
    profile.disable()
    print(f"\n{page}: {rounds} requests")
    for order in ("cumulative", "tottime"):
        pstats.Stats(profile).sort_stats(order).print_stats(45 if order == "cumulative" else 20)


def missed(rows: Sequence[Row], style: int) -> list[str]:
    """The figures that are not reached, in words."""
    told = []
    for row in rows:
        if row.way == "datasette.client" and row.page in ("search, JSON", "search, HTML") and row.times > MOST_TIMES:
            told.append(f"{row.page} takes {row.times:.1f} times as long as {OWN}: at most {MOST_TIMES:g}")
        if row.page.endswith("HTML") and row.bytes + style > MOST_BYTES:
            told.append(f"{row.page} weighs {row.bytes + style:,} bytes with its style: at most {MOST_BYTES:,}")
    return told


def run(db: str, collection: str, options: argparse.Namespace) -> int:
    """Measure, print, and say whether the figures are reached."""
    urls, asked = pages(db, collection), questions(db, collection, QUESTIONS)
    rows, style = asyncio.run(in_process(db, urls, asked, options.rounds, options.profile))
    if options.profile:
        return 0
    with served(db) as ask:
        rows += asyncio.run(measure("loopback HTTP", ask, urls, asked, options.rounds))
    print(f"Datasette {__version__}, {collection}, {options.rounds} rounds; the style is {style:,} bytes\n")
    print(
        tabulate(
            [asdict(row) for row in rows], headers="keys", floatfmt=("", "", ".2f", ".2f", ".1f", ".1f", ".2f", ".1f")
        )
    )
    for told in missed(rows, style):
        print(told)
    if options.json:
        results.write(options.json, {f"Datasette {__version__}": [asdict(row) for row in rows]}, options)
    return 1 if missed(rows, style) else 0


def main() -> int:
    """Read the command line, make the demo where no database is given."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("db", nargs="?")
    parser.add_argument("collection", nargs="?", default="docs_lsa")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--profile", action="store_true")
    results.add_option(parser, __file__)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        db = options.db or str(Path(folder) / "demo.db")
        if not options.db:
            subprocess.run([sys.executable, "-m", "semsearch", "demo", db], check=True, capture_output=True)
        return run(db, options.collection, options)


if __name__ == "__main__":
    sys.exit(main())
