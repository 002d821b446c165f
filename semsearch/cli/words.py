"""Verbs about words: analogy, odd-one-out, and evaluate words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from semsearch import present
from semsearch.cli.output import Progress, listing_options, print_rows, remark
from semsearch.cli.search import evaluate
from semsearch.errors import InputError
from semsearch.search import words as engine
from semsearch.storage.collections import get_collection, open_collection
from semsearch.storage.connect import reading, snapshot

METHODS = {"add": "3CosAdd", "mul": "3CosMul"}


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group; `evaluate` has one more."""
    cli.add_command(analogy)
    cli.add_command(odd_one_out)
    evaluate.add_command(evaluate_words)


@click.command(short_help="A is to B as C is to what?")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.argument("a")
@click.argument("b")
@click.argument("c")
@click.option(
    "--method", type=click.Choice(engine.METHODS), default="mul", show_default=True, help="multiply cosines, or add"
)
@click.option("-k", type=int, default=10, show_default=True, help="how many answers")
@listing_options
def analogy(db: str, collection: str, k: int, method: str, shape: str | None, **words: str) -> None:
    """A is to B as C is to what? Answers by arithmetic with the vectors of words; the three are left out.

    semsearch analogy my.db articles_pmi man king woman
    """
    with reading(db) as connection, snapshot(connection):
        asked = (words["a"], words["b"], words["c"])
        found = engine.analogy(connection, open_collection(connection, collection), asked, k=k, method=method)
    if shape:
        print_rows([present.hit_dict(hit) for hit in found.hits], shape)
        return
    print_answers(found)


def print_answers(found: engine.Analogy) -> None:
    """The answers of an analogy for people, best first."""
    width = len(str(len(found.hits)))
    for place, hit in enumerate(found.hits, 1):
        score = f"({METHODS[found.method]} {hit.score:.3f}, cosine {present.cosine(hit.vector_score)})"
        facts = click.style(score, dim=True)
        click.echo(f"{place:>{width}}  {click.style(str(hit.id), bold=True)}  {facts}")


@click.command("odd-one-out", short_help="Which word does not belong?")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@listing_options
def odd_one_out(db: str, collection: str, words: tuple[str, ...], shape: str | None) -> None:
    """Which word does not belong? The one that is least like the others on average comes first."""
    with reading(db) as connection, snapshot(connection):
        found = engine.odd_one_out(connection, get_collection(connection, collection), words)
    print_rows([{"word": word, "mean_cosine": round(mean, 4)} for word, mean in found], shape)


@click.command("words", short_help="Word similarity and analogy questions.")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.option("--similarity", multiple=True, type=click.Path(), help="lines of: word word score; may be repeated")
@click.option("--analogies", multiple=True, type=click.Path(), help="lines of: a b c d, under `: section`; repeatable")
@click.option("--top", type=int, default=30_000, show_default=True, help="the commonest words that may be an answer")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object, by set")
def evaluate_words(
    db: str, collection: str, similarity: tuple[str, ...], analogies: tuple[str, ...], top: int, as_json: bool
) -> None:
    """Compare word vectors with people's judgements of similarity, and ask them analogy questions.

    Files may be gzipped. A set's name is that of its file.
    """
    from semsearch.evaluate import words as judge

    if not similarity and not analogies:
        raise InputError("Nothing to measure by: give --similarity FILE or --analogies FILE")
    if top < 1:
        raise InputError(f"top is {top}: at least 1 is needed")
    pairs = {_name(path): judge.read_similarities(path) for path in similarity}
    questions = {_name(path): judge.read_questions(path) for path in analogies}
    if len(pairs) + len(questions) < len(similarity) + len(analogies) or pairs.keys() & questions.keys():
        raise InputError("Two sets have the same name: give each file once, or rename one")
    with reading(db) as connection:
        known = judge.open_vocabulary(connection, collection)
    similar = {name: judge.score_similarities(known, found) for name, found in pairs.items()}
    solved = {}
    with Progress("analogies", "set") as progress:
        for done, (name, asked) in enumerate(questions.items()):
            progress(done, len(questions))
            solved[name] = judge.score_analogies(known, asked, top=top)
    if as_json:
        told: dict[str, Any] = {name: scores.as_dict() for name, scores in similar.items()}
        told |= {
            name: {"kind": "analogies", "results": [one.as_dict() for one in scores]} for name, scores in solved.items()
        }
        click.echo(json.dumps(told, indent=2))
        return
    remark(
        f"{len(known.words):,} words, lower-cased. Similarity: Spearman over the known pairs. Analogies: best word but"
        " the three; `accuracy` of the questions whose four words are known, `of all` with the others as wrong"
    )
    if similar:
        print_rows([_similarity_row(name, scores) for name, scores in similar.items()], "table")
    if similar and solved:
        click.echo()
    if solved:
        print_rows([_analogy_row(name, one) for name, scores in solved.items() for one in scores], "table")


def _name(path: str) -> str:
    return Path(path).name.removesuffix(".gz").rsplit(".", 1)[0]


def _similarity_row(name: str, scores: Any) -> dict[str, Any]:
    return {
        "set": name,
        "spearman": f"{scores.spearman:.3f}",
        "known pairs": f"{scores.known:,} of {scores.pairs:,}",
        "coverage": f"{scores.coverage:.1%}",
    }


def _analogy_row(name: str, scores: Any) -> dict[str, Any]:
    told = scores.as_dict()
    return {
        "set": name,
        "section": scores.section,
        "method": METHODS[scores.method],
        "among": f"{scores.vocabulary:,}",
        "right": f"{scores.right:,}",
        "known": f"{scores.known:,} of {scores.questions:,}",
        "accuracy": "" if told["accuracy"] is None else f"{told['accuracy']:.1%}",
        "of all": f"{told['of_all']:.1%}",
    }
