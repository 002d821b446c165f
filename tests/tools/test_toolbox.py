"""The tools over files: right answers of bounded size, cursors, and one line for whatever is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import semsearch
from semsearch.errors import InputError, NotFoundError, SemsearchError
from semsearch.tools.answers import MOST_CHARACTERS
from semsearch.tools.local import Files
from semsearch.tools.signature import NAMES
from tests.helpers import built_once
from tests.planted import BREAD, SPACE

LONG = "A capsule landed. " * 4_000
HOSTILE = [("quotes", '"\\\n' * 3_000), ("t" * 3_000, "a rocket with a long title"), ("none", "")]


def _build(folder: Path) -> None:
    rows = [*SPACE, *BREAD, *HOSTILE, ("long", LONG)]
    with semsearch.open(folder / "books.db", create=True) as db:
        db.ingest(
            "texts",
            [
                {
                    "id": n,
                    "title": t,
                    "body": b,
                    "year": 1960 + n,
                    "kind": ("space", "bread", "other")[(n - 1) // 6 % 3],
                }
                for n, (t, b) in enumerate(rows, 1)
            ],
        )
        db.build("texts", "lsa", dim=4)
        pairs = [{"source": str(n), "target": str(n % 12 + 1)} for n in range(1, 13)]
        (folder / "edges.csv").write_text("source,target\n" + "\n".join(f"{p['source']},{p['target']}" for p in pairs))
        db.ingest_edges("ring", folder / "edges.csv")
        db.build("ring", "netmf", dim=2)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    made = Files([str(built_once(tmp_path_factory, "tools", _build) / "books.db")])
    yield made
    made.close()


def call(files: Files, name: str, collection: str = "texts_lsa", **arguments: Any) -> dict[str, Any]:
    text = files.call(name, {"collection": collection, **arguments})
    assert len(text) <= MOST_CHARACTERS
    return json.loads(text)


def test_every_tool_answers(files):
    listed = json.loads(files.call("list_collections", {}))["collections"]
    assert {each["collection"] for each in listed} == {"texts_lsa", "texts_lsa_words", "ring_netmf"}
    assert call(files, "search", query="astronauts in orbit")["hits"][0]["words_matched"]
    assert call(files, "similar", ids=["1"])["hits"]
    assert call(files, "explain", query="rocket launch", id="1")["explanation"]
    assert call(files, "topics")["topics"][0]["words"]
    assert call(files, "words_near", word="rocket")["words"][0]["word"] != "rocket"
    assert call(files, "analogy", a="rocket", b="launch", c="dough")["answers"]
    assert call(files, "neighbours", "ring_netmf", id="3")["neighbours"]
    assert call(files, "read_row", id="1")["text"] == SPACE[0][1]
    assert call(files, "ask", question="Which capsule landed?")["passages"]
    assert call(files, "classify_text", text="a rocket in orbit", label="kind")["labels"][0]["label"] == "space"
    assert len(NAMES) == 11


def test_misspelled_words_are_replaced_and_that_is_said(files):
    for tool, part, given in (
        ("search", "hits", {"query": "astronuats"}),
        ("ask", "passages", {"question": "astronuats?"}),
    ):
        answer = call(files, tool, **given)
        assert answer["remark"].startswith("texts_lsa has no word 'astronuats': the results are for 'astronauts")
        assert answer[part][0]["words_matched"] == ["astronauts"]


def test_a_filter_keeps_rows_and_cannot_hold_sql(files):
    found = call(files, "search", query="rocket dough", k=50, filters=["year__gt=1966"])["hits"]
    assert found and all(int(hit["id"]) > 6 for hit in found)
    for wrong in ("1=1", "year", "year__gte", "year > 3=1", "year__sql=1"):
        with pytest.raises(InputError) as caught:
            call(files, "search", query="rocket", filters=[wrong])
        assert "\n" not in str(caught.value)


def test_cursors_walk_through_all_results_once(files):
    ids, cursor = [], ""
    while True:
        answer = call(files, "search", query="rocket orbit launch dough flour bread", k=2, cursor=cursor)
        ids += [hit["id"] for hit in answer["hits"]]
        cursor = answer.get("cursor", "")
        if not cursor:
            break
    assert len(ids) == len(set(ids)) >= 12
    with pytest.raises(InputError, match="belongs to another question"):
        call(files, "search", query="another", k=2, cursor=call(files, "search", query="rocket", k=2)["cursor"])
    for wrong in ("7", "x.y", "999999999999.abc", "²."):
        with pytest.raises(InputError, match="belongs to another question"):
            call(files, "search", query="rocket", cursor=wrong)


def test_a_long_row_is_read_in_parts_that_make_it_whole(files):
    (found,) = call(files, "search", query="capsule landed", k=1, filters=["title=long"])["hits"]
    assert len(found["passage"]) <= 400
    for id, whole in ((found["id"], LONG), ("13", HOSTILE[0][1])):
        parts, cursor = [], ""
        while True:
            answer = call(files, "read_row", id=str(id), cursor=cursor)
            parts.append(answer["text"])
            cursor = answer.get("cursor", "")
            if not cursor:
                break
        assert "".join(parts) == whole
    assert call(files, "read_row", id="1", column="year")["text"] == "1961"
    assert call(files, "read_row", id="15")["text"] == ""


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("search", {"query": ""}),
        ("search", {"query": "rocket", "k": 10**6}),
        ("search", {"query": "rocket", "k": 0}),
        ("search", {"query": "rocket", "mode": "magic"}),
        ("similar", {"ids": []}),
        ("similar", {"ids": ["9999"]}),
        ("explain", {"query": "rocket", "id": "9999"}),
        ("words_near", {"word": "xyzzy"}),
        ("analogy", {"a": "rocket", "b": "rocket", "c": "dough"}),
        ("neighbours", {"id": "1"}),
        ("read_row", {"id": "9999"}),
        ("read_row", {"id": "1", "column": "nothing"}),
        ("classify_text", {"text": "xyzzy", "label": "kind"}),
        ("classify_text", {"text": "rocket", "label": "nothing"}),
        ("classify_text", {"text": "rocket", "label": "title"}),
        ("ask", {"question": ""}),
        ("ask", {"question": "rocket", "k": 11}),
    ],
)
def test_what_is_wrong_is_one_line(files, name, arguments):
    with pytest.raises(SemsearchError) as caught:
        call(files, name, **arguments)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


def test_an_unknown_collection_names_those_there_are(files):
    with pytest.raises(NotFoundError, match="There is no collection 'nothing': there are books/"):
        call(files, "search", "nothing", query="rocket")
    assert call(files, "search", "books/texts_lsa", query="rocket")["hits"]


def test_two_files_of_one_name_are_refused(files, tmp_path):
    with pytest.raises(InputError, match="Two files are called books"):
        Files([str(tmp_path / "books.db"), str(tmp_path / "other" / "books.db")])
