"""The builder on docs/plugins.md works as printed."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from semsearch.builders.base import Builder, Encodes
from semsearch.records import Device, Documents, silent

PAGE = Path(__file__).parents[1] / "docs" / "plugins.md"
EXAMPLE = re.search(r"^```python\n(# semsearch_letters\.py\n.*?)^```$", PAGE.read_text(), re.M | re.S)


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The page's example as a module."""
    pytest.importorskip("semsearch.plugin")
    module = types.ModuleType("semsearch_letters")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert EXAMPLE
    exec(compile(EXAMPLE.group(1), "semsearch_letters.py", "exec"), module.__dict__)
    return module


def test_the_example_is_a_builder_that_embeds_new_texts(letters: types.ModuleType) -> None:
    builder = letters.Letters()
    assert isinstance(builder, Builder) and isinstance(builder, Encodes)
    corpus = Documents(["1", "2"], ["Abba", "zoo"])
    options, rng = builder.Options(), np.random.default_rng(0)
    fitted = builder.fit(corpus, options, rng=rng, device=Device(), report=silent)
    assert fitted.embeddings[0].vectors[:, [0, 1, 14, 25]].tolist() == [[2, 2, 0, 0], [0, 0, 2, 1]]
    again = builder.encode(fitted.state(), corpus)
    assert np.array_equal(again, fitted.embeddings[0].vectors)


def test_the_example_registers_itself(letters: types.ModuleType) -> None:
    registered: list[object] = []
    letters.register_builders(registered.append)
    assert [builder.name for builder in registered] == ["letters"]
