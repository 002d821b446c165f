"""Hits, runs and listings as plain values for people and programs; shared by command line, pages and SQL."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from semsearch.errors import written_list
from semsearch.maths.occurrences import occurrences
from semsearch.maths.vectors import COSINE_DECIMALS, as_cosine
from semsearch.metrics import number_text
from semsearch.records import Collection, Dataset, Hit, Of, Run, Update
from semsearch.run_facts import with_present_names
from semsearch.search.explain import Component, Explanation
from semsearch.search.query import Found
from semsearch.search.typos import Spelling
from semsearch.storage.datasets import text_of

_COMMAND = re.compile(r"`semsearch [^`]*`")
_PLACEHOLDER = re.compile(r"(?<= )DB(?=[ `])")
_SPACE = re.compile(r"\s+")


PURPOSES: Mapping[Of, str] = {
    "document": "search by meaning",
    "word": "similar words",
    "node": "similar nodes",
    "image": "similar images",
    "row": "similar rows",
}
BUILDER_NAMES: Mapping[str, str] = {  # as the literature writes them; others by their own name
    "lsa": "LSA",
    "pmi": "PMI",
    "glove": "GloVe",
    "sgns": "word2vec",
    "netmf": "NetMF",
    "prone": "ProNE",
    "deepwalk": "DeepWalk",
    "pca": "PCA",
    "gan": "GAN",
    "contrast": "LSA with contrast",
    "masked": "masked words",
    "wordmean": "mean of word vectors",
    "imported": "imported vectors",
}


def purpose(collection: Collection) -> str:
    """What a collection is for, in words: `news: search by meaning (LSA)`."""
    builder = BUILDER_NAMES.get(collection.builder, collection.builder)
    return f"{collection.dataset}: {PURPOSES[collection.of]} ({builder})"


def hit_dict(hit: Hit) -> dict[str, Any]:
    """A hit for JSON, with its columns under `row`, and `passages` where it was found by these."""
    passages = [{**one, "score": round(one["score"], COSINE_DECIMALS)} for one in hit.passages]
    return {
        "id": hit.id,
        "score": round(hit.score, COSINE_DECIMALS),
        "vector_score": None if hit.vector_score is None else as_cosine(hit.vector_score),
        "vector_rank": hit.vector_rank,
        "text_score": None if hit.text_score is None else round(hit.text_score, COSINE_DECIMALS),
        "text_rank": hit.text_rank,
        "distance": None if hit.distance is None else max(0.0, round(hit.distance, COSINE_DECIMALS)),
        **({"passages": passages} if passages else {}),
        "row": {column: plain(value) for column, value in hit.row.items()},
    }


def hit_flat(hit: Hit) -> dict[str, Any]:
    """A hit for CSV: its id and scores, then the columns of its row, which replace a score of the same name."""
    values = hit_dict(hit)
    row: dict[str, Any] = values.pop("row")
    return values | row


def explanation_dict(why: Explanation) -> dict[str, Any]:
    """An explanation for JSON, without its hit."""
    names = ("query_terms", "document_terms", "pairs", "components", "words")
    parts = {name: asdict(getattr(why, name)) for name in names}
    return {"sentence": why.sentence, **parts, "missing": list(why.missing), "changed": why.changed}


def _along(part: Component) -> str:
    """A topic by number and name, what it contributes, and the words that contribute most."""
    named = f"{part.number} *{part.name}*" if part.name else f"component {part.number}"
    return f"{named} {part.contribution:+.2f} ({', '.join(part.words)})"


def explanation_lines(why: Explanation, most: int = 4) -> list[str]:
    """An explanation for people: the sentence, the pairs of words that contribute most, components, matched words."""
    lines = [why.sentence]
    if why.changed:
        lines.append("the row has changed since the build. The breakdown is that of its current text")
    shown = why.pairs.listed[:most]
    if shown:
        width = max(len(pair.query) for pair in shown)
        lines += [f"{pair.contribution:+.3f}  {pair.query:<{width}}  {pair.document}" for pair in shown]
        rest = why.pairs.others + sum(pair.contribution for pair in why.pairs.listed[most:])
        lines.append(f"{rest:+.3f}  all other pairs")
        parts = [_along(part) for part in why.components.listed[:3]]
        lines.append(f"{why.directions}: {'; '.join(parts)}")
    if why.words.listed:
        lines.append("text score: " + ", ".join(f"{term.word} {term.contribution:.2f}" for term in why.words.listed))
    return lines


def plain(value: Any) -> Any:
    """A value that JSON can hold; a BLOB is replaced by its size."""
    return f"<{len(value):,} bytes>" if isinstance(value, bytes) else value


def cosine(value: float | None) -> str:
    """A cosine with two decimals, never -0.00; empty for None."""
    return "" if value is None else f"{round(value, 2) + 0.0:.2f}"


def title_of(dataset: Dataset, hit: Hit) -> str:
    """The name of a hit: a word itself, a title, else the beginning of the text, else the id."""
    if is_word(hit.row):
        return str(hit.row["word"])
    if dataset.kind == "images" and not (dataset.title_column and hit.row.get(dataset.title_column)):
        label = hit.row.get(dataset.label_column) if dataset.label_column else None
        id = str(hit.id)
        if id.isdecimal():
            return f"Image {id}" if label is None else f"Image {id} (label {label})"
        is_in_path = label is None or id.startswith(str(label))  # a path, whose folder is the label
        return id if is_in_path else f"{id} (label {label})"
    title, body = text_of(dataset, hit.row)
    return title.strip() or shortened(body, 60) or str(hit.id)


def alt_of(dataset: Dataset, hit: Hit) -> str:
    """The alternative text of an image: its id, and its label if it has one."""
    label = hit.row.get(dataset.label_column) if dataset.label_column else None
    return f"Image {hit.id}" if label is None else f"Image {hit.id}, labelled {label}"


def is_word(row: Mapping[str, Any]) -> bool:
    """Whether a row comes from a vocabulary table, by its columns."""
    return {"word", "count"} <= row.keys() <= {"word", "count", "term", "documents"}


def spelling_lines(name: str, found: Found) -> list[str]:
    """What was done about misspelled words of a query, and what it may have meant, in lines for people."""
    lines, spelling = [], found.spelling
    if spelling.corrected is not None:
        words = written_list(map(repr, spelling.replaced), "or")
        lines.append(f"{name} has no word {words}: the results are for {spelling.corrected!r}")
    if spelling.unknown and found.hits:  # without hits the remark says so
        lines.append(f"{name} has no word {written_list(map(repr, spelling.unknown), 'or')}")
    if spelling.suggested is not None:
        lines.append(f"Did you mean {spelling.suggested!r}?")
    return lines


def with_spelling(name: str, found: Found) -> Found:
    """The results with a remark that says what was done about misspelled words too."""
    lines = [line.rstrip("?") for line in spelling_lines(name, found)]
    return replace(found, remark=". ".join([*lines, *filter(None, [found.remark])]) or None)


def spelling_dict(spelling: Spelling) -> dict[str, Any]:
    """The same for JSON: `corrected` is the query that was answered, `did_you_mean` one that was perhaps meant."""
    return {
        "corrected": spelling.corrected,
        "did_you_mean": spelling.suggested,
        "unknown_words": list(spelling.unknown),
    }


def with_database(text: str, path: str) -> str:
    """A text whose commands name this file instead of the placeholder DB, quoted for a shell."""
    file = shlex.quote(path)
    return _COMMAND.sub(lambda command: _PLACEHOLDER.sub(lambda _: file, command[0]), text)


def shortened(text: str, length: int) -> str:
    """The beginning of a text on one line, cut at a word."""
    line = _SPACE.sub(" ", text).strip()
    if len(line) <= length:
        return line
    cut = line[: length + 1].rsplit(" ", 1)[0]
    return (cut if len(cut) > length // 2 else line[:length]) + "…"


def snippet(text: str, query: str, length: int, language: str | None) -> list[tuple[str, bool]]:
    """The passage of a text with most words of the query, in pieces, and whether each piece is one of those words.

    Words match by their terms in the full-text index, whose `language` this is, so "compressing" marks "compressed".
    """
    line = _SPACE.sub(" ", text).strip()
    matches = occurrences(line, query, language)
    start = _best_start(line, [begin for begin, _ in matches], length)
    end = min(len(line), start + length)
    if end < len(line) and (space := line.rfind(" ", start, end + 1)) > start + length // 2:
        end = space
    pieces: list[tuple[str, bool]] = [("…", False)] if start else []
    at = start
    for begin, after in matches:
        if start <= begin and after <= end:
            pieces += [(line[at:begin], False), (line[begin:after], True)]
            at = after
    pieces += [(line[at:end], False), ("…" if end < len(line) else "", False)]
    return [piece for piece in pieces if piece[0]]


def marked(text: str, query: str, language: str | None) -> list[tuple[str, bool]]:
    """A text in pieces, and whether each piece is a word of the query. `language` is that of the full-text index."""
    pieces, at = [], 0
    for start, end in occurrences(text, query, language):
        pieces += [(text[at:start], False), (text[start:end], True)]
        at = end
    return [piece for piece in [*pieces, (text[at:], False)] if piece[0]]


def _best_start(line: str, starts: Sequence[int], length: int) -> int:
    """Where the window with most matches begins, moved back to the start of a word."""
    if not starts or len(line) <= length:
        return 0
    best = max(starts, key=lambda start: (sum(start <= other < start + length - 20 for other in starts), -start))
    if best < length // 2:
        return 0
    back = line.rfind(" ", max(0, best - 40), best - 20)
    return back + 1 if back >= 0 else best


def took_seconds(seconds: float) -> str:
    """A duration for people: `2.8 s`, `under 0.1 s`."""
    return f"{seconds:,.1f} s" if seconds >= 0.05 else "under 0.1 s"


def collection_row(collection: Collection, run_seconds: float | None = None) -> dict[str, Any]:
    """A collection for a listing."""
    row = {
        "name": collection.name,
        "dataset": collection.dataset,
        "of": collection.of,
        "builder": collection.builder,
        "count": collection.count,
        "dim": collection.dim,
        "run": collection.run,
        "created": collection.created,
    }
    return row if run_seconds is None else row | {"seconds": run_seconds}


def dataset_row(dataset: Dataset, count: int) -> dict[str, Any]:
    """A dataset for a listing."""
    return {
        "name": dataset.name,
        "kind": dataset.kind,
        "count": count,
        "key": ", ".join(dataset.key_columns) or "hash of the row",
        "text": ", ".join(dataset.text_columns),
        "title": dataset.title_column,
        "language": dataset.language or dataset.asked_language,
        "label": dataset.label_column,
        "made_by": dataset.made_by,
        "created": dataset.created,
    }


def run_row(run: Run) -> dict[str, Any]:
    """A run for a listing."""
    return {
        "run": run.id,
        "dataset": run.dataset,
        "builder": run.builder,
        "collections": ", ".join(run.collections),
        "started": run.started,
        "seconds": run.seconds,
        "seed": run.seed,
        "device": run.device,
    }


def update_row(collection: Collection, update: Update) -> dict[str, Any]:
    """An update of a collection, for a listing."""
    counts = {"added": update.added, "changed": update.changed, "deleted": update.deleted}
    return {"name": collection.name, **counts, "count": collection.count, "seconds": update.seconds}


def update_counts(update: Update) -> dict[str, Any]:
    """What an update did, for people: its start, its duration and its numbers of rows."""
    counts = {"added": update.added, "changed": update.changed, "deleted": update.deleted}
    return {"started": update.started, "duration": took_seconds(update.seconds), **counts}


def update_dict(update: Update) -> dict[str, Any]:
    """Everything about an update, for JSON."""
    values = asdict(update)
    return values | values.pop("metrics")


def run_dict(run: Run, updates: Sequence[Update] = ()) -> dict[str, Any]:
    """Everything about a run, for JSON."""
    return run_row(run) | {
        "collections": list(run.collections),
        "options": dict(with_present_names(run).options),
        "metrics": dict(run.metrics),
        "versions": dict(run.versions),
        "updates": [update_dict(update) for update in updates],
    }


def flat(values: Mapping[str, Any]) -> str:
    """Options or metrics on one line: `dim=100  split=documents`."""
    return "  ".join(f"{name}={number_text(value)}" for name, value in values.items())
