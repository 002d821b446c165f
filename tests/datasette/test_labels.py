"""The page of labels: the report that the command gives, suggestions, limits, and a page where nothing is learnt."""

from __future__ import annotations

import pytest
from semsearch_datasette.pages import labels_page

from semsearch.labels import classify, label_scores
from semsearch.storage import connect
from semsearch.storage.collections import open_collection
from tests.datasette.pages import ARTICLES, WORDS, ours
from tests.datasette.site import SPACE


@pytest.fixture
def library(library):
    """Every third article has no theme."""
    with connect.writing(library) as db:
        db.execute("update articles set theme = null where id % 3 = 0")
    return library


def test_page_shows_what_classify_finds(site, library):
    with connect.reading(library) as db:
        found = classify.classify(db, [open_collection(db, "articles_lsa")], "theme")
    data = site.get(ARTICLES + "/labels.json?label=theme").json()
    assert data["columns"] == ["theme"] and data["label"] == "theme"
    learnt = data["learnt"]
    assert learnt["judged"] == [one.as_dict() for one in found.judged] and learnt["predictions"] == 4
    assert [tuple(row) for row in learnt["confusion"]] == list(found.confusion)
    page = ours(site.get(ARTICLES + "/labels?label=theme").text)
    assert f"{100 * found.judged[0].accuracy:.1f}\xa0%" in page and "Bag of words" in page
    assert 'href="/library/articles?theme__exact=space"' in page and "how uncertain" in page
    assert page.count("sem-shade-") == 4


def test_labels_that_occur_only_once_are_counted_as_labels_and_said_to_be_left_out(site, library):
    with connect.writing(library) as db:
        db.execute("update articles set theme = 'alone' || id where id in (1, 2)")
    page = ours(site.get(ARTICLES + "/labels?label=theme").text)
    assert "8 of 12 documents have a label" in page
    assert "6 are used, because 2 labels occur only once." in page


def test_suggestions_lead_to_their_rows(site):
    data = site.get(ARTICLES + "/labels.json?label=theme&k=3").json()["suggestions"]
    assert len(data) == 3 and all(one["id"] % 3 == 0 for one in data)
    right = [one["label"] == ("space" if one["id"] <= len(SPACE) else "bread") for one in data]
    assert all(right) and all(0.5 <= one["probability"] <= 1 for one in data)
    page = ours(site.get(ARTICLES + "/labels?label=theme&k=3").text)
    assert page.count('class="sem-card"') == 3 and "Predicted: space" in page
    assert all(f'href="/library/articles/{one["id"]}"' in page for one in data)


def test_a_new_label_is_seen_at_once(site, library):
    before = site.get(ARTICLES + "/labels.json?label=theme").json()["learnt"]["labelled"]
    with connect.writing(library) as db:
        db.execute("update articles set theme = 'space' where id = 3")
    assert site.get(ARTICLES + "/labels.json?label=theme").json()["learnt"]["labelled"] == before + 1


def test_the_table_of_predictions_is_linked_once_it_is_there(site, library):
    assert "semsearch classify library.db articles_lsa --label theme" in site.get(ARTICLES + "/labels").text
    with connect.writing(library) as db:
        classify.write(db, classify.classify(db, [open_collection(db, "articles_lsa")], "theme"))
    page = site.get(ARTICLES + "/labels").text
    assert 'href="/library/articles_lsa_predictions"' in page
    rows = site.get("/library/articles_lsa_predictions.json?_shape=array").json()
    assert len(rows) == 4
    shown = site.get(f"{ARTICLES}/labels.json?label=theme").json()
    best = sorted(rows, key=lambda row: -row["probability"])
    assert [one["probability"] for one in shown["predictions"]] == [row["probability"] for row in best]
    assert {(one["id"], one["label"]) for one in shown["predictions"]} == {
        (str(row["id"]), row["label"]) for row in rows
    }
    assert "Written predictions" in page and not shown["predictions_stale"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ("label=nothing", 404, "articles has no column &#39;nothing&#39;"),
        ("label=title", 400, "Every label of title occurs only once"),
        ("label=theme&k=900", 400, None),
    ],
)
def test_what_cannot_be_learned_is_told_beside_the_form(site, arguments, status, said):
    assert site.get(f"{ARTICLES}/labels.json?{arguments}").status_code == status
    page = site.get(f"{ARTICLES}/labels?{arguments}")
    assert page.status_code == (200 if said else 400)
    assert said is None or said in page.text


def test_only_where_something_could_be_learned_is_there_a_tab(site):
    assert ">Labels</a>" in site.get(ARTICLES).text
    assert ">Labels</a>" not in site.get(WORDS).text
    page = site.get(WORDS + "/labels")
    assert page.status_code == 200 and "No column of labels yet" in page.text
    assert site.get(WORDS + "/labels.json").json()["learnt"] is None


def test_of_many_rows_words_are_compared_on_some(site, library, monkeypatch):
    monkeypatch.setattr(labels_page, "MAX_BAG_OF_WORDS_ROWS", 5)
    learnt = site.get(ARTICLES + "/labels.json?label=theme").json()["learnt"]
    vectors, *compared = learnt["judged"]
    assert (vectors["features"], vectors["judged"], learnt["labelled"]) == ("vectors", 8, 8)
    assert [(one["features"], one["judged"]) for one in compared] == [
        (label_scores.SAMPLED, 1),
        (label_scores.WORDS, 1),
    ]
    sample = "a random sample, with 1 documents for the test and 4 for the training. On all 8"
    assert any(sample in remark for remark in learnt["remarks"])
    page = ours(site.get(ARTICLES + "/labels?label=theme").text)
    assert "<code>semsearch classify</code> compares them on all." in page and "Vectors, on a sample" in page


def test_rows_without_a_vector_are_told_with_the_command_as_code(site, library):
    with connect.writing(library) as db:
        db.execute("insert into articles (id, title, body, theme) values (900, 'New', 'Not embedded yet', 'space')")
    page = ours(site.get(ARTICLES + "/labels?label=theme").text)
    assert "1 document with a label has no vector. <code>semsearch update</code> adds new documents." in page


def test_the_first_column_that_can_be_learned_is_chosen(site, library):
    with connect.writing(library) as db:
        db.execute("update _semsearch_datasets set label_column = 'title' where name = 'articles'")
    data = site.get(ARTICLES + "/labels.json").json()
    assert data["columns"] == ["theme", "title"] and data["label"] == "theme"


def test_limits_name_the_command(site, monkeypatch):
    monkeypatch.setattr(labels_page, "MAX_COMPARED", 5)
    answer = site.get(ARTICLES + "/labels.json?label=theme")
    assert answer.status_code == 400 and "semsearch classify library.db articles_lsa --label theme" in answer.text
    monkeypatch.setattr(labels_page, "MAX_COMPARED", 50)
    monkeypatch.setattr(labels_page, "MAX_LABELS", 1)
    answer = site.get(ARTICLES + "/labels.json?label=theme")
    assert answer.status_code == 400 and "a page learns at most 1" in answer.text
