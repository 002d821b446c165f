"""The corpora and the builders that contracts are checked on: those of this environment, and the example plugin."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from semsearch import registry
from semsearch.builders.base import Builder
from semsearch.builders.pca import Pca
from semsearch.maths.text import tokens
from semsearch.records import Documents, Embeddings, Graph, Images, Similarities, Table
from tests.planted import TOPICS

CIRCLE = [(row, (row + step) % 9, 1.0 / step) for row in range(9) for step in (1, 2)]
TEXTS = [" ".join(row) for row in TOPICS]
SPELLED = sorted({word for text in TEXTS for word in tokens(text)})  # for those that read a word collection
WORDS = Embeddings("word", SPELLED, np.random.default_rng(5).standard_normal((len(SPELLED), 8)).astype(np.float32))
CORPORA = {
    "documents": Documents([str(row) for row in range(len(TOPICS))], TEXTS, {"words": WORDS}),
    "similarities": Similarities(list("abcdefghi"), *map(np.array, zip(*CIRCLE, strict=True))),
    "graph": Graph(list("abcdefghi"), *map(np.array, zip(*CIRCLE, strict=True))),
    "images": Images(
        [str(row) for row in range(64)], np.random.default_rng(0).integers(0, 256, (64, 24, 20, 3), np.uint8)
    ),
}
COLUMNS = np.random.default_rng(1).standard_normal((20, 4))
CORPORA["table"] = Table([str(row) for row in range(20)], list("abcd"), COLUMNS)
# What a contract says of the rest holds after few steps as after many.
QUICK = {
    "gan": {"steps": 20, "width": 2},
    "autoencoder": {"epochs": 3, "width": 4},
    "masked": {"epochs": 3, "dim": 16},
    "pca-columns": {"columns": "a,b,c,d"},
}
PLUGIN = Path(__file__).parents[2] / "plugins" / "semsearch-charngram" / "semsearch_charngram.py"


class PcaOfColumns(Pca):
    """`pca --columns`, which reads a table."""

    name = "pca-columns"
    reads = "table"


def with_the_example() -> list[Builder]:
    """The builders of this environment, and that of the example plugin where it is not installed."""
    found = dict(registry.load().builders)
    if "charngram" not in found:
        spec = spec_from_file_location(PLUGIN.stem, PLUGIN)
        module = sys.modules[PLUGIN.stem] = module_from_spec(spec)  # a dataclass looks up its module there
        spec.loader.exec_module(module)
        module.register_builders(register=lambda builder: found.update({builder.name: builder}))
    return list(found.values())


BUILDERS = [*with_the_example(), PcaOfColumns()]


def those(builders: Iterable[Builder]) -> pytest.MarkDecorator:
    """A test of each of these."""
    found = list(builders)
    return pytest.mark.parametrize("builder", found, ids=[builder.name for builder in found])


def those_that(protocol: type) -> pytest.MarkDecorator:
    """A test of each builder that has this capability."""
    return those(builder for builder in BUILDERS if isinstance(builder, protocol))


every_builder = those(BUILDERS)
