"""Pages about words: `…/analogy`, `…/cooccurrence?words=` and `…/plot?words=`.

What a person mistyped (an unknown word, an empty box) is told beside the form, which keeps what was asked; the JSON
answers it with a status.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from semsearch import present
from semsearch.errors import InputError, NotFoundError
from semsearch.records import Collection, OpenCollection
from semsearch.search import word_contexts
from semsearch.search import words as engine
from semsearch.web import paging
from semsearch_datasette import links
from semsearch_datasette.parts.cards import cards
from semsearch_datasette.parts.svg import labels
from semsearch_datasette.respond import Answer, wants_json
from semsearch_datasette.target import Target, frame, look, target_of

MOST = 40  # words in a table or a picture that one can still read
LONGEST = 4096  # characters asked for
NEAR = 5
METHODS = {"mul": "Multiplying (3CosMul)", "add": "Adding (3CosAdd)"}
EXAMPLES = (
    ("man", "king", "woman"),
    ("paris", "france", "rome"),
    ("good", "better", "bad"),
    ("read", "write", "reader"),
    ("string", "strings", "list"),
    ("dumps", "dump", "loads"),
)
WIDTH, HEIGHT, MARGIN = 800, 520, 70  # of a plot


async def analogy(datasette: Any, request: Any) -> Answer:
    """A is to B as C is to what, by both methods side by side, with the neighbours of b - a + c."""
    target = await target_of(datasette, request)
    asked = tuple((request.args.get(box) or "").strip()[:LONGEST] for box in "abc")
    k = paging(request.args).k

    def solve(conn: Any, opened: OpenCollection) -> dict[str, engine.Analogy]:
        return {method: engine.analogy(conn, opened, asked, k=k, method=method) for method in METHODS}

    found, remark = await _tried(request, target, solve, {}) if any(asked) else ({}, None)
    examples = await look(target, lambda conn, opened: _known_examples(conn, opened.collection))
    database, name = target.database.name, target.collection.name

    def context() -> dict[str, Any]:
        near = next(iter(found.values())).near[:NEAR] if found else ()
        return frame(datasette, target, "analogy") | {
            "boxes": list(zip("abc", ("is to", "as", "is to what?"), asked, strict=True)),
            "methods": [(METHODS[method], _answers(datasette, target, one)) for method, one in found.items()],
            "near": [(hit.id, present.cosine(hit.vector_score), hit.id in asked) for hit in near],
            "remark": remark,
            "here_url": links.collection(datasette, database, name, "analogy"),
            "examples": [
                (words, links.collection(datasette, database, name, "analogy", a=words[0], b=words[1], c=words[2]))
                for words in examples
            ],
        }

    data = {
        "collection": name,
        "query": list(asked),
        "hits": {method: [present.hit_dict(hit) for hit in one.hits] for method, one in found.items()},
        "near": [present.hit_dict(hit) for hit in (next(iter(found.values())).near if found else ())],
        "next_url": None,
    }
    return Answer("analogy.html", context, data, target.private)


def _known_examples(conn: Any, collection: Collection) -> list[tuple[str, str, str]]:
    known = engine.which_are_known(conn, collection, [word for words in EXAMPLES for word in words])
    return [words for words in EXAMPLES if known.issuperset(words)]


def _answers(datasette: Any, target: Target, found: engine.Analogy) -> list[tuple[Any, str]]:
    return [
        (card, f"{hit.score:.3f}") for card, hit in zip(cards(datasette, target, found.hits), found.hits, strict=True)
    ]


async def cooccurrence(datasette: Any, request: Any) -> Answer:
    """The lecture's table: how often each of some words stands near each other one, and their PMI."""
    target = await target_of(datasette, request)
    words = _words(request)
    name = target.collection.name

    def count(conn: Any, opened: OpenCollection) -> word_contexts.Table:
        return word_contexts.cooccurrence(conn, opened.collection, words)

    found, remark = await _tried(request, target, count, None)

    def context() -> dict[str, Any]:
        return frame(datasette, target, "cooccurrence") | {
            "words": " ".join(words),
            "shown": [] if found is None else found.words,
            "rows": [] if found is None else [_row(found, place) for place in range(len(found.words))],
            "remark": remark,
            "here_url": links.collection(datasette, target.database.name, name, "cooccurrence"),
        }

    data = {
        "collection": name,
        "words": [] if found is None else list(found.words),
        "counts": [] if found is None else found.counts.tolist(),
        "pmi": [] if found is None else [[None if math.isnan(x) else x for x in row] for row in found.pmi.tolist()],
    }
    return Answer("cooccurrence.html", context, data, target.private)


