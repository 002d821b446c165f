"""`/DATABASE/-/semsearch/COLLECTION/ask?q=`: the passages that answer a question. No language model takes part."""

from __future__ import annotations

from typing import Any

from datasette import NotFound

from semsearch import present
from semsearch.errors import InputError
from semsearch.records import Hit
from semsearch.search.excerpts import Excerpt
from semsearch.tools.hits import passages_for
from semsearch.tools.toolbox import MOST_PASSAGES
from semsearch.web import number
from semsearch_datasette import links
from semsearch_datasette.respond import Answer, wants_json
from semsearch_datasette.target import Target, frame, look, target_of

DEFAULT_K = 3
Passages = list[tuple[Hit, Excerpt | None]]


async def ask(datasette: Any, request: Any) -> Answer:
    """The passages of a collection of texts that answer the question `q` best, each with its row."""
    target = await target_of(datasette, request)
    if target.collection.of != "document" or not target.takes_text:
        raise NotFound(f"Questions are asked of a collection of texts: {target.collection.name} has none")
    k = number("k", request.args.get("k") or str(DEFAULT_K), 1, MOST_PASSAGES)
    question = (request.args.get("q") or "").strip()
    passages: Passages = []
    remark: str | None = None
    answered = question
    if question:
        try:
            found, best = await look(target, lambda conn, opened: passages_for(conn, opened, question, k))
            passages, remark = list(zip(found.hits, best, strict=True)), found.remark
            answered = found.spelling.corrected or question
        except InputError as error:
            if wants_json(request):
                raise
            remark = str(error)
    base = links.collection(datasette, target.database.name, target.collection.name)

    def context() -> dict[str, Any]:
        return {
            **frame(datasette, target, "ask"),
            "here_url": f"{base}/ask",
            "q": question,
            "k": k,
            "sizes": sorted({DEFAULT_K, 5, MOST_PASSAGES, k}),
            "remark": remark,
            "passages": [_shown(target, base, answered, hit, excerpt) for hit, excerpt in passages],
            "by_words_url": links.with_arguments(base, {"q": question}),
        }

    return Answer("ask.html", context, _data(target, question, remark, passages), target.private)


def _shown(target: Target, base: str, question: str, hit: Hit, excerpt: Excerpt | None) -> dict[str, Any]:
    return {
        "title": present.title_of(target.dataset, hit),
        "href": links.of_item(base, "item", hit.id),
        "pieces": present.marked(excerpt.text, question, target.dataset.language) if excerpt else [],
        "words": ", ".join(excerpt.words) if excerpt else "",
        "similarity": present.cosine(hit.vector_score),
    }


def _data(target: Target, question: str, remark: str | None, passages: Passages) -> dict[str, Any]:
    """The passages for JSON; `start` and `end` are places in the text of the row."""
    return {
        "collection": target.collection.name,
        "question": question,
        "remark": remark,
        "passages": [
            present.hit_dict(hit)
            | {
                "title": present.title_of(target.dataset, hit),
                "passage": None
                if excerpt is None
                else {
                    "text": excerpt.text,
                    "start": excerpt.start,
                    "end": excerpt.end,
                    "words_matched": list(excerpt.words),
                },
            }
            for hit, excerpt in passages
        ],
    }
