"""The weight of the vector score in hybrid search, fitted to judged queries.

Every judged query is ranked at each weight from 0 to 1, by steps of 0.05, and judged by average precision. Queries are
then resampled (bootstrap), and each resample has its best weight. Their mean is the fitted weight: with few queries
one best weight varies much, and the mean varies less (bagging: Breiman 1996). The interval holds 95 % of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from semsearch.errors import InputError
from semsearch.maths.metrics import average_precision
from semsearch.maths.ranking import prominence, query_weight, relative_powers
from semsearch.records import OpenCollection
from semsearch.search.query import default_weight, sides_of
from semsearch.search.query_parser import plain
from semsearch.storage import collections
from semsearch.storage.driver import Connection

WEIGHTS = np.linspace(0, 1, 21)
MIN_QUERIES = 20  # judged queries: with fewer the interval is about as wide as the range of weights
RESAMPLES = 1_000


@dataclass(frozen=True)
class FittedWeight:
    """The weight of the vector score, 0..1, with its 95 % interval, and the mean average precision at it.

    `map_before` is that at the weight the collection had.
    """

    weight: float
    low: float
    high: float
    queries: int
    map: float
    before: float
    map_before: float

    def as_dict(self) -> dict[str, float | int]:
        """Plain values, for --json."""
        return asdict(self)


def fit_weight(
    db: Connection, name: str, queries: Mapping[str, str], judgements: Mapping[str, Mapping[str, float]], *, seed: int
) -> FittedWeight:
    """The weight that ranks a collection's judged queries best. Nothing is written: see `store`.

    Raises InputError for a collection without text or vectors of text, and for fewer than 20 queries with a relevant
    document.
    """
    opened = collections.open_collection(db, name)
    if not opened.has_text:
        raise InputError(f"{name} holds {opened.of}s, which have no text score to weigh: choose a document collection")
    before = default_weight(db, opened.collection)
    rows = []
    for query_id, text in queries.items():
        relevant = {key for key, score in judgements.get(query_id, {}).items() if score > 0}
        if relevant:
            rows.append(_precisions(db, opened, text, relevant, [*WEIGHTS.tolist(), before]))
    if len(rows) < MIN_QUERIES:
        raise InputError(f"{len(rows)} queries have a relevant document: judge at least {MIN_QUERIES} to fit a weight")
    precisions = np.array(rows)
    best = _best_weights(precisions[:, :-1], np.random.default_rng(seed))
    weight = round(float(best.mean()), 2)
    low, high = (round(float(bound), 2) for bound in np.quantile(best, [0.025, 0.975]))
    means = precisions.mean(axis=0)
    reached = float(np.interp(weight, WEIGHTS, means[:-1]))
    return FittedWeight(weight, low, high, len(rows), reached, before, float(means[-1]))


def store(db: Connection, name: str, fitted: FittedWeight) -> None:
    """Make this the default weight of the collection, until it is built anew."""
    run = collections.get_collection(db, name).run
    facts = {"judged_weight": fitted.weight, "judged_weight_low": fitted.low, "judged_weight_high": fitted.high}
    collections.add_metrics(db, run, facts | {"judged_queries": float(fitted.queries)})


def _best_weights(precisions: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """The best weight of each resample of the queries (n, weights); the mean of several that are equally good."""
    n = len(precisions)
    picked = rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    means = picked @ precisions / n
    is_best = means >= means.max(axis=1, keepdims=True) - 1e-12
    best: npt.NDArray[np.float64] = (is_best @ WEIGHTS) / is_best.sum(axis=1)
    return best


def _precisions(
    db: Connection, opened: OpenCollection, text: str, relevant: set[str], weights: list[float]
) -> list[float]:
    """The average precision of one query at each weight."""
    sides = sides_of(db, opened, plain(text, opened.dataset.language), "hybrid", 0.5, None)
    tops = [weighted.side.top(opened.collection.count) for weighted in sides]
    keys = list(dict.fromkeys(key for top in tops for key in top))
    if not keys:
        return [0.0] * len(weights)
    is_relevant = np.array([key in relevant for key in keys], dtype=bool)
    powers = relative_powers(np.array([[top.get(key, 0.0) for key in keys] for top in tops]))
    found = []
    for weight in weights:
        fused = powers[0]
        if len(sides) == 2:
            vector, text_score = prominence(powers)
            share = query_weight(weight, vector, text_score)
            fused = share * powers[0] + (1 - share) * powers[1]
        order = np.argsort(-fused, kind="stable")
        found.append(average_precision(is_relevant[order], len(relevant)))
    return found
