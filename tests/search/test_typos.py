"""Misspelled words of a query: what is replaced, what is suggested, what stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from semsearch import registry
from semsearch.building import build as engine
from semsearch.records import Dataset, OpenCollection
from semsearch.search.query import search, search_as_written
from semsearch.search.typos import RARE, SLIP, Spelling, check
from semsearch.storage import connect, datasets, keys
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection


def build(db: Connection, dataset: Dataset, builder: str, **options: object) -> None:
    engine.build(db, dataset, registry.load().builder(builder), options)


@pytest.fixture
def built(db: Connection, articles: Dataset) -> OpenCollection:
    build(db, articles, "lsa", dim=2)
    build(db, articles, "pmi", dim=4, min_count=1)
    return open_collection(db, "articles_lsa")


def corrected(db: Connection, opened: OpenCollection, query: str, mode: str = "hybrid") -> str | None:
    return check(db, opened, query, mode).corrected


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("astronuats", "astronauts"),
        ("rockets boostre", "rockets booster"),
        ("orbti arond the moon", "orbit around the moon"),
        ("Astronouts!", "astronauts!"),
        ("flour water and salt", None),  # every word is known
        ("launchpad", "launch pad"),
        ("soyuz 1962 c++ moo", None),  # nothing is spelled so, and neither numbers nor short words are replaced
        ('"astronuat orbit" moon', None),
        ("moon -astronuat", None),
        ("the ORBTI moon", None),  # an abbreviation
        ("ORBTI", "orbit"),
    ],
)
def test_words_that_occur_nowhere_are_replaced(
    db: Connection, built: OpenCollection, query: str, meant: str | None
) -> None:
    assert corrected(db, built, query) == meant


def test_the_results_are_those_of_the_corrected_query(db: Connection, built: OpenCollection) -> None:
    found = search(db, built, "rocktes boostr")
    assert found.spelling.corrected == "rocket booster"
    assert found.hits == search(db, built, "rocket booster").hits
    assert found.spelling.replaced == {"rocktes": "rocket", "boostr": "booster"}
    as_written = search_as_written(db, built, "rocktes boostr")
    assert not as_written.hits and as_written.spelling == Spelling()


def test_words_without_a_replacement_are_named(db: Connection, built: OpenCollection) -> None:
    assert check(db, built, "xylophone moon", "hybrid") == Spelling(unknown=("xylophone",))


def test_words_of_word_collections_are_corrected_too(db: Connection, built: OpenCollection) -> None:
    words = open_collection(db, "articles_pmi")
    found = search(db, words, "astronatus shuttel", mode="vector")
    assert found.spelling.corrected == "astronauts shuttle"
    assert {"astronauts", "shuttle"} < {str(hit.id) for hit in found.hits}


def test_a_word_written_apart_is_joined(db: Connection) -> None:
    opened = table_of(db, "rows", ["the weekend begins", "a weekend ends", "the week is long"] * 3)
    assert corrected(db, opened, "wee kend") == "weekend"


def test_a_rare_word_gets_a_suggestion_and_no_replacement(db: Connection) -> None:
    texts = ["the government decides about taxes"] * (SLIP + 1) + ["a goverment decides"]
    opened = table_of(db, "rows", texts)
    assert check(db, opened, "goverment", "hybrid") == Spelling(suggested="government")
    few = table_of(db, "few", ["the government decides"] * (SLIP // 2) + ["a goverment decides"])
    assert check(db, few, "goverment", "hybrid") == Spelling()
    assert RARE < SLIP


LANGUAGES = {
    "german": ("Die Regierung beschließt neue Steuern für die Wirtschaft", "Reigerung", "regierung"),
    "french": ("Le gouvernement décide des impôts pour les entreprises", "gouvernemnt", "gouvernement"),
    "russian": ("Правительство приняло решение о налогах", "правителство", "правительство"),
    "turkish": ("Hükümet yeni vergiler için karar verdi", "hükümte", "hükümet"),
    "greek": ("Η κυβέρνηση αποφάσισε νέους φόρους", "κυβερνηση", None),  # accents are folded: it is the same word
    "arabic": ("قررت الحكومة ضرائب جديدة على الشركات", "الحكمة", "الحكومة"),
    "hindi": ("सरकार ने नए करों का फैसला किया", "सरकर", "सरकार"),
    "ukrainian": ("Уряд ухвалив рішення про податки для підприємств", "падатки", "податки"),
    "swahili": ("Serikali iliamua kodi mpya kwa makampuni", "serkali", "serikali"),
    "none": ("Kowalski Nowak Wisniewska Wojcik", "kowalksi", "kowalski"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_language_is_corrected(db: Connection, language: str) -> None:
    text, typed, meant = LANGUAGES[language]
    opened = table_of(db, "rows", [text, text, "x y z"], language)
    assert corrected(db, opened, typed) == meant


def test_a_file_of_an_old_version_is_searched_as_written(db: Connection, built: OpenCollection) -> None:
    db.execute("update _semsearch_datasets set language = null")
    assert check(db, open_collection(db, "articles_lsa"), "astronuat", "hybrid") == Spelling()


def table_of(db: Connection, name: str, texts: list[str], language: str = "english") -> OpenCollection:
    """A table of these texts, and its LSA."""
    db.execute(f"create table {name} (id integer primary key, body text)")
    db.executemany(f"insert into {name} (body) values (?)", [(text,) for text in texts])
    with connect.transaction(db):
        shape = keys.shape_of(db, name)
        dataset = replace(datasets.draft(shape, text_columns=["body"]), asked_language=language)
        dataset = datasets.save(db, dataset)
    build(db, dataset, "lsa", dim=2)
    return open_collection(db, f"{name}_lsa")
