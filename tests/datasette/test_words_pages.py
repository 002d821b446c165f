"""The pages about words: analogy, counts, plot, a word's own page; each as search says, mistakes beside the form."""

from __future__ import annotations

import shutil
from html import unescape

import pytest
from semsearch_datasette.parts import svg
from semsearch_datasette.parts.numbers import with_minus

from semsearch import registry
from semsearch.building import build as builds
from semsearch.search import avoidance, word_contexts
from semsearch.search import words as engine
from semsearch.storage import connect, datasets, keys
from semsearch.storage.collections import get_collection, open_collection
from tests.datasette.pages import Shape, ours, twin
from tests.datasette.site import build_pmi
from tests.planted import PAIRS, sentences

SAYS = "/says/-/semsearch/says_pmi"
LSA_WORDS = "/says/-/semsearch/says_lsa_words"
KING = f"{SAYS}/analogy?a=man&b=king&c=woman"
GENDERS = "king-queen+man-woman+uncle-aunt+boy-girl"
PAGES = {
    "analogy, nothing asked": f"{SAYS}/analogy",
    "analogy": KING,
    "counts, nothing asked": f"{SAYS}/cooccurrence",
    "counts": f"{SAYS}/cooccurrence?words=king+queen,crown",
    "whole counts": f"{SAYS}/cooccurrence?words=king+queen,crown&weights=flat",
    "plot, nothing asked": f"{SAYS}/plot",
    "plot": f"{SAYS}/plot?words={GENDERS}",
    "word": f"{SAYS}/item/king",
}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("says") / "says.db")
    with connect.writing(path, create=True) as db:
        db.execute("create table says (id integer primary key, body text)")
        db.executemany("insert into says (body) values (?)", [(text,) for text in sentences()])
        with connect.transaction(db):
            datasets.register(db, keys.shape_of(db, "says"), text_columns=["body"])
        build_pmi(db, "says")
        connect.checkpoint(db)
    return path


@pytest.fixture
def site_of_lsa(file, make_site, tmp_path):
    path = str(shutil.copy(file, tmp_path / "says.db"))
    with connect.writing(path) as db:
        lsa = registry.load(entry_points=False).builder("lsa")
        builds.build(db, datasets.get_dataset(db, "says"), lsa, {"dim": 2})
        connect.checkpoint(db)
    return make_site(path)


@pytest.fixture
def site(file, make_site):
    return make_site(file)


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_pages_answer_with_labelled_fields_and_links_that_work(site, path):
    page = site.get(path)
    assert page.status_code == 200
    shape = Shape(ours(page.text))
    assert all(field.get("id") in shape.labels for field in shape.fields if field.get("type") == "text")
    assert "<script" not in ours(page.text) and "style=" not in ours(page.text)  # CSP-safe
    for link in {link for link in shape.links if "/-/semsearch/" in link}:
        assert site.get(link).status_code == 200, link


def test_both_methods_are_shown_as_search_answers(site, file):
    data = site.get(twin(KING)).json()
    with connect.reading(file) as db:
        for method in ("mul", "add"):
            found = engine.analogy(db, open_collection(db, "says_pmi"), ("man", "king", "woman"), method=method)
            assert [hit["id"] for hit in data["hits"][method]] == [hit.id for hit in found.hits]
            assert data["hits"][method][0]["score"] == pytest.approx(found.hits[0].score)
    page = ours(site.get(KING).text)
    assert page.index("3CosMul") < page.index("queen") and "By addition (3CosAdd)" in page
    assert "<strong>" in page  # the words asked about are among the nearest to B - A + C
    assert "man is to king as woman" in page  # an example that these texts have the words for
    assert "paris" not in page


@pytest.mark.parametrize(
    ("asked", "said", "status"),
    [
        ("a=mann&b=king&c=woman", "has no word 'mann' (did you mean 'man'?)", 404),
        ("a=man&b=king&c=man", "'man' is given twice", 400),
        ("a=man&b=&c=woman", "A word is empty", 400),
    ],
    ids=["unknown", "repeated", "empty box"],
)
def test_mistakes_stand_beside_the_form_that_keeps_what_was_asked(site, asked, said, status):
    page = site.get(f"{SAYS}/analogy?{asked}")
    assert page.status_code == 200 and said in unescape(page.text)
    assert [field["value"] for field in Shape(ours(page.text)).fields if field.get("type") == "text"] == [
        part.partition("=")[2] for part in asked.split("&")
    ]
    assert site.get(f"{SAYS}/analogy.json?{asked}").status_code == status


def test_counts_are_those_of_the_texts(site, file):
    data = site.get(f"{SAYS}/cooccurrence.json?words=king+queen,crown").json()
    with connect.reading(file) as db:
        table = word_contexts.cooccurrence(db, get_collection(db, "says_pmi"), ["king", "queen", "crown"])
    assert data["words"] == ["king", "queen", "crown"] and data["counts"] == table.counts.tolist()
    assert data["pmi"][0][1] is None  # king and queen never meet
    page = ours(site.get(f"{SAYS}/cooccurrence?words=king+queen,crown").text)
    assert f"{round(table.counts[0, 2], 1):,g}" in page and "A pair d words apart counts 1/d" in page


