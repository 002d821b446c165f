"""Positions of the nodes of a small graph in a drawing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from semsearch.maths.blas import one_thread

Doubles = npt.NDArray[np.float64]
_MAX_DISTANCE = 3.0  # edges between nodes that are further apart or not connected
_MAJORIZATION_STEPS = 60  # iterations of stress_layout
_MAX_PUSHES = 120  # iterations that separate overlapping boxes


@one_thread()
def stress_layout(joined: npt.NDArray[np.bool_]) -> Doubles:
    """(n, 2) positions of n nodes whose distances approximate the number of edges on the shortest path between them.

    Stress majorization (Gansner, Koren & North, "Graph Drawing by Stress Majorization", 2004) with weights 1/d². It
    begins with a spiral, so the same graph gives the same drawing. `joined` (n, n) is symmetric.
    """
    from scipy.sparse.csgraph import shortest_path  # takes 0.2 s, which other commands need not wait

    n = len(joined)
    if n < 2:
        return np.zeros((n, 2))
    D = np.minimum(shortest_path(joined, unweighted=True), _MAX_DISTANCE)
    np.fill_diagonal(D, 1)
    W = 1 / D**2
    np.fill_diagonal(W, 0)
    inverse = np.linalg.inv(np.diag(W.sum(axis=1)) - W + 1 / n) - 1 / n  # Laplacians are singular along the ones
    turn, radius = np.arange(n) * np.pi * (3 - np.sqrt(5)), np.sqrt(np.arange(n) / n)
    X = np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)
    pull = -W * D
    for _ in range(_MAJORIZATION_STEPS):
        across, up = (X[:, axis, None] - X[:, axis] for axis in (0, 1))
        B = pull / np.maximum(np.sqrt(across * across + up * up), 1e-9)
        np.fill_diagonal(B, -B.sum(axis=1))
        X = inverse @ (B @ X)
    return np.asarray(X, np.float64)


def fit_without_overlap(places: Doubles, boxes: Doubles, size: tuple[float, float]) -> Doubles:
    """Positions (n, 2) scaled to a drawing of this size, moved so that boxes do not overlap as far as there is room.

    `boxes` (n, 4) holds how far each node's box extends from its position to the left, up, right and down. Two boxes
    that overlap push each other apart along the axis with less overlap.
    """
    n = len(places)
    if n == 0:
        return places
    low, high = boxes[:, :2].max(axis=0), size - boxes[:, 2:].max(axis=0)
    extent, middle = np.ptp(places, axis=0), (places.max(axis=0) + places.min(axis=0)) / 2
    X = (low + high) / 2 + (places - middle) * np.where(extent > 1e-9, (high - low) / np.maximum(extent, 1e-9), 0)
    i, j = np.triu_indices(n, 1)
    half, shift = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    room, aside = half[i] + half[j], shift[i] - shift[j]
    for _ in range(_MAX_PUSHES):
        away = X[i] - X[j] + aside
        overlap = room - np.abs(away)
        meet = np.flatnonzero((overlap > 0).all(axis=1))
        if not len(meet):
            break
        axis = overlap[meet].argmin(axis=1)
        push = 0.35 * overlap[meet, axis] * np.where(away[meet, axis] < 0, -1, 1)
        np.add.at(X, (i[meet], axis), push)
        np.add.at(X, (j[meet], axis), -push)
        X = np.clip(X, boxes[:, :2], size - boxes[:, 2:])
    return np.asarray(X, np.float64)
