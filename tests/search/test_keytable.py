"""Keys by position and back."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch.search.keytable import IntegerKeys, TextKeys, key_table


def test_integers() -> None:
    table = key_table([np.array([5, -3, 2**62]), np.array([0, 7])])
    assert isinstance(table, IntegerKeys)
    assert table.at(np.array([2, 0, 1])) == [str(2**62), "5", "-3"]
    asked = ["7", "x", "5", "", "-3", str(2**70), "08", "--3", "\u0663"]
    assert table.positions(asked).tolist() == [4, 0, 1]


def test_texts() -> None:
    keys = ["a", "", "é/b", "\U0001f388", "a,b", "A"]
    table = key_table([keys[:2], keys[2:]])
    assert isinstance(table, TextKeys)
    assert table.at(np.arange(6)) == keys
    assert table.positions(["A", "none", "", "\U0001f388"]).tolist() == [5, 1, 3]


def test_texts_of_the_same_hash_are_not_taken_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    table = key_table([["a", "b"]])
    monkeypatch.setattr("semsearch.search.keytable._hashes", lambda keys: np.repeat(table.hashes[:1], len(list(keys))))
    assert table.positions(["a", "b"]).tolist() == [0]


@pytest.mark.parametrize("parts", [[], [[]], [np.empty(0, np.int64)]])
def test_nothing(parts: list) -> None:
    table = key_table(parts)
    assert table.positions(["1"]).tolist() == [] and table.at(np.empty(0, int)) == []
    assert table.nbytes < 100
