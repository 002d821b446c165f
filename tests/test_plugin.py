"""What plugins may import: the names are pinned, light to import, and all that the example plugin uses."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from semsearch import plugin

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "plugins" / "semsearch-charngram" / "semsearch_charngram.py"

CORPORA = "Corpus Documents Graph Images Kind Similarities Table"
RESULTS = "Embeddings Fitted Gap Quiz State"
BUILDERS = "Builder BuilderOptions Device Journal Pmi PmiOptions Report hookimpl option silent timed Metric"
CAPABILITIES = (
    "Accelerates Conditions CosineParts DeclaresMetrics Decodes Drifts EmbedsQueriesOnly Encodes EstimatesMemory"
    " Explains Fills Imagines MemoryNeed Needs Quizzes"
)
BY_OPTIONS = "LimitsDefault NeedsByOptions OrdersCodes ReadsByOptions"
TRAINING = "Judges Shows Step Task TrainOptions Trained Turn Watches train"
DEVICES = "encoding_device from_arrays place seeded to_arrays"
TEXT = "pack tokens unpack"
READERS = "Fault Item ReadOptions Reader Remark TableOptions"
ERRORS = (
    "BuildError CapabilityError DatabaseError InputError NameTakenError NotFoundError PluginError SchemaError"
    " SemsearchError"
)
PUBLIC = " ".join(
    (CORPORA, RESULTS, BUILDERS, CAPABILITIES, BY_OPTIONS, TRAINING, DEVICES, TEXT, READERS, ERRORS)
).split()


def test_the_names_are_pinned() -> None:
    assert sorted(plugin.__all__) == sorted(PUBLIC)
    assert all(getattr(plugin, name) is not None for name in PUBLIC)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = plugin.Nothing


def test_importing_it_is_light() -> None:
    heavy = ("torch", "scipy", "numba", "sklearn", "datasette", "sqlite_utils", "Stemmer")
    code = f"import semsearch.plugin, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_name_is_documented() -> None:
    text = (ROOT / "docs" / "plugins.md").read_text()
    for name in PUBLIC:
        assert f"`{name}`" in text, name


def test_the_example_imports_nothing_else_of_semsearch() -> None:
    for node in ast.walk(ast.parse(EXAMPLE.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("semsearch"):
            assert node.module == "semsearch.plugin"
