"""`…/duplicates`: pairs of items that are nearly the same, side by side."""

from __future__ import annotations

import os
import shlex
from typing import Any

from semsearch import web
from semsearch.analysis import duplicates as engine
from semsearch.analysis.duplicates import Duplicate
from semsearch.errors import InputError
from semsearch.records import OpenCollection
from semsearch_datasette import links
from semsearch_datasette.connection import read
from semsearch_datasette.parts.cards import Meter
from semsearch_datasette.parts.rows import hits_of, named
from semsearch_datasette.respond import Answer
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import MOST_COMPARED, Target, current, frame, target_of

LEAST = 0.5  # a lower cosine says little, and most pairs of some collections reach it
MOST_PAIRS = 200_000  # that a page compares word by word
SHOWN = web.MAX_DEPTH  # pairs that are kept: as far as paging goes


async def duplicates(datasette: Any, request: Any) -> Answer:
    """Pairs, closest first."""
    target, asked = await target_of(datasette, request), web.paging(request.args)
    threshold = web.share("threshold", request.args.get("threshold") or str(engine.THRESHOLD), LEAST, 1)
    words = web.share("words", request.args.get("words") or str(engine.WORDS), 0.01, 1)
    collection, database = target.collection, target.database
    _check_size(target)

    def compare(conn: Any, opened: OpenCollection) -> tuple[int, list[Duplicate]]:
        found = engine.duplicates(conn, opened, threshold=threshold, words=words, most=MOST_PAIRS)
        return len(found), found[:SHOWN]

    key = ("duplicates", collection.name, collection.run, collection.created, collection.revision, threshold, words)
    total, pairs = await computed(database, key, current(target, compare))
    shown = pairs[asked.after : asked.after + asked.k]
    ids = list(dict.fromkeys(id for pair in shown for id in (pair.one, pair.other)))
    hits = await read(database, lambda conn: hits_of(conn, target, ids))
    titles = {id: named(target, hit) for id, hit in hits.items()}
    after = asked.next_after(len(pairs))
    here: dict[str, Any] = {"threshold": f"{threshold:g}", "words": f"{words:g}", "k": asked.k}
    next_url = (
        links.collection(datasette, database.name, collection.name, "duplicates", **here, after=after)
        if after
        else None
    )

    def context() -> dict[str, Any]:
        return frame(datasette, target, "duplicates") | {
            **here,
            "here_url": links.collection(datasette, database.name, collection.name, "duplicates"),
            "total": total,
            "first": asked.after + 1,
            "pairs": [_shown(datasette, target, pair, titles) for pair in shown],
            "next_url": next_url,
        }

    data = {
        "collection": collection.name,
        "threshold": threshold,
        "words": words if collection.of == "document" else None,
        "total": total,
        "pairs": [_data(pair, titles) for pair in shown],
        "next_url": datasette.absolute_url(request, next_url) if next_url else None,
    }
    return Answer("duplicates.html", context, data, target.private)


def _check_size(target: Target) -> None:
    """InputError with the command to run instead, for a collection that takes longer than a page should."""
    name, count = target.collection.name, target.collection.count
    if count > MOST_COMPARED:
        file = os.path.basename(target.database.path or "") or target.database.name
        raise InputError(
            f"{name} has {count:,} items, and a page compares up to {MOST_COMPARED:,} with one another."
            f" Run: {shlex.join(['semsearch', 'duplicates', file, name])}"
        )


def _shown(datasette: Any, target: Target, pair: Duplicate, titles: dict[str, str]) -> dict[str, Any]:
    database, name = target.database.name, target.collection.name
    meters = [Meter("meaning", "Cosine", f"{pair.cosine:.3f}", round(100 * min(1.0, max(0.0, pair.cosine)), 1))]
    if pair.words is not None:
        meters.append(Meter("words", "Words", f"{100 * pair.words:.0f} %", round(100 * pair.words, 1)))
    both = [
        {"title": titles[id], "id": id, "href": links.item(datasette, database, name, id)}
        for id in (pair.one, pair.other)
    ]
    return {"both": both, "meters": meters}


def _data(pair: Duplicate, titles: dict[str, str]) -> dict[str, Any]:
    return {
        "one": {"id": pair.one, "title": titles[pair.one]},
        "other": {"id": pair.other, "title": titles[pair.other]},
        "cosine": pair.cosine,
        "words": pair.words,
    }
