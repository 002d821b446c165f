"""Kernels compile once, answer from several threads, and are not compiled by being imported."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest

from semsearch.maths.jit import kernel
from semsearch.threads import map_items, map_ranges, thread_count


def _sum_of_squares(values: np.ndarray) -> float:
    total = 0.0
    for value in values:
        total += value * value
    return total


def test_a_kernel_gives_what_the_plain_function_gives() -> None:
    values = np.arange(1000, dtype=np.float64)
    squares = kernel(_sum_of_squares)
    assert not squares.ready
    assert squares(values) == _sum_of_squares(values)
    assert squares.ready


def test_prepare_compiles_in_the_background() -> None:
    squares = kernel(_sum_of_squares)
    squares.prepare(np.zeros(1))
    until = time.monotonic() + 60
    while not squares.ready and time.monotonic() < until:
        time.sleep(0.01)
    assert squares.ready


def test_spread_keeps_the_order_and_covers_every_row() -> None:
    squares = kernel(_sum_of_squares)
    values = np.arange(10_000, dtype=np.float64)
    parts = map_ranges(lambda start, end: squares(values[start:end]), [0, 10, 3000, 3000, 10_000])
    assert parts == [_sum_of_squares(part) for part in (values[:10], values[10:3000], values[:0], values[3000:])]


def test_each_keeps_the_order_and_takes_few_items_ahead() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    results = map_items(lambda item: item * item, items())
    assert next(results) == 0
    assert len(taken) <= 2 * thread_count() + 1
    assert list(results) == [item * item for item in range(1, 100)]
    assert taken == list(range(100))


def test_each_passes_on_what_work_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        list(map_items(lambda item: 1 // item, [1, 0, 1]))


@kernel
def _square(value: float) -> float:
    return value * value


@kernel
def _norm(values: np.ndarray) -> float:
    total = 0.0
    for value in values:
        total += _square(value)
    return np.sqrt(total)


def test_a_kernel_calls_another() -> None:
    assert _norm(np.array([3.0, 4.0])) == 5.0
    assert not _square.ready  # it was not called from here: only numba's function was


def test_importing_kernels_does_not_import_numba() -> None:
    code = "import sys, semsearch.maths.counts, semsearch.maths.text; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@kernel
def _sum_by_calls(values: np.ndarray) -> float:
    total = 0.0
    for value in values:
        total += _square(value)
    return total


def test_a_kernel_may_call_another_by_its_name() -> None:
    values = np.arange(100, dtype=np.float64)
    assert _sum_by_calls(values) == _sum_of_squares(values)
