"""The Python API: what it answers is what the command line answers, and its page runs as it stands."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

import semsearch
from semsearch.images import png
from semsearch.present import hit_dict
from semsearch.search import resident
from semsearch.storage import connect
from tests.planted import TOPICS, make_articles
from tests.planted_images import shapes

Run = Callable[..., Result]
PAGE = Path(__file__).parents[1] / "docs" / "python.md"


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """Whatever a test made the process hold in memory is forgotten at its end."""
    yield
    resident.enable_cache(0)


@pytest.fixture
def db(path: str) -> Iterator[semsearch.Database]:
    """Two topics in a file of somebody's own, indexed."""
    with connect.writing(path, create=True) as connection:
        make_articles(connection)
    with semsearch.open(path, memory=0) as opened:
        opened.build("articles", dim=4)
        yield opened


def test_the_page_runs_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = re.sub(r"^```\w*$", "", PAGE.read_text(), flags=re.M)
    page = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
    assert len(page.examples) > 30
    said: list[str] = []
    runner = doctest.DocTestRunner()
    assert runner.run(page, out=said.append).failed == 0, "".join(said)


def test_every_method_stands_on_the_page() -> None:
    text = PAGE.read_text()
    for name in dir(semsearch.Database):
        assert name.startswith("_") or f"{name}(" in text, name


@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
def test_api_and_command_give_the_same_hits(db: semsearch.Database, run: Run, mode: Any) -> None:
    for query in ("rocket fuel", "bread dough", '"hot oven" yeast', "moon -earth"):
        said = run("search", db.path, "articles_lsa", query, "--mode", mode, "-k", 5, "--where", "id <> 3", "--json")
        hits = db.search("articles_lsa", query, mode=mode, k=5, where="id <> 3")
        assert [hit_dict(hit) for hit in hits] == json.loads(said.stdout)
    said = run("similar", db.path, "articles_lsa", 2, 5, "-k", 4, "--json")
    assert [hit_dict(hit) for hit in db.similar("articles_lsa", 2, "5", k=4)] == json.loads(said.stdout)


def test_a_picture_may_be_a_path_bytes_or_pixels(path: str, run: Run, tmp_path: Path) -> None:
    pixels, labels = shapes(20, 12)
    for number, one in enumerate(pixels):
        (tmp_path / f"{number:02}.png").write_bytes(png.encode(one))
    with semsearch.open(path, create=True, memory=0) as db:
        assert db.ingest_images("shapes", *tmp_path.glob("*.png"), channels=1).added == 20
        db.build("shapes", "pca", dim=4)
        asked = tmp_path / "05.png"
        hits = db.search_by_picture("shapes_pca", asked, k=3, where="id <> '04.png'")
        said = run("search", path, "shapes_pca", "--image", asked, "-k", 3, "--where", "id <> '04.png'", "--json")
        assert [hit_dict(hit) for hit in hits] == json.loads(said.stdout) and hits[0].id == "05.png"
        for same in (str(asked), asked.read_bytes(), pixels[5], pixels[5, :, :, 0], np.repeat(pixels[5], 3, axis=2)):
            assert db.search_by_picture("shapes_pca", same, k=3, where="id <> '04.png'") == hits
        for bad, why in (
            (b"words", "The image is not an image of a known format"),
            (tmp_path / "none.png", "none.png cannot be read: No such file"),
            (pixels[5] / 255, "uint8 of .height, width."),
            (np.zeros((3, 3, 4), np.uint8), r"shape \(3, 3, 4\)"),
        ):
            with pytest.raises(semsearch.SemsearchError, match=why):
                db.search_by_picture("shapes_pca", bad)


def test_a_picture_cannot_be_placed_among_texts(db: semsearch.Database) -> None:
    with pytest.raises(
        semsearch.SemsearchError, match="^articles_lsa was built by lsa of documents: it cannot embed an image"
    ):
        db.search_by_picture("articles_lsa", np.zeros((4, 4), np.uint8))


def test_memory_changes_no_hit(db: semsearch.Database) -> None:
    from_file = db.search("articles_lsa", "rocket fuel")
    with semsearch.open(db.path) as remembering:
        in_memory = remembering.search("articles_lsa", "rocket fuel")
    alike = [hit.id for hit in from_file if hit.score > 1e-5]  # what has nothing in common is 0 but for rounding
    assert [hit.id for hit in in_memory][: len(alike)] == alike and len(alike) > 3
    scores = [hit.score for hit in from_file]
    assert [hit.score for hit in in_memory] == pytest.approx(scores, abs=1e-5)  # float32 in another order


def test_vectors_are_those_of_sql(db: semsearch.Database) -> None:
    row = db.sql("select semsearch_embed('articles_lsa', :text) as v", {"text": "rocket fuel"})[0]
    vector = db.embed("articles_lsa", "rocket fuel")
    assert vector is not None and row["v"] == vector.tobytes()
    keys, matrix = db.vectors("articles_lsa")
    assert (matrix[keys.index("7")] == db.vector("articles_lsa", 7)).all()


