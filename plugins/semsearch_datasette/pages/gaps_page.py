"""`…/pretext` of texts: sentences of the documents with gaps, what the model puts there, and a box for one's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from datasette import NotFound

from semsearch.errors import InputError, NotFoundError
from semsearch.metrics import RUN_METRICS
from semsearch.records import OpenCollection, Run
from semsearch.search.gaps import Gap, Posed, fill, pose
from semsearch.storage import collections
from semsearch_datasette import links
from semsearch_datasette.parts.image_routes import MAX_SEED, seed_of
from semsearch_datasette.parts.rows import hits_of, title_of
from semsearch_datasette.respond import Answer, wants_json
from semsearch_datasette.target import Target, frame, look

SHOWN_TEXTS = 8
MEASURED = ("held_out_accuracy", "held_out_perplexity")
QUESTION = "Which word is missing?"


@dataclass(frozen=True)
class ShownGap:
    """What the model puts into a gap: its words with their probabilities, and whether it is right; None if unknown."""

    words: tuple[tuple[str, str], ...]
    is_right: bool | None = None


@dataclass(frozen=True)
class ShownText:
    """A sentence in pieces, each with whether it was a gap, its gaps, and the title and page of the document."""

    pieces: tuple[tuple[str, bool], ...]
    gaps: tuple[ShownGap, ...]
    title: str
    href: str


async def answer(datasette: Any, request: Any, target: Target) -> Answer:
    """Sentences with gaps, and the gaps of the argument `text` filled."""
    seed, text = seed_of(request), (request.args.get("text") or "").strip()
    filled: list[Gap] = []
    remark: str | None = None
    if text:
        try:
            filled = await look(target, lambda conn, opened: fill(conn, opened, text))
        except InputError as error:
            if wants_json(request):
                raise
            remark = str(error)
    run, texts, hits = await _posed(target, seed)
    measured = {key: run.metrics[key] for key in MEASURED if key in run.metrics}
    right = sum(one.is_right(number) for one in texts for number in range(len(one.gaps)))

    def context() -> dict[str, Any]:
        name, database = target.collection.name, target.database.name
        here = links.collection(datasette, database, name, "pretext")
        return frame(datasette, target, "pretext") | {
            "question": QUESTION,
            "right": right,
            "total": sum(len(one.gaps) for one in texts),
            "held_out": [f"{RUN_METRICS[key].name} {RUN_METRICS[key].text(value)}" for key, value in measured.items()],
            "texts": [
                _text(one, title_of(target, hits[one.key]), links.item(datasette, database, name, one.key))
                for one in texts
            ],
            "text": text,
            "filled": [_shown(gap) for gap in filled],
            "remark": remark,
            "seed": seed,
            "here_url": here,
            "more_url": links.with_arguments(here, {"seed": str(seed + 1)}) if seed < MAX_SEED else None,
        }

    data = {
        "collection": target.collection.name,
        "question": QUESTION,
        "seed": seed,
        "held_out": measured,
        "text": text,
        "gaps": [_plain(gap) for gap in filled],
        "questions": [
            {"id": one.key, "parts": list(one.parts), "truths": list(one.truths), "gaps": [_plain(g) for g in one.gaps]}
            for one in texts
        ],
        "next_url": None,
    }
    return Answer("gaps.html", context, data, target.private)


async def _posed(target: Target, seed: int) -> tuple[Run, list[Posed], dict[str, Any]]:
    """The run, some sentences with gaps, and their documents by key."""

    def made(conn: Any, opened: OpenCollection) -> tuple[Run, list[Posed], dict[str, Any]]:
        found = pose(conn, opened, count=SHOWN_TEXTS, seed=seed)
        hits = hits_of(conn, target, [one.key for one in found])
        return collections.get_run(conn, opened.collection.run), found, dict(hits)

    try:
        return await look(target, made)
    except NotFoundError as error:
        raise NotFound(str(error)) from error


def _text(one: Posed, title: str, href: str) -> ShownText:
    gaps = tuple(_shown(gap, one.is_right(number)) for number, gap in enumerate(one.gaps))
    return ShownText(_pieces(one), gaps, title, href)


def _pieces(one: Posed) -> tuple[tuple[str, bool], ...]:
    pieces = [(one.parts[0], False)]
    for truth, part in zip(one.truths, one.parts[1:], strict=True):
        pieces += [(truth, True), (part, False)]
    return tuple(pieces)


def _shown(gap: Gap, is_right: bool | None = None) -> ShownGap:
    return ShownGap(tuple((word, f"{100 * chance:.0f}\N{NO-BREAK SPACE}%") for word, chance in gap.words), is_right)


def _plain(gap: Gap) -> list[dict[str, Any]]:
    return [{"word": word, "probability": round(chance, 6)} for word, chance in gap.words]
