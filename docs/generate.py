"""Writes docs/cli.md and docs/builders.md from the commands and builders themselves; --check only compares."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from pathlib import Path

import click

from semsearch import registry
from semsearch.cli.main import assemble

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
        text += f"\n## {builder.name}\n\nReads {builder.reads}. {inspect.getdoc(type(builder))}\n\n"
        text += (
            f"```\n{inspect.cleandoc(module.__doc__ or '')}\n```\n\n| option | default | what |\n| --- | --- | --- |\n"
        )
        for field in dataclasses.fields(builder.Options):
            text += f"| `--{field.name.replace('_', '-')}` | {field.default} | {field.metadata['help']} |\n"
    return text


def main() -> None:
    """Write both pages, or exit 1 if they differ from what would be written."""
    pages = {
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
