"""NAME_passages: places reproduce the text, keys stay, an update folds in what changed, and its source is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import semsearch
from semsearch.errors import InputError, NameTakenError
from semsearch.storage import connect
from semsearch.storage.lineage import derived_tables
from tests.made_files import docx, epub, heading, pdf, prose, word

FACT = "The harbour master measured the tide with a brass lantern."


def sentences(topic: str, count: int) -> str:
    return " ".join(
        f"The {topic} number {n} is a plain thing that nobody would ever look for again." for n in range(count)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "files"
    made.mkdir()
    pages = [prose([sentences(topic, 6)]) for topic in ("bridge", "market", "street")]
    pages.insert(2, prose([f"{sentences('pier', 3)} {FACT} {sentences('quay', 3)}"]))
    (made / "a.pdf").write_bytes(pdf(pages, {"Title": "The port"}))
    (made / "b.docx").write_bytes(
        docx(heading("Roads") + word(sentences("road", 40)) + heading("Rails") + word("Trains."))
    )
    (made / "c.epub").write_bytes(
        epub([f"<h1>Bees</h1><p>{sentences('bee', 30)}</p>", f"<p>{sentences('wasp', 30)}</p>"])
    )
    (made / "d.txt").write_text("A short note about cheese.")
    return made


@pytest.fixture
def built(folder: Path, path: str) -> Any:
    database = semsearch.open(path, create=True)
    database.ingest_files("docs", folder, passages=True)
    database.build("docs", "lsa", dim=8)
    return database


def rows(path: str, statement: str) -> list[tuple[Any, ...]]:
    with connect.reading(path) as db:
        return [tuple(row) for row in db.execute(statement)]


def test_places_reproduce_the_text_in_every_format(built: Any, path: str) -> None:
    found = rows(
        path,
        'select p.text, substr(d.body, p.start + 1, p."end" - p.start), p.document from docs_passages p'
        " join docs d on d.id = p.document",
    )
    assert {document for _, _, document in found} == {"a.pdf", "b.docx", "c.epub", "d.txt"}
    assert all(text == cut for text, cut, _ in found)
    assert rows(path, "select page, heading from docs_passages where document = 'a.pdf' and text like '%lantern%'") == [
        (3, "The port")
    ]
    assert rows(path, "select heading from docs_passages where text = 'Trains.'") == [("b › Rails",)]


def test_a_search_finds_the_document_and_the_page(built: Any) -> None:
    (best, *_) = built.search("docs_lsa", "brass lantern tide", k=2)
    assert best.id == "a.pdf" and best.passages[0]["page"] == 3 and FACT in best.row["text"]
    assert "body" not in best.row and best.row["title"] == "The port"
    (passage, *_) = built.search("docs_lsa", "brass lantern tide", by="passage")
    assert passage.id == best.passages[0]["id"] and passage.row["document"] == "a.pdf" and not passage.passages
    assert len({hit.id for hit in built.search("docs_lsa", "plain thing", k=4)}) == 4


def test_only_what_changed_is_folded_in(built: Any, folder: Path, path: str) -> None:
    before = dict(rows(path, "select id, text from docs_passages"))
    (folder / "b.docx").write_bytes(
        docx(heading("Roads") + word(sentences("road", 40)) + heading("Rails") + word("Trams."))
    )
    (folder / "d.txt").unlink()
    built.ingest_files("docs", folder)
    after = dict(rows(path, "select id, text from docs_passages"))
    assert [text for key, text in after.items() if key not in before] == ["Trams."]
    assert [text for key, text in before.items() if key not in after] == ["Trains."]
    (done,) = built.update().updated
    assert (done.update.added, done.update.changed, done.update.deleted) == (1, 0, 1)
    assert built.search("docs_lsa", "trams")[0].id == "b.docx"


def test_a_table_of_ones_own_is_cut_too_and_followed(path: str) -> None:
    with connect.writing(path, create=True) as db:
        db.execute("create table reports (id integer primary key, name text, body text)")
        long = f"{sentences('road', 30)} {FACT} {sentences('rail', 30)}"
        db.executemany("insert into reports values (?, ?, ?)", [(1, "One", long), (2, "Two", sentences("bee", 20))])
    database = semsearch.open(path)
    database.index("reports", text=["body"], title="name", passages=True)
    assert database.search("reports_lsa", "lantern")[0].id == 1
    with connect.writing(path) as db:
        db.execute("insert into reports values (3, 'Three', 'A zebra crossed the road.')")
        db.execute("delete from reports where id = 2")
    database.update()
    assert {row[0] for row in rows(path, "select document from reports_passages")} == {"1", "3"}


def test_passages_belong_to_their_source_and_go_with_it(built: Any, path: str) -> None:
    with connect.reading(path) as db:
        found = derived_tables(db)
    assert "docs" in found["docs_passages"] and "docs" in found["docs_lsa"]
    assert set(built.drop("docs")) >= {"docs", "docs_passages", "docs_lsa"}
    assert rows(path, "select name from sqlite_master where name like 'docs%' and type = 'table'") == [("docs",)]


def test_a_collection_of_documents_is_replaced_by_one_of_their_passages(folder: Path, path: str) -> None:
    database = semsearch.open(path, create=True)
    database.ingest_files("docs", folder)
    database.build("docs", "lsa", dim=2)
    database.ingest_files("docs", folder, passages=True)
    database.build("docs", "lsa", dim=8)
    assert database.search("docs_lsa", "lantern")[0].passages


def test_what_cannot_be_cut(built: Any, path: str, folder: Path) -> None:
    with pytest.raises(InputError, match="has no passages"):
        built.ingest("notes", [{"id": 1, "text": "moon"}, {"id": 2, "text": "sun and moon"}])
        built.build("notes", "lsa", dim=1)
        built.search("notes_lsa", "moon", by="passage")
    with pytest.raises(InputError, match="holds passages already"):
        built.index("docs_passages", passages=True)
    with connect.writing(path) as db:
        db.execute("create table other_passages (id integer)")
    with pytest.raises(NameTakenError, match="other_passages is already"):
        built.ingest_files("other", folder, passages=True)


def test_a_filter_names_columns_of_the_passages_or_of_the_documents(built: Any) -> None:
    plain = "a plain thing that nobody looks for"
    assert {hit.id for hit in built.search("docs_lsa", plain, where="title = 'The port'")} == {"a.pdf"}
    assert {hit.id for hit in built.search("docs_lsa", plain, where="pages = 4 or author = 'An Author'")} == {
        "a.pdf",
        "c.epub",
    }
    found = built.search("docs_lsa", plain, where="page = 2", by="passage")
    assert found and {hit.row["page"] for hit in found} == {2}
    with pytest.raises(InputError, match="no such column: colour; docs_passages has id, document"):
        built.search("docs_lsa", plain, where="colour = 1")
