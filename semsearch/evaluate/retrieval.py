"""Evaluate retrieval on a test set of queries and relevance judgements, in BEIR's file layout.

All documents are ranked exactly. A document with a judgement above zero is relevant; gains are binary. Queries without
a relevant document are left out and counted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from semsearch.errors import InputError, reason_of
from semsearch.maths.metrics import average_precision, interpolated_11pt, ndcg_at, recall_at
from semsearch.search.query import check_weight, default_weight, rank_all
from semsearch.storage import datasets
from semsearch.storage.collections import open_collection
from semsearch.storage.columns import is_number
from semsearch.storage.driver import Connection


@dataclass(frozen=True)
class RetrievalScores:
    """Means over the queries with a relevant document."""

    map: float  # mean average precision, 0..1
    p11: float  # 11-point interpolated precision, 0..1
    ndcg_at_10: float  # 0..1
    recall_at_100: float  # 0..1
    queries: int
    queries_without_relevant: int  # left out
    documents: int
    mode: str  # hybrid, vector or text
    weight: float | None = None  # of the vector score in mode hybrid, 0..1

    def as_dict(self) -> dict[str, float | int | str | None]:
        """Plain values, for --json."""
        return asdict(self)


def read_queries(path: str) -> dict[str, str]:
    """The texts of queries by id, from JSON lines with `_id` and `text`. Raises InputError, which names the line."""
    queries: dict[str, str] = {}
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            queries[str(record["_id"])] = str(record["text"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError(
                f'Line {number} of {path} is not a query: each is one JSON object {{"_id", "text"}}'
            ) from error
    if not queries:
        raise InputError(f"{path} holds no queries")
    return queries


def read_judgements(path: str) -> dict[str, dict[str, float]]:
    """Judgements by query id and document id, from a tsv with the header query-id, corpus-id, score.

    Raises InputError, which names the line.
    """
    judgements: dict[str, dict[str, float]] = {}
    for number, line in enumerate(_lines(path), 1):
        row = line.split("\t") if line else []
        heading = number == 1 and len(row) == 3 and not is_number(row[2])
        if heading or not row:
            continue
        if len(row) != 3 or not is_number(row[2]):
            raise InputError(f"Line {number} of {path} is not a judgement: three columns, query-id corpus-id score")
        judgements.setdefault(row[0], {})[row[1]] = float(row[2])
    if not judgements:
        raise InputError(f"{path} holds no judgements")
    return judgements


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8-sig").split("\n")
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {reason_of(error)}") from error


def evaluate_retrieval(
    db: Connection,
    name: str,
    queries: Mapping[str, str],
    judgements: Mapping[str, Mapping[str, float]],
    *,
    mode: str,
    weight: float | None = None,
) -> RetrievalScores:
    """The scores of ranking all documents of a collection for each query; `weight` as in `search`.

    Raises InputError if no query has a relevant document.
    """
    check_weight(weight, mode)
    opened = open_collection(db, name)
    rows: list[tuple[float, float, float, float]] = []
    left_out = 0
    for query_id, text in queries.items():
        relevant = {key for key, score in judgements.get(query_id, {}).items() if score > 0}
        if not relevant:
            left_out += 1
            continue
        ranked = rank_all(db, opened, text, mode=mode, weight=weight)
        is_relevant = np.array([key in relevant for key in ranked], dtype=bool)
        total = len(relevant)
        rows.append(
            (
                average_precision(is_relevant, total),
                interpolated_11pt(is_relevant, total),
                ndcg_at(is_relevant, total, 10),
                recall_at(is_relevant, total, 100),
            )
        )
    if not rows:
        raise InputError(
            "No query has a relevant document: check that both files belong to the same set and use the same ids"
        )
    precision, p11, ndcg, recall = np.mean(rows, axis=0).tolist()
    documents = datasets.count_items(db, opened.dataset)
    if mode == "hybrid" and weight is None:
        weight = default_weight(db, opened.collection)
    return RetrievalScores(precision, p11, ndcg, recall, len(rows), left_out, documents, mode, weight)
