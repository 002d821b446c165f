"""Wrong arguments of the Python API are one clear SemsearchError each, whatever method they are given to."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pytest

import semsearch
from semsearch.arguments import fits
from semsearch.errors import InputError, SemsearchError
from semsearch.storage.driver import Connection
from tests.planted import make_articles


@pytest.fixture
def opened(path: str, db: Connection) -> Iterator[semsearch.Database]:
    make_articles(db)
    with semsearch.open(path) as file:
        file.build("articles", dim=2)
        yield file


CASES: dict[str, tuple[Callable[[semsearch.Database], object], str]] = {
    "text none": (lambda db: db.search("articles_lsa", None), "text is None .NoneType.: give a text"),
    "text number": (lambda db: db.search("articles_lsa", 5), "text is 5"),
    "k float": (lambda db: db.search("articles_lsa", "bread", k=2.0), "k is 2.0 .float.: give a whole number"),
    "mode": (lambda db: db.search("articles_lsa", "bread", mode="magic"), "one of hybrid, vector, text"),
    "rows of texts": (lambda db: db.ingest("x", ["a", "b"]), "Row 1 is 'a' .str.: give a dict"),
    "columns of numbers": (lambda db: db.ingest("x", [{1: "a", "body": "b"}]), "has a column 1 .int."),
    "list to embed": (lambda db: db.embed("articles_lsa", ["a"]), "text is .'a'."),
    "option": (lambda db: db.build("articles", dim="x"), "dim is 'x' .str.: give a whole number or None"),
    "option of a list": (lambda db: db.build("articles", "pca", columns=("a", "b")), "columns is"),
    "seed": (lambda db: db.build("articles", seed=1.5), "seed is 1.5"),
    "two statements": (lambda db: db.sql("select 1; select 2"), "one statement"),
    "writing": (lambda db: db.sql("delete from articles"), "cannot be written"),
    "too few": (lambda db: db.search("articles_lsa"), "missing a required argument: 'text'"),
    "unknown name": (lambda db: db.search("articles_lsa", "a", limit=3), "unexpected keyword argument 'limit'"),
    "parameters": (lambda db: db.sql("select ?", [object()]), "SQLite says|cannot use these arguments"),
}


@pytest.mark.parametrize(("call", "said"), CASES.values(), ids=CASES.keys())
def test_a_wrong_argument_is_one_clear_error(
    opened: semsearch.Database, call: Callable[[semsearch.Database], object], said: str
) -> None:
    with pytest.raises(SemsearchError, match=said) as raised:
        call(opened)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "value", [None, 5, 1.5, b"\xff", ["a"], {"a": 1}, object(), "", "x" * 9, np.zeros(2), -1, True]
)
def test_any_value_for_any_argument_is_taken_or_refused(opened: semsearch.Database, value: object) -> None:
    for name, method in inspect.getmembers(type(opened), inspect.isfunction):
        parameters = list(inspect.signature(method).parameters.values())[1:]
        if name.startswith("_") or not parameters or name in ("close", "pretrained", "ingest_vectors"):
            continue
        given = [value for each in parameters if each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        try:
            getattr(opened, name)(*given)
        except SemsearchError as error:
            assert "\n" not in str(error), (name, error)


def test_a_wrong_path_is_one_clear_error() -> None:
    for path in (None, 5, ["a.db"]):
        with pytest.raises(InputError, match="path is"):
            semsearch.open(path)


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        (np.int64(3), int, True),
        (3, float, True),
        ("3", int, False),
        ("abc", Sequence[str], False),
        (["a", "b"], Sequence[str], True),
        (["a", 3], Sequence[str], False),
        ([{"a": 1}], Iterable[Mapping[str, Any]], True),
        ("vector", Literal["vector", "text"], True),
        ("other", Literal["vector", "text"], False),
        (None, str | None, True),
        (os.curdir, str | os.PathLike[str], True),
        (3, str | os.PathLike[str], False),
    ],
)
def test_types_that_fit(value: object, hint: Any, expected: bool) -> None:
    assert fits(value, hint) is expected
