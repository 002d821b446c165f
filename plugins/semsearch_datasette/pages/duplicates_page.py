"""`…/duplicates`: pairs of items that are nearly the same, side by side."""

from __future__ import annotations

from typing import Any

from semsearch import web
from semsearch.analysis import duplicates as engine
from semsearch.analysis.duplicates import Duplicate
from semsearch.errors import InputError
from semsearch.records import Hit, OpenCollection
from semsearch_datasette import links
from semsearch_datasette.connection import read
from semsearch_datasette.parts.cards import Meter, facts
from semsearch_datasette.parts.commands import command_line
from semsearch_datasette.parts.numbers import unbroken
from semsearch_datasette.parts.rows import hits_of, title_of
from semsearch_datasette.parts.thumbs import thumb_of
from semsearch_datasette.respond import Answer, absolute_url
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import MAX_COMPARED, Target, current, frame, target_of

MAX_COMPARED_PAIRS = 200_000  # pairs whose words a page compares
DECIMALS = 2  # of the threshold and the share: more would be other computations with the same pairs
LEAST = 0.01  # of both: the smallest above 0 with as many decimals
MAX_PAIRS = web.MAX_DEPTH  # pairs that are kept for paging


async def duplicates(datasette: Any, request: Any) -> Answer:
    """A page of pairs, most similar first."""
    target, part = await target_of(datasette, request), web.paging(request.args)
    threshold = _rounded(request, "threshold", engine.THRESHOLD)
    words = _rounded(request, "words", engine.WORDS)
    collection, database = target.collection, target.database
    _check_size(target)

    def compare(conn: Any, opened: OpenCollection) -> tuple[int, list[Duplicate]]:
        pairs = engine.duplicates(conn, opened, threshold=threshold, words=words, most=MAX_COMPARED_PAIRS)
        return len(pairs), pairs[:MAX_PAIRS]

    key = ("duplicates", collection.name, collection.run, collection.created, collection.revision, threshold, words)
    total, pairs = await computed(database, key, current(target, compare))
    page = pairs[part.after : part.after + part.k]
    ids = list(dict.fromkeys(id for pair in page for id in (pair.one, pair.other)))
    hits = await read(database, lambda conn: hits_of(conn, target, ids))
    titles = {id: title_of(target, hit) for id, hit in hits.items()}
    settings: dict[str, Any] = {"threshold": f"{threshold:g}", "words": f"{words:g}", "k": part.k}

    def here(**arguments: Any) -> str:
        return links.collection(datasette, database.name, collection.name, "duplicates", **arguments)

    next_url = links.next_url(part, len(pairs), lambda after: here(**settings, after=after))

    def context() -> dict[str, Any]:
        return frame(datasette, target, "duplicates") | {
            **settings,
            "here_url": here(),
            "total": total,
            "first": part.after + 1,
            "pairs": [_pair(datasette, target, pair, hits) for pair in page],
            "next_url": next_url,
        }

    data = {
        "collection": collection.name,
        "threshold": threshold,
        "words": words if collection.of == "document" else None,
        "total": total,
        "pairs": [_data(pair, titles) for pair in page],
        "next_url": absolute_url(datasette, request, next_url),
    }
    return Answer("duplicates.html", context, data, target.private, lambda: [_flat(pair, titles) for pair in page])


def _rounded(request: Any, name: str, default: float) -> float:
    """A share among the arguments, to two decimals. Raises InputError for one that is none or too small."""
    return round(web.share(name, request.args.get(name) or str(default), LEAST, 1), DECIMALS)


def _check_size(target: Target) -> None:
    """Raises InputError with the command to run instead if the collection is too large for a page."""
    name, count = target.collection.name, target.collection.count
    if count > MAX_COMPARED:
        raise InputError(
            f"{name} has {count:,} items, and a page compares at most {MAX_COMPARED:,}."
            f" Run: {command_line(target, 'duplicates')}"
        )


def _pair(datasette: Any, target: Target, pair: Duplicate, hits: dict[str, Hit]) -> dict[str, Any]:
    meters = [Meter("vector", "Similarity", f"{pair.cosine:.3f}", round(100 * min(1.0, max(0.0, pair.cosine)), 1))]
    if pair.words is not None:
        meters.append(Meter("text", "Word overlap", unbroken(f"{100 * pair.words:.0f} %"), round(100 * pair.words, 1)))
    return {"sides": [_item(datasette, target, id, hits[id]) for id in (pair.one, pair.other)], "meters": meters}


def _item(datasette: Any, target: Target, id: str, hit: Hit) -> dict[str, Any]:
    """One side of a pair; its id is shown where the title does not contain it."""
    title = title_of(target, hit)
    return {
        "title": title,
        "id": "" if id in title.split() else id,
        "facts": facts(target.collection, target.dataset, hit.row) if target.collection.of == "word" else (),
        "href": links.item(datasette, target.database.name, target.collection.name, id),
        "thumb": thumb_of(datasette, target, hit),
    }


def _flat(pair: Duplicate, titles: dict[str, str]) -> dict[str, Any]:
    """A pair for CSV."""
    return {
        "id": pair.one,
        "title": titles[pair.one],
        "other_id": pair.other,
        "other_title": titles[pair.other],
        "similarity": pair.cosine,
        "words": pair.words,
    }


def _data(pair: Duplicate, titles: dict[str, str]) -> dict[str, Any]:
    return {
        "one": {"id": pair.one, "title": titles[pair.one]},
        "other": {"id": pair.other, "title": titles[pair.other]},
        "similarity": pair.cosine,
        "cosine": pair.cosine,  # its former name
        "words": pair.words,
    }
