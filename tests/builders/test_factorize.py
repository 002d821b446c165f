"""Any similarity becomes vectors: planted groups, both paths, and pairs that are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from semsearch.builders.factorize import Factorize, FactorizeOptions
from semsearch.errors import BuildError
from semsearch.records import Device, Fitted, Similarities, silent
from semsearch.storage.connect import reading, writing
from semsearch.storage.driver import Connection
from semsearch.storage.lineage import derived_tables

TOGETHER = (
    "select a.person, b.person, count(*) from attended a join attended b"
    " on a.meeting = b.meeting and a.person < b.person group by 1, 2"
)


def fit(pairs: list[tuple[str, str, float]], **options: Any) -> Fitted:
    keys = list(dict.fromkeys(key for one, other, _ in pairs for key in (one, other)))
    first, second = ([keys.index(pair[at]) for pair in pairs] for at in (0, 1))
    corpus = Similarities(keys, np.array(first), np.array(second), np.array([pair[2] for pair in pairs]), known=False)
    return Factorize().fit(
        corpus, FactorizeOptions(**options), rng=np.random.default_rng(0), device=Device(), report=silent
    )


def products(fitted: Fitted) -> np.ndarray:
    vectors = fitted.embeddings[0].vectors
    return vectors @ vectors.T


def test_a_gram_matrix_comes_back() -> None:
    """Planted vectors, given only as their products, one direction of each pair, are found up to rotation."""
    Y = np.random.default_rng(0).standard_normal((8, 3))
    pairs = [(f"i{i}", f"i{j}", float(Y[i] @ Y[j])) for i in range(8) for j in range(i, 8)]
    fitted = fit(pairs, dim=3)
    assert np.allclose(products(fitted), Y @ Y.T, atol=1e-4)  # float32
    assert fitted.metrics["negative_mass"] == 0 and fitted.metrics["captured_energy"] == pytest.approx(1, abs=1e-5)


def test_both_directions_given_count_once_and_unequal_ones_by_their_mean() -> None:
    once = products(fit([("a", "a", 5.0), ("b", "b", 5.0), ("a", "b", 2.0)], dim=2))
    twice = products(fit([("a", "a", 5.0), ("b", "b", 5.0), ("a", "b", 2.0), ("b", "a", 2.0)], dim=2))
    mean = products(fit([("a", "a", 5.0), ("b", "b", 5.0), ("a", "b", 1.0), ("b", "a", 3.0)], dim=2))
    for found in (once, twice, mean):
        assert np.allclose(found, [[5, 2], [2, 5]], atol=1e-5)


def test_a_similarity_that_is_no_product_reports_its_negative_part() -> None:
    """Two items that are like each other and not like themselves: eigenvalues 1 and -1."""
    fitted = fit([("a", "b", 1.0)], dim=2)
    assert fitted.metrics["negative_mass"] == pytest.approx(0.5)


def test_directed_pairs_have_two_sides() -> None:
    pairs = [("citing", "cited", 3.0), ("other", "cited", 3.0)]
    left = fit(pairs, dim=1, directed=True)
    right = fit(pairs, dim=1, directed=True, side="right")
    keys = list(left.embeddings[0].keys)
    row = {key: place for place, key in enumerate(keys)}
    found = left.embeddings[0].vectors @ right.embeddings[0].vectors.T
    assert found[row["citing"], row["cited"]] == pytest.approx(3, abs=1e-4)
    assert found[row["cited"], row["citing"]] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("pairs", "options", "said"),
    [
        ([("a", "a", 1.0)] * 1000, {}, "1 item"),
        ([("a", "b", 0.0), ("c", "b", 0.0)], {}, "All similarities are 0"),
    ],
    ids=["one item", "zeros"],
)
def test_nothing_to_tell_apart_is_said(pairs: list[Any], options: dict[str, Any], said: str) -> None:
    with pytest.raises(BuildError, match=said):
        fit(pairs, **options)


@pytest.fixture
def meetings(path: str) -> str:
    """Two circles of people who meet among themselves, one person in both, and a table of the people."""
    with writing(path, create=True) as db:
        db.execute("create table attended (meeting integer, person text)")
        circles = (["ann", "bob", "cleo"], ["xavier", "yves", "zoe"])
        rows = [(meeting, person) for meeting in range(20) for person in circles[meeting % 2]]
        db.executemany("insert into attended values (?, ?)", [*rows, (0, "mia"), (1, "mia")])
        db.execute("create table people (id text primary key, age integer)")
        db.executemany("insert into people values (?, 40)", [(person,) for person in sum(circles, ["mia", "stranger"])])
    return path


def near(db: Connection, name: str) -> dict[str, np.ndarray]:
    rows = db.execute(f"select id, embedding from {name}").fetchall()
    return {row[0]: np.frombuffer(row[1], "<f4") for row in rows}


@pytest.mark.parametrize("dataset", ["people", "attended"], ids=["rows", "values"])
def test_people_by_shared_meetings(meetings: str, dataset: str, run: Callable[..., Result]) -> None:
    done = run("build", "factorize", meetings, dataset, "--sql", TOGETHER, "--dim", 2)
    assert done.exit_code == 0, done.output
    with reading(meetings) as db:
        found = near(db, f"{dataset}_factorize")
    assert set(found) == {"ann", "bob", "cleo", "mia", "xavier", "yves", "zoe"}
    assert found["ann"] @ found["bob"] > 0.9 and abs(found["ann"] @ found["zoe"]) < 0.1
    assert found["mia"] @ found["ann"] > 0.5 and found["mia"] @ found["zoe"] > 0.5
    if dataset == "people":
        assert "1 document has no vector, because it is similar to no other document" in done.stderr  # the stranger
    assert "Next: semsearch similar" in done.stderr
    listed = run("similar", meetings, f"{dataset}_factorize", "ann", "-k", 2, "--json")
    assert listed.exit_code == 0 and {'"bob"', '"cleo"'} <= {word.strip(",") for word in listed.stdout.split()}


def test_a_table_and_a_csv_file_say_the_same(meetings: str, tmp_path: Path, run: Callable[..., Result]) -> None:
    with writing(meetings) as db:
        db.execute(f"create view together as {TOGETHER}")
        rows = db.execute("select * from together").fetchall()
    csv = tmp_path / "together.csv"
    csv.write_text("\ufeffone,other,times\n" + "".join(f"{a},{b},{n}\n" for a, b, n in rows) + "\n")
    for name, source in (("by_table", ("--table", "together")), ("by_csv", ("--csv", csv))):
        done = run("build", "factorize", meetings, "people", "--name", name, "--dim", 2, *source)
        assert done.exit_code == 0, done.output
    with reading(meetings) as db:
        one, other = near(db, "by_table"), near(db, "by_csv")
    assert one.keys() == other.keys() and all((one[key] == other[key]).all() for key in one)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (("--sql", "select 'a', 'b', 'many'"), "Row 1 of the similarities (a, b) has 'many'"),
        (("--sql", "select 'a', 'b', 9e999"), "has inf where a number"),
        (("--sql", "select 'a', 'b', null"), "has None where a number"),
        (("--sql", "select 'a', null, 1"), "no item in column 2"),
        (("--sql", "select 'a', 'b'"), "returns 2 columns"),
        (("--sql", "delete from people"), "failed"),
        (("--sql", "selec"), "syntax error"),
        (("--sql", "select 1, 2, 3 where 0"), "no pair"),
        (("--sql", "select 'x', 'x', 1"), "1 item"),
        (("--table", "nowhere"), "no table or view 'nowhere'"),
        (("--table", "people"), "item, item and similarity"),
        (("--csv", "/nowhere.csv"), "cannot be read"),
        ((), "Give --sql QUERY, --table NAME or --csv FILE"),
        (("--sql", "select 1, 2, 3", "--table", "people"), "one source"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_no_similarity_is_one_clear_line_and_nothing_is_written(
    meetings: str, source: tuple[str, ...], said: str, run: Callable[..., Result]
) -> None:
    done = run("build", "factorize", meetings, "people", *source)
    assert done.exit_code == 1 and said in done.stderr, done.output
    assert len(done.stderr.strip().splitlines()) == 1
    with reading(meetings) as db:
        assert db.execute("select count(*) from people").fetchone()[0] == 8
        assert db.execute("select 1 from sqlite_master where name = 'people_factorize'").fetchone() is None


def test_a_million_rows_of_one_item_are_refused(meetings: str, run: Callable[..., Result]) -> None:
    many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000) select 'x', 'x', 1 from n"
    done = run("build", "factorize", meetings, "people", "--sql", many)
    assert done.exit_code == 1 and "1 item" in done.stderr


@pytest.mark.parametrize("through_view", [False, True], ids=["table", "view"])
def test_vectors_count_as_made_of_every_table_that_their_query_names(
    meetings: str, through_view: bool, run: Callable[..., Result]
) -> None:
    """Else a table that is closed to somebody could be read through what was factored from it."""
    with writing(meetings) as db:
        db.execute(f"create view together as {TOGETHER}")
        db.execute("create table attendance (id integer primary key)")  # another name that begins alike
    source = ("--table", "together") if through_view else ("--sql", TOGETHER)
    assert run("build", "factorize", meetings, "people", "--dim", 2, *source).exit_code == 0
    with reading(meetings) as db:
        sources = derived_tables(db)["people_factorize"]
    assert {"people", "attended"} <= sources and "attendance" not in sources
