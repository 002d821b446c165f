"""`…/pretext`: the self-supervised task of a collection on images of its table: input, prediction and target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasette import NotFound

from semsearch.errors import NotFoundError
from semsearch.images import image_io, quizzes
from semsearch.images.quizzes import QuizSet, TaskScore
from semsearch.records import OpenCollection, Quiz, Run
from semsearch.search.gaps import has_gaps
from semsearch.storage import collections
from semsearch_datasette import links
from semsearch_datasette.connection import read
from semsearch_datasette.pages import gaps_page
from semsearch_datasette.parts.image_routes import MAX_SEED, MIN_SIDE, run_of, seed_of
from semsearch_datasette.parts.rows import hits_of, readable, title_of
from semsearch_datasette.respond import Answer, Png
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import Target, current, frame, target_of

SHOWN_IMAGES = 12
FRAMES = ("input", "prediction", "target")


@dataclass(frozen=True)
class ShownQuiz:
    """An image with its prediction: the URL of the three frames, whether the prediction is good, that in words, and the
    title and page of the item."""

    url: str
    is_good: bool
    verdict: str
    title: str
    href: str


async def page(datasette: Any, request: Any) -> Answer:
    """A dozen images, each as input, prediction and target; of texts sentences with gaps (gaps_page)."""
    target = await target_of(datasette, request)
    if has_gaps(target.collection):
        return await gaps_page.answer(datasette, request, target)
    seed, ids = seed_of(request), tuple(request.args.getlist("id"))
    answers = await _answers(datasette, target, seed, ids)
    name, database = target.collection.name, target.database.name
    run, hits = await read(
        target.database,
        lambda conn: (collections.get_run(conn, target.collection.run), hits_of(conn, target, answers.keys)),
    )
    question = quizzes.question_of(target.collection)
    arguments = [("seed", str(seed)), *(("id", id) for id in ids), ("v", run_of(target))]
    shown = [
        ShownQuiz(
            links.collection(datasette, database, name, f"quiz/{place}", arguments),
            quiz.good,
            verdict(quiz),
            title_of(target, hits[key]),
            links.item(datasette, database, name, key),
        )
        for place, (key, quiz) in enumerate(zip(answers.keys, answers.quizzes, strict=True))
    ]

    def context() -> dict[str, Any]:
        more = links.collection(datasette, database, name, "pretext", seed=seed + 1)
        return frame(datasette, target, "pretext") | {
            "question": question,
            "frames": FRAMES,
            "quizzes": shown,
            "good": sum(each.is_good for each in shown),
            "is_scored": answers.quizzes[0].correct is not None,
            "held_out": _in_words(quizzes.task_score(run.metrics), quizzes.mean_of(target.collection)),
            "is_untrained": not run.metrics.get("steps"),
            "seed": seed,
            "ids": ids,
            "most_seed": MAX_SEED,
            "here_url": links.collection(datasette, database, name, "pretext"),
            "more_url": more if seed < MAX_SEED else None,
        }

    urls = [datasette.absolute_url(request, each.url) for each in shown]
    data = {"collection": name, "question": question, "seed": seed, "held_out": _plain(run), "next_url": None}
    return Answer("pretext.html", context, data | {"questions": _questions(answers, urls)}, target.private)


def _questions(answers: QuizSet, urls: Sequence[str]) -> list[dict[str, Any]]:
    """The quizzes for the JSON, each with the URL of its frames."""
    return [
        {
            "id": key,
            "answer": quiz.predicted or None,
            "truth": quiz.actual or None,
            "right": quiz.correct,
            "error": quiz.error,
            "error_of_mean": quiz.baseline_error,
            "url": url,
        }
        for key, quiz, url in zip(answers.keys, answers.quizzes, urls, strict=True)
    ]


async def quiz_image(datasette: Any, request: Any) -> Png:
    """The three frames of one quiz of such a page as one image."""
    target = await target_of(datasette, request)
    answers = await _answers(datasette, target, seed_of(request), tuple(request.args.getlist("id")))
    place = int(request.url_vars["place"])
    if place >= len(answers.quizzes):
        raise NotFound(f"No image {place}: there are {len(answers.quizzes)}")
    quiz = answers.quizzes[place]
    frames = (quiz.input, quiz.output, quiz.target)
    sheet = image_io.grid(np.stack([image_io.enlarged(frame, MIN_SIDE) for frame in frames]), 3)
    return Png(image_io.to_png(sheet), target.private, request.args.get("v") == run_of(target))


async def _answers(datasette: Any, target: Target, seed: int, ids: Sequence[str]) -> QuizSet:
    """The quizzes and their predictions, cached because a browser requests the images of a page one by one."""
    collection = target.collection
    quizzes.question_of(collection)  # raises InputError if the builder has no such task

    def make(conn: Any, opened: OpenCollection) -> QuizSet:
        return quizzes.ask(
            conn,
            opened,
            ids,
            count=SHOWN_IMAGES,
            seed=seed,
            may=lambda keys: readable(datasette, conn, target, keys),
        )

    key = ("pretext", collection.id, collection.run, collection.revision, seed, *ids)
    try:
        return await computed(target.database, key, current(target, make))
    except NotFoundError as error:
        raise NotFound(str(error)) from error


def verdict(quiz: Quiz) -> str:
    """Whether a prediction is right, or how far it is off, in words."""
    if quiz.correct is not None:
        return (
            f"Right: {quiz.actual}" if quiz.correct else f"Wrong: predicted “{quiz.predicted}”, correct “{quiz.actual}”"
        )
    share = _share(quiz.error or 0.0, quiz.baseline_error or 0.0)
    return f"{'Better' if quiz.good else 'No better'} than the mean: {share} of its error"


def _share(error: float, plain: float) -> str:
    """The ratio of two root mean squared errors in percent."""
    return "100 %" if plain <= 0 else f"{100 * math.sqrt(error / plain):.0f} %"


def _in_words(standing: TaskScore | None, mean: str) -> str | None:
    if standing is None:
        return None
    if standing.is_error:
        share = _share(standing.value, standing.baseline)
        return f"On held-out images its error is {share} of the error of {mean}"
    reached, plain = (f"{100 * share:.1f} %" for share in (standing.value, standing.baseline))
    return f"Accuracy on held-out images: {reached}, by chance: {plain}"


def _plain(run: Run) -> dict[str, Any] | None:
    """The held-out figures for the JSON."""
    standing = quizzes.task_score(run.metrics)
    if standing is None:
        return None
    names = ("error", "error_of_mean") if standing.is_error else ("accuracy", "chance")
    return dict(zip(names, (standing.value, standing.baseline), strict=True))
