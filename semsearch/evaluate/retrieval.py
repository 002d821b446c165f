"""Retrieval quality on a set with queries and judgements, in BEIR's layout.

Every document is ranked, exactly. A pair with a score above zero is relevant, gains are binary, and a query without a
relevant document is left out and counted.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from semsearch.errors import InputError
from semsearch.maths.metrics import average_precision, interpolated_11pt, ndcg_at, recall_at
from semsearch.search.query import check_weight, default_weight, rank_all
from semsearch.storage import datasets
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection


@dataclass(frozen=True)
class RetrievalScores:
    """Means over the judged queries, each 0 to 1: MAP, 11-point interpolated precision, nDCG@10, recall@100."""

    map: float
    p11: float
    ndcg_at_10: float
    recall_at_100: float
    queries: int
    queries_without_relevant: int
    documents: int
    mode: str
    weight: float | None = None  # meaning's share, in mode hybrid

    def as_dict(self) -> dict[str, float | int | str | None]:
        """Plain values, for --json."""
        return asdict(self)


def read_queries(path: str) -> dict[str, str]:
    """Queries by id from jsonl lines with `_id` and `text`."""
    found: dict[str, str] = {}
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            found[str(record["_id"])] = str(record["text"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f'Line {number} of {path} is not a query: each is one JSON object {{"_id", "text"}}'
            ) from error
    if not found:
        raise InputError(f"{path} holds no queries")
    return found


def read_judgements(path: str) -> dict[str, dict[str, float]]:
    """Scores by query and document from a tsv whose header is query-id, corpus-id, score."""
    found: dict[str, dict[str, float]] = {}
    for number, row in enumerate(csv.reader(_lines(path), delimiter="\t", quoting=csv.QUOTE_NONE), 1):
        heading = number == 1 and len(row) == 3 and not _is_number(row[2])
        if heading or not row:
            continue
        if len(row) != 3 or not _is_number(row[2]):
            raise InputError(f"Line {number} of {path} is not a judgement: three columns, query-id corpus-id score")
        found.setdefault(row[0], {})[row[1]] = float(row[2])
    if not found:
        raise InputError(f"{path} holds no judgements")
    return found


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def evaluate_retrieval(
    db: Connection,
    name: str,
    queries: Mapping[str, str],
    judgements: Mapping[str, Mapping[str, float]],
    *,
    mode: str,
    weight: float | None = None,
) -> RetrievalScores:
    """Rank all documents of a collection for each judged query; `weight` as in `search`.

    InputError if no query has a relevant document here.
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
        found = np.array([key in relevant for key in ranked], dtype=bool)
        total = len(relevant)
        rows.append(
            (
                average_precision(found, total),
                interpolated_11pt(found, total),
                ndcg_at(found, total, 10),
                recall_at(found, total, 100),
            )
        )
    if not rows:
        raise InputError("No query has a relevant document: check that both files are of the same set, and their ids")
    precision, p11, ndcg, recall = np.mean(rows, axis=0).tolist()
    documents = datasets.count_items(db, opened.dataset)
    if mode == "hybrid" and weight is None:
        weight = default_weight(db, opened.collection)
    return RetrievalScores(precision, p11, ndcg, recall, len(rows), left_out, documents, mode, weight)
