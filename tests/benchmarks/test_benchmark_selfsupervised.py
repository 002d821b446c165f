"""The benchmark of self-supervised features on a few made-up pictures: every family is measured, and kept."""

import io
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import results
import selfsupervised
from PIL import Image

from tests.planted_images import lamps


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Twenty-four pictures of two kinds as JPEG in an npz, laid out as CIFAR-10 is."""
    pixels = lamps(24, 32)
    pixels[1::2] = pixels[1::2, ::-1]
    files = []
    for picture in pixels:
        Image.fromarray(picture).save(file := io.BytesIO(), "JPEG")
        files.append(np.frombuffer(file.getvalue(), np.uint8))
    ends = np.cumsum([0, *map(len, files)])
    (tmp_path / "cifar10-jpg").mkdir()
    facts = {"labels": np.arange(24) % 2, "is_test": np.arange(24) >= 16}
    np.savez(tmp_path / "cifar10-jpg" / "few.npz", blob=np.concatenate(files), offsets=ends, **facts)
    return tmp_path


def test_every_family_is_measured_on_the_same_pictures(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = data / "found.json"
    selfsupervised.main(["--data", str(data), "--minutes", "0.003", "--device", "cpu", "--json", str(kept)])
    shown = capsys.readouterr().out
    found = results.read(kept)
    for family in selfsupervised.FAMILIES:
        assert f"| {family} |" in shown
        scores = found[f"cifar10 0.003 min {family}"]
        assert 0 <= scores["linear"] <= 1 and 0 <= scores["knn"] <= 1 and set(scores["few"]) == {"1"}
    assert found["cifar10 0.003 min random"]["fit"]["epochs"] == 0
    (row,) = [line.split(" | ") for line in shown.splitlines() if line.startswith("| rotation |")]
    trained = found["cifar10 0.003 min rotation"]
    assert row[4:6] == [f"{trained['fit']['epochs']:.0f}", f"{trained['seconds']:.0f}"]


def test_a_task_is_timed_beside_its_backbone(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = data / "found.json"
    asked = ["--throughput", "0.1", "--families", "contrastive", "--batch", "4", "--device", "cpu", "--json", str(kept)]
    selfsupervised.main(["--data", str(data), *asked])
    found = results.read(kept)["cifar10 throughput"]
    assert list(found) == ["contrastive"]
    timed = found["contrastive"]
    share = np.median(timed["ours"]) / np.median(timed["bare"])
    assert timed["share"] == pytest.approx(share, rel=1e-6)
    assert f"bare {np.median(timed['bare']):,.0f}, {share:.2f}" in capsys.readouterr().out