def test_whole_counts_are_whole(site, file):
    data = site.get(f"{SAYS}/cooccurrence.json?words=king,crown&weights=flat").json()
    assert data["weights"] == "flat" and all(count == int(count) for row in data["counts"] for count in row)
    assert data["counts"][0][1] > site.get(f"{SAYS}/cooccurrence.json?words=king,crown").json()["counts"][0][1] > 0
    assert "Each pair is counted once" in site.get(f"{SAYS}/cooccurrence?words=king,crown&weights=flat").text
    assert site.get(f"{SAYS}/cooccurrence.json?words=king&weights=none").status_code == 400


def test_a_word_that_avoids_itself_shows_why_right_vectors_are_needed(site, file):
    example = site.get(f"{SAYS}/cooccurrence.json").json()["avoids_itself"]
    with connect.reading(file) as db:
        found = avoidance.self_avoiding(db, get_collection(db, "says_pmi"))
    assert example["words"] == list(found.words) and example["counts"][0][0] == 0 < example["expected"][0][0]
    page = unescape(ours(site.get(f"{SAYS}/cooccurrence").text))
    assert "Why PMI needs left and right vectors" in page and "PMI with itself is minus infinity" in page
    assert with_minus(f"{example['pmi'][0][1]:+.2f}") in page and example["eigenvalues"][1] < 0
    assert "semsearch build pmi says.db says --side concat --name says_pmi_concat" in page


def test_the_plot_draws_every_word_and_offset(site):
    page = ours(site.get(f"{SAYS}/plot?words={GENDERS}").text)
    assert page.count("<circle") == 8 and page.count("<line") == 4
    assert all(f">{word}</text>" in page for names in PAIRS.values() for word in names)
    data = site.get(f"{SAYS}/plot.json?words={GENDERS}").json()
    assert len(data["points"]) == 8 and ["king", "queen"] in data["offsets"]


def test_a_words_page_tells_its_company_and_the_texts_that_use_it(site, file):
    data = site.get(f"{SAYS}/item/king.json").json()
    with connect.reading(file) as db:
        assert [one["word"] for one in data["contexts"]] == [
            one.word for one in word_contexts.contexts(db, get_collection(db, "says_pmi"), "king", 15)
        ]
    assert all("king" in document["row"]["body"] for document in data["documents"]) and data["documents"]
    page = ours(site.get(f"{SAYS}/item/king").text)
    assert "Co-occurring words" in page and "crown" in page and "/says/says/" in page


@pytest.mark.parametrize("path", ["/plot?words=" + "+".join("abcdefgh" * 6), "/cooccurrence?words=" + "a" * 5000])
def test_more_than_can_be_shown_is_refused(site, path):
    answer = site.get(SAYS + path)
    assert answer.status_code == 400 and "must be at most" in answer.text


def test_labels_keep_clear_of_each_other() -> None:
    drawn = {"path": (100.0, 100.0), "directory": (90.0, 108.0), "far": (400.0, 300.0)}
    labels = svg.labels(drawn, {word: word for word in drawn}, (800, 520))
    assert labels["far"].y == 291 and labels["path"].y == 91
    assert abs(labels["directory"].y - labels["path"].y) >= 15


def test_a_label_without_room_is_left_out_and_none_leaves_the_picture() -> None:
    crowd = {str(number): (20.0 + number % 3, 100.0) for number in range(30)}
    texts = {key: "漢字とかな" if key == "1" else f"word {key}" for key in crowd}
    boxes = [label.box for label in svg.labels(crowd, texts, (400, 300)).values()]
    assert 2 <= len(boxes) < 30 and all(left >= 0 for left, *_ in boxes)
    assert not any(svg._overlap(one, other) for one in boxes for other in boxes if one is not other)
    assert svg.width_of("漢字とかな") == 75


def test_a_label_is_placed_where_no_line_crosses_it() -> None:
    points = {"a": (200.0, 100.0), "b": (200.0, 300.0)}
    line = (points["a"], points["b"])
    placed = svg.labels(points, {"a": "alpha", "b": "beta"}, (400, 400), [line])
    assert (placed["a"].y, placed["b"].y) == (91.0, 321.0)  # above the upper end, below the lower one
    assert svg.labels(points, {"a": "alpha", "b": "beta"}, (400, 400))["b"].y == 291.0  # above, without the line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-0.94", "−0.94"),
        ("1e-05", "1e-05"),
        ("0.2, -.5", "0.2, −.5"),
        ("2020-01-31", "2020-01-31"),
        ("a-b", "a-b"),
    ],
)
def test_negative_numbers_have_a_true_minus_sign(text: str, shown: str) -> None:
    assert with_minus(text) == shown


def test_words_without_counts_are_told_what_makes_some(site_of_lsa):
    page = ours(site_of_lsa.get(f"{LSA_WORDS}/cooccurrence").text)
    assert "says_lsa_words has no co-occurrence counts. <code>semsearch build pmi " in page
    assert 'name="words"' not in page
    assert site_of_lsa.get(f"{LSA_WORDS}/cooccurrence.json?words=king").status_code == 400


def test_the_labels_of_words_are_in_the_vocabulary(site_of_lsa):
    page = ours(site_of_lsa.get(f"{LSA_WORDS}/labels").text)
    assert "the table says_lsa_words_vocabulary" in page and "--label-table TABLE" in page
