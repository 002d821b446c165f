"""A canary crawl: a token in every restricted place of a file, and every route asked by everybody.

    python -m tests.torture.canary [MINUTES]

A file has one public table and one restricted one for each way in which something is derived: rows, edges, similarities
behind a view, labels, an import. Each holds a token of its own, and tables and collections carry tokens in their names.
Actors who may not see them ask for each route as HTML, JSON and CSV, with and without the ETag of somebody who may.
No answer may contain a token: neither of content nor of a name, except where the visitor has typed it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from datasette.utils import tilde_encode
from semsearch_datasette.compat import IS_1

from semsearch import registry
from semsearch.analysis import clusters
from semsearch.building import build
from semsearch.building.drop import drop
from semsearch.ingest.edges import TableEdges, link_table
from semsearch.labels import classify
from semsearch.storage import collections, connect, datasets, keys
from semsearch.storage.driver import Connection
from tests.datasette.site import SPACE, Site, build_lsa, build_pmi
from tests.planted import BREAD

INSIDERS = {"id": ["owner"]}
PLACES = ("rows", "nodes", "ties", "pairs", "marks", "words")
TOKENS = {place: f"zq{place[::-1]}canary" for place in PLACES}  # one word each, which no other text holds
RESTRICTED = {place: f"{TOKENS[place]}_table" for place in PLACES} | {"rows": "papers"}  # a public table takes its name
COLLECTION_PAGES = (
    "", "?q={token}", "?q=moon&explain=1", "/item/1", "/similar/1", "/components", "/runs", "/duplicates", "/clusters",
    "/labels", "/labels?label=theme", "/comparison", "/plot?words={token}+moon", "/analogy?a={token}&b=moon&c=orbit",
    "/cooccurrence?words={token}+moon", "/item/{token}", "/samples", "/reconstruct", "/pretext", "/thumbnail/1",
)  # fmt: skip
LISTS = (
    "/", "/library", "/library?_show_hidden=1", "/-/semsearch", "/library/-/semsearch", "/-/semsearch/lecture",
    "/library/articles", "/library/articles/1", "/-/databases", "/library/articles?_facet=theme",
    "/library/-/semsearch/absent", "/library/absent",
)  # fmt: skip
if IS_1:
    LISTS += ("/-/jump.json?q=", "/-/schema", "/library/-/schema", "/-/allowed.json?action=view-table", "/-/queries")
FORMATS = ("", ".json", ".csv")


@dataclass
class Count:
    """What a crawl has asked, and the leaks: the URL, the actor and the tokens."""

    asked: int = 0
    leaks: list[tuple[str, str | None, list[str]]] = field(default_factory=list)
    failures: list[tuple[str, int]] = field(default_factory=list)


def fill(db: Connection) -> None:
    """One public table, and everything that can be restricted, each with its token."""
    db.execute("create table articles (id integer primary key, title text, body text, theme text)")
    for theme, rows in (("space", SPACE), ("bread", BREAD)):
        db.executemany("insert into articles (title, body, theme) values (?, ?, ?)", [(*row, theme) for row in rows])
    build_lsa(db, "articles", ["body"], "title", 4)
    build_pmi(db, "articles")
    for place in ("rows", "nodes"):
        name, token = RESTRICTED[place], TOKENS[place]
        db.execute(f"create table {name} (id integer primary key, title text, body text, theme text)")
        texts = [
            (f"{token} {title}", f"{token} {body} {token}{number % 4}", token)
            for number, (title, body) in enumerate(SPACE + BREAD)
        ]
        db.executemany(f"insert into {name} (title, body, theme) values (?, ?, ?)", texts)
        build_lsa(db, name, ["body"], "title", 4)
    build_pmi(db, RESTRICTED["rows"])
    _graph(db)
    _similarities(db)
    _labels(db)
    lsa = collections.open_collection(db, f"{RESTRICTED['rows']}_lsa")
    clusters.write(db, clusters.cluster(db, lsa, 2))


def _graph(db: Connection) -> None:
    """Edges between public rows, in a restricted table: vectors of their nodes tell of it."""
    name = RESTRICTED["ties"]
    db.execute(f"create table {name} (one integer, other integer, note text)")
    pairs = [(one, other, TOKENS["ties"]) for one in range(1, 13) for other in range(one + 1, 13) if (one + other) % 3]
    db.executemany(f"insert into {name} values (?, ?, ?)", pairs)
    link_table(db, "articles", name, TableEdges("one", "other"))
    netmf = registry.load(entry_points=False).builder("netmf")
    how = build.BuildOptions(name=f"{TOKENS['ties']}_netmf")
    build.build(db, datasets.get_dataset(db, "articles"), netmf, {"dim": 4}, how)
    db.execute("update _semsearch_datasets set edges = null where name = 'articles'")  # LSA was built before them


def _similarities(db: Connection) -> None:
    """Vectors of public rows by a query over a restricted table, behind a view of an innocent name."""
    name = RESTRICTED["pairs"]
    db.execute(f"create table {name} (one integer, other integer, strength real)")
    pairs = [(one, other, 1 / (1 + abs(one - other))) for one in range(1, 13) for other in range(one, 13)]
    db.executemany(f"insert into {name} values (?, ?, ?)", pairs)
    db.execute(f"create view likeness as select * from {name}")
    factorize = registry.load(entry_points=False).builder("factorize")
    for collection, query in (
        ("by_pairs", f"select one, other, strength from likeness where '{TOKENS['pairs']}' is not null"),
        ("by_distance", "select a.id, b.id, 1.0 / (1 + abs(a.id - b.id)) from articles a join articles b"),
    ):
        dataset = datasets.get_dataset(db, "articles")
        build.build(db, dataset, factorize, {"sql": query, "dim": 3}, build.BuildOptions(name=collection))


def _labels(db: Connection) -> None:
    """Predictions for public rows, learned from labels in a restricted table."""
    name, token = RESTRICTED["marks"], TOKENS["marks"]
    db.execute(f"create table {name} (id integer primary key, mark text)")
    marks = [(number, f"{token}{'ab'[number > 6]}") for number in range(1, 13) if number not in (3, 9)]
    db.executemany(f"insert into {name} values (?, ?)", marks)
    lsa = [collections.open_collection(db, "articles_lsa")]
    classify.write(db, classify.classify(db, lsa, "mark", table=name), table=name)
    table = RESTRICTED["words"]
    db.execute(f"create table {table} (word text primary key)")
    db.executemany(f"insert into {table} values (?)", [(f"{TOKENS['words']}{number}",) for number in range(12)])
    with connect.transaction(db):
        datasets.register(db, keys.shape_of(db, table), text_columns=["word"])


def after_moves(db: Connection) -> None:
    """The same file after somebody has moved names: the restricted rows under another name, a public table under
    theirs, and a collection dropped."""
    db.execute(f"alter table {RESTRICTED['rows']} rename to kept_{TOKENS['rows']}")
    db.execute(f"create table {RESTRICTED['rows']} as select * from articles")
    drop(db, "by_pairs")


def configuration(*, moved: bool = False) -> dict[str, Any]:
    """Only the owner may see the restricted tables, and run SQL."""
    names = set(RESTRICTED.values())
    if moved:
        names = names - {RESTRICTED["rows"]} | {f"kept_{TOKENS['rows']}"}
    names.add("likeness")  # a view that a person made of a restricted table is that person's to restrict
    tables = {name: {"allow": INSIDERS} for name in names}
    config = {"databases": {"library": {"allow_sql": INSIDERS, "tables": tables}}}
    return {"config" if IS_1 else "metadata": config}


def derived_names(db: Connection) -> list[str]:
    """Every table and view of the file."""
    rows = db.execute("select name from sqlite_master where type in ('table', 'view')")
    return [row[0] for row in rows]


def routes(names: list[str], made: list[str]) -> Iterator[str]:
    """Every route: of each collection, of each table in each format, and the lists."""
    for page in LISTS:
        yield page
        if not page.endswith(".json") and ".json?" not in page:
            path, mark, arguments = page.partition("?")
            yield f"{path}.json{mark}{arguments}"
    for name in made:
        for page in COLLECTION_PAGES:
            for token in TOKENS.values() if "{token}" in page else ("",):
                path, mark, arguments = page.format(token=token).partition("?")
                for suffix in ("", ".json"):
                    yield f"/library/-/semsearch/{tilde_encode(name)}{path}{suffix}{mark}{arguments}"
    for name in names:
        for suffix in FORMATS:
            yield f"/library/{tilde_encode(name)}{suffix}"
        yield f"/library/{tilde_encode(name)}/1"
        if name in ("articles", RESTRICTED["rows"], RESTRICTED["nodes"]):
            yield f"/library/{tilde_encode(name)}.json?_facet=theme&_labels=on"


def leaks_in(text: str, url: str) -> list[str]:
    """The tokens in an answer that are not in its URL."""
    folded, asked = text.lower(), url.lower()
    return [token for token in TOKENS.values() if token in folded and token not in asked]


def crawl(site: Site, urls: list[str], *, until: float = float("inf")) -> Count:
    """Ask for every URL as a stranger and as another actor, also with the ETag that the owner got."""
    count = Count()
    owner = site.as_actor("owner")
    for url in urls:
        if monotonic() > until:
            break
        own = site.get(url, **owner)
        for actor in (None, "stranger"):
            asked = {} if actor is None else site.as_actor(actor)
            tag = own.headers.get("etag")
            for headers in ({}, {"if-none-match": tag}) if tag else ({},):
                answer = site.get(url, headers=headers, **asked)
                count.asked += 1
                found = leaks_in(answer.text + str(dict(answer.headers)), url)
                if found:
                    count.leaks.append((url, actor, found))
                ours = "/-/semsearch" in url  # Datasette's own row pages fail on some shadow tables
                if (ours and answer.status_code >= 500) or (answer.status_code == 304 and leaks_in(own.text, url)):
                    count.failures.append((url, answer.status_code))
    return count


def run(folder: Path, *, moved: bool = False, short: bool = False, until: float = float("inf")) -> Count:
    """Build the file in a folder, and crawl it; `short` asks for a part of the routes."""
    file = str(folder / "library.db")
    with connect.writing(file, create=True) as db:
        fill(db)
        made = [collection.name for collection in collections.all_collections(db)]
        if moved:
            after_moves(db)
        names = derived_names(db)
        connect.checkpoint(db)
    site = Site([file], **configuration(moved=moved))
    try:
        urls = list(dict.fromkeys(routes(names, made)))
        seen = sum(bool(leaks_in(site.get(url, **site.as_actor("owner")).text, url)) for url in urls[::5])
        if not seen:
            raise SystemExit("The owner sees no token either: this crawl would find nothing")
        return crawl(site, urls[::7] if short else urls, until=until)
    finally:
        site.close()


def main() -> None:
    """Both crawls, within some minutes; prints what was asked, and exits with 1 for a leak."""
    until = monotonic() + 60 * float(sys.argv[1] if len(sys.argv) > 1 else 10)
    failed = False
    for moved in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            count = run(Path(folder), moved=moved, until=until)
        state = "moved" if moved else "as built"
        print(f"names {state}: {count.asked:,} requests, {len(count.leaks)} leaks, {len(count.failures)} failures")
        for leak in (*count.leaks, *count.failures):
            print("  ", *leak)
        failed = failed or bool(count.leaks or count.failures)
    sys.exit(failed)


if __name__ == "__main__":
    main()
