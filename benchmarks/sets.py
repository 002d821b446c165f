"""Public test collections for retrieval: read as published, checked by count, written in the BEIR layout.

A file may be in the folder as it is or with `.gz` appended to its name. Texts are Latin-1 with LF or CRLF line ends. A
document's title is its title field, its text the abstract; if a collection has no titles, the title is empty.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path


class SetError(Exception):
    """A collection is missing, or does not hold what was published."""


@dataclass(frozen=True)
class Document:
    """A document of a collection, by the id its judgements use."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class TestSet:
    """Documents, queries by id, and judgements {query: {document: 1 relevant, 0 judged not relevant}}."""

    __test__ = False  # pytest: a record, not a test

    name: str
    documents: tuple[Document, ...]
    queries: Mapping[str, str]
    judgements: Mapping[str, Mapping[str, int]]

    def relevant(self) -> dict[str, set[str]]:
        """The relevant documents of each query that has any."""
        found = {query: {doc for doc, score in docs.items() if score > 0} for query, docs in self.judgements.items()}
        return {query: docs for query, docs in found.items() if docs}

    def counts(self) -> tuple[int, int, int]:
        """Documents, queries with a relevant document, relevant pairs."""
        relevant = self.relevant()
        return len(self.documents), len(relevant), sum(map(len, relevant.values()))


# Documents, judged queries and relevant pairs of each published collection.
PUBLISHED: Mapping[str, tuple[int, int, int]] = {
    "med": (1033, 30, 696),
    "cran": (1400, 225, 1612),
    "cisi": (1460, 76, 3114),
    "cacm": (3204, 52, 796),
    "npl": (11429, 93, 2083),
    "lisa": (5999, 32, 339),
    "adi": (82, 35, 170),
    "scifact": (5183, 300, 339),
    "cf": (1239, 99, 4811),
    "cosqa": (6267, 1000, 1000),
    "piaf-fr": (1518, 1500, 1500),
    **{f"xquad-{language}": (240, 1190, 1190) for language in ("en", "de", "ru", "ar", "hi", "zh", "th")},
}


def load(name: str, data: Path) -> TestSet:
    """The named collection from the folder `data`; SetError if it is unknown, missing or not what was published."""
    loaders = {**LOADERS, **MORE}
    if name not in loaders:
        raise SetError(f"there is no set {name!r}: choose among {', '.join(loaders)}")
    loaded = loaders[name](data)
    check(loaded, PUBLISHED[name])
    return loaded


def check(found: TestSet, published: tuple[int, int, int]) -> None:
    """SetError unless the counts are as published and every judgement is of a query and a document that exist."""
    if found.counts() != published:
        raise SetError(f"{found.name} has {found.counts()} documents, judged queries and pairs; published: {published}")
    known = {document.id for document in found.documents}
    if len(known) != len(found.documents):
        raise SetError(f"{found.name} has a document id twice")
    for query, relevant in found.relevant().items():
        if query not in found.queries or not relevant <= known:
            raise SetError(f"{found.name}: query {query} or a document judged for it is not in the collection")


def write_beir(found: TestSet, folder: Path) -> None:
    """Write corpus.jsonl (_id, title, text), queries.jsonl (_id, text) and qrels.tsv (query-id, corpus-id, score)."""
    folder.mkdir(parents=True, exist_ok=True)
    corpus = ({"_id": document.id, "title": document.title, "text": document.text} for document in found.documents)
    queries = ({"_id": query, "text": text} for query, text in found.queries.items())
    _write_lines(folder / "corpus.jsonl", map(json.dumps, corpus))
    _write_lines(folder / "queries.jsonl", map(json.dumps, queries))
    pairs = (f"{query}\t{doc}\t{score}" for query, docs in found.judgements.items() for doc, score in docs.items())
    _write_lines(folder / "qrels.tsv", ["query-id\tcorpus-id\tscore", *pairs])


def simplewiki(data: Path, limit: int | None = None) -> Iterator[dict[str, str]]:
    """The articles of Simple English Wikipedia in order: id, url, title, text. The text begins with the title."""
    path = _find(data / "simplewiki" / "simplewiki.jsonl")
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if limit is not None and number >= limit:
                return
            yield json.loads(line)


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)


