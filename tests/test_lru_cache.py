"""The cache of the project: bounded by count or by size, each value computed by one thread."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from semsearch.lru_cache import LruCache


def test_above_the_limit_the_value_used_longest_ago_goes() -> None:
    cache: LruCache[bytes] = LruCache(9, len)
    for name in "abc":
        cache.put(name, b"123")
    assert cache.get("a") == b"123"
    cache.put("d", b"123")
    assert [cache.get(name) is not None for name in "abcd"] == [True, False, True, True]
    assert cache.latest() == cache.get("d")
    cache.put("d", b"1" * 10)  # larger than the limit
    assert [cache.get(name) for name in "acd"] == [None, None, None]
    cache.set_limit(0)
    cache.put("a", b"1")
    assert cache.get("a") is None


def test_a_replaced_value_counts_once() -> None:
    cache: LruCache[bytes] = LruCache(4, len)
    cache.put("a", b"123")
    cache.put("a", b"1")
    cache.put("b", b"123")
    assert (cache.get("a"), cache.get("b")) == (b"1", b"123")
    cache.discard("b", b"other")
    assert cache.get("b") == b"123"
    cache.discard("b", cache.get("b") or b"")
    assert cache.get("b") is None


def test_two_threads_that_want_the_same_value_compute_it_once() -> None:
    cache: LruCache[int] = LruCache(3)
    computing, go_on, calls = threading.Event(), threading.Event(), []

    def compute() -> int:
        calls.append(1)
        computing.set()
        assert go_on.wait(10)
        return 7

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get_or_compute, "a", compute)
        assert computing.wait(10)
        second = pool.submit(cache.get_or_compute, "a", compute)
        assert cache.compute_unless_busy("a", compute) is None
        assert cache.get_or_compute("b", lambda: 8) == 8  # another key does not wait
        go_on.set()
        assert (first.result(10), second.result(10)) == (7, 7)
    assert len(calls) == 1


def test_what_fails_or_is_none_is_not_kept() -> None:
    cache: LruCache[int | None] = LruCache(3)

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError):
        cache.get_or_compute("a", fail)
    assert cache.get_or_compute("a", lambda: None) is None
    assert cache.get_or_compute("a", lambda: 5) == 5 == cache.compute_unless_busy("a", fail)
