"""The nearest items under each split are those of a collection that was built with that split."""

from __future__ import annotations

import pytest

from semsearch import registry
from semsearch.analysis.no_common_word import no_common_word
from semsearch.building import build
from semsearch.errors import InputError, NotFoundError
from semsearch.maths.text import Analyzer
from semsearch.search import query, splits
from semsearch.storage import connect, datasets, keys
from semsearch.storage.collections import open_collection
from tests.planted import BREAD, SPACE

SPLITS = ("documents", "even", "words")


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("splits") / "splits.db")
    with connect.writing(path, create=True) as db:
        db.execute("create table texts (id integer primary key, title text, body text)")
        db.executemany("insert into texts (title, body) values (?, ?)", [*SPACE, *BREAD])
        with connect.transaction(db):
            dataset = datasets.register(db, keys.shape_of(db, "texts"), text_columns=["body"], title_column="title")
        lsa = registry.load(entry_points=False).builder("lsa")
        for split in SPLITS:
            how = build.BuildOptions(name=f"by_{split}")
            build.build(db, dataset, lsa, {"dim": 4, "split": split, "power": 0.0}, how=how)
        build.build(db, dataset, lsa, {"dim": 4}, how=build.BuildOptions(name="usual"))
        connect.checkpoint(db)
    with connect.reading(path) as db:
        yield db


@pytest.mark.parametrize(("ending", "id"), [("", "2"), ("_words", "bread")])
@pytest.mark.parametrize("stored", [*(f"by_{split}" for split in SPLITS), "usual"])
def test_each_list_is_that_of_a_collection_built_with_the_split(db, stored, ending, id):
    found = splits.neighbours(db, open_collection(db, stored + ending), id, k=5)
    assert found.key == id and [each.split for each in found.lists] == list(SPLITS)
    for each in found.lists:
        near = query.similar(db, open_collection(db, f"by_{each.split}{ending}"), [id], k=5).hits
        assert [hit.vector_score for hit in each.hits] == pytest.approx([hit.vector_score for hit in near], abs=1e-4)
        assert {hit.id for hit in each.hits[:2]} == {hit.id for hit in near[:2]}


def test_without_an_id_the_first_item_is_compared(db):
    assert splits.neighbours(db, open_collection(db, "usual")).key == "1"


def test_unknown_items_and_large_collections_are_refused(db, monkeypatch):
    opened = open_collection(db, "usual")
    with pytest.raises(NotFoundError, match="usual has no document 'x'"):
        splits.neighbours(db, opened, "x")
    monkeypatch.setattr(splits, "MAX_NUMBERS", 1)
    with pytest.raises(InputError, match="choose a collection"):
        splits.neighbours(db, opened, "1")


def test_two_documents_without_a_common_word(db):
    pair = no_common_word(db, open_collection(db, "usual"))
    assert pair is not None and pair.cosine > 0 and pair.compared == len(SPACE) + len(BREAD)
    terms = [
        set(Analyzer().terms(Analyzer().content_words(f"{hit.row['title']} {hit.row['body']}")))
        for hit in (pair.one, pair.other)
    ]
    assert not terms[0] & terms[1] and [len(each) for each in terms] == list(pair.terms)
    assert sum(each.contribution for each in pair.why.pairs.listed) + pair.why.pairs.others == pytest.approx(
        pair.cosine, abs=1e-3
    )