def _find(path: Path) -> Path:
    """The file itself, or the same with `.gz` behind it."""
    for candidate in (path, path.with_name(path.name + ".gz")):
        if candidate.is_file():
            return candidate
    raise SetError(f"{path} is not there, nor {path.name}.gz: benchmarks/log.md says how the folder is laid out")


def _read(path: Path, encoding: str = "latin-1") -> str:
    found = _find(path)
    raw = gzip.decompress(found.read_bytes()) if found.suffix == ".gz" else found.read_bytes()
    return raw.decode(encoding).replace("\r\n", "\n")


def smart_records(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The (id, {field letter: text}) of each record in SMART's format: `.I id`, then `.X` lines that begin a field.

    A field that comes twice is joined: Cranfield and CISI have a few.
    """
    for record in re.split(r"^\.I ", text, flags=re.MULTILINE)[1:]:
        number, _, rest = record.partition("\n")
        parts = re.split(r"^\.([A-Z])[ ]*$\n?", rest, flags=re.MULTILINE)
        fields: dict[str, str] = {}
        for letter, body in zip(parts[1::2], parts[2::2], strict=True):
            fields[letter] = " ".join([fields.get(letter, ""), *body.split()]).strip()
        yield number.strip(), fields


def _smart_documents(text: str) -> tuple[Document, ...]:
    return tuple(
        Document(str(int(number)), fields.get("T", ""), fields.get("W", "")) for number, fields in smart_records(text)
    )


def _smart_queries(text: str) -> dict[str, str]:
    """Query texts by id. Some queries of CISI are documents with a title (.T): title and abstract, as in a document."""
    return {
        str(int(number)): f"{fields.get('T', '')} {fields.get('W', '')}".strip()
        for number, fields in smart_records(text)
    }


def _judged(rows: Iterable[tuple[str, str, int]]) -> dict[str, dict[str, int]]:
    """Judgements from (query, document, score); the better score of a pair that comes twice."""
    judgements: dict[str, dict[str, int]] = {}
    for query, document, score in rows:
        docs = judgements.setdefault(str(int(query)), {})
        docs[str(int(document))] = max(score, docs.get(str(int(document)), 0))
    return judgements


def _pairs(text: str) -> Iterator[tuple[str, str, int]]:
    """Every line's first two columns as a relevant pair."""
    for line in text.splitlines():
        if line.strip():
            query, document = line.split()[:2]
            yield query, document, 1


def _smart(name: str, folder: Path, files: tuple[str, str, str]) -> TestSet:
    documents, queries, judgements = (_read(folder / file) for file in files)
    return TestSet(name, _smart_documents(documents), _smart_queries(queries), _judged(_pairs(judgements)))


def _cran(data: Path) -> TestSet:
    """Cranfield: judgements number the queries by position, not by their ids in cran.qry; grades 1..4 are relevant."""
    folder = data / "ir" / "cran"
    queries = [fields.get("W", "") for _, fields in smart_records(_read(folder / "cran.qry"))]
    lines = [line.split() for line in _read(folder / "cranqrel").splitlines() if line.strip()]
    judgements = _judged((query, document, int(1 <= int(grade) <= 4)) for query, document, grade in lines)
    documents = _smart_documents(_read(folder / "cran.all.1400"))
    return TestSet("cran", documents, {str(place): text for place, text in enumerate(queries, start=1)}, judgements)


def _npl_records(text: str) -> Iterator[tuple[str, str]]:
    """(id, text) of records that end with a line holding only a slash."""
    for record in re.split(r"^[ ]*/[ ]*$", text, flags=re.MULTILINE):
        number, _, body = record.strip().partition("\n")
        if number:
            yield number, " ".join(body.split())


def _npl(data: Path) -> TestSet:
    folder = data / "ir" / "npl"
    documents = tuple(Document(number, "", text) for number, text in _npl_records(_read(folder / "doc-text")))
    judged = _npl_records(_read(folder / "rlv-ass"))
    rows = [(query, document, 1) for query, documents_ in judged for document in documents_.split()]
    return TestSet("npl", documents, dict(_npl_records(_read(folder / "query-text"))), _judged(rows))


# LISA's two files of judgements disagree on these queries.
LISA_DISPUTED = frozenset({"21", "22", "23"})


def _lisa_documents(text: str) -> Iterator[Document]:
    """`Document n`, the title, a blank line, the abstract, a line of asterisks."""
    for record in re.split(r"^\*{10,}[ ]*$", text, flags=re.MULTILINE):
        heading = re.match(r"\s*Document\s+(\d+)[ ]*\n", record)
        if heading:
            title, _, abstract = re.sub(r"^[ ]+$", "", record[heading.end() :], flags=re.MULTILINE).partition("\n\n")
            yield Document(heading[1], " ".join(title.split()), " ".join(abstract.split()))


def _lisa(data: Path) -> TestSet:
    folder = data / "ir" / "lisa"
    parts = sorted({path.name.removesuffix(".gz") for path in folder.glob("LISA[0-9].[0-9]*")})
    documents = tuple(document for part in parts for document in _lisa_documents(_read(folder / part)))
    questions = re.findall(r"(\d+)\s*\n(.*?)#", _read(folder / "LISA.QUE"), flags=re.DOTALL)
    queries = {number: " ".join(text.split()) for number, text in questions if number not in LISA_DISPUTED}
    judged = re.findall(r"Query (\d+)\s+\d+ Relevant Refs:\s([\d\s]*)-1", _read(folder / "LISA.REL"))
    rows = [(query, document, 1) for query, numbers in judged for document in numbers.split() if query in queries]
    return TestSet("lisa", documents, queries, _judged(rows))


def _json_lines(path: Path) -> Iterator[dict[str, str]]:
    """The objects of a file, one on each line. Split at newlines only: a text may hold Unicode's other line ends."""
    return (json.loads(line) for line in _read(path, "utf-8").split("\n") if line)


def _scifact(data: Path) -> TestSet:
    folder = data / "scifact"
    corpus, asked = (_json_lines(folder / name) for name in ("corpus.jsonl", "queries.test.jsonl"))
    documents = tuple(Document(one["_id"], one["title"], one["text"]) for one in corpus)
    queries = {one["_id"]: one["text"] for one in asked}
    lines = [line.split("\t") for line in _read(folder / "qrels.test.tsv").splitlines()[1:]]
    judgements = _judged((query, document, int(int(score) > 0)) for query, document, score in lines)
    return TestSet("scifact", documents, queries, judgements)


def _beir(name: str, data: Path) -> TestSet:
    """A set of ir-more/, which are in the BEIR layout; every grade above 0 is relevant."""
    folder = data / "ir-more" / name
    corpus, asked = (_json_lines(folder / file) for file in ("corpus.jsonl", "queries.jsonl"))
    judgements: dict[str, dict[str, int]] = {}
    for line in _read(folder / "qrels.tsv", "utf-8").splitlines()[1:]:
        query, document, score = line.split("\t")
        judgements.setdefault(query, {})[document] = int(int(score) > 0)
    documents = tuple(Document(one["_id"], one["title"], one["text"]) for one in corpus)
    return TestSet(name, documents, {one["_id"]: one["text"] for one in asked}, judgements)


LOADERS: Mapping[str, Callable[[Path], TestSet]] = {
    "med": lambda data: _smart("med", data / "ir" / "med", ("MED.ALL", "MED.QRY", "MED.REL")),
    "cran": _cran,
    "cisi": lambda data: _smart("cisi", data / "ir" / "cisi", ("CISI.ALL", "CISI.QRY", "CISI.REL")),
    "cacm": lambda data: _smart("cacm", data / "ir" / "cacm", ("cacm.all", "query.text", "qrels.text")),
    "npl": _npl,
    "lisa": _lisa,
    "adi": lambda data: _smart("adi", data / "ir" / "adi", ("ADI.ALL", "ADI.QRY", "ADI.REL")),
    "scifact": _scifact,
}
MORE: Mapping[str, Callable[[Path], TestSet]] = {
    name: partial(_beir, name) for name in PUBLISHED if name not in LOADERS
}
