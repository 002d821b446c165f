"""`…/pretext`: the task that a self-supervised net learned by, on the user's own pictures: right or wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasette import NotFound

from semsearch.errors import NotFoundError
from semsearch.images import image_io, quizzes
from semsearch.images.quizzes import Answers, Standing
from semsearch.records import OpenCollection, Quiz, Run
from semsearch.storage import collections
from semsearch_datasette import links
from semsearch_datasette.connection import read
from semsearch_datasette.parts.image_routes import MOST_SEED, SHOWN, run_of, seed_of
from semsearch_datasette.parts.rows import hits_of, named, readable
from semsearch_datasette.respond import Answer, Png
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import Target, current, frame, target_of

COUNT = 12  # pictures asked about
FRAMES = ("asked", "its answer", "the truth")


@dataclass(frozen=True)
class Shown:
    """One question for people: its picture, whether it was answered well, that in words, and the item it is about."""

    url: str
    good: bool
    verdict: str
    title: str
    href: str


async def page(datasette: Any, request: Any) -> Answer:
    """A dozen questions, each as three pictures: what was asked, what the net answered, what is true."""
    target = await target_of(datasette, request)
    seed, ids = seed_of(request), tuple(request.args.getlist("id"))
    asked = await _asked(datasette, target, seed, ids)
    name, database = target.collection.name, target.database.name
    run, hits = await read(
        target.database,
        lambda conn: (collections.get_run(conn, target.collection.run), hits_of(conn, target, asked.keys)),
    )
    question = quizzes.question_of(target.collection)
    arguments = [("seed", str(seed)), *(("id", id) for id in ids), ("v", run_of(target))]
    shown = [
        Shown(
            links.collection(datasette, database, name, f"quiz/{place}", arguments),
            quiz.good,
            verdict(quiz),
            named(target, hits[key]),
            links.item(datasette, database, name, key),
        )
        for place, (key, quiz) in enumerate(zip(asked.keys, asked.quizzes, strict=True))
    ]

    def context() -> dict[str, Any]:
        more = links.collection(datasette, database, name, "pretext", seed=seed + 1)
        return frame(datasette, target, "pretext") | {
            "question": question,
            "frames": FRAMES,
            "shown": shown,
            "good": sum(one.good for one in shown),
            "is_scored": asked.quizzes[0].right is not None,
            "standing": _in_words(quizzes.standing(run.metrics), quizzes.mean_of(target.collection)),
            "untaught": not run.metrics.get("steps"),
            "seed": seed,
            "ids": ids,
            "most_seed": MOST_SEED,
            "here_url": links.collection(datasette, database, name, "pretext"),
            "more_url": more if seed < MOST_SEED else None,
        }

    urls = [datasette.absolute_url(request, one.url) for one in shown]
    data = {"collection": name, "question": question, "seed": seed, "held_out": _plain(run), "next_url": None}
    return Answer("pretext.html", context, data | {"questions": _questions(asked, urls)}, target.private)


def _questions(asked: Answers, urls: Sequence[str]) -> list[dict[str, Any]]:
    """The questions for the JSON, each with the URL of its picture."""
    return [
        {
            "id": key,
            "answer": quiz.told or None,
            "truth": quiz.fact or None,
            "right": quiz.right,
            "error": quiz.error,
            "error_of_mean": quiz.plain,
            "url": url,
        }
        for key, quiz, url in zip(asked.keys, asked.quizzes, urls, strict=True)
    ]


async def quiz_image(datasette: Any, request: Any) -> Png:
    """One question of such a page as a picture of three."""
    target = await target_of(datasette, request)
    asked = await _asked(datasette, target, seed_of(request), tuple(request.args.getlist("id")))
    place = int(request.url_vars["place"])
    if place >= len(asked.quizzes):
        raise NotFound(f"No question {place}: there are {len(asked.quizzes)}")
    one = asked.quizzes[place]
    sheet = image_io.grid(np.stack([image_io.enlarged(part, SHOWN) for part in (one.given, one.said, one.truth)]), 3)
    return Png(image_io.to_png(sheet), target.private, request.args.get("v") == run_of(target))


async def _asked(datasette: Any, target: Target, seed: int, ids: Sequence[str]) -> Answers:
    """The questions, kept, since the pictures of a page are asked for one by one."""
    collection = target.collection
    quizzes.question_of(collection)  # InputError at once where there is none

    def make(conn: Any, opened: OpenCollection) -> Answers:
        return quizzes.ask(
            conn,
            opened,
            ids,
            count=COUNT,
            seed=seed,
            may=lambda keys: readable(datasette, conn, target, keys),
        )

    key = ("pretext", collection.id, collection.run, collection.revision, seed, *ids)
    try:
        return await computed(target.database, key, current(target, make))
    except NotFoundError as error:
        raise NotFound(str(error)) from error


def verdict(quiz: Quiz) -> str:
    """How a question was answered, in words."""
    if quiz.right is not None:
        return f"Right: {quiz.fact}" if quiz.right else f"Wrong: it says {quiz.told}, and it is {quiz.fact}"
    share = _share(quiz.error or 0.0, quiz.plain or 0.0)
    return f"{'Nearer' if quiz.good else 'No nearer'} than the mean: {share} of its error"


def _share(error: float, plain: float) -> str:
    """A mean squared error as a percentage of another, of which the root tells: pixels are seen, not their squares."""
    return "as far" if plain <= 0 else f"{100 * math.sqrt(error / plain):.0f} %"


def _in_words(standing: Standing | None, mean: str) -> str | None:
    if standing is None:
        return None
    if standing.is_error:
        share = _share(standing.reached, standing.plain)
        return f"On pictures held back from it its error is {share} of that of {mean}"
    reached, plain = (f"{100 * share:.1f} %" for share in (standing.reached, standing.plain))
    return f"On pictures held back from it {reached} were right; guessing reaches {plain}"


def _plain(run: Run) -> dict[str, Any] | None:
    """The same for the JSON."""
    found = quizzes.standing(run.metrics)
    if found is None:
        return None
    names = ("error", "error_of_mean") if found.is_error else ("accuracy", "chance")
    return dict(zip(names, (found.reached, found.plain), strict=True))
