"""One ranking from two: reciprocal rank fusion."""

from __future__ import annotations

from collections.abc import Mapping

K = 60  # the constant of Cormack, Clarke & Büttcher, SIGIR 2009


def ranks(scores: Mapping[str, float]) -> dict[str, int]:
    """1 for the best score; equal scores share a rank, so that equal items stay equal."""
    out: dict[str, int] = {}
    last, rank = None, 0
    for position, (key, score) in enumerate(sorted(scores.items(), key=lambda pair: -pair[1]), 1):
        if score != last:
            last, rank = score, position
        out[key] = rank
    return out


def reciprocal_rank(*rankings: Mapping[str, int]) -> dict[str, float]:
    """The sum over rankings of 1 / (60 + rank); an item that a ranking lacks gets nothing from it."""
    fused: dict[str, float] = {}
    for ranking in rankings:
        for key, rank in ranking.items():
            fused[key] = fused.get(key, 0.0) + 1 / (K + rank)
    return fused