def test_what_one_writes_another_reads(db: semsearch.Database, run: Run) -> None:
    with semsearch.open(db.path) as other:
        assert len(other.search("articles_lsa", "moon", k=12)) == 12
        db.ingest_files("more", PAGE.parent / "sql.md")
        assert {found.name for found in other.datasets()} == {"articles", "more"}
        with connect.writing(db.path) as connection:
            connection.execute("delete from articles where id = 1")
        assert other.stale()["articles_lsa"] == 1
        assert [one.update.deleted for one in db.update("articles_lsa").updated] == [1]
        assert other.collections()[0].count == 11 == len(other.search("articles_lsa", "moon", k=12, mode="vector"))
    assert "articles_lsa: up to date" in run("update", db.path, "articles_lsa").stderr


def test_a_file_that_is_not_there_or_no_database(tmp_path: Path) -> None:
    with pytest.raises(semsearch.SemsearchError, match="There is no file"):
        semsearch.open(tmp_path / "none.db")
    (tmp_path / "letter.txt").write_text("Dear reader, this is no database. " * 50)
    with pytest.raises(semsearch.SemsearchError, match="is not an SQLite database"):
        semsearch.open(tmp_path / "letter.txt")
    new = semsearch.open(tmp_path / "new.db", create=True)
    with pytest.raises(semsearch.SemsearchError, match="There is no file"):
        new.collections()
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize(
    "mistake",
    [
        lambda db: db.search("nothing", "moon"),
        lambda db: db.search("articles_lsa", ""),
        lambda db: db.search("articles_lsa", "moon", mode="fuzzy"),
        lambda db: db.search("articles_lsa", "moon", where="nonsense ("),
        lambda db: db.vector("articles_lsa", 99),
        lambda db: db.build("articles", colour=1),
        lambda db: db.build("articles", "nothing"),
        lambda db: db.sql("select nonsense"),
        lambda db: db.sql("delete from articles"),
        lambda db: db.update("articles_lsa_words"),
        lambda db: db.index("nothing"),
        lambda db: db.ingest("rows", []),
        lambda db: db.ingest("articles", [{"id": 1}]),
    ],
)
def test_mistakes_are_one_line_and_the_database_goes_on(
    db: semsearch.Database, mistake: Callable[[semsearch.Database], object]
) -> None:
    with pytest.raises(semsearch.SemsearchError) as raised:
        mistake(db)
    assert "\n" not in str(raised.value)
    assert len(db.search("articles_lsa", "moon", k=3)) == 3


def test_threads_share_a_database_that_is_being_updated(db: semsearch.Database) -> None:
    faults: list[object] = []

    def ask() -> None:
        try:
            for _ in range(20):
                if len(db.search("articles_lsa", "astronauts", k=3)) != 3:
                    faults.append("too few")
        except Exception as error:  # whatever it is, the test shall tell of it
            faults.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(5):
        with connect.writing(db.path) as connection:
            connection.execute("insert into articles (title, body) values (?, ?)", TOPICS[number])
        db.update()
    for thread in threads:
        thread.join()
    assert not faults


def test_closing_lets_go_of_the_file_and_opens_again(db: semsearch.Database) -> None:
    db.close()
    assert db.collections() and repr(db) == f"semsearch.open({db.path!r})"


def test_open_comes_in_when_it_is_asked_for() -> None:
    code = "import semsearch, sys; a = 'semsearch.api' in sys.modules; semsearch.open; print(a, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
    with pytest.raises(AttributeError, match="no attribute 'shut'"):
        _ = semsearch.shut


def test_vectors_leave_and_come_back(db: semsearch.Database, tmp_path: Path) -> None:
    assert db.export("articles_lsa_words", tmp_path / "out.bin") == [str(tmp_path / "out.bin")]
    made = db.ingest_vectors("again", tmp_path / "out.bin", limit=20)
    assert made.collection.count == 20 and made.collection.of == "word"
    words = [row["word"] for row in db.sql("select word from again_vocabulary order by place")]
    theirs, ours = (np.stack([db.vector(name, word) for word in words]) for name in ("articles_lsa_words", "again"))
    assert ours == pytest.approx(theirs, abs=1e-6)  # made of unit length once more, in float32
    with pytest.raises(semsearch.SemsearchError, match="exists already"):
        db.export("articles_lsa_words", tmp_path / "out.bin")


