"""Verbs that answer: search, similar, evaluate."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import click

from semsearch import present
from semsearch.cli.output import listing_options, print_rows, remark
from semsearch.errors import InputError
from semsearch.records import Dataset
from semsearch.search import query as engine
from semsearch.search.explain import Explanation, explain
from semsearch.search.query import MODES, Filter, Found
from semsearch.storage.collections import open_collection
from semsearch.storage.connect import reading, snapshot
from semsearch.storage.datasets import text_of


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    for command in (search, similar, evaluate):
        cli.add_command(command)


Command = TypeVar("Command", bound=Callable[..., Any])


def narrowing_options(command: Command) -> Command:
    """-k, --after and --where: which part of a ranking is asked for."""
    for option in (
        click.option("--where", metavar="SQL", help="only rows for which this condition on the table holds"),
        click.option("--after", type=int, default=0, show_default=True, help="leave out the first so many results"),
        click.option("-k", type=int, default=10, show_default=True, help="how many results"),
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class Part:
    """The `k` results after the first `after` of a ranking of the rows that `where` keeps."""

    k: int
    after: int
    where: str | None

    @property
    def depth(self) -> int:
        """How many results to ask for. InputError in one line for numbers that cannot be."""
        engine.check_k(self.k)
        if self.after < 0 or self.after + self.k > engine.MAX_K:
            raise InputError(f"after is {self.after}: with k {self.k} choose 0 to {engine.MAX_K - self.k}")
        return self.after + self.k

    @property
    def only(self) -> Filter:
        """The filter; a condition of blanks is one that was forgotten."""
        if self.where is not None and not self.where.strip():
            raise InputError('The filter is empty: give a condition, such as "year > 1990"')
        return Filter(where=self.where)

    def of(self, found: Found) -> Found:
        """What was found, without the first `after` hits."""
        return replace(found, hits=found.hits[self.after :])


@click.command()
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.argument("query", required=False)
@click.option("--image", type=click.Path(dir_okay=False), metavar="FILE", help="search by this picture, without QUERY")
@click.option(
    "--mode", type=click.Choice(MODES), default="hybrid", show_default=True, help="by meaning, by words, or both"
)
@click.option(
    "--weight", type=float, help="meaning's share in hybrid, 0 to 1; by default what the build found (semsearch runs)"
)
@click.option("--explain", "explained", is_flag=True, help="say of each result through which words it was found")
@narrowing_options
@listing_options
def search(db: str, collection: str, query: str | None, image: str | None, shape: str | None, **asked: Any) -> None:
    """Find the items that answer a QUERY best.

    A "phrase" in double quotes must stand in a result, a -word must not. --where takes any SQL condition on the
    table: --where "year > 1990 and place is not null".
    """
    if (query is None) == (image is None):
        raise click.UsageError("Give either a QUERY or --image FILE")
    if query is None:
        _by_picture(db, collection, str(image), shape, Part(asked["k"], asked["after"], asked["where"]))
        return
    text = sys.stdin.read() if query == "-" else query
    part = Part(asked["k"], asked["after"], asked["where"])
    with reading(db) as connection, snapshot(connection):
        opened = open_collection(connection, collection)
        found = engine.search(
            connection, opened, text, mode=asked["mode"], k=part.depth, weight=asked["weight"], only=part.only
        )
        found = part.of(found)
        why = explain(connection, opened, text, found.hits) if asked["explained"] else ()
    print_found(found, opened.dataset, shape, text, part.after, why)


def _by_picture(db: str, collection: str, file: str, shape: str | None, part: Part) -> None:
    from semsearch.search.images import search_by_picture

    with reading(db) as connection, snapshot(connection):
        opened = open_collection(connection, collection)
        found = search_by_picture(connection, opened, file, k=part.depth, only=part.only)
    print_found(part.of(found), opened.dataset, shape, "", part.after)


@click.command()
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@narrowing_options
@listing_options
def similar(db: str, collection: str, ids: tuple[str, ...], shape: str | None, **asked: Any) -> None:
    """Find what is most like an item, or like several at once."""
    part = Part(asked["k"], asked["after"], asked["where"])
    with reading(db) as connection, snapshot(connection):
        opened = open_collection(connection, collection)
        found = engine.similar(connection, opened, ids, k=part.depth, only=part.only)
    print_found(part.of(found), opened.dataset, shape, "", part.after)


def print_found(
    found: Found, dataset: Dataset, shape: str | None, query: str, after: int = 0, why: Sequence[Explanation] = ()
) -> None:
    """Hits as data where a shape is asked for, else as a page for people, counted from `after`; `why` is of each."""
    if found.remark:
        remark(found.remark)
    if not shape:
        print_readable(found, dataset, query, after, why)
        return
    rows = [present.hit_dict(hit) for hit in found.hits]
    if shape == "json":
        told: list[dict[str, Any]] = [{"explanation": present.explanation_dict(one)} for one in why]
        print_rows([row | more for row, more in zip(rows, told or [{}] * len(rows), strict=True)], "json")
        return
    told = [{"explanation": one.sentence} for one in why] or [{}] * len(rows)
    flat = [{name: value for name, value in row.items() if name != "row"} for row in rows]
    print_rows([one | more | row["row"] for one, more, row in zip(flat, told, rows, strict=True)], shape)


def print_readable(found: Found, dataset: Dataset, query: str, after: int = 0, why: Sequence[Explanation] = ()) -> None:
    """Each hit as a title line and a snippet, the query's words in bold on a terminal, and why it was found if told."""
    width = len(str(after + len(found.hits)))
    for position, hit in enumerate(found.hits, after + 1):
        title = present.title_of(dataset, hit)
        parts = [f"similarity {present.cosine(hit.vector_score)}" if hit.vector_score is not None else ""]
        parts.append(f"text score {hit.text_score:.1f}" if hit.text_score is not None else "")
        known = title == str(hit.id) or (dataset.kind == "images" and title.endswith(str(hit.id)))
        facts = ", ".join(filter(None, ["" if known else f"id {hit.id}", *parts]))
        click.echo(f"{position:>{width}}  {click.style(title, bold=True)}  {click.style(f'({facts})', dim=True)}")
        body = "" if present.is_word(hit.row) else text_of(dataset, hit.row)[1]
        if body:
            pieces = present.snippet(body, query, 160)
            line = "".join(click.style(piece, bold=True) if marked else piece for piece, marked in pieces)
            if line:  # a node has no text
                click.echo(f"{'':>{width}}  {line}")
        for line in present.explanation_lines(why[position - after - 1]) if why else ():
            click.echo(f"{'':>{width}}    {line}")


