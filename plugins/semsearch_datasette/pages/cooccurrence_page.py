"""`…/cooccurrence?words=`: how often words co-occur, their PMI, and why PMI needs left and right vectors."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from semsearch.errors import not_a_choice
from semsearch.records import OpenCollection
from semsearch.search import avoidance, whole_counts, word_contexts
from semsearch.search.avoidance import Avoidance
from semsearch.search.word_contexts import Table
from semsearch_datasette import links
from semsearch_datasette.pages.words_pages import result_or_remark, words_of, words_target
from semsearch_datasette.parts.commands import build_command
from semsearch_datasette.parts.counting import counting_of
from semsearch_datasette.parts.numbers import with_minus
from semsearch_datasette.respond import Answer
from semsearch_datasette.target import Target, frame, look, look_once

WEIGHTS = ("build", "flat")  # the counts as stored by the build, or whole counts


async def cooccurrence(datasette: Any, request: Any) -> Answer:
    """A table of the co-occurrence counts of some words with each other, and their PMI."""
    target = await words_target(datasette, request)
    words, weights = words_of(request), request.args.get("weights") or "build"
    if weights not in WEIGHTS:
        raise not_a_choice("weights", weights, WEIGHTS)
    weighted = target.has_contexts and await look(target, whole_counts.weighs_by_distance)
    table, remark = await _table(request, target, words, is_whole=weighted and weights == "flat")
    example = await _example(target)
    name, database = target.collection.name, target.database.name

    counting = "" if table is None else await look(target, counting_of)

    def context() -> dict[str, Any]:
        return frame(datasette, target, "cooccurrence") | {
            "words": " ".join(words),
            "weights": weights,
            "is_weighted": weighted,
            "lacks_counts": not target.has_contexts,
            "pmi_command": build_command(target, builder="pmi"),
            "counting": counting,
            "shown": [] if table is None else table.words,
            "rows": [] if table is None else [_row(table, place) for place in range(len(table.words))],
            "remark": remark,
            "here_url": links.collection(datasette, database, name, "cooccurrence"),
            "example": None if example is None else _example_texts(example),
            "example_url": None
            if example is None
            else links.collection(datasette, database, name, "cooccurrence", words=" ".join(example.words)),
            "guide_url": links.lecture(datasette, "not-psd"),
            "concat_command": build_command(target, "--side", "concat", "--name", f"{name}_concat")
            if target.collection.builder == "pmi"
            else None,
        }

    data = {
        "collection": name,
        "words": [] if table is None else list(table.words),
        "counts": [] if table is None else table.counts.tolist(),
        "pmi": [] if table is None else [[None if math.isnan(x) else x for x in row] for row in table.pmi.tolist()],
        "weights": weights,
        "avoids_itself": None if example is None else _example_data(example),
    }
    return Answer("cooccurrence.html", context, data, target.private)


async def _table(request: Any, target: Target, words: list[str], *, is_whole: bool) -> tuple[Table | None, str | None]:
    """The table and no remark, or no table and the reason."""

    def stored(conn: Any, opened: OpenCollection) -> Table:
        return word_contexts.cooccurrence(conn, opened.collection, words)

    async def count() -> Table:
        if not is_whole:
            return await look(target, stored)
        count_again = partial(_counted_again, words=words)
        return await look_once(target, "whole counts", count_again, *words)

    return await result_or_remark(request, count, None)


def _counted_again(conn: Any, opened: OpenCollection, *, words: list[str]) -> Table:
    return whole_counts.whole_counts(conn, opened, words)


async def _example(target: Target) -> Avoidance | None:
    """The pair of words that shows why PMI is not positive semidefinite."""
    if not target.has_contexts:
        return None

    def find(conn: Any, opened: OpenCollection) -> Avoidance | None:
        return avoidance.self_avoiding(conn, opened.collection)

    return await look_once(target, "avoidance", find)


def _example_texts(example: Avoidance) -> dict[str, Any]:
    """The example for the template, numbers as texts."""
    split = example.split
    products = split.left @ split.left.T
    return {
        "word": example.words[0],
        "other": example.words[1],
        "count": _count(example.counts[0, 0]),
        "expected": _count(example.expected[0, 0]),
        "pmi": _signed(split.M[0, 0]),
        "is_never": example.counts[0, 0] == 0,
        "product": _signed(products[0, 0]),
        "eigenvalues": [_signed(each) for each in split.eigenvalues],
        "sum": _sum(split.left[0], split.right[0]),
        "squares": _sum(split.left[0], split.left[0]),
        "rows": [
            {
                "word": word,
                "pmi": [_signed(each) for each in split.M[place]],
                "left": "(" + ", ".join(_signed(each) for each in split.left[place]) + ")",
                "right": "(" + ", ".join(_signed(each) for each in split.right[place]) + ")",
            }
            for place, word in enumerate(example.words)
        ],
    }


def _sum(left: Any, right: Any) -> str:
    """A scalar product, term by term."""
    return " + ".join(f"({_signed(a)})·({_signed(b)})" for a, b in zip(left, right, strict=True))


def _example_data(example: Avoidance) -> dict[str, Any]:
    return {
        "words": list(example.words),
        "counts": example.counts.tolist(),
        "expected": example.expected.tolist(),
        "pmi": example.split.M.tolist(),
        "eigenvalues": example.split.eigenvalues.tolist(),
        "left": example.split.left.tolist(),
        "right": example.split.right.tolist(),
    }


def _signed(value: float) -> str:
    return with_minus(f"{value:+.2f}")


def _count(value: float) -> str:
    return f"{round(value, 1):,g}" if value < 1e5 else f"{value:,.0f}"


def _row(table: word_contexts.Table, place: int) -> tuple[str, list[tuple[str, str, int]]]:
    """A word and its cells: count, PMI, and shade from 0 to 4."""
    cells = []
    for count, pmi in zip(table.counts[place].tolist(), table.pmi[place].tolist(), strict=True):
        shade = 0 if math.isnan(pmi) else max(0, min(4, math.ceil(pmi)))
        cells.append((_count(count) if count else "0", "" if math.isnan(pmi) else with_minus(f"{pmi:+.2f}"), shade))
    return table.words[place], cells
