"""The database that torture begins with, and the verbs that write to it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import semsearch
from semsearch.storage import connect
from tests import planted_images
from tests.planted import TOPICS
from tests.torture.state import digest_of

GRAPH = "a b\nb c\nc a\nc d\nd e\ne f\nf d\n"


def make(folder: Path, copies: int = 20) -> Path:
    """A file with documents, their collection, clusters and a graph, and rows changed since the build."""
    database = folder / "torture.db"
    with connect.writing(str(database), create=True) as db:
        db.execute("create table articles (id integer primary key, title text, body text, theme text)")
        rows = [
            (f"{title} {copy}", f"{body} number{copy} word{copy % 7}", "space" if place < len(TOPICS) // 2 else "bread")
            for copy in range(copies)
            for place, (title, body) in enumerate(TOPICS)
        ]
        db.executemany("insert into articles (title, body, theme) values (?, ?, ?)", rows)
    (folder / "graph.txt").write_text(GRAPH)
    (folder / "new.csv").write_text("id,name,text\n1,one,first text of a new table\n2,two,second text of it\n")
    run("index", str(database), "articles", "--text", "body", "--title", "title", "--label", "theme")
    run("build", "lsa", str(database), "articles", "--dim", "8")
    run("cluster", str(database), "articles_lsa", "--clusters", "2")
    run("ingest", "edges", str(database), "graph", str(folder / "graph.txt"))
    with connect.writing(str(database)) as db:
        db.execute("insert into articles (title, body, theme) values ('Orbit', 'astronauts in orbit', null)")
        db.execute("delete from articles where id = 3")
        db.execute("update articles set body = body || ' dough' where id = 5")
        connect.checkpoint(db)
    return database


def with_every_kind(folder: Path) -> Path:
    """The same with a collection and results of every kind that pages show: words, nodes, images, links, labels."""
    database = make(folder, copies=4)
    pixels, labels = planted_images.shapes(40)
    with connect.writing(str(database)) as db:
        planted_images.load(db, pixels, labels)
        db.execute("create table numbers (id integer primary key, a real, b real, c real)")
        db.executemany("insert into numbers (a, b, c) values (?, ?, ?)", [(n, n * n, -n) for n in range(30)])
    with semsearch.open(database) as opened:
        opened.update()
        opened.build("articles", "pmi", dim=8, min_count=2)
        opened.build("graph", "netmf", dim=3)
        opened.build("shapes", "pca", dim=6)
        opened.ingest_table("numbers", text=["a"])
        opened.build("numbers", "pca", columns="a,b,c", dim=2)
        opened.predict_links("graph_netmf", k=5)
        opened.classify("articles_lsa", label="theme")
        opened.cluster("shapes_pca", 3)
    return database


def verbs(database: Path) -> list[list[str]]:
    """Each verb that writes, with its arguments."""
    path, folder = str(database), database.parent
    return [
        ["update", path],
        ["build", "lsa", path, "articles", "--dim", "6"],
        ["build", "pmi", path, "articles", "--dim", "8", "--min-count", "2"],
        ["ingest", "documents", path, "notes", str(folder / "new.csv")],
        ["ingest", "edges", path, "other", str(folder / "graph.txt")],
        ["cluster", path, "articles_lsa", "--clusters", "3"],
        ["classify", path, "articles_lsa", "--label", "theme"],
        ["drop", path, "articles_lsa"],
    ]


def fresh_copy(database: Path, copy: Path) -> str:
    """Copy a database over an earlier copy and its log; the digest of its state."""
    for old in copy.parent.glob(f"{copy.name}*"):
        old.unlink()
    shutil.copy(database, copy)
    return digest_of(copy)


def on_copy(arguments: Sequence[str], database: Path, copy: Path) -> list[str]:
    """The arguments of a verb, on the copy instead of the database."""
    return [str(copy) if each == str(database) else each for each in arguments]


def run(*arguments: str) -> None:
    """Run a semsearch command; CalledProcessError if it fails."""
    subprocess.run([sys.executable, "-m", "semsearch", *arguments], check=True, capture_output=True)
