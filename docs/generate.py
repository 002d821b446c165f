"""Writes docs/cli.md, builders.md and lecture.md from commands, builders and techniques; --check only compares."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from pathlib import Path

import click

from semsearch import registry
from semsearch.builders.options import bounds_text, default_text, flag_of, text_of
from semsearch.building.corpora import DESCRIPTIONS
from semsearch.cli.main import assemble
from semsearch.techniques import GUIDE

HERE = Path(__file__).parent
NOTE = "<!-- Written by docs/generate.py (`make docs`): change the source, not this page. -->\n"


def help_of(command: click.Command, names: list[str]) -> str:
    """A command's --help and, for a group, that of each of its commands."""
    context = click.Context(command, info_name=" ".join(names), max_content_width=100, terminal_width=100)
    text = f"{'#' * min(len(names), 3)}# {' '.join(names)}\n\n```\n{command.get_help(context)}\n```\n\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            text += help_of(child, [*names, name])
    return text


def builders_page() -> str:
    """One section per builder: its docstring and a table of its options."""
    text = NOTE + "\n# Builders\n\nWhat `semsearch build NAME` can learn. Plugins add more: see plugins.md.\n"
    for builder in registry.load(entry_points=False).builders.values():
        module = inspect.getmodule(type(builder))
        text += f"\n## {builder.name}\n\nReads {DESCRIPTIONS[builder.reads]}. {inspect.getdoc(type(builder))}\n\n"
        text += (
            f"```\n{inspect.cleandoc(module.__doc__ or '')}\n```\n\n"
            "| option | default | values | what |\n| --- | --- | --- | --- |\n"
        )
        for field in dataclasses.fields(builder.Options):
            cells = (f"`{flag_of(field)}`", default_text(field), bounds_text(field), text_of(field))
            text += f"| {' | '.join(cells)} |\n"
    return text


LECTURE = """
# A guide that follows the lecture

semsearch is built from a course lecture on semantic embeddings. Each row below is one of its techniques: what it is,
the command that runs it, the page that shows it, and what to look at there.

Make the example data first: `semsearch demo demo.db` (a minute or two), then `semsearch serve demo.db`. A page
`docs_lsa/components` is at `/demo/-/semsearch/docs_lsa/components`. Rows about images, GloVe and word2vec need the
extra `torch`. In Datasette the same guide is the page `/-/semsearch/lecture`, and "How this works" on each page
leads to its row.
"""


def lecture_page() -> str:
    """One table for each part of the lecture, a row for each technique."""
    text = NOTE + LECTURE
    for part in GUIDE:
        text += f"\n## {part.title}\n\n| technique | what it is | command | page | what to look at |\n"
        text += "| --- | --- | --- | --- | --- |\n"
        for row in part.techniques:
            what = f"{row.what}" + "".join(f"<br>{code(line)}" for line in row.formulas)
            page = f"*{row.page_name}*: {code(row.page)}"
            cells = (f'<a id="{row.key}"></a>**{row.name}**', what, code(row.command), page, row.look_at)
            text += "| " + " | ".join(cells) + " |\n"
    return text


def code(text: str) -> str:
    """Inline code for a cell of a Markdown table, in which a bar would end the cell."""
    return "`" + text.replace("|", "\\|") + "`"


def main() -> None:
    """Write the pages, or exit 1 if they differ from what would be written."""
    pages = {
        "lecture.md": lecture_page(),
        "cli.md": NOTE + "\n# Command reference\n\n" + help_of(assemble(), ["semsearch"]).rstrip() + "\n",
        "builders.md": builders_page(),
    }
    for name, text in pages.items():
        path = HERE / name
        if "--check" in sys.argv:
            if not path.exists() or path.read_text() != text:
                sys.exit(f"docs/{name} is out of date: run `make docs`")
        else:
            path.write_text(text)


if __name__ == "__main__":
    main()
