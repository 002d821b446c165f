"""Each published format, on a few records written here in that format; the data itself is not needed."""

import gzip
import json
from pathlib import Path

import pytest
import sets

SMART_DOCUMENTS = """.I 1
.T
a wing in
a slipstream .
.A
brenckman,m.
.W
lift of a wing .
.I 2
.T
.W
shear flow .
.W
a second abstract .
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for folder in ("med", "cran", "cisi", "npl", "lisa"):
        (tmp_path / "ir" / folder).mkdir(parents=True)
    (tmp_path / "scifact").mkdir()
    return tmp_path


def write(path: Path, text: str, *, crlf: bool = False, encoding: str = "latin-1") -> None:
    raw = text.replace("\n", "\r\n" if crlf else "\n").encode(encoding)
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(raw))


def test_smart_records_with_titles_and_judgements_in_several_columns(data: Path) -> None:
    folder = data / "ir" / "cisi"
    write(folder / "CISI.ALL", SMART_DOCUMENTS + ".X\n1\t5\t1\n", crlf=True)
    write(folder / "CISI.QRY", ".I 1\n.W\nlift?\n.I 2\n.T\nTitle\n.A\nSomeone\n.W\nand abstract\n.I 3\n.W\nunjudged\n")
    (folder / "CISI.REL").write_text("     1      2\t0\t0.000000\n02 0001  0 0\n\n")
    found = sets.LOADERS["cisi"](data)
    assert found.documents == (
        sets.Document("1", "a wing in a slipstream .", "lift of a wing ."),
        sets.Document("2", "", "shear flow . a second abstract ."),
    )
    assert found.queries == {"1": "lift?", "2": "Title and abstract", "3": "unjudged"}
    assert found.relevant() == {"1": {"2"}, "2": {"1"}}
    assert found.counts() == (2, 2, 2)


def test_cranfield_numbers_queries_by_position_and_knows_grades(data: Path) -> None:
    folder = data / "ir" / "cran"
    write(folder / "cran.all.1400", SMART_DOCUMENTS, crlf=True)
    write(folder / "cran.qry", ".I 001\n.W\nfirst\n.I 004\n.W\nsecond\n", crlf=True)
    write(folder / "cranqrel", "1 1 4 \n1 2 -1\n2 2 1 \n", crlf=True)
    found = sets.LOADERS["cran"](data)
    assert found.queries == {"1": "first", "2": "second"}
    assert found.judgements == {"1": {"1": 1, "2": 0}, "2": {"2": 1}}
    assert found.counts() == (2, 2, 2)


def test_npl_records_end_with_a_slash(data: Path) -> None:
    folder = data / "ir" / "npl"
    write(folder / "doc-text", "1\ncompact memories\nand or access\n   /\n2\nan analogue computer\n   /\n")
    write(folder / "query-text", "1\nDIELECTRIC CONSTANT\n/\n")
    write(folder / "rlv-ass", "1\n     1\n     2\n   /\n")
    found = sets.LOADERS["npl"](data)
    assert [document.text for document in found.documents] == ["compact memories and or access", "an analogue computer"]
    assert found.queries == {"1": "DIELECTRIC CONSTANT"}
    assert found.relevant() == {"1": {"1", "2"}}


def test_lisa_leaves_out_the_queries_its_judgements_disagree_on(data: Path) -> None:
    folder = data / "ir" / "lisa"
    stars = "*" * 44
    write(folder / "LISA0.001", f"Document    1\nA TITLE ON\nTWO LINES.\n  \nAN ABSTRACT.\n{stars}\n")
    write(folder / "LISA0.501", f"Document  501\nANOTHER.\n\nFIRST LINE\nSECOND.\n{stars}\n")
    write(folder / "LISA.QUE", "1\nI WANT\nNOVELTY #\n21\nDISPUTED. #\n")
    write(folder / "LISA.REL", "Query 1\n2 Relevant Refs:\n1\n501 -1\n\nQuery 21\n1 Relevant Refs:\n1 -1\n")
    found = sets.LOADERS["lisa"](data)
    assert found.documents == (
        sets.Document("1", "A TITLE ON TWO LINES.", "AN ABSTRACT."),
        sets.Document("501", "ANOTHER.", "FIRST LINE SECOND."),
    )
    assert found.queries == {"1": "I WANT NOVELTY"}
    assert found.relevant() == {"1": {"1", "501"}}


def test_scifact_reads_lines_that_hold_other_line_ends(data: Path) -> None:
    folder = data / "scifact"
    article = {"_id": "7", "title": "Café", "text": "one\u2028two\x85three"}
    write(folder / "corpus.jsonl", json.dumps(article, ensure_ascii=False) + "\n", encoding="utf-8")
    write(folder / "queries.test.jsonl", '{"_id": "3", "text": "β-catenin"}\n', encoding="utf-8")
    (folder / "qrels.test.tsv").write_text("query-id\tcorpus-id\tscore\n3\t7\t1\n")
    found = sets.LOADERS["scifact"](data)
    assert found.documents == (sets.Document("7", "Café", "one\u2028two\x85three"),)
    assert found.queries == {"3": "β-catenin"}
    assert found.counts() == (1, 1, 1)


def test_beir_layout(tmp_path: Path) -> None:
    found = sets.TestSet("tiny", (sets.Document("d1", "Ärzte", "a\tb"),), {"q1": "who?"}, {"q1": {"d1": 1, "d2": 0}})
    sets.write_beir(found, tmp_path / "beir")
    corpus, queries, qrels = (
        (tmp_path / "beir" / name).read_text("utf-8") for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv")
    )
    assert json.loads(corpus) == {"_id": "d1", "title": "Ärzte", "text": "a\tb"}
    assert json.loads(queries) == {"_id": "q1", "text": "who?"}
    assert qrels == "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0\n"


TINY = sets.TestSet("tiny", (sets.Document("d1", "", "a"),), {"q1": "who?"}, {"q1": {"d1": 1}})


@pytest.mark.parametrize(
    ("found", "published", "message"),
    [
        pytest.param(TINY, (1, 1, 2), r"has \(1, 1, 1\)", id="another count"),
        pytest.param(
            sets.TestSet("tiny", TINY.documents, TINY.queries, {"q1": {"d9": 1}}),
            (1, 1, 1),
            "q1",
            id="no such document",
        ),
        pytest.param(
            sets.TestSet("tiny", TINY.documents * 2, TINY.queries, TINY.judgements), (2, 1, 1), "twice", id="id"
        ),
    ],
)
def test_a_set_that_is_not_as_published_is_refused(
    found: sets.TestSet, published: tuple[int, int, int], message: str
) -> None:
    with pytest.raises(sets.SetError, match=message):
        sets.check(found, published)


def test_a_missing_or_cut_collection_is_refused(data: Path) -> None:
    with pytest.raises(sets.SetError, match="MED.ALL"):
        sets.load("med", data)
    for name in ("MED.ALL", "MED.QRY", "MED.REL"):
        write(data / "ir" / "med" / name, ".I 1\n.W\ntext\n" if name != "MED.REL" else "1 1 1\n")
    with pytest.raises(sets.SetError, match="published"):
        sets.load("med", data)
    with pytest.raises(sets.SetError, match="choose among"):
        sets.load("nothing", data)