@click.group()
def evaluate() -> None:
    """Measure how good embeddings are."""


@evaluate.command("retrieval")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.option("--queries", "queries_file", required=True, type=click.Path(), help='jsonl with "_id" and "text"')
@click.option("--qrels", "qrels_file", required=True, type=click.Path(), help="tsv: query-id, corpus-id, score")
@click.option("--mode", type=click.Choice(MODES), default="hybrid", show_default=True)
@click.option("--weight", type=float, help="meaning's share in hybrid, 0 to 1; by default what the build found")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def evaluate_retrieval(db: str, collection: str, queries_file: str, qrels_file: str, as_json: bool, **how: Any) -> None:
    """Rank every document for every query and compare with judgements (BEIR's file layout)."""
    from semsearch.evaluate import retrieval

    queries, judgements = retrieval.read_queries(queries_file), retrieval.read_judgements(qrels_file)
    with reading(db) as connection:
        result = retrieval.evaluate_retrieval(connection, collection, queries, judgements, **how)
    if as_json:
        click.echo(json.dumps(result.as_dict(), indent=2))
        return
    values = result.as_dict()
    print_rows(
        [
            {"measure": name, "value": f"{value:.4f}" if isinstance(value, float) else value}
            for name, value in values.items()
        ],
        "table",
    )
