"""`search` and `similar` with --weight, --where and --offset, from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from semsearch import registry
from semsearch.building import build as engine
from semsearch.records import Dataset
from semsearch.storage.driver import Connection

Run = Callable[..., Result]


@pytest.fixture
def file(db: Connection, articles: Dataset, path: str) -> str:
    """A built file of two topics."""
    engine.build(db, articles, registry.load().builder("lsa"), {"dim": 2})
    return path


def ids(result: Result) -> list[int]:
    assert result.exit_code == 0, result.output
    return [hit["id"] for hit in json.loads(result.stdout)]


def test_where_filters_search_and_similar(run: Run, file: str) -> None:
    assert set(ids(run("search", file, "articles_lsa", "rocket", "--where", "id > 9", "--json"))) == {10, 11, 12}
    assert set(ids(run("similar", file, "articles_lsa", "1", "--where", "id > 9", "--json"))) == {10, 11, 12}


def test_after_goes_on_where_the_first_page_ended(run: Run, file: str) -> None:
    whole = ids(run("search", file, "articles_lsa", "rocket", "-k", 12, "--json"))
    pages = [ids(run("search", file, "articles_lsa", "rocket", "-k", 5, "--offset", at, "--json")) for at in (0, 5, 10)]
    assert [hit for page in pages for hit in page] == whole and len(whole) == 12
    shown = run("search", file, "articles_lsa", "rocket", "-k", 2, "--offset", 5)
    assert shown.stdout.startswith("6  ")
    assert ids(run("similar", file, "articles_lsa", "1", "-k", 3, "--offset", 9, "--json")) != []


def test_weight_moves_the_ranking(run: Run, file: str) -> None:
    by_words = ids(run("search", file, "articles_lsa", "fuel", "--weight", 0, "-k", 2, "--json"))
    assert set(by_words) == {4, 5}
    assert ids(run("search", file, "articles_lsa", "fuel", "--weight", 1, "--json")) == ids(
        run("search", file, "articles_lsa", "fuel", "--mode", "vector", "--json")
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--where", "year >"], "The filter is not an SQL condition on articles"),
        (["--where", "drop table articles"], "The filter is not an SQL condition on articles"),
        (["--where", "id in (select id from _semsearch_models)"], "The filter"),
        (["--where", "id in (select rootpage from sqlite_master)"], "The filter may only read the tables of this file"),
        (["--where", "  "], "The filter is empty"),
        (["--weight", "1.5"], "--weight must be between 0 and 1, not 1.5"),
        (["--weight", "nan"], "--weight must be between 0 and 1, not nan"),
        (["--weight", ".5", "--mode", "text"], "weight has no effect in mode text"),
        (["--offset", "-1"], "--offset must be between 0 and 4,086 with -k 10, not -1"),
        (["--offset", "9999"], "--offset must be between 0 and 4,086 with -k 10, not 9,999"),
        (["-k", "0"], "-k must be between 1 and 4,096, not 0"),
    ],
)
def test_what_cannot_be_asked_is_one_clear_line(run: Run, file: str, arguments: list[str], said: str) -> None:
    result = run("search", file, "articles_lsa", "rocket", *arguments)
    assert result.exit_code == 1 and said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(("query", "code"), [("-rocket", 1), ("月の石 ракета", 0), ('"', 0), ("-", 1)])
def test_odd_queries_never_break(run: Run, file: str, query: str, code: int) -> None:
    result = run("search", file, "articles_lsa", "--json", "--", query, input="" if query == "-" else None)
    assert result.exit_code == code and "Traceback" not in result.output


def test_an_id_that_is_gone_is_one_clear_line(run: Run, file: str) -> None:
    result = run("similar", file, "articles_lsa", "99", "--where", "id > 3")
    assert result.exit_code == 1 and "has no document '99'" in result.stderr
