"""Verbs that search: search, similar, evaluate retrieval."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import click

from semsearch import present
from semsearch.cli import console
from semsearch.cli.options import listing_options, mode_option, option, renamed, seed_option, weight_option
from semsearch.cli.output import measure_rows, print_rows, remark, visible
from semsearch.cli.upkeep import finish_writing
from semsearch.errors import InputError, out_of_range
from semsearch.metrics import RETRIEVAL
from semsearch.records import Dataset
from semsearch.search.by_document import check_by, found_by, passage_hits
from semsearch.search.explain import Explanation, explain
from semsearch.search.query import MAX_K, Filter, Found, check_k, nearest_to, searching, similar
from semsearch.storage.collections import open_collection
from semsearch.storage.connect import reading, snapshot, writing
from semsearch.storage.datasets import text_of


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    for command in (search_command, similar_command, evaluate):
        cli.add_command(command)


Command = TypeVar("Command", bound=Callable[..., Any])


def narrowing_options(command: Command) -> Command:
    """Adds -k, --offset and --where: which part of a ranking is printed."""
    for add_option in (
        option(
            "--where",
            metavar="SQL",
            show_default="none",
            help="SQL condition on columns of the table; only matching rows are ranked",
        ),
        option("--offset", type=int, default=0, show_default=True, metavar="N", help="skip the first N results"),
        option("-k", type=int, default=10, show_default=True, metavar="N", help="number of results"),
    ):
        command = add_option(command)
    return command


@dataclass(frozen=True)
class Part:
    """The `k` results after the first `offset` of a ranking of the rows for which `where` holds."""

    k: int
    offset: int
    where: str | None

    @property
    def depth(self) -> int:
        """How many results the search has to return. Raises InputError for a k or an offset out of range."""
        check_k(self.k)
        if self.offset < 0 or self.offset + self.k > MAX_K:
            raise out_of_range("--offset", self.offset, least=0, most=MAX_K - self.k, of=f"with -k {self.k}")
        return self.offset + self.k

    @property
    def only(self) -> Filter:
        """The filter. Raises InputError for a condition of blanks."""
        if self.where is not None and not self.where.strip():
            raise InputError('The filter is empty: give a condition, such as "year > 1990"')
        return Filter(where=self.where)

    def of(self, found: Found) -> Found:
        """The results without the first `offset` hits."""
        return replace(found, hits=found.hits[self.offset :])


@renamed("--after", "--offset")
@click.command("search", short_help="Find the items that match a text or an image best")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.argument("query", required=False)
@option(
    "--image",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    show_default="none",
    help="search by this image, instead of QUERY",
)
@option("--invert", is_flag=True, help="invert the brightness of the image")
@mode_option
@weight_option
@option("--typos/--no-typos", default=True, help="replace words that occur nowhere by words with a similar spelling")
@option("--explain", "explained", is_flag=True, help="print which words each result matched, and their scores")
@option(
    "--by",
    type=click.Choice(["document", "passage"]),
    show_default="document",
    help="for collections of passages: list documents with their best passages, or each passage",
)
@narrowing_options
@listing_options
def search_command(
    db: str, collection: str, query: str | None, image: str | None, shape: str | None, **options: Any
) -> None:
    """Find the items that match the text QUERY best, or the images most similar to --image FILE.

    A "phrase" in double quotes must occur in a result, and a -word must not. Hybrid mode combines the similarity with
    the text score (BM25). A word that occurs nowhere is replaced by a similar one of the collection's vocabulary, and
    that is said. If QUERY is -, it is read from standard input.

    \b
    semsearch search my.db articles_lsa '"interest rates" -housing'
    semsearch search my.db articles_lsa inflation --where "year > 1990 and place is not null" --explain
    semsearch search my.db photos_pca --image cat.png
    """
    if (query is None) == (image is None):
        raise click.UsageError("Give either QUERY or --image FILE")
    part = Part(options["k"], options["offset"], options["where"])
    if query is None:
        _by_image(db, collection, str(image), shape, part, is_inverted=options["invert"])
        return
    if options["invert"]:
        raise click.UsageError("--invert inverts an image: give --image FILE")
    text = console.read_input() if query == "-" else query
    with reading(db) as connection, snapshot(connection):
        opened = open_collection(connection, collection)
        check_by(opened, options["by"])
        answer, mode, weight = searching(options["typos"]), options["mode"], options["weight"]

        def find(k: int) -> Found:
            return answer(connection, opened, text, mode=mode, k=k, weight=weight, only=part.only)

        result, shown = found_by(connection, opened, find, part.depth, options["by"])
        result = part.of(result)
        for line in present.spelling_lines(opened.name, result):
            remark(line)
        meant = result.spelling.corrected or text
        why = explain(connection, opened, meant, passage_hits(result.hits)) if options["explained"] else ()
    print_found(result, shown, shape, meant, part.offset, why)


def _by_image(db: str, collection: str, file: str, shape: str | None, part: Part, *, is_inverted: bool) -> None:
    from semsearch.search.images import bytes_of
    from semsearch.search.query_images import contrast, inverted, query_image

    content = bytes_of(file)
    with reading(db) as connection, snapshot(connection):
        opened = open_collection(connection, collection)
        asked = query_image(connection, opened.collection, inverted(content) if is_inverted else content, said=file)
        result = nearest_to(connection, opened, asked.vector, k=part.depth, only=part.only)
        compared = contrast(connection, opened, asked)
    if compared is not None and compared.is_inverted:
        remark(f"{compared.remark(opened.dataset.name)}: try {'without ' if is_inverted else ''}--invert")
    print_found(part.of(result), opened.dataset, shape, "", part.offset)


@renamed("--after", "--offset")
@click.command("similar", short_help="Find the items most similar to given items")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@option(
    "--unlike",
    multiple=True,
    metavar="ID",
    show_default="none",
    help="exclude what resembles this item; may be repeated",
)
@narrowing_options
@listing_options
def similar_command(db: str, collection: str, ids: tuple[str, ...], shape: str | None, **options: Any) -> None:
    """List the items nearest to an item, or to the mean of several items.

    The given items themselves are excluded. In a word collection an ID is a word. With --unlike the query vector is
    made orthogonal to the vectors of those items, so that what they have in common with the others no longer counts.

    \b
    semsearch similar my.db articles_lsa 17
    semsearch similar my.db articles_lsa 17 42 -k 20
    semsearch similar my.db articles_pmi bank --unlike river
    """
    part = Part(options["k"], options["offset"], options["where"])
    with reading(db) as connection, snapshot(connection):
        opened = open_collection(connection, collection)
        result = similar(connection, opened, ids, k=part.depth, only=part.only, unlike=options["unlike"])
    print_found(part.of(result), opened.dataset, shape, "", part.offset)


def print_found(
    found: Found, dataset: Dataset, shape: str | None, query: str, offset: int = 0, why: Sequence[Explanation] = ()
) -> None:
    """Print hits as data if a shape is given, else for people, numbered from `offset`. `why` explains each hit."""
    if found.remark:
        remark(found.remark)
    if not shape:
        print_readable(found, dataset, query, offset, why)
        return
    rows = [present.hit_dict(hit) for hit in found.hits]
    explanations: list[dict[str, Any]] = [{}] * len(rows)
    if shape == "json":
        if why:
            explanations = [{"explanation": present.explanation_dict(explanation)} for explanation in why]
        print_rows([row | more for row, more in zip(rows, explanations, strict=True)], "json")
        return
    if why:
        explanations = [{"explanation": explanation.sentence} for explanation in why]
    flat = [{name: value for name, value in row.items() if name != "row"} for row in rows]
    print_rows([part | more | row["row"] for part, more, row in zip(flat, explanations, rows, strict=True)], shape)


def print_readable(
    found: Found, dataset: Dataset, query: str, offset: int = 0, why: Sequence[Explanation] = ()
) -> None:
    """Print each hit as a title line, a snippet with the query's words in bold on a terminal, and its explanation."""
    width = len(str(offset + len(found.hits)))
    for rank, hit in enumerate(found.hits, offset + 1):
        title = visible(present.title_of(dataset, hit))
        scores = [f"similarity {present.cosine(hit.vector_score)}" if hit.vector_score is not None else ""]
        scores.append(f"text score {hit.text_score:.1f}" if hit.text_score is not None else "")
        has_id = title == str(hit.id) or (dataset.kind == "images" and str(hit.id) in title.split())
        page = next((f"page {one['page']}" for one in hit.passages if hit.row.get("pages") != 1), "")
        facts = ", ".join(filter(None, ["" if has_id else f"id {visible(str(hit.id))}", page, *scores]))
        click.echo(f"{rank:>{width}}  {click.style(title, bold=True)}  {click.style(f'({facts})', dim=True)}")
        body = "" if present.is_word(hit.row) else text_of(dataset, hit.row)[1]
        if body:
            pieces = present.snippet(visible(body), query, 160, dataset.language)
            line = "".join(click.style(piece, bold=True) if marked else piece for piece, marked in pieces)
            if line:  # a node has no text
                click.echo(f"{'':>{width}}  {line}")
        for line in present.explanation_lines(why[rank - offset - 1]) if why else ():
            click.echo(f"{'':>{width}}    {visible(line)}")


