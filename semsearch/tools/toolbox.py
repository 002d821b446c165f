"""The tools. Each answers one question about one collection, as plain values in at most MOST_CHARACTERS of JSON.

Their docstrings are what a language model reads. Raises SemsearchError, whose text is one line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from semsearch import present
from semsearch.errors import InputError, out_of_range
from semsearch.labels.predict_text import predict_text
from semsearch.records import Collection, Hit
from semsearch.search.components import topic_names, topics
from semsearch.search.explain import explain
from semsearch.search.graph import Near, around
from semsearch.search.models import takes_text
from semsearch.search.query import rows_of, vector_of
from semsearch.search.query import similar as find_similar
from semsearch.search.words import analogy as find_analogy
from semsearch.storage.keys import as_text
from semsearch.tools.answers import (
    TITLE,
    Answer,
    bounded,
    cut,
    shown_key,
    shown_row,
    start_of,
    with_text,
    without_none,
)
from semsearch.tools.hits import (
    hit_of,
    passages_for,
    place_of,
    rounded,
    rows_kept,
    search_as_supported,
    shown_hits,
    shown_word,
    whole_text,
)
from semsearch.tools.subject import Subject

MOST = 50  # results of one answer
MOST_PASSAGES = 10  # of ask
DEPTH = 1_000  # results over all answers
VALUE = 200  # characters of a column that is not the text
OTHERS = 12  # such columns
Tool = Callable[..., Answer]


def search(
    subject: Subject, query: str, mode: str = "hybrid", k: int = 5, filters: Sequence[str] = (), cursor: str = ""
) -> Answer:
    """Find the rows of a collection that match a text best, best first, each with its best passage.

    query: words or a sentence. A "phrase in quotes" must occur in a result, a -word must not.
    mode: "hybrid" (similarity and words together), "vector" (similarity of meaning alone) or "text" (words alone).
    k: number of results, 1 to 50.
    filters: conditions on columns of the table, each written as column__operation=value, such as "year__gte=2020",
    "kind=book" or "title__contains=moon".
    cursor: the cursor of the answer before, to go on.
    """
    question = ["search", subject.opened.name, query, mode, list(filters)]
    start, depth = _part(k, cursor, question)
    found = search_as_supported(subject, query, mode, depth, rows_kept(subject, filters))
    hits = found.hits[start : start + k]
    items = shown_hits(subject, found.spelling.corrected or query, hits)
    remark = present.with_spelling(subject.opened.name, found).remark
    answer = without_none({"collection": subject.opened.name, "mode": mode, "remark": remark})
    return bounded(answer, "hits", items, start, question, more=len(found.hits) > start + k)


def similar(subject: Subject, ids: Sequence[str], k: int = 5, filters: Sequence[str] = (), cursor: str = "") -> Answer:
    """List the items of a collection that are most similar to an item, or to the mean of several.

    ids: the ids of the items; in a collection of words the words.
    k: number of results, 1 to 50.
    filters: conditions on columns, as for search.
    cursor: the cursor of the answer before, to go on.
    """
    question = ["similar", subject.opened.name, list(ids), list(filters)]
    start, depth = _part(k, cursor, question)
    found = find_similar(subject.db, subject.opened, [str(id) for id in ids], k=depth, only=rows_kept(subject, filters))
    items = shown_hits(subject, "", found.hits[start : start + k])
    answer = without_none({"collection": subject.opened.name, "to": [shown_key(id) for id in ids][:20]})
    return bounded(answer, "hits", items, start, question, more=len(found.hits) > start + k)


def explain_hit(subject: Subject, query: str, id: str) -> Answer:
    """Explain why a row answers a query: which of its words bring similarity, and which words of the query it contains.

    query: the query.
    id: the id of the row, as a search returned it.
    """
    opened = subject.opened
    hit = hit_of(subject, query, id)
    (why,) = explain(subject.db, opened, query, [hit], most=8)
    answer = {
        "collection": opened.name,
        "id": shown_key(hit.id),
        "title": cut(present.title_of(opened.dataset, hit), TITLE),
        "similarity": rounded(hit.vector_score),
        "text_score": rounded(hit.text_score),
        "explanation": cut(why.sentence, 1_000),
        "words_matched": [cut(term.word, 60) for term in why.words.listed],
        "words_missing": [cut(word, 60) for word in why.missing[:20]],
        "pairs": [
            {"query": cut(pair.query, 60), "row": cut(pair.document, 60), "contribution": rounded(pair.contribution)}
            for pair in why.pairs.listed
        ],
        "topics": [part.name or f"direction {part.number}" for part in why.components.listed[:5]],
        "url": subject.url("item", hit.id),
    }
    return without_none(answer)


def list_topics(subject: Subject, k: int = 8, cursor: str = "") -> Answer:
    """List the topics of a collection of texts, largest first: the words and the rows of each.

    k: number of topics, 1 to 50.
    cursor: the cursor of the answer before, to go on.
    """
    question = ["topics", subject.opened.name]
    start, _ = _part(k, cursor, question)
    rotated = bool(topic_names(subject.db, subject.opened.collection))
    found = topics(subject.db, subject.opened, k=k, after=start, rotated=rotated)
    dataset = subject.opened.dataset
    items = [
        {
            "number": topic.number,
            "name": topic.name or " / ".join(str(end.words[0].row["word"]) for end in topic.ends if end.words),
            "share": round(topic.share, 4),
            "words": [str(hit.row["word"]) for end in topic.ends[:1] for hit in end.words],
            "rows": [
                {"id": shown_key(hit.id), "title": cut(present.title_of(dataset, hit), 80)}
                for end in topic.ends[:1]
                for hit in end.documents[:4]
            ],
        }
        for topic in found.topics
    ]
    answer = {"collection": subject.opened.name, "total": found.total, "captured": round(found.captured, 4)}
    return bounded(answer, "topics", items, start, question, more=start + k < found.total)


def words_near(subject: Subject, word: str, k: int = 10) -> Answer:
    """List the words that are used in contexts similar to a word's, in the texts of a collection.

    word: a word.
    k: number of words, 1 to 50.
    """
    _check_k(k)
    part = subject.part("word")
    found = find_similar(subject.db, part, [word], k=k)
    return {"collection": part.name, "word": cut(word, 60), "words": [shown_word(hit) for hit in found.hits]}


def analogy(subject: Subject, a: str, b: str, c: str, k: int = 5) -> Answer:
    """Answer "a is to b as c is to what?" with words of a collection, best first.

    a, b, c: three different words, such as "man", "king", "woman".
    k: number of answers, 1 to 50.
    """
    _check_k(k)
    part = subject.part("word")
    found = find_analogy(subject.db, part, (a, b, c), k=k)
    return {"collection": part.name, "answers": [shown_word(hit) for hit in found.hits]}


def neighbours(subject: Subject, id: str, k: int = 10) -> Answer:
    """Describe the place of a node in its graph: its neighbours, similar nodes, and nodes it may be linked to.

    id: the id of the node.
    k: number of nodes of each kind, 1 to 50.
    """
    _check_k(k)
    opened = subject.part("node")
    found = around(subject.db, opened, id, k=k, drawn=2 * k + 1)
    if found.remark and not found.neighbours and not found.nearest:
        raise InputError(found.remark)

    def listed(nodes: Sequence[Near]) -> list[dict[str, Any]]:
        return [
            without_none(
                {
                    "id": shown_key(near.hit.id),
                    "title": cut(present.title_of(opened.dataset, near.hit), 80),
                    "similarity": rounded(near.hit.vector_score),
                    "common_neighbours": near.shared or None,
                }
            )
            for near in nodes[:k]
        ]

    answer: Answer = without_none({"collection": opened.name, "id": cut(id, 200), "degree": found.degree})
    # Half of the room for the first list, so that each has some.
    answer = bounded(answer, "neighbours", listed(found.neighbours)[: k // 2 + 5], 0, None, more=False)
    answer = bounded(answer, "similar", listed(found.nearest)[: k // 2 + 5], 0, None, more=False)
    answer = bounded(answer, "may_be_linked", listed(found.suggested)[: k // 2 + 5], 0, None, more=False)
    answer.pop("cursor", None)
    return answer


def read_row(subject: Subject, id: str, column: str = "", cursor: str = "") -> Answer:
    """Read a row of a collection's table whole, in parts: its text, and the values of its other columns.

    id: the id of the row, as a search returned it.
    column: a column to read instead of the text.
    cursor: the cursor of the answer before, to go on.
    """
    opened = subject.opened
    rows = rows_of(subject.db, opened, [id])
    if id not in rows:
        vector_of(subject.db, opened.collection, id)  # raises the error that says what is wrong
        raise InputError(f"The row {id[:40]!r} was deleted from {opened.dataset.name}")
    row = rows[id]
    if column and column not in row:
        raise InputError(f"{opened.dataset.name} has no column {column[:40]!r}: it has {', '.join(row)[:500]}")
    hit = Hit(opened.collection.typed(id), 0.0, row=row)
    text = str(present.plain(row[column])) if column else whole_text(opened, hit)
    question = ["read_row", opened.name, id, column]
    start = start_of(cursor, question)
    answer: Answer = {"collection": opened.name, "id": shown_key(hit.id), "characters": len(text)}
    if not start and not column:
        answer["title"] = cut(present.title_of(opened.dataset, hit), TITLE)
        others = {name: value for name, value in row.items() if name not in opened.dataset.text_columns}
        answer["columns"] = dict(list(shown_row(others, VALUE).items())[:OTHERS])
        answer["url"] = subject.url("item", hit.id)
    return with_text(without_none(answer), text, start, question)


def ask(subject: Subject, question: str, k: int = 3) -> Answer:
    """Answer a question with the passages of a collection that fit it best, each with its row. Nothing is made up.

    question: a question in plain words.
    k: number of passages, 1 to 10.
    """
    if not 1 <= k <= MOST_PASSAGES:
        raise out_of_range("k", k, least=1, most=MOST_PASSAGES)
    found, best = passages_for(subject.db, subject.opened, question, k)
    dataset = subject.opened.dataset
    items = [
        without_none(
            {
                "number": number,
                "id": shown_key(hit.id),
                "title": cut(present.title_of(dataset, hit), TITLE),
                "passage": "" if excerpt is None else excerpt.text,
                **place_of(subject.opened, hit),
                "words_matched": [] if excerpt is None else list(excerpt.words),
                "similarity": rounded(hit.vector_score),
                "url": subject.url("item", hit.id),
            }
        )
        for number, (hit, excerpt) in enumerate(zip(found.hits, best, strict=True), 1)
    ]
    answer = without_none({"collection": subject.opened.name, "remark": found.remark})
    return bounded(answer, "passages", items, 0, None, more=False)


def describe(collection: Collection, database: str, dataset_language: str | None, url: str | None) -> dict[str, Any]:
    """A collection for `list_collections`, and the tools that fit it."""
    can_embed = takes_text(collection)
    by_kind = {
        "document": ["search", "ask", "similar", "explain", "classify_text"],
        "word": ["words_near", "analogy", "search"],
    }
    fits = by_kind.get(collection.of, ["search", "similar"])
    if not can_embed:
        fits = [name for name in fits if name not in ("ask", "explain", "classify_text")]
    return without_none(
        {
            "collection": collection.name,
            "database": database,
            "about": present.purpose(collection),
            "of": collection.of,
            "items": collection.count,
            "language": dataset_language,
            "tools": [*fits, *(["neighbours"] if collection.of == "node" else []), "read_row"],
            "url": url,
        }
    )


def classify_text(subject: Subject, text: str, label: str = "") -> Answer:
    """Predict the label of a text by a classifier of the rows of a collection that have one.

    text: the text.
    label: the column of labels; by default the table's own.
    """
    found = predict_text(subject.db, subject.opened, text, label or None)
    labels = [{"label": cut(as_text(each), 100), "probability": rounded(share)} for each, share in found.labels[:10]]
    return {
        "collection": subject.opened.name,
        "column": found.column,
        "learned_from": found.learned_from,
        "labels": labels,
    }


TOOLS: dict[str, Tool] = {
    "search": search,
    "similar": similar,
    "explain": explain_hit,
    "topics": list_topics,
    "words_near": words_near,
    "analogy": analogy,
    "neighbours": neighbours,
    "read_row": read_row,
    "ask": ask,
    "classify_text": classify_text,
}
LIST_TEXT = """List the collections that can be searched: what each is about, its size, and which tools fit it.

cursor: the cursor of the answer before, to go on.
"""


def list_collections(described: Sequence[dict[str, Any]], cursor: str = "") -> Answer:
    """The answer of `list_collections` about collections that the caller may see, as `describe` gives them."""
    question = ["list_collections"]
    start = start_of(cursor, question)
    rest = list(described[start : start + MOST])
    answer: Answer = {"total": len(described)}
    return bounded(answer, "collections", rest, start, question, more=start + MOST < len(described))


def _check_k(k: int) -> None:
    if not 1 <= k <= MOST:
        raise out_of_range("k", k, least=1, most=MOST)


def _part(k: int, cursor: str, question: object) -> tuple[int, int]:
    """Where an answer of k results begins, and how many results are needed to know whether there are more."""
    _check_k(k)
    start = start_of(cursor, question)
    if start + k > DEPTH:
        raise out_of_range("The number of results over all answers", start + k, most=DEPTH)
    return start, start + k + 1
