"""The pool of threads: ranges and items in order, and a pool of its own for a forked process."""

from __future__ import annotations

import os

import pytest

from semsearch import threads


def test_results_come_in_order() -> None:
    assert threads.map_ranges(lambda start, end: (start, end), [0, 3, 5, 9]) == [(0, 3), (3, 5), (5, 9)]
    assert list(threads.map_items(lambda item: item * item, range(50))) == [item * item for item in range(50)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own() -> None:
    assert threads.map_ranges(lambda start, end: end - start, [0, 1, 2]) == [1, 1]
    child = os.fork()
    if child == 0:
        done = threads.map_ranges(lambda start, end: end - start, [0, 2, 4])
        os._exit(0 if done == [2, 2] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