@click.group(short_help="Measure the quality of embeddings")
def evaluate() -> None:
    """Measure the quality of embeddings, by retrieval, words, labels, links or images.

    \b
    semsearch evaluate labels my.db articles_lsa --label theme --folds 10
    """


@evaluate.command("retrieval", short_help="Measure ranking quality on judged queries")
@click.argument("db", type=click.Path())
@click.argument("collection")
@option(
    "--queries",
    "queries_file",
    required=True,
    type=click.Path(),
    metavar="FILE",
    help='JSON lines with "_id" and "text"',
)
@option(
    "--qrels",
    "qrels_file",
    required=True,
    type=click.Path(),
    metavar="FILE",
    help="relevance judgements, a tsv with query-id, corpus-id, score",
)
@mode_option
@weight_option
@option(
    "--fit-weight",
    is_flag=True,
    help="fit the weight of the vector score to the queries (20 or more) and keep it as the collection's default",
)
@seed_option("resampling of --fit-weight")
@option("--json", "as_json", is_flag=True, help="print one JSON object")
def evaluate_retrieval_command(
    db: str,
    collection: str,
    queries_file: str,
    qrels_file: str,
    fit_weight: bool,
    seed: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Rank all documents for each query and compare the rankings with relevance judgements (BEIR's file layout).

    Reports MAP, 11-point interpolated precision, nDCG@10 and recall@100, each 0 to 1. Queries without a relevant
    document are excluded, and their number is reported. --fit-weight instead fits the weight of the similarity by MAP,
    prints it with its 95 % interval, and stores it: searches of the collection then use it until the next build.

    \b
    semsearch evaluate retrieval my.db articles_lsa --queries queries.jsonl --qrels test.tsv
    semsearch evaluate retrieval my.db articles_lsa --queries queries.jsonl --qrels test.tsv --fit-weight
    """
    from semsearch.evaluate import retrieval

    queries, judgements = retrieval.read_queries(queries_file), retrieval.read_judgements(qrels_file)
    if fit_weight:
        _print_measures(_fit_weight(db, collection, queries, judgements, seed, **options), as_json)
        return
    with reading(db) as connection:
        scores = retrieval.evaluate_retrieval(connection, collection, queries, judgements, **options)
    _print_measures(scores.as_dict(), as_json)


def _fit_weight(
    db: str,
    collection: str,
    queries: Mapping[str, str],
    judgements: Mapping[str, Mapping[str, float]],
    seed: int,
    *,
    mode: str,
    weight: float | None,
) -> dict[str, float | int]:
    from semsearch.evaluate import fitted_weight

    if mode != "hybrid" or weight is not None:
        raise InputError("--fit-weight finds the weight of mode hybrid: leave out --mode and --weight")
    with writing(db) as connection:
        fitted = fitted_weight.fit_weight(connection, collection, queries, judgements, seed=seed)
        fitted_weight.store(connection, collection, fitted)
        finish_writing(connection)
    return fitted.as_dict()


def _print_measures(values: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(values, indent=2))
        return
    print_rows(measure_rows(values, RETRIEVAL), "table")
