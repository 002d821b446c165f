"""`/DATABASE/-/semsearch/COLLECTION`: search a collection by a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from semsearch import present
from semsearch.records import Hit, OpenCollection
from semsearch.search import query
from semsearch.search.explain import Explanation, explain
from semsearch.search.name_search import by_name
from semsearch.web import SearchArguments, search_arguments
from semsearch_datasette import links
from semsearch_datasette.pages import gallery_page
from semsearch_datasette.parts import search_results
from semsearch_datasette.parts.cards import cards
from semsearch_datasette.parts.filters import Filters, filters_of
from semsearch_datasette.respond import Answer, Elsewhere, wants_json
from semsearch_datasette.target import Target, frame, look, target_of

MODES = (
    ("hybrid", "Meaning and words"),
    ("vector", "Meaning"),
    ("text", "Words"),
)
SIZES = (10, 20, 50, 100, 200)
STEP = 0.05  # of the weight's field
Answered: TypeAlias = tuple[query.Found, tuple[Hit, ...], Sequence[Explanation]]
NOTHING: Answered = (query.Found(()), (), ())


async def search(datasette: Any, request: Any) -> Answer | Elsewhere:
    """The form, and the hits once something is asked. What the form sends is shown under the URL it stands for."""
    target = await target_of(datasette, request)
    filters = filters_of(target, request)
    if target.collection.of == "image":
        return await gallery_page.gallery(datasette, request, target, filters)
    asked = _for_collection(target, search_arguments(_weighed(request.args, filters)))
    if filters.from_form and not wants_json(request):
        return Elsewhere(_here(datasette, target, asked, filters.pairs))
    if asked.q and not filters.pairs and not wants_json(request):
        one = await search_results.one_called(target, asked.q)
        if one is not None:
            return Elsewhere(links.item(datasette, target.database.name, target.collection.name, one))
    found, page, reasons = NOTHING
    if asked.q:
        found, page, reasons = await look(target, lambda conn, opened: _search(conn, target, opened, asked, filters))
    beginnings = [] if found.hits else await search_results.beginnings(target)
    after = asked.paging.next_after(len(found.hits))
    next_url = _here(datasette, target, asked, filters.pairs, after=after) if after else None

    def context() -> dict[str, Any]:
        best_text = max((hit.text_score or 0.0 for hit in found.hits), default=0.0)
        return {
            **frame(datasette, target, "search"),
            **_form(target, asked, found),
            **search_results.told(datasette, target, beginnings),
            **_explaining(datasette, target, asked, filters.pairs),
            **filters.context(lambda pairs: _here(datasette, target, asked, pairs)),
            "first": asked.paging.after + 1,
            "cards": search_results.scored(
                target,
                cards(
                    datasette, target, page, query=asked.q, best_text=best_text, filters=filters.pairs, reasons=reasons
                ),
            ),
            "remark": found.remark,
            "next_url": next_url,
        }

    data = {
        "collection": target.collection.name,
        "query": asked.q,
        "mode": asked.mode,
        "weight": found.weight,
        "remark": found.remark,
        "hits": _told(page, reasons),
        "next_url": datasette.absolute_url(request, next_url) if next_url else None,
    }
    if beginnings:
        data["starts"] = search_results.data(beginnings)
    return Answer("search.html", context, data, target.private)


def _here(
    datasette: Any, target: Target, asked: SearchArguments, filters: links.Pairs, *, after: int | None = None
) -> str:
    """This page's URL, with these filters, from its first result or after some."""
    weight = None if asked.weight is None else f"{asked.weight:g}"
    return links.collection(
        datasette,
        target.database.name,
        target.collection.name,
        filters=filters,
        q=asked.q,
        mode=asked.mode,
        k=asked.paging.k,
        weight=weight,
        explain=int(asked.explain) or None,
        after=after,
    )


def _told(page: Sequence[Hit], reasons: Sequence[Explanation]) -> list[dict[str, Any]]:
    """The hits of the JSON, each with why it was found where that was asked."""
    hits = [present.hit_dict(hit) for hit in page]
    if not reasons:
        return hits
    return [hit | {"explanation": present.explanation_dict(why)} for hit, why in zip(hits, reasons, strict=True)]


def _explaining(datasette: Any, target: Target, asked: SearchArguments, filters: links.Pairs) -> dict[str, Any]:
    """Whether each result says why it was found, and the URL where it does or does not; words have nothing to say."""
    if target.collection.of != "document" or not target.takes_text:
        return {"explain": False, "explain_url": None}
    other = replace(asked, explain=not asked.explain)
    after = asked.paging.after or None
    return {"explain": asked.explain, "explain_url": _here(datasette, target, other, filters, after=after)}


def _weighed(arguments: Any, filters: Filters) -> dict[str, str]:
    """The arguments; from the form without the weight where another mode was chosen that has nothing to weigh."""
    given = {name: arguments.get(name) or "" for name in arguments}
    if filters.from_form and given.get("mode") in ("vector", "text"):
        given.pop("weight", None)
    return given


def _form(target: Target, asked: SearchArguments, found: query.Found) -> dict[str, Any]:
    """What the form holds, and the weight in words."""
    is_round = asked.weight is None or abs(asked.weight / STEP - round(asked.weight / STEP)) < 1e-9
    return {
        "q": asked.q,
        "mode": asked.mode,
        "k": asked.paging.k,
        "modes": MODES if target.collection.of == "document" and target.takes_text else (),
        "sizes": sorted({*SIZES, asked.paging.k}),
        "weight": "" if asked.weight is None else f"{asked.weight:g}",
        "weight_step": f"{STEP:g}" if is_round else "any",
        "weight_found": "" if found.weight is None else f"{found.weight:.2f}",
        "weight_words": _weight_in_words(found.weight, asked.weight is not None),
    }


def _weight_in_words(weight: float | None, is_given: bool) -> str:
    """How a hybrid ranking was weighed, and who said so."""
    if weight is None:
        return ""
    meaning = round(100 * weight)
    source = "as asked for" if is_given else "found by the collection itself"
    if not is_given and weight == query.EVEN:
        source = "the weight where none was found"
    return f"Meaning {meaning}\N{NO-BREAK SPACE}%, words {100 - meaning}\N{NO-BREAK SPACE}%, {source}"


def _for_collection(target: Target, asked: SearchArguments) -> SearchArguments:
    """Words have no text to match: unless that is what was asked for, they are searched by meaning alone. And they
    have no parts that would say why. Where no text can be placed, items are found by name and words."""
    if not target.takes_text:
        mode = "text" if asked.mode == "hybrid" else asked.mode
        return replace(asked, mode=mode, weight=None, explain=False)
    if target.collection.of == "document":
        return asked
    if asked.mode == "hybrid":
        asked = replace(asked, mode="vector", weight=None)
    return replace(asked, explain=False)


def _search(conn: Any, target: Target, opened: OpenCollection, asked: SearchArguments, filters: Filters) -> Answered:
    """All that was found, the hits that this page shows, and why each of these was found if that is asked."""
    paging = asked.paging
    if asked.mode == "text" and not target.takes_text:
        found = by_name(conn, opened, asked.q, k=paging.depth, only=filters.only)
        return found, found.hits[paging.after : paging.after + paging.k], ()
    found = query.search(conn, opened, asked.q, mode=asked.mode, k=paging.depth, weight=asked.weight, only=filters.only)
    page = found.hits[paging.after : paging.after + paging.k]
    return found, page, explain(conn, opened, asked.q, page) if asked.explain else ()
