"""How well vectors tell labels: trained on a share of the items, judged on the rest.

Several labels an item: one logistic regression a label against the rest, and of each judged item its k_i most likely
labels are taken, k_i being how many it really has (Perozzi, Al-Rfou & Skiena 2014; Tang, Rajan & Narayanan 2009). The
means over several shuffles are told; vectors are taken at unit length.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray
from semsearch.errors import InputError, NotFoundError
from semsearch.maths.logistic import one_against_rest
from semsearch.maths.metrics import f1_scores
from semsearch.records import ROWS
from semsearch.storage import chunks, collections, datasets
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text

Answers = npt.NDArray[np.bool_]
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SHUFFLES = 10


@dataclass(frozen=True)
class LabelScores:
    """Mean micro and macro F1 over the shuffles, 0..1, the micro's standard deviation, and how many items were used."""

    share: float
    micro_f1: float
    macro_f1: float
    deviation: float
    trained: int
    judged: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json."""
        return asdict(self)


def judge_labels(
    vectors: FloatArray,
    labels: Answers,
    *,
    shares: Sequence[float] = SHARES,
    shuffles: int = SHUFFLES,
    seed: int = 0,
    C: float = 1.0,
) -> list[LabelScores]:
    """Scores by share trained on, from vectors (n, k) and whether item i has label j, (n, c).

    Items without a label are left out of the judging, not of the training. Raises InputError for shares outside 0..1.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    X = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float64)
    found = []
    for share in shares:
        if not 0 < share < 1:
            raise InputError(f"the share to train on is {share:g}: choose above 0, below 1")
        cut = min(max(1, round(share * len(X))), len(X) - 1)
        scores = []
        for shuffle in range(shuffles):
            order = np.random.default_rng((seed, shuffle)).permutation(len(X))
            train, test = order[:cut], order[cut:]
            W, b = one_against_rest(X[train], labels[train], C=C)
            scores.append(f1_scores(labels[test], most_likely(X[test] @ W + b, labels[test].sum(axis=1))))
        micro, macro = np.mean(scores, axis=0).tolist()
        deviation = float(np.std(scores, axis=0)[0])
        found.append(LabelScores(share, micro, macro, deviation, cut, len(X) - cut))
    return found


def most_likely(scores: npt.NDArray[np.float64], how_many: npt.NDArray[Any]) -> Answers:
    """(n, c) the `how_many` (n,) best-scored labels of each item."""
    rank = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray(rank < how_many[:, None])


def evaluate_labels(
    db: Connection, name: str, column: str, *, separator: str | None = None, **how: Any
) -> tuple[list[LabelScores], int, int]:
    """The scores of a collection on a column of labels, how many labels there are, and how many items have one.

    A cell is one label, a JSON array of them, or labels with a separator between. Rows without a label, and rows
    without a vector, are left out. Raises InputError where fewer than two labels or ten items are left.
    """
    collection = collections.get_collection(db, name)
    if collection.of not in ROWS:
        raise InputError(f"{name} holds {collection.of}s, which have no row and so no label")
    dataset = datasets.get_dataset(db, collection.dataset)
    keys, matrix = chunks.everything(db, collection)
    rows = datasets.rows_by_key(db, dataset, keys)
    if rows and column not in next(iter(rows.values())):
        raise NotFoundError(f"{dataset.name} has no column {column!r}: it has {', '.join(next(iter(rows.values())))}")
    told = [labels_of(rows.get(key, {}), column, separator) for key in keys]
    names = {label: place for place, label in enumerate(sorted({label for some in told for label in some}))}
    kept = [row for row, some in enumerate(told) if some]
    if len(names) < 2 or len(kept) < 10:
        raise InputError(
            f"{column} has {len(names)} different labels on {len(kept)} items: at least 2 on 10 are needed"
        )
    labels = np.zeros((len(kept), len(names)), bool)
    for place, row in enumerate(kept):
        labels[place, [names[label] for label in told[row]]] = True
    return judge_labels(matrix[kept], labels, **how), len(names), len(kept)


def labels_of(row: Mapping[str, Any], column: str, separator: str | None = None) -> list[str]:
    """The labels in a row's cell: none, one, or several."""
    text = as_text(row.get(column)).strip()
    if separator is not None:
        return [part.strip() for part in text.split(separator) if part.strip()]
    if text.startswith("[") and text.endswith("]"):
        try:
            return [str(label) for label in json.loads(text)]
        except ValueError:
            pass  # a label that looks like one
    return [text] if text else []
