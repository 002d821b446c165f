"""Verbs for questions and assistants: ask, mcp."""

from __future__ import annotations

import json
from typing import Any

import click

from semsearch import present
from semsearch.cli import console
from semsearch.cli.options import option
from semsearch.cli.output import remark, visible
from semsearch.errors import SemsearchError, out_of_range
from semsearch.storage.collections import open_collection
from semsearch.storage.connect import reading, snapshot


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    cli.add_command(ask_command)
    cli.add_command(mcp_command)


@click.command("ask", short_help="Find the passages that answer a question")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.argument("question")
@option("-k", type=int, default=3, show_default=True, metavar="N", help="number of passages, 1 to 10")
@option(
    "--model",
    metavar="NAME",
    show_default="none",
    help="let this model of the package llm write a short answer from the passages, which are sent to it",
)
@option("--json", "as_json", is_flag=True, help="print one JSON object")
def ask_command(db: str, collection: str, question: str, k: int, model: str | None, as_json: bool) -> None:
    """Print the passages of a collection of texts that answer QUESTION best, each with its row.

    Passages are quoted as they stand in the rows. Without --model no language model takes part, and nothing leaves
    this machine. If QUESTION is -, it is read from standard input.

    \b
    semsearch ask my.db articles_lsa "Why did interest rates rise?"
    """
    from semsearch.tools.hits import passages_for
    from semsearch.tools.toolbox import MOST_PASSAGES

    text = console.read_input() if question == "-" else question
    if not 1 <= k <= MOST_PASSAGES:
        raise out_of_range("-k", k, least=1, most=MOST_PASSAGES)
    with reading(db) as connection, snapshot(connection):
        opened = open_collection(connection, collection)
        found, best = passages_for(connection, opened, text, k)
    passages = [
        {
            "number": number,
            "id": hit.id,
            "title": present.title_of(opened.dataset, hit),
            "passage": excerpt.text if excerpt else "",
            "start": excerpt.start if excerpt else None,
            "end": excerpt.end if excerpt else None,
            "words_matched": list(excerpt.words) if excerpt else [],
            "similarity": hit.vector_score,
            "text_score": hit.text_score,
        }
        for number, (hit, excerpt) in enumerate(zip(found.hits, best, strict=True), 1)
    ]
    if found.remark:
        remark(found.remark)
    answer = _written(model, text, passages) if model and passages else None
    if as_json:
        click.echo(json.dumps({"question": text, "answer": answer, "passages": passages}, indent=2, ensure_ascii=False))
        return
    if answer:
        click.echo(visible(answer) + "\n")
    for passage in passages:
        _print_passage(passage)


def _written(model: str, question: str, passages: list[dict[str, Any]]) -> str | None:
    """The model's answer; None, with a remark, where it cannot be used."""
    from semsearch.tools.written_answer import write_answer

    try:
        return write_answer(model, question, [f"{each['title']}. {each['passage']}" for each in passages])
    except SemsearchError as error:
        if type(error) is not SemsearchError:
            raise
        remark(str(error))
        return None


def _print_passage(passage: dict[str, Any]) -> None:
    facts = [f"id {visible(str(passage['id']))}"]
    if passage["similarity"] is not None:
        facts.append(f"similarity {present.cosine(passage['similarity'])}")
    if passage["words_matched"]:
        facts.append(f"words: {visible(', '.join(passage['words_matched']))}")
    title = click.style(visible(passage["title"]), bold=True)
    click.echo(f"{passage['number']}  {title}  {click.style('(' + '; '.join(facts) + ')', dim=True)}")
    if passage["passage"]:
        click.echo(f"   {visible(' '.join(passage['passage'].split()))}")


@click.command("mcp", short_help="Offer search to an assistant by the Model Context Protocol")
@click.argument("db", nargs=-1, required=True, type=click.Path(), metavar="DB...")
def mcp_command(db: tuple[str, ...]) -> None:
    """Serve the collections of the database files to an assistant, over standard input and output.

    The assistant starts this command itself: docs/agents.md shows its configuration. Its tools only read. Needs the
    extra `agents`.

    \b
    semsearch mcp my.db library.db
    """
    from semsearch.tools.stdio import serve

    serve(db)
