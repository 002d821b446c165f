"""`/DATABASE/-/semsearch/COLLECTION`: search a collection by a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from semsearch import present
from semsearch.errors import written_list
from semsearch.records import Hit, OpenCollection
from semsearch.search import query
from semsearch.search.explain import Explanation, explain
from semsearch.search.name_search import by_name
from semsearch.web import SearchArguments, search_arguments
from semsearch_datasette import links
from semsearch_datasette.pages import gallery_page
from semsearch_datasette.parts import facets, lookup
from semsearch_datasette.parts.cards import cards
from semsearch_datasette.parts.commands import with_file
from semsearch_datasette.parts.filters import Filters, filters_of
from semsearch_datasette.respond import Answer, Elsewhere, absolute_url, wants_json
from semsearch_datasette.target import Target, frame, look, target_of

MODES = (
    ("hybrid", "Hybrid", "Ranks by similarity and text score together."),
    ("vector", "Vector", "Ranks by similarity. Finds texts about the same subject, even without a common word."),
    ("text", "Text", "Ranks by text score (BM25). Finds texts that contain words of the query."),
)
PAGE_SIZES = (10, 20, 50, 100, 200)
WEIGHT_STEP = 0.05  # of the field for the weight
Results: TypeAlias = tuple[query.Found, tuple[Hit, ...], Sequence[Explanation]]  # all hits, those of the page, why
NO_RESULTS: Results = (query.Found(()), (), ())


async def search(datasette: Any, request: Any) -> Answer | Elsewhere:
    """The form, and the hits of a query. What the form sends is redirected to its canonical URL."""
    target = await target_of(datasette, request)
    filters = filters_of(target, request)
    if target.collection.of == "image":
        return await gallery_page.gallery(datasette, request, target, filters)
    arguments = _for_collection(target, search_arguments(_without_idle_weight(request.args, filters)))
    if not wants_json(request) and (url := await _other_url(datasette, target, arguments, filters)):
        return Elsewhere(url)
    results, page, reasons = NO_RESULTS
    if arguments.q:
        least = 0 if wants_json(request) or not target.labels else facets.DEPTH
        results, page, reasons = await look(
            target, lambda conn, opened: _search(conn, target, opened, arguments, filters, least)
        )
    starting_items = [] if results.hits else await lookup.starting_items(target)
    examples = lookup.Examples() if arguments.q or wants_json(request) else await lookup.examples(target)
    next_url = links.next_url(
        arguments.paging,
        len(results.hits),
        lambda after: _here(datasette, target, arguments, filters.pairs, after=after),
    )

    def context() -> dict[str, Any]:
        best_text = max((hit.text_score or 0.0 for hit in results.hits), default=0.0)
        shown: dict[str, Any] = {
            "query": results.spelling.corrected or arguments.q,
            "best_text": best_text,
            "filters": filters.pairs,
            "reasons": reasons,
        }
        return {
            **frame(datasette, target, "search"),
            **_form(target, arguments, results),
            **lookup.context(datasette, target, starting_items),
            **lookup.examples_context(datasette, target, examples),
            **_explaining(datasette, target, arguments, filters.pairs),
            **filters.context(lambda pairs: _here(datasette, target, arguments, pairs)),
            **facets.context(target, results.hits, filters, lambda pairs: _here(datasette, target, arguments, pairs)),
            "first": arguments.paging.after + 1,
            "cards": lookup.without_name_scores(target, cards(datasette, target, page, **shown)),
            "remark": with_file(target, results.remark),
            "spelling": _spelling(datasette, target, arguments, filters.pairs, results),
            "next_url": next_url,
        }

    data = _data(target, arguments, results, (page, reasons), absolute_url(datasette, request, next_url))
    data |= {"starts": lookup.data(starting_items)} if starting_items else {}
    return Answer("search.html", context, data, target.private, lambda: [present.hit_flat(hit) for hit in page])


def _data(
    target: Target,
    arguments: SearchArguments,
    results: query.Found,
    shown: tuple[Sequence[Hit], Sequence[Explanation]],
    next_url: str | None,
) -> dict[str, Any]:
    """The results for JSON."""
    return {
        "collection": target.collection.name,
        "query": arguments.q,
        "mode": arguments.mode,
        "weight": results.weight,
        "query_weight": results.query_weight,
        **present.spelling_dict(results.spelling),
        "remark": with_file(target, results.remark),
        "hits": _hit_data(*shown),
        "next_url": next_url,
    }


async def _other_url(datasette: Any, target: Target, arguments: SearchArguments, filters: Filters) -> str | None:
    """The canonical URL of what the form sent, or the page of the only item that the query names; else None."""
    if filters.from_form:
        return _here(datasette, target, arguments, filters.pairs)
    if not arguments.q or filters.pairs:
        return None
    key = await lookup.exact_match(target, arguments.q)
    return None if key is None else links.item(datasette, target.database.name, target.collection.name, key)


def _here(
    datasette: Any, target: Target, arguments: SearchArguments, filters: links.Pairs, *, after: int | None = None
) -> str:
    """The URL of this page with these filters, from the first result or from an offset."""
    weight = None if arguments.weight is None else f"{arguments.weight:g}"
    return links.collection(
        datasette,
        target.database.name,
        target.collection.name,
        filters=filters,
        q=arguments.q,
        mode=arguments.mode,
        k=arguments.paging.k,
        weight=weight,
        explain=int(arguments.explain) or None,
        typos=None if arguments.typos else 0,
        after=after,
    )


def _spelling(
    datasette: Any, target: Target, arguments: SearchArguments, filters: links.Pairs, results: query.Found
) -> dict[str, Any]:
    """What was done about misspelled words, and what may have been meant, each query with its URL."""
    spelling = results.spelling

    def search_for(q: str, typos: bool) -> dict[str, str]:
        other = replace(arguments, q=q, typos=typos)
        return {"q": q, "href": _here(datasette, target, other, filters)}

    return {
        "replaced": written_list((f"“{word}”" for word in spelling.replaced), "or"),
        "corrected": spelling.corrected and search_for(spelling.corrected, True),
        "as_written": spelling.corrected and search_for(arguments.q, False),
        "suggested": spelling.suggested and search_for(spelling.suggested, True),
        "unknown": written_list((f"“{word}”" for word in spelling.unknown), "or") if results.hits else "",
    }


def _hit_data(page: Sequence[Hit], reasons: Sequence[Explanation]) -> list[dict[str, Any]]:
    """The hits for the JSON, each with its explanation if there is one."""
    hits = [present.hit_dict(hit) for hit in page]
    if not reasons:
        return hits
    return [hit | {"explanation": present.explanation_dict(why)} for hit, why in zip(hits, reasons, strict=True)]


def _explaining(datasette: Any, target: Target, arguments: SearchArguments, filters: links.Pairs) -> dict[str, Any]:
    """Whether results are explained, and the URL with the opposite choice; only documents have explanations."""
    if target.collection.of != "document" or not target.takes_text:
        return {"explain": False, "explain_url": None}
    other = replace(arguments, explain=not arguments.explain)
    after = arguments.paging.after or None
    return {"explain": arguments.explain, "explain_url": _here(datasette, target, other, filters, after=after)}


def _without_idle_weight(arguments: Any, filters: Filters) -> dict[str, str]:
    """The arguments; from the form without the weight if the chosen mode does not use it."""
    given = {name: arguments.get(name) or "" for name in arguments}
    if filters.from_form and given.get("mode") in ("vector", "text"):
        given.pop("weight", None)
    return given


def _form(target: Target, arguments: SearchArguments, results: query.Found) -> dict[str, Any]:
    """The values of the form, and the weight in words."""
    is_round = (
        arguments.weight is None or abs(arguments.weight / WEIGHT_STEP - round(arguments.weight / WEIGHT_STEP)) < 1e-9
    )
    return {
        "q": arguments.q,
        "mode": arguments.mode,
        "k": arguments.paging.k,
        "modes": MODES if target.collection.of == "document" and target.takes_text else (),
        "sizes": sorted({*PAGE_SIZES, arguments.paging.k}),
        "weight": "" if arguments.weight is None else f"{arguments.weight:g}",
        "weight_step": f"{WEIGHT_STEP:g}" if is_round else "any",
        "default_weight": "" if results.weight is None else f"{results.weight:.2f}",
        "weight_words": _weight_in_words(results, arguments.weight is not None),
        "search_label": lookup.search_label(target.collection, target.takes_text),
        "introduction": _introduction(target),
    }


def _weight_in_words(results: query.Found, is_given: bool) -> str:
    """The weights of a hybrid ranking, where they come from, and what they became in this query."""
    weight, here = results.weight, results.query_weight
    if weight is None or here is None:
        return ""
    source = "as given" if is_given else "estimated from the documents"
    if not is_given and weight == query.EVEN:
        source = "the default"
    told = f"Weight of the similarity {weight:.2f}, of the text score {1 - weight:.2f} ({source})"
    return f"{told}; in this query {here:.2f} and {1 - here:.2f}"


def _introduction(target: Target) -> str:
    """What the search field of a collection can find, for its empty page."""
    kind, builder, table = target.collection.of, target.collection.builder, target.dataset.name
    if not target.takes_text:
        return (
            f"Find a {kind} by its name. Its page lists the most similar {kind}s. {builder} does not embed texts,"
            f" so a text finds {kind}s by their words only."
        )
    if kind == "word":
        return f"Enter one or more words to find the words that are used in similar contexts in {table}."
    return "Enter words or a sentence to find rows about the same subject, even without a word of the query."


def _for_collection(target: Target, arguments: SearchArguments) -> SearchArguments:
    """The arguments as the collection supports them. Where no text can be embedded, items are found by name. Words have
    no text: they are searched by their vectors unless the mode is text, and without explanations."""
    if not target.takes_text:
        mode = "text" if arguments.mode == "hybrid" else arguments.mode
        return replace(arguments, mode=mode, weight=None, explain=False)
    if target.collection.of == "document":
        return arguments
    if arguments.mode == "hybrid":
        arguments = replace(arguments, mode="vector", weight=None)
    return replace(arguments, explain=False)


def _search(
    conn: Any, target: Target, opened: OpenCollection, arguments: SearchArguments, filters: Filters, least: int
) -> Results:
    """All hits, `least` of them or more, those of this page, and their explanations if the arguments say so."""
    paging = arguments.paging
    k = max(paging.depth, least)
    if arguments.mode == "text" and not target.takes_text:
        results = by_name(conn, opened, arguments.q, k=k, only=filters.only)
        return results, results.hits[paging.after : paging.after + paging.k], ()
    answer = query.searching(arguments.typos)
    results = answer(conn, opened, arguments.q, mode=arguments.mode, k=k, weight=arguments.weight, only=filters.only)
    page = results.hits[paging.after : paging.after + paging.k]
    asked = results.spelling.corrected or arguments.q
    return results, page, explain(conn, opened, asked, page) if arguments.explain else ()
