"""The benchmarks of updates, on a few planted articles: they measure the commands, and tell kinds of texts apart."""

from __future__ import annotations

import json
from pathlib import Path

import drift
import numpy as np
import pytest
import sets
import update

from tests.planted import BREAD, SPACE


def mixed(topic: tuple[tuple[str, str], ...], texts: int, rng: np.random.Generator) -> list[str]:
    """Texts of twelve words of one topic."""
    words = " ".join(body for _, body in topic).split()
    return [" ".join(rng.choice(words, 12)) for _ in range(texts)]


@pytest.mark.usefixtures("in_this_process")
def test_every_command_is_measured_and_the_new_rows_are_there(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    texts = [text for pair in zip(mixed(SPACE, 30, rng), mixed(BREAD, 30, rng), strict=True) for text in pair]
    (tmp_path / "simplewiki").mkdir()
    lines = [json.dumps({"id": str(row), "title": f"t{row}", "text": text}) for row, text in enumerate(texts)]
    (tmp_path / "simplewiki" / "simplewiki.jsonl").write_text("\n".join(lines))
    found = update.measure(tmp_path, 48, 12, 1, tmp_path)
    assert {name: len(took) for name, took in found["took"].items()} == {
        "build": 1, "nothing changed": 1, "12 rows added": 1, "12 rows changed": 1, "12 rows deleted": 1,
        "collections (counts stale rows)": 1, "rebuild": 1,
    }  # fmt: skip
    assert len(update.with_vector(tmp_path / "added.db", map(str, range(1, 61)))) == 60
    assert len(update.with_vector(tmp_path / "copy.db", map(str, range(1, 61)))) == 36  # the last had rows deleted
    assert all(share > 0.4 for share in found["neighbours"].values())  # ten of 59 by chance: .17
    assert "12 rows added" in update.report(found) and "limit 2 s" in update.report(found)


@pytest.mark.parametrize(("fresh", "advice"), [(SPACE, ""), (BREAD, "rebuild")], ids=["same kind", "another kind"])
def test_texts_of_another_kind_are_told(fresh: tuple[tuple[str, str], ...], advice: str) -> None:
    rng = np.random.default_rng(0)
    fitted, more = mixed(SPACE, 120, rng), mixed(fresh, 40, rng)
    documents = tuple(sets.Document(str(row), "", text) for row, text in enumerate(more))
    judged = sets.TestSet("planted", documents, {"q": more[0]}, {"q": {"0": 1}})
    everything = drift.rebuilt([*fitted, *more], judged, len(fitted))
    line = drift.compare("planted", fitted, more, judged, everything)
    assert line["MAP rebuilt"] == 1.0  # the query is the document
    assert line["advice"] == advice
    assert (line["seen"] > 0.8) == (advice == "")
