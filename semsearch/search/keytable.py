"""The keys of a collection by position and back, in a few bytes each: a million Python strings would take 150 MB."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray


@dataclass(frozen=True)
class IntegerKeys:
    """Integer keys (n,) in the order of positions; `order` sorts them."""

    keys: IntArray
    order: IntArray

    @property
    def nbytes(self) -> int:
        """What is held in memory."""
        return int(self.keys.nbytes + self.order.nbytes)

    def at(self, positions: IntArray) -> list[str]:
        """The keys at these positions."""
        return [str(key) for key in self.keys[positions].tolist()]

    def positions(self, keys: Iterable[str]) -> IntArray:
        """Where these keys stand, in the order given; those that do not are left out."""
        numbers = [int(key) for key in keys if key.removeprefix("-").isdecimal() and len(key) < 20]
        wanted = np.array([number for number in numbers if -(2**63) <= number < 2**63], np.int64)
        return _found(self.keys, self.order, wanted)[1]


@dataclass(frozen=True)
class TextKeys:
    """Text keys one after another in `text`, UTF-8, each beginning at `starts`; `hashes` (n,) and what sorts them."""

    text: bytes
    starts: IntArray
    hashes: IntArray
    order: IntArray

    @property
    def nbytes(self) -> int:
        """What is held in memory."""
        return int(len(self.text) + self.starts.nbytes + self.hashes.nbytes + self.order.nbytes)

    def at(self, positions: IntArray) -> list[str]:
        """The keys at these positions."""
        return [self.text[self.starts[at] : self.starts[at + 1]].decode("utf-8") for at in positions.tolist()]

    def positions(self, keys: Iterable[str]) -> IntArray:
        """Where these keys stand, in the order given; those that do not are left out."""
        given = list(keys)
        asked, result = _found(self.hashes, self.order, _hashes(given))
        same = [given[at] == key for at, key in zip(asked.tolist(), self.at(result), strict=True)]
        return result[np.array(same, bool)]


KeyTable = IntegerKeys | TextKeys


def key_table(parts: Sequence[Sequence[str] | IntArray]) -> KeyTable:
    """The keys of all parts in a row: integers if the parts are arrays, text if they are strings."""
    if parts and isinstance(parts[0], np.ndarray):
        numbers = np.concatenate([np.asarray(part, np.int64) for part in parts])
        return IntegerKeys(numbers, _order(numbers))
    encoded = [key.encode("utf-8") for key in chain.from_iterable(parts) if isinstance(key, str)]
    starts = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(key) for key in encoded], out=starts[1:])
    hashes = _hashes(key for key in chain.from_iterable(parts) if isinstance(key, str))
    return TextKeys(b"".join(encoded), starts, hashes, _order(hashes))


def _hashes(keys: Iterable[str]) -> IntArray:
    """Python's own hash of each. Two keys of a million share one in one process of ten million; then one is found."""
    return np.fromiter(map(hash, keys), np.int64)


def _order(values: IntArray) -> npt.NDArray[np.int64]:
    """What sorts the values, as int32 where that is enough."""
    order = np.argsort(values, kind="stable")
    return order.astype(np.int32) if len(values) < 2**31 else order


def _found(values: IntArray, order: IntArray, wanted: IntArray) -> tuple[IntArray, IntArray]:
    """Which of the wanted values are there, and where."""
    if not len(values) or not len(wanted):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    places = np.searchsorted(values, wanted, sorter=order)
    positions = order[np.minimum(places, len(values) - 1)].astype(np.int64)
    here = np.flatnonzero(values[positions] == wanted)
    return here, positions[here]
