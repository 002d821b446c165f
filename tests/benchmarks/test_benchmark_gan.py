"""The benchmark of GANs on a few digits, with trainings of a second: what it writes is what it measured."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import gan
import results
from sklearn.datasets import load_digits

from semsearch.cli import demo
from semsearch.nets import classifier


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """scikit-learn's digits as a small MNIST: 28 pixels, each pixel a square of nine with an edge of two."""
    digits = load_digits()
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8).repeat(3, axis=1).repeat(3, axis=2)
    pixels = np.pad(pixels, ((0, 0), (2, 2), (2, 2)))
    for name in ("mnist", "fashion-mnist"):
        (tmp_path / name).mkdir()
        for part, rows in (("train", slice(0, 300)), ("t10k", slice(300, 500))):
            images, labels = pixels[rows], digits.target[rows].astype(np.uint8)
            head = struct.pack(">IIII", 2051, len(images), 28, 28)
            (tmp_path / name / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + images.tobytes()))
            head = struct.pack(">II", 2049, len(labels))
            (tmp_path / name / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(head + labels.tobytes()))
    return tmp_path


def test_it_measures_and_says_what_was_missed(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "IMAGES_SEEN", 2_000)
    monkeypatch.setattr(gan, "COUNTED", 200)
    monkeypatch.setitem(demo.IMAGE_BUILDERS, "gan", {"steps": 40, "batch_size": 32})
    kept = tmp_path / "found.json"
    brief = ["--seconds", "0.5", "--short", "0.2", "--seeds", "1", "--rounds", "2", "--epochs", "1"]
    with pytest.raises(SystemExit) as ended:
        gan.main(["--data", str(data), *brief, "--json", str(kept)])
    shown = capsys.readouterr().out
    assert ended.value.code == 1 and "robustness" in shown.splitlines()[-1]  # nothing is learned in a second
    found = results.read(kept)
    page = found["page"]
    assert page["both"]["slowest"] >= page["both"]["median"] >= max(page[part]["median"] for part in ("page", "sheet"))
    assert set(found["mnist"]["rows"]) == {"gan", "DCGAN", "autoencoder, mixture", "training pictures", "noise"}
    assert found["mnist"]["rows"]["training pictures"]["frechet"] < found["mnist"]["rows"]["noise"]["frechet"]
    assert [row["loss"] for row in found["robustness"]["rows"]] == ["relativistic", "minimax"] * 2


def test_pictures_are_halved_and_edged() -> None:
    made = gan.smaller(np.arange(28 * 28, dtype=np.uint8).reshape(1, 28, 28, 1))
    assert made.shape == (1, 16, 16, 1) and made[0, 0].max() == 0
    assert made[0, 1, 1, 0] == round((0 + 1 + 28 + 29) / 4)
