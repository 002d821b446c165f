"""The benchmark of a GPU at small sizes on the CPU: what it times is right, and is kept."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

import gpu
import results


def test_each_is_timed_and_the_svd_is_exact(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PICTURES": 400, "BATCHES": (64,), "ROUNDS": 1, "LONG": 0.1, "EACH": 20, "K": 8}.items():
        monkeypatch.setattr(gpu, name, value)
    kept = tmp_path / "found.json"
    asked = ["--only", "autoencoder", "svd", "--rows", "500", "--columns", "60", "--rounds", "2", "--device", "cpu"]
    gpu.main(["--data", str(tmp_path), *asked, "--json", str(kept)])
    found = results.read(kept)
    assert found["svd on cpu"]["error"] < 1e-5 and len(found["svd on cpu"]["seconds"]) == 2
    (ours,), (bare,) = (found["autoencoder on cpu"]["64"][which] for which in ("ours", "bare"))
    shown = f"autoencoder, 64 per step: {ours:,.0f} images/s, bare {bare:,.0f}, {ours / bare:.2f}"
    assert shown in capsys.readouterr().out
