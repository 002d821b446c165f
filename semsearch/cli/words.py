"""Verbs about words: analogy, odd-one-out, fill, and evaluate words."""

from __future__ import annotations

import json
from typing import Any

import click

from semsearch import present
from semsearch.cli.options import listing_options, option, renamed
from semsearch.cli.output import Progress, percent, print_rows, remark, visible
from semsearch.cli.search import evaluate
from semsearch.search.gaps import fill
from semsearch.search.words import METHODS, Analogy, analogy, odd_one_out
from semsearch.storage.collections import get_collection, open_collection
from semsearch.storage.connect import reading, snapshot

METHOD_NAMES = {"add": "3CosAdd", "mul": "3CosMul"}


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group; `evaluate` has one more."""
    cli.add_command(analogy_command)
    cli.add_command(odd_one_out_command)
    cli.add_command(fill_command)
    evaluate.add_command(evaluate_words_command)


@click.command("analogy", short_help="Solve a word analogy: A is to B as C is to ?")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.argument("a")
@click.argument("b")
@click.argument("c")
@option(
    "--method",
    type=click.Choice(METHODS),
    default="mul",
    show_default=True,
    help="add the similarities (3CosAdd) or multiply them (3CosMul)",
)
@option("-k", type=int, default=10, show_default=True, metavar="N", help="number of answers")
@listing_options
def analogy_command(db: str, collection: str, k: int, method: str, shape: str | None, **words: str) -> None:
    """Solve the word analogy A is to B as C is to ?

    An answer should be similar to B and C, and dissimilar to A. A, B and C themselves are excluded.

    \b
    semsearch analogy my.db articles_pmi man king woman
    """
    with reading(db) as connection, snapshot(connection):
        opened = open_collection(connection, collection)
        answers = analogy(connection, opened, (words["a"], words["b"], words["c"]), k=k, method=method)
    if shape:
        print_rows([present.hit_dict(hit) for hit in answers.hits], shape)
        return
    print_answers(answers)


def print_answers(answers: Analogy) -> None:
    """Print the answers of an analogy for people, best first."""
    width = len(str(len(answers.hits)))
    for rank, hit in enumerate(answers.hits, 1):
        score = f"({METHOD_NAMES[answers.method]} {hit.score:.3f}, similarity {present.cosine(hit.vector_score)})"
        facts = click.style(score, dim=True)
        click.echo(f"{rank:>{width}}  {click.style(visible(str(hit.id)), bold=True)}  {facts}")


@click.command("odd-one-out", short_help="Find the word that does not belong")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@listing_options
def odd_one_out_command(db: str, collection: str, words: tuple[str, ...], shape: str | None) -> None:
    """Find the word that does not belong to the others.

    The word with the lowest mean cosine similarity to the others comes first. Give three words or more.

    \b
    semsearch odd-one-out my.db articles_pmi apple banana cherry tractor
    """
    with reading(db) as connection, snapshot(connection):
        ranked = odd_one_out(connection, get_collection(connection, collection), words)
    rows = [{"word": word, "mean_cosine": round(mean, 4)} for word, mean in ranked]
    if shape == "json":
        rows = [{**row, "mean_similarity": row["mean_cosine"]} for row in rows]
    print_rows(rows, shape)
    if shape not in ("json", "csv"):
        remark(f"The word that does not belong is {ranked[0][0]}: its mean similarity to the others is the lowest")


@click.command("fill", short_help="Fill the gaps in a text")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.argument("text")
@option("-k", type=int, default=5, show_default=True, metavar="N", help="number of words for each gap")
@listing_options
def fill_command(db: str, collection: str, text: str, k: int, shape: str | None) -> None:
    """Show the likeliest words for each gap (___) of TEXT, with their probabilities.

    The collection must be built by `semsearch build masked`.

    \b
    semsearch fill my.db articles_masked "the ___ is closed"
    """
    with reading(db) as connection, snapshot(connection):
        gaps = fill(connection, open_collection(connection, collection), text, k=k)
    rows = [
        {"gap": number, "rank": rank, "word": word, "probability": round(chance, 4)}
        for number, gap in enumerate(gaps, 1)
        for rank, (word, chance) in enumerate(gap.words, 1)
    ]
    if shape:
        print_rows(rows, shape)
        return
    for number, gap in enumerate(gaps, 1):
        words = ", ".join(f"{click.style(visible(word), bold=True)} {percent(chance)}" for word, chance in gap.words)
        click.echo(f"{number:>{len(str(len(gaps)))}}  {words}")


@renamed("--top", "--max-vocab")
@click.command("words", short_help="Measure word similarity and analogy accuracy")
@click.argument("db", type=click.Path())
@click.argument("collection")
@option(
    "--similarity",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    show_default="none",
    help="file of human similarity scores, one `word word score` per line; may be repeated",
)
@option(
    "--analogies",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    show_default="none",
    help="file of analogy questions, one `a b c d` per line, with section headings `: name`; may be repeated",
)
@option(
    "--max-vocab",
    type=int,
    default=30_000,
    show_default=True,
    metavar="N",
    help="only the N most frequent words are possible answers",
)
@option("--json", "as_json", is_flag=True, help="print one JSON object with a key for each set")
def evaluate_words_command(
    db: str, collection: str, similarity: tuple[str, ...], analogies: tuple[str, ...], max_vocab: int, as_json: bool
) -> None:
    """Compare word vectors with human similarity scores, and solve analogy questions with them.

    Files may be gzipped. A set is named after its file. Word similarity is measured by Spearman's correlation, over the
    pairs whose two words are known. Analogies are solved twice, among the most frequent words and among all words.

    \b
    semsearch evaluate words my.db articles_pmi --similarity wordsim353.txt --analogies questions-words.txt
    """
    from semsearch.evaluate.words import evaluate_words

    with reading(db) as connection, Progress("solving analogies", "set") as progress:
        scores = evaluate_words(connection, collection, similarity, analogies, top=max_vocab, report=progress)
    if as_json:
        click.echo(json.dumps(scores.as_dict(), indent=2))
        return
    remark(
        f"{scores.words:,} words, lower-cased. Similarity: Spearman's correlation over the known pairs. Analogies: the"
        " three given words are excluded. `accuracy` counts questions whose four words are known. `of all` also counts"
        " the others, as wrong"
    )
    if scores.similarity:
        print_rows([_similarity_row(name, row) for name, row in scores.similarity.items()], "table")
    if scores.similarity and scores.analogies:
        click.echo()
    if scores.analogies:
        print_rows([_analogy_row(name, row) for name, rows in scores.analogies.items() for row in rows], "table")


def _similarity_row(name: str, scores: Any) -> dict[str, Any]:
    return {
        "set": name,
        "spearman": f"{scores.spearman:.3f}",
        "known pairs": f"{scores.known:,} of {scores.pairs:,}",
        "coverage": percent(scores.coverage),
    }


def _analogy_row(name: str, scores: Any) -> dict[str, Any]:
    values = scores.as_dict()
    return {
        "set": name,
        "section": scores.section,
        "method": METHOD_NAMES[scores.method],
        "vocabulary": f"{scores.vocabulary:,}",
        "correct": f"{scores.right:,}",
        "known": f"{scores.known:,} of {scores.questions:,}",
        "accuracy": "" if values["accuracy"] is None else percent(values["accuracy"]),
        "of all": percent(values["of_all"]),
    }
