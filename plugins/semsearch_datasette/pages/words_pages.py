"""Pages about words: `…/analogy` and `…/plot?words=`.

The pages report an unknown word or an empty field below the form, which keeps its values. The JSON has an error status.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from semsearch import present
from semsearch.errors import InputError, NotFoundError, out_of_range
from semsearch.records import Collection, OpenCollection
from semsearch.search import words as engine
from semsearch.web import paging
from semsearch_datasette import links
from semsearch_datasette.parts.cards import cards
from semsearch_datasette.parts.numbers import with_minus
from semsearch_datasette.parts.svg import labels
from semsearch_datasette.respond import Answer, wants_json
from semsearch_datasette.target import Target, frame, look, target_of

MAX_WORDS = 40  # of a table or a plot
MAX_CHARACTERS = 4096  # of a field
SHOWN_NEIGHBOURS = 5
METHODS = {
    "mul": (
        "By multiplication (3CosMul)",
        "(similarity to B × similarity to C) / similarity to A, each mapped to 0…1. It can exceed 1",
    ),
    "add": ("By addition (3CosAdd)", "similarity to B + to C − to A, from −3 to 3"),
}
EXAMPLES = (
    ("man", "king", "woman"),
    ("paris", "france", "rome"),
    ("good", "better", "bad"),
    ("read", "write", "reader"),
    ("string", "strings", "list"),
    ("dumps", "dump", "loads"),
)
WIDTH, HEIGHT, MARGIN = 800, 520, 70  # pixels of a plot


async def analogy(datasette: Any, request: Any) -> Answer:
    """A is to B as C is to what, by both methods side by side, and the nearest words to b - a + c."""
    target = await words_target(datasette, request)
    query = tuple((request.args.get(box) or "").strip()[:MAX_CHARACTERS] for box in "abc")
    k = paging(request.args).k

    def solve(conn: Any, opened: OpenCollection) -> dict[str, engine.Analogy]:
        return {method: engine.analogy(conn, opened, query, k=k, method=method) for method in METHODS}

    answers, remark = await result_or_remark(request, lambda: look(target, solve), {}) if any(query) else ({}, None)
    examples = await look(target, lambda conn, opened: _known_examples(conn, opened.collection))
    database, name = target.database.name, target.collection.name

    def context() -> dict[str, Any]:
        near = next(iter(answers.values())).near[:SHOWN_NEIGHBOURS] if answers else ()
        return frame(datasette, target, "analogy") | {
            "boxes": list(zip("abc", ("is to", "as", "is to what?"), query, strict=True)),
            "methods": [(*METHODS[method], _answers(datasette, target, each)) for method, each in answers.items()],
            "near": [(hit.id, with_minus(present.cosine(hit.vector_score)), hit.id in query) for hit in near],
            "remark": remark,
            "here_url": links.collection(datasette, database, name, "analogy"),
            "examples": [
                (words, links.collection(datasette, database, name, "analogy", a=words[0], b=words[1], c=words[2]))
                for words in examples
            ],
        }

    data = {
        "collection": name,
        "query": list(query),
        "hits": {method: [present.hit_dict(hit) for hit in each.hits] for method, each in answers.items()},
        "near": [present.hit_dict(hit) for hit in (next(iter(answers.values())).near if answers else ())],
        "next_url": None,
    }
    return Answer("analogy.html", context, data, target.private)


async def words_target(datasette: Any, request: Any) -> Target:
    """The target of a request. Raises InputError for a collection of anything but words."""
    target = await target_of(datasette, request)
    if target.collection.of != "word":
        words = target.part("word")
        use = f": use {words.name}" if words else ""
        raise InputError(f"{target.collection.name} contains {target.collection.of}s, not words{use}")
    return target


def _known_examples(conn: Any, collection: Collection) -> list[tuple[str, str, str]]:
    known = engine.which_are_known(conn, collection, [word for words in EXAMPLES for word in words])
    return [words for words in EXAMPLES if known.issuperset(words)]


def _answers(datasette: Any, target: Target, analogy: engine.Analogy) -> list[tuple[Any, str]]:
    return [
        (card, f"{hit.score:.3f}")
        for card, hit in zip(cards(datasette, target, analogy.hits), analogy.hits, strict=True)
    ]


async def plot(datasette: Any, request: Any) -> Answer:
    """Some words on their first two principal components; `a-b` draws a line from a to b."""
    target = await words_target(datasette, request)
    pairs = [tuple(part.split("-", 1)) for part in words_of(request) if re.fullmatch(r"[^-]+-[^-]+", part)]
    words = list(dict.fromkeys(word for part in words_of(request) for word in part.split("-") if word))
    name = target.collection.name

    def project(conn: Any, opened: OpenCollection) -> list[engine.Point]:
        return engine.project(conn, opened.collection, words)

    points, remark = await result_or_remark(request, lambda: look(target, project), [])
    offsets = [(start.lower(), end.lower()) for start, end in pairs]

    def context() -> dict[str, Any]:
        drawn = _pixels(points)
        lines = [(drawn[start], drawn[end]) for start, end in offsets if start in drawn and end in drawn]
        return frame(datasette, target, "plot") | {
            "words": " ".join(words_of(request)),
            "points": drawn,
            "labels": labels(drawn, {word: word for word in drawn}, (WIDTH, HEIGHT), lines),
            "offsets": lines,
            "remark": remark,
            "width": WIDTH,
            "height": HEIGHT,
            "here_url": links.collection(datasette, target.database.name, name, "plot"),
        }

    data = {
        "collection": name,
        "points": [{"word": point.word, "x": point.x, "y": point.y} for point in points],
        "offsets": [list(pair) for pair in offsets],
    }
    return Answer("plot.html", context, data, target.private)


def _pixels(points: list[engine.Point]) -> dict[str, tuple[float, float]]:
    """The place of each word in pixels. Both axes have the same scale; y points upwards."""
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


def words_of(request: Any) -> list[str]:
    """The words in the URL, separated by blanks or commas. Raises InputError for too many."""
    text = request.args.get("words") or ""
    if len(text) > MAX_CHARACTERS:
        raise out_of_range("The length of words", len(text), most=MAX_CHARACTERS, of="characters")
    words = [word for word in re.split(r"[\s,]+", text) if word]
    if len(words) > MAX_WORDS:
        raise out_of_range("The number of words", len(words), most=MAX_WORDS)
    return words


async def result_or_remark(request: Any, make: Callable[[], Awaitable[Any]], nothing: Any) -> tuple[Any, str | None]:
    """The result of `make`, or `nothing` and the reason. A request for JSON that has a query gets the error itself."""
    args: Mapping[str, str] = request.args
    if not any(args.get(name) for name in ("words", *"abc")):
        return nothing, None
    try:
        return await make(), None
    except (InputError, NotFoundError) as error:
        if wants_json(request):
            raise
        return nothing, str(error)
