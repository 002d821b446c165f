"""The standard library's documentation: whole, parsed and not run, without tests."""

from __future__ import annotations

import sys

import pytest

from semsearch.ingest.stdlib import _first_sentence, documentation, modules
from semsearch.records import Item


@pytest.fixture(scope="module")
def documents() -> dict[str, Item]:
    """All of it, by key."""
    return {str(item.key): item for item in documentation()}


@pytest.mark.parametrize(
    ("key", "module", "kind", "words"),
    [
        ("gzip", "gzip", "module", "read and write gzipped files"),
        ("gzip.compress", "gzip", "function", "one shot"),
        ("email.message", "email.message", "module", "object model"),
        ("email.message.Message.get_all", "email.message", "function", "all the values"),
        ("collections.OrderedDict", "collections", "class", "remembers insertion order"),
    ],
)
def test_known_documents_are_found(documents: dict[str, Item], key: str, module: str, kind: str, words: str) -> None:
    columns = documents[key].columns
    assert (columns["title"], columns["module"], columns["kind"]) == (key, module, kind)
    assert words in columns["body"]


def test_there_is_much_of_it_and_no_test_in_it(documents: dict[str, Item]) -> None:
    assert 5_000 < len(documents) < 12_000
    words = sum(len(item.columns["body"].split()) for item in documents.values())
    assert 150_000 < words < 500_000
    parts = {part for item in documents.values() for part in item.columns["module"].split(".")}
    assert not parts & {"test", "tests", "idle_test", "site-packages"}


def test_nothing_is_imported_and_each_name_comes_once_in_the_same_order(documents: dict[str, Item]) -> None:
    modules = set(sys.modules)
    keys = [item.key for item in documentation()]
    assert set(sys.modules) == modules
    assert len(keys) == len(set(keys))
    assert keys == list(documents)


def test_imports_join_the_modules() -> None:
    nodes, edges = modules()
    names = {node.columns["id"] for node in nodes}
    pairs = {(edge.columns["source"], edge.columns["target"]) for edge in edges}
    assert {"json", "json.decoder", "email.message", "asyncio.tasks"} <= names and len(names) == len(nodes)
    assert ("json", "json.decoder") in pairs  # from .decoder import JSONDecoder
    assert ("json.decoder", "re") in pairs or ("json.decoder", "json.scanner") in pairs
    assert ("asyncio.tasks", "asyncio.futures") in pairs  # from . import futures
    assert all(one in names and other in names and one != other for one, other in pairs)
    assert all(node.columns["summary"] is None or "\n" not in node.columns["summary"] for node in nodes)


def test_a_summary_is_a_whole_sentence() -> None:
    for text, said in (
        ("Read and\n  write files. Slowly.", "Read and write files."),
        ("Support for i.e. this\n\nand more.", "Support for i.e. this"),
        ("One? Two", "One?"),
        ("", ""),
    ):
        assert _first_sentence(text) == said
