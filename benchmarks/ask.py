"""Questions in plain words: whether the right row, and the right passage of it, is among the first three.

    python benchmarks/ask.py --data FOLDER [--sets xquad-en] [--planted 100] [--articles 20000] [--json]

Part one asks the questions of XQuAD (and PIAF) of their paragraphs. Part two plants facts into articles of Simple
English Wikipedia, one sentence in an article of 100 words or more, and asks for each with one or two of its words and
other words for the rest. "words" ranks by text alone, "ask" as `semsearch ask`.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import results
import sets
from tabulate import tabulate

import semsearch
from semsearch.search import query
from semsearch.storage import connect
from semsearch.storage.collections import open_collection
from semsearch.tools.hits import passages_for

FIRST = 3
# A fact, and a question that says it with other words. The places in braces are filled with the same value in both.
FACTS = (
    ("The doctor {name} treated the sick child with herbs.", "Which physician {name} healed an ill boy?"),
    ("The ship {name} carried sailors across the ocean.", "Which vessel {name} brought seamen over the sea?"),
    ("The farmer {name} grew wheat and corn on his land.", "What crops did {name} plant in the field?"),
    ("The painter {name} drew pictures of the river.", "What did the artist {name} paint of the water?"),
    ("The king {name} fought a battle against the army.", "Which ruler {name} led a war with soldiers?"),
    ("The teacher {name} taught mathematics to students.", "Who is {name}, the professor of algebra at school?"),
    ("The singer {name} recorded a song with her band.", "What music did {name} release on an album?"),
    ("The engineer {name} built a bridge over the valley.", "What road construction did {name} design?"),
    ("The goalkeeper {name} won the cup with his team.", "Which football player {name} became champion of the league?"),
    ("The baker {name} made bread from flour and butter.", "What food did {name} cook with dough?"),
)
FIRSTS = ("Abel", "Bran", "Corv", "Dresh", "Elvar", "Fint", "Gord", "Hesp", "Ivar", "Jom")
LASTS = ("agus", "enko", "ilda", "omir", "uvane", "ybeth", "axton", "erwig", "ogrin", "ustar")  # made-up names


def paragraphs(data: Path, name: str) -> dict[str, Any]:
    """The share of a set's questions whose paragraph is among the first three."""
    found = sets.load(name, data)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "set.db"
        with semsearch.open(file, create=True) as db:
            db.ingest("texts", [{"id": each.id, "title": each.title, "body": each.text} for each in found.documents])
            db.build("texts", "lsa")
        return {"set": name, **_asked(str(file), found.queries, found.relevant())}


def _asked(file: str, questions: Mapping[str, str], relevant: Mapping[str, set[str]]) -> dict[str, Any]:
    hits = {"words": 0, "ask": 0}
    began = time.process_time()
    with connect.reading(file) as db:
        opened = open_collection(db, "texts_lsa")
        for key, right in relevant.items():
            words = query.search(db, opened, questions[key].replace('"', " "), mode="text", k=FIRST)
            found, _ = passages_for(db, opened, questions[key], FIRST)
            hits["words"] += any(str(hit.id) in right for hit in words.hits)
            hits["ask"] += any(str(hit.id) in right for hit in found.hits)
    seconds = (time.process_time() - began) / len(relevant)
    return {
        "questions": len(relevant),
        **{name: round(count / len(relevant), 4) for name, count in hits.items()},
        "ms": 1000 * seconds,
    }


def articles(data: Path, count: int) -> list[dict[str, str]]:
    """The first articles of 100 words or more."""
    long = (each for each in sets.simplewiki(data) if len(each["text"].split()) >= 100)
    return [{"id": each["id"], "title": each["title"], "body": each["text"]} for each in islice(long, count)]


def planted(data: Path, facts: int, count: int) -> dict[str, Any]:
    """Facts planted in articles: rows and passages found, by words alone and by `ask`."""
    rows = articles(data, count)
    chance = random.Random(0)
    names = [first + last for first in FIRSTS for last in LASTS]
    pairs = [(FACTS[number % len(FACTS)], name) for number, name in enumerate(names)][:facts]
    asked = []
    for row, ((fact, question), name) in zip(chance.sample(rows, len(pairs)), pairs, strict=True):
        sentences = row["body"].split(". ")
        at = chance.randrange(len(sentences) + 1)
        said = fact.format(name=name)
        row["body"] = ". ".join([*sentences[:at], said.rstrip("."), *sentences[at:]])
        asked.append((row["id"], said.rstrip("."), question.format(name=name)))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "wiki.db"
        with semsearch.open(file, create=True) as db:
            db.ingest("texts", rows)
            db.index("texts", text=["body"], title="title", passages=True)
        words = right = passage = 0
        with connect.reading(str(file)) as db:
            opened = open_collection(db, "texts_lsa")
            for id, said, question in asked:
                by_words = query.search(db, opened, question, mode="text", k=FIRST)
                found, best = passages_for(db, opened, question, FIRST)
                words += any(hit.row["document"] == id for hit in by_words.hits)
                right += any(hit.row["document"] == id for hit in found.hits)
                passage += any(
                    hit.row["document"] == id and each is not None and said in each.text
                    for hit, each in zip(found.hits, best, strict=True)
                )
    return {"articles": len(rows), "facts": len(asked), "words": words, "ask": right, "passage": passage}


def main() -> None:
    """Both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", default="xquad-en,piaf-fr")
    parser.add_argument("--planted", type=int, default=100, help="facts; 0 leaves this part out")
    parser.add_argument("--articles", type=int, default=20_000)
    results.add_option(parser, __file__)
    asked = parser.parse_args()
    measured: dict[str, Any] = {}
    if asked.sets:
        rows = [paragraphs(asked.data, name) for name in asked.sets.split(",")]
        print(tabulate(rows, headers="keys"))
        measured["paragraphs"] = rows
    if asked.planted:
        measured["planted"] = planted(asked.data, asked.planted, asked.articles)
        print(tabulate([measured["planted"]], headers="keys"))
    if asked.json:
        results.write(asked.json, measured, asked)


if __name__ == "__main__":
    main()
