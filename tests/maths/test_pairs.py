"""All near pairs: the quick way finds exactly what every product finds."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch.errors import InputError
from semsearch.maths import pairs
from semsearch.maths.pairs import near_pairs


def planted(n: int, dim: int) -> np.ndarray:
    """Unit rows whose first directions are strongest, some repeated, some repeated with a little noise."""
    rng = np.random.default_rng(dim)
    rows = rng.standard_normal((n, dim)) / np.sqrt(1 + np.arange(dim))
    rows[n // 2 : n // 2 + 100] = rows[:100]
    rows[n // 2 + 100 : n // 2 + 200] = rows[100:200] + 0.3 * rng.standard_normal((100, dim)) / np.sqrt(dim)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("dim", [1, 5, 64, 65, 200])
@pytest.mark.parametrize("threshold", [0.8, 0.95, 0.999])
def test_every_pair_and_no_other(dim: int, threshold: float, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = planted(2500, dim) if dim > 4 else planted(400, dim)
    plain = near_pairs(vectors, threshold)
    monkeypatch.setattr(pairs, "_DENSE_ROWS", 0)
    monkeypatch.setattr(pairs, "_FIRST_CAPACITY", 10)  # smaller than what a block finds
    steps: list[int] = []
    i, j, cosines = near_pairs(vectors, threshold, progress=lambda done, of: steps.append(done))
    found = dict(zip(zip(i.tolist(), j.tolist(), strict=True), cosines.tolist(), strict=True))
    expected = dict(zip(zip(plain[0].tolist(), plain[1].tolist(), strict=True), plain[2].tolist(), strict=True))
    assert len(expected) >= 100 and all(one < other for one, other in found)
    # A pair within 1e-5 of the threshold may fall on either side of it: float32 sums in another order.
    assert all(abs(found.get(key, expected.get(key)) - threshold) < 1e-5 for key in found.keys() ^ expected.keys())
    shared = found.keys() & expected.keys()
    assert [found[key] for key in shared] == pytest.approx([expected[key] for key in shared], abs=1e-5)
    assert steps == sorted(steps) and steps[0] == 0


@pytest.mark.parametrize("few", [0, 10**9], ids=["kernel", "plain"])
def test_too_many_are_refused_and_none_is_fine(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "_DENSE_ROWS", few)
    vectors = np.ones((300, 4), np.float32) / 2
    with pytest.raises(InputError, match="More than 1,000 pairs"):
        near_pairs(vectors, 0.9, most=1000)
    assert len(near_pairs(vectors, 0.9)[0]) == 300 * 299 // 2
    assert [len(part) for part in near_pairs(np.eye(50, dtype=np.float32), 0.9)] == [0, 0, 0]
