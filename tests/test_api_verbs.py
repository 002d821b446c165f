"""Every verb of the command line is a method of Database, with parameters that are named and typed."""

from __future__ import annotations

import inspect

import click
import pytest

import semsearch
from semsearch.cli.main import assemble

METHODS = {name: method for name, method in inspect.getmembers(semsearch.Database) if not name.startswith("_")}
OTHER_NAMES = {"ingest documents": "ingest_files"}  # `ingest` itself takes rows
COMMAND_LINE_ONLY = {
    "serve": "runs a web server until Ctrl-C",
    "mcp": "answers a client until it leaves",
    "demo": "prints a walk through other verbs",
}
NOT_VERBS = {  # what only a program needs
    "close",
    "compare_images",  # `evaluate images` of several collections
    "embed",
    "explain",  # `search --explain`
    "fit_weight",  # `evaluate retrieval --fit-weight`
    "ingest",
    "search_by_picture",  # `search --image`
    "spelling",  # the remarks of `search`
    "sql",
    "stale",  # a column of `collections`
    "suggest",  # `classify --suggest`
    "updates",  # a part of `runs RUN`
    "vector",
    "vectors",
}


def verbs() -> list[str]:
    """Every verb of the built-in commands, as it is typed; builders are arguments of `build`."""
    found = []
    for name, command in assemble().commands.items():
        if isinstance(command, click.Group) and name != "build":
            found += [f"{name} {part}" for part in command.commands]
        else:
            found.append(name)
    return [verb for verb in found if verb not in COMMAND_LINE_ONLY]


def method_of(verb: str) -> str:
    return OTHER_NAMES.get(verb, verb.replace(" ", "_").replace("-", "_"))


@pytest.mark.parametrize("verb", verbs())
def test_a_verb_is_a_method(verb: str) -> None:
    assert method_of(verb) in METHODS


def test_every_method_is_a_verb_or_listed_as_none() -> None:
    assert set(METHODS) == {method_of(verb) for verb in verbs()} | NOT_VERBS


@pytest.mark.parametrize("name", METHODS)
def test_parameters_are_named_typed_and_documented(name: str) -> None:
    signature = inspect.signature(METHODS[name])
    for parameter in list(signature.parameters.values())[1:]:
        assert parameter.annotation is not inspect.Parameter.empty, parameter
        assert parameter.kind is not inspect.Parameter.VAR_KEYWORD or name == "build"
    assert signature.return_annotation is not inspect.Signature.empty
    assert METHODS[name].__doc__