def test_analyses_write_their_tables(db: semsearch.Database) -> None:
    assert db.duplicates("articles_lsa", threshold=1.0, min_overlap=1.0) == []
    clustering = db.cluster("articles_lsa", 2, seed=1)
    assert sum(cluster.count for cluster in clustering.clusters) == 12
    assert db.sql("select count(distinct cluster) as n from articles_lsa_clusters") == [{"n": 2}]
    hits = db.analogy("articles_lsa_words", "rocket", "moon", "bread", k=2, method="add")
    assert len(hits) == 2 and not {hit.id for hit in hits} & {"rocket", "moon", "bread"}
    assert len(db.odd_one_out("articles_lsa_words", "rocket", "moon", "bread")) == 3


def test_a_graph_is_ingested_and_evaluated(path: str, tmp_path: Path) -> None:
    pairs = [(one, other) for one in range(8) for other in range(one) if (one, other) not in ((7, 6), (5, 4))]
    edges = [f"{side}{one},{side}{other}" for side in "ab" for one, other in pairs]
    (tmp_path / "edges.csv").write_text("\n".join(["source,target", *edges, "a0,b0"]))
    with semsearch.open(path, create=True, memory=0) as db:
        loaded = db.ingest_edges("friends", tmp_path / "edges.csv")
        assert (loaded.nodes, loaded.edges) == (16, len(edges) + 1)
        db.build("friends", dim=4)
        links = db.predict_links("friends_netmf", k=3)
        assert len(links) == 3 and links[0].score >= links[-1].score
        assert [row["n"] for row in db.sql("select count(*) as n from friends_netmf_links")] == [3]
        assert [scores.by for scores in db.evaluate_links("friends_netmf")][0] == "vectors"
        with pytest.raises(semsearch.SemsearchError, match="from files or from a table"):
            db.ingest_edges("friends")


def test_evaluations_give_records(db: semsearch.Database, tmp_path: Path) -> None:
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "rocket fuel"}')
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\t1\t1\n")
    scores = db.evaluate_retrieval("articles_lsa", tmp_path / "queries.jsonl", tmp_path / "qrels.tsv", mode="vector")
    assert scores.queries == 1 and 0 <= scores.map <= 1
    with pytest.raises(semsearch.SemsearchError, match="at least 20"):
        db.fit_weight("articles_lsa", tmp_path / "queries.jsonl", tmp_path / "qrels.tsv")
    (tmp_path / "pairs.txt").write_text("rocket moon 9\nrocket bread 1\nbread dough 8\n")
    words = db.evaluate_words("articles_lsa_words", similarity=[tmp_path / "pairs.txt"])
    assert list(words.similarity) == ["pairs"] and words.analogies == {}
    rows = [{"id": key, "body": body, "topic": "ab"[key > 6]} for key, (_, body) in enumerate(TOPICS, 1)]
    db.ingest("labelled", rows, id="id", text=["body"], label="topic")
    db.build("labelled", dim=2)
    found = db.evaluate_labels("labelled_lsa", folds=3)
    assert (found.labels, found.items) == (2, 12)
    assert 0 <= db.evaluate_labels("labelled_lsa", train_shares=[0.5], shuffles=2).scores[0].micro_f1 <= 1
    with pytest.raises(semsearch.SemsearchError, match="three ways"):
        db.evaluate_labels("labelled_lsa", folds=3, train_shares=[0.5])


def test_images_are_reconstructed_and_generated(path: str, tmp_path: Path) -> None:
    pixels, _ = shapes(20, 12)
    for number, image in enumerate(pixels):
        (tmp_path / f"{number:02}.png").write_bytes(png.encode(image))
    with semsearch.open(path, create=True, memory=0) as db:
        db.ingest_images("shapes", *tmp_path.glob("*.png"), channels=1)
        db.build("shapes", "pca", dim=4)
        shown = db.reconstruct("shapes_pca", "05.png", "06.png", components=2)
        assert len(shown.strips[0].pixels) == 2 and shown.scores[0]["what"] == "shapes_pca, 2 dimensions"
        assert db.sample("shapes_pca", 3, into="drawn").shape == (3, 12, 12, 1)
        assert (db.sample("shapes_pca", 3) == db.sample("shapes_pca", 5)[:3]).all()
        assert db.sql("select count(*) as n from drawn") == [{"n": 3}]
        assert db.interpolate("shapes_pca", "05.png", "06.png", steps=4).shape == (4, 12, 12, 1)
        assert (db.interpolate("shapes_pca", 1, 2, seed=0)[0] == db.sample("shapes_pca", 1)[0]).all()


def test_tables_builders_and_checks(db: semsearch.Database) -> None:
    assert {"lsa", "pmi"} <= db.builders().keys() and db.pretrained()[0].dim > 0
    assert all(check.ok for check in db.doctor()) and db.doctor()[-1].check.startswith("articles")
    assert db.migrate() == []
    assert db.ingest_table("articles", title="title").title_column == "title"
    with pytest.raises(semsearch.SemsearchError, match="give one of the two"):
        db.ingest_vectors("words")
