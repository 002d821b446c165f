"""The task of a model of masked words: sentences with gaps, a box for one's own, mistakes, and who may see it."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch")

import semsearch
from tests.builders.test_masked import texts
from tests.datasette.pages import configured, ours

PAGE = "/notes/-/semsearch/notes_masked/pretext"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("notes") / "notes.db")
    with semsearch.open(path, create=True) as db:
        rows = ({"id": row, "text": f"{text}. <b>bold</b> ends."} for row, text in enumerate(texts(60)))
        db.ingest("notes", rows, id="id", text=["text"])
        db.build("notes", "masked", dim=16, context=21, epochs=2)
        db.build("notes", "lsa", dim=4)
    return path


def test_sentences_have_gaps_with_probabilities(file: str, make_site: Any) -> None:
    site = make_site(file)
    text, twin = ours(site.get(PAGE + "?seed=5").text), site.get(PAGE + ".json?seed=5").json()
    assert twin["ok"] and twin["question"] in text and len(twin["questions"]) == 8
    total = sum(len(one["gaps"]) for one in twin["questions"])
    right = sum(
        gap[0]["word"] == truth
        for one in twin["questions"]
        for gap, truth in zip(one["gaps"], one["truths"], strict=True)
    )
    assert f"{right} of {total} right" in text and text.count("✓") == right and text.count("✗") == total - right
    for one in twin["questions"]:
        assert len(one["parts"]) == len(one["truths"]) + 1 == len(one["gaps"]) + 1
    assert twin["held_out"]["held_out_perplexity"] > 1
    assert site.get(PAGE + ".json?seed=6").json()["questions"] != twin["questions"]


def test_a_sentence_of_ones_own_is_filled(file: str, make_site: Any) -> None:
    site = make_site(file)
    twin = site.get(PAGE + ".json?text=the+___+sleeps+___").json()
    assert [len(gap) for gap in twin["gaps"]] == [5, 5]
    text = site.get(PAGE + "?text=the+___+<script>").text
    assert "<script>" not in ours(text) and twin["gaps"][0][0]["word"] in text


@pytest.mark.parametrize(("text", "message"), [("no gap", "has no gap"), ("___+" * 65, "at most 64")])
def test_a_mistake_is_a_remark_and_an_error_of_the_twin(file: str, make_site: Any, text: str, message: str) -> None:
    site = make_site(file)
    page, twin = site.get(f"{PAGE}?text={text}"), site.get(f"{PAGE}.json?text={text}")
    assert page.status_code == 200 and message in page.text
    assert twin.status_code == 400 and message in twin.json()["error"]


def test_other_collections_of_texts_have_no_task(file: str, make_site: Any) -> None:
    site = make_site(file)
    assert site.get(PAGE.replace("masked", "lsa")).status_code == 400
    assert "/pretext" not in site.get("/notes/-/semsearch/notes_lsa").text
    assert "/pretext" in site.get("/notes/-/semsearch/notes_masked").text


def test_only_who_may_see_the_table_sees_its_gaps(file: str, make_site: Any) -> None:
    site = make_site(file, **configured({"databases": {"notes": {"tables": {"notes": {"allow": {"id": "root"}}}}}}))
    for address in (PAGE, PAGE + ".json", PAGE + "?text=___"):
        assert site.get(address).status_code in (403, 404)
        assert site.get(address, **site.as_actor("root")).status_code == 200