def _row(found: word_contexts.Table, place: int) -> tuple[str, list[tuple[str, str, int]]]:
    """A word's cells: count, PMI, and how strongly to shade it, 0 to 4."""
    cells = []
    for count, pmi in zip(found.counts[place].tolist(), found.pmi[place].tolist(), strict=True):
        shade = 0 if math.isnan(pmi) else max(0, min(4, math.ceil(pmi)))
        cells.append((f"{round(count, 1):,g}" if count else "0", "" if math.isnan(pmi) else f"{pmi:+.2f}", shade))
    return found.words[place], cells


async def plot(datasette: Any, request: Any) -> Answer:
    """Some words in the two dimensions in which they differ most; `a-b` draws the offset from one to another."""
    target = await target_of(datasette, request)
    pairs = [tuple(part.split("-", 1)) for part in _words(request) if re.fullmatch(r"[^-]+-[^-]+", part)]
    words = list(dict.fromkeys(word for part in _words(request) for word in part.split("-") if word))
    name = target.collection.name

    def project(conn: Any, opened: OpenCollection) -> list[engine.Point]:
        return engine.project(conn, opened.collection, words)

    found, remark = await _tried(request, target, project, [])
    offsets = [(one.lower(), other.lower()) for one, other in pairs]

    def context() -> dict[str, Any]:
        drawn = _drawn(found)
        return frame(datasette, target, "plot") | {
            "words": " ".join(_words(request)),
            "points": drawn,
            "labels": labels(drawn, {word: word for word in drawn}, (WIDTH, HEIGHT)),
            "offsets": [(drawn[one], drawn[other]) for one, other in offsets if one in drawn and other in drawn],
            "remark": remark,
            "width": WIDTH,
            "height": HEIGHT,
            "here_url": links.collection(datasette, target.database.name, name, "plot"),
        }

    data = {
        "collection": name,
        "points": [{"word": point.word, "x": point.x, "y": point.y} for point in found],
        "offsets": [list(pair) for pair in offsets],
    }
    return Answer("plot.html", context, data, target.private)


def _drawn(points: list[engine.Point]) -> dict[str, tuple[float, float]]:
    """Where each word stands in the picture, both axes at one scale, y upwards."""
    if not points:
        return {}
    across = max(point.x for point in points) - min(point.x for point in points)
    up = max(point.y for point in points) - min(point.y for point in points)
    scale = min((WIDTH - 2 * MARGIN) / max(across, 1e-9), (HEIGHT - 2 * MARGIN) / max(up, 1e-9))
    left, top = min(point.x for point in points), max(point.y for point in points)
    shift = ((WIDTH - across * scale) / 2, (HEIGHT - up * scale) / 2)
    return {
        point.word: (round(shift[0] + (point.x - left) * scale, 1), round(shift[1] + (top - point.y) * scale, 1))
        for point in points
    }


def _words(request: Any) -> list[str]:
    """The words asked for, divided by blanks or commas. InputError for more than can be shown."""
    text = request.args.get("words") or ""
    if len(text) > LONGEST:
        raise InputError(f"words has {len(text):,} characters: the limit is {LONGEST:,}")
    words = [word for word in re.split(r"[\s,]+", text) if word]
    if len(words) > MOST:
        raise InputError(f"words holds {len(words)} words: the limit is {MOST}")
    return words


async def _tried(
    request: Any, target: Target, compute: Callable[[Any, OpenCollection], Any], nothing: Any
) -> tuple[Any, str | None]:
    """What was found, or nothing and why not; a request for JSON that names something meets the error itself."""
    args: Mapping[str, str] = request.args
    if not any(args.get(name) for name in ("words", *"abc")):
        return nothing, None
    try:
        return await look(target, compute), None
    except (InputError, NotFoundError) as error:
        if wants_json(request):
            raise
        return nothing, str(error)
