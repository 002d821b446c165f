"""The benchmark of trainings on a few made-up pictures: both loops do the same, so they end at the same loss."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

import results
import training


def test_both_loops_end_at_the_same_loss(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "PICTURES", 256)
    monkeypatch.setattr(training, "ROUNDS", 2)
    kept = tmp_path / "found.json"
    training.main(["--data", str(tmp_path), "--only", "loop", "--json", str(kept)])
    shown = capsys.readouterr().out
    assert "median of 2 pairs" in shown and "images/s" in shown
    found = results.read(kept)["loop"]
    assert found["loss"]["ours"] == pytest.approx(found["loss"]["plain"], rel=1e-5)
    assert len(found["seconds"]["ours"]) == len(found["seconds"]["plain"]) == 2
