"""Passages of files: facts planted in books, and how fast files become searchable.

    python benchmarks/passages.py --data FOLDER [--books 100] [--files 1000] [--json]

Books are made of articles of Simple English Wikipedia, a third each as PDF, docx and EPUB. One sentence is planted in
each book. It is asked for with its name and three more of its words ("own words"), and with the question of ask.py, in
which all words but the name and one or two are others ("other words"). "page" counts the questions whose page is among
the first three passages, "book" those whose book is among the first three documents, with and without passages. The
files are written by tests/made_files.py.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import results
import sets
from ask import FACTS, FIRSTS, LASTS
from tabulate import tabulate

import semsearch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.made_files import Line, docx, epub, pdf, prose, word

FIRST = 3
WORDS_OF_A_PAGE = 450  # of a PDF in the size that made_files writes; a docx counts the same
SMALL = ("The", "the", "a", "and", "of", "with", "on", "his", "her", "to", "over", "from", "against", "across")
Asked = tuple[str, str, int]
KINDS = ("pdf", "docx", "epub")


def pages_of(articles: Sequence[str], kind: str) -> list[list[str]]:
    """Paragraphs by page: of an EPUB an article is a page, which is a chapter."""
    if kind == "epub":
        return [[line for line in text.split("\n") if line.strip()] for text in articles]
    pages: list[list[str]] = [[]]
    size = 0
    for text in articles:
        for paragraph in text.split("\n"):
            words = paragraph.split()
            for start in range(0, len(words), WORDS_OF_A_PAGE // 3):
                piece = words[start : start + WORDS_OF_A_PAGE // 3]
                if size + len(piece) > WORDS_OF_A_PAGE:
                    pages.append([])
                    size = 0
                pages[-1].append(" ".join(piece))
                size += len(piece) + 10
    return pages


def written(pages: Sequence[Sequence[str]], kind: str, title: str) -> bytes:
    """A file of these pages."""
    if kind == "pdf":
        lines: list[list[Line]] = [
            [(72, 810, 9, f"{title}"), *prose(page, y=780, width=85, size=9), (300, 20, 9, str(number))]
            for number, page in enumerate(pages, 1)
        ]
        return pdf(lines, {"Title": title})
    if kind == "docx":
        breaking = "<w:p><w:r><w:lastRenderedPageBreak/></w:r></w:p>"
        return docx(breaking.join("".join(map(word, page)) for page in pages))
    return epub(["".join(f"<p>{_escaped(line)}</p>" for line in page) for page in pages], title)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def books(articles: Iterator[str], count: int, folder: Path, rng: random.Random) -> dict[str, Asked]:
    """Writes books with a fact in each; returns the kind, the book and the page of each question."""
    asked: dict[str, Asked] = {}
    for number in range(count):
        kind = KINDS[number % 3]
        pages = pages_of(list(islice(articles, rng.randint(10, 60))), kind)
        statement, question = FACTS[number % len(FACTS)]
        name = f"{FIRSTS[number // 10 % 10]}{LASTS[number % 10]}"
        place = rng.randrange(len(pages))
        at = rng.randrange(len(pages[place]) + 1)
        pages[place].insert(at, statement.format(name=name))
        file = f"book{number:03}.{kind}"
        (folder / file).write_bytes(written(pages, kind, f"Book {number}"))
        words = [word.strip(".") for word in statement.split() if word.strip(".") not in SMALL and "{" not in word]
        asked[" ".join([name, *rng.sample(words, 3)])] = ("own words", file, place + 1)
        asked[question.format(name=name)] = ("other words", file, place + 1)
    return asked


def planted(articles: Iterator[str], count: int, seed: int) -> list[dict[str, Any]]:
    """The questions whose page, and whose book, is among the first three."""
    found: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made, "books")
        folder.mkdir()
        asked = books(articles, count, folder, random.Random(seed))
        for is_cut in (True, False):
            with semsearch.open(Path(made, f"{is_cut}.db"), create=True) as db:
                db.ingest_files("books", folder, passages=is_cut, language="english")
                db.build("books", "lsa")
                for question, (kind, file, page) in asked.items():
                    documents = [hit.id for hit in db.search("books_lsa", question, k=FIRST)]
                    found[kind, "book, passages" if is_cut else "book, documents"] += file in documents
                    if is_cut:
                        hits = db.search("books_lsa", question, k=FIRST, by="passage")
                        found[kind, "page"] += (file, page) in [(hit.row["document"], hit.row["page"]) for hit in hits]
    columns = ("page", "book, passages", "book, documents")
    return [
        {"asked with": kind, "questions": count, **{column: found[kind, column] for column in columns}}
        for kind in ("own words", "other words")
    ]


def searchable(folder: Path, file: Path) -> dict[str, float]:
    """Seconds to read a folder, to cut and to build."""
    with semsearch.open(file, create=True) as db:
        start = time.perf_counter()
        db.ingest_files("books", folder, passages=True, language="english")
        read = time.perf_counter()
        db.build("books", "lsa")
        built = time.perf_counter()
    return {"ingest": read - start, "build": built - read, "total": built - start}


def speed(articles: Iterator[str], files: int, seed: int) -> dict[str, Any]:
    """A PDF of 1,000 pages, a folder of files, and one changed file of them."""
    rng, texts = random.Random(seed), list(islice(articles, 4_000))
    with tempfile.TemporaryDirectory() as made:
        large = Path(made, "large")
        large.mkdir()
        pages = pages_of(texts, "pdf")
        thousand = [pages[number % len(pages)] for number in range(1_000)]
        (large / "large.pdf").write_bytes(written(thousand, "pdf", "Large"))
        measured: dict[str, Any] = {"a PDF of 1,000 pages": searchable(large, Path(made, "large.db"))}
        folder = Path(made, "mixed")
        folder.mkdir()
        count = 0
        for number in range(files):
            kind = KINDS[number % 3]
            chosen = [pages[rng.randrange(len(pages))] for _ in range(rng.randint(5, 12))]
            count += len(chosen)
            (folder / f"f{number}.{kind}").write_bytes(written(chosen, kind, f"File {number}"))
        mixed = searchable(folder, Path(made, "mixed.db"))
        measured[f"{files:,} files"] = mixed | {"pages": count, "pages a second": count / mixed["ingest"]}
        with semsearch.open(Path(made, "mixed.db")) as db:
            (folder / "f0.pdf").write_bytes(written([*chosen, ["A new page."]], "pdf", "File 0"))
            start = time.perf_counter()
            db.ingest_files("books", folder / "f0.pdf")
            db.update()
            measured["one changed file"] = {"total": time.perf_counter() - start}
    measured["peak memory, MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return measured


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--books", type=int, default=100)
    parser.add_argument("--files", type=int, default=1_000, help="0 leaves out the times")
    parser.add_argument("--seed", type=int, default=0)
    results.add_option(parser, __file__)
    asked = parser.parse_args()
    articles = (article["text"] for article in sets.simplewiki(asked.data) if len(article["text"]) > 500)
    parts: dict[str, Any] = {"planted": planted(articles, asked.books, asked.seed)}
    print(tabulate(parts["planted"], headers="keys"))
    if asked.files:
        parts["speed"] = speed(articles, asked.files, asked.seed)
        print(tabulate([(name, value) for name, value in parts["speed"].items()]))
    if asked.json:
        results.write(asked.json, parts, asked)


if __name__ == "__main__":
    main()
