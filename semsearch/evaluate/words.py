"""Evaluate word vectors by human similarity ratings and by analogy questions.

A similarity set has lines `word word score`. The measure is Spearman's correlation of cosine and score, over the pairs
whose words are both in the vocabulary; coverage is the share of those pairs. A question set has lines `a b c d` under
headings `: section` (Mikolov et al. 2013). Sections whose name begins with `gram` are syntactic, the others semantic.
The answer is the best-scored word other than a, b and c, among all words and among the 30,000 most frequent. Questions
with an unknown word are left out (`accuracy`) or count as wrong (`of_all`). Words are lower-cased.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray, IntArray
from semsearch.errors import InputError, out_of_range, reason_of
from semsearch.maths.analogy import METHODS, analogy_scores
from semsearch.maths.metrics import spearman
from semsearch.records import Collection, Report, silent
from semsearch.storage import chunks, collections
from semsearch.storage.driver import Connection

COMMONEST = 30_000  # words of the smaller vocabulary
_BATCH_SCORES = 1 << 23  # scores computed at once: 32 MB for each of a few arrays


@dataclass(frozen=True)
class SimilarityScores:
    """The agreement of cosines with human ratings."""

    spearman: float  # rank correlation over the known pairs, -1..1
    known: int  # pairs with both words in the vocabulary
    pairs: int

    @property
    def coverage(self) -> float:
        """The share of pairs whose words are both known, 0..1."""
        return self.known / self.pairs

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json."""
        return {"kind": "similarity", **asdict(self), "coverage": self.coverage}


@dataclass(frozen=True)
class AnalogyScores:
    """The correct answers of one method within one vocabulary, in one section or group of sections."""

    method: str
    vocabulary: int  # words
    section: str
    right: int  # correct answers
    known: int  # questions with all words in the vocabulary
    questions: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json, with both accuracies, 0..1; `accuracy` is None if no question is known."""
        accuracy = self.right / self.known if self.known else None
        return {**asdict(self), "accuracy": accuracy, "of_all": self.right / self.questions}


@dataclass(frozen=True)
class Question:
    """A is to B as C is to D."""

    section: str
    words: tuple[str, str, str, str]


def read_similarities(path: str) -> list[tuple[str, str, float]]:
    """The pairs of words and their scores in a file. Raises InputError, which names the line."""
    pairs = []
    for number, line in enumerate(_lines(path), 1):
        cells = line.split()
        if not cells or line.startswith("#"):
            continue
        try:
            word, other, score = cells
            pairs.append((word.lower(), other.lower(), float(score)))
        except ValueError as error:
            raise InputError(f"Line {number} of {path} is not a pair: word, word and score are needed") from error
    if len(pairs) < 2:
        raise InputError(f"{path} holds {len(pairs)} pairs: a correlation needs at least 2")
    return pairs


def read_questions(path: str) -> list[Question]:
    """The questions in a file. Raises InputError, which names the line."""
    questions, section = [], "questions"
    for number, line in enumerate(_lines(path), 1):
        cells = line.lower().split()
        if line.startswith(":"):
            section = line[1:].strip()
        elif len(cells) == 4:
            questions.append(Question(section, (cells[0], cells[1], cells[2], cells[3])))
        elif cells:
            raise InputError(f"Line {number} of {path} is not a question: four words, or `: section`, are needed")
    if not questions:
        raise InputError(f"{path} holds no questions")
    return questions


def _lines(path: str) -> list[str]:
    try:
        content = Path(path).read_bytes()
        return (gzip.decompress(content) if path.endswith(".gz") else content).decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {reason_of(error)}") from error


@dataclass(frozen=True)
class Vocabulary:
    """The words of a collection."""

    words: Sequence[str]  # (v,) most frequent first, if their counts are known
    vectors: FloatArray  # (v, dim) at unit length
    where: Mapping[str, int]  # the row of each word


def vocabulary_of(words: Sequence[str], matrix: FloatArray) -> Vocabulary:
    """A vocabulary from words (v,) and their vectors (v, dim) of any length."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    unit = (matrix / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return Vocabulary(words, unit, {word: row for row, word in enumerate(words)})


def open_vocabulary(db: Connection, name: str) -> Vocabulary:
    """The words of a collection, most frequent first. Raises InputError for a collection of other items.

    Imported words have no counts, so they stay in the order of their file, which is mostly by frequency too.
    """
    collection: Collection = collections.get_collection(db, name)
    if collection.of != "word":
        raise InputError(f"{name} contains {collection.of}s, not words: `semsearch build pmi` makes vectors of words")
    words, matrix = chunks.everything(db, collection)
    counts = collections.word_counts(db, collection)
    order = list(range(len(words)))
    if counts:
        order.sort(key=lambda row: (-counts.get(words[row], 0), words[row]))
    return vocabulary_of([words[row] for row in order], matrix[order])


@dataclass(frozen=True)
class WordScores:
    """The scores of a collection of `words` words: by similarity set, and by set of analogy questions."""

    words: int
    similarity: Mapping[str, SimilarityScores]
    analogies: Mapping[str, Sequence[AnalogyScores]]

    def as_dict(self) -> dict[str, Any]:
        """Plain values by set, for --json."""
        return {name: scores.as_dict() for name, scores in self.similarity.items()} | {
            name: {"kind": "analogies", "results": [row.as_dict() for row in scores]}
            for name, scores in self.analogies.items()
        }


def evaluate_words(
    db: Connection,
    name: str,
    similarity: Sequence[str] = (),
    analogies: Sequence[str] = (),
    *,
    top: int = COMMONEST,
    report: Report = silent,
) -> WordScores:
    """The scores of a word collection on files of word pairs and of analogy questions, by the files' names.

    `top` is how many of the commonest words may be an answer. Raises InputError without a file, for two files of one
    name, for a file that cannot be read, and what `open_vocabulary` raises.
    """
    if not similarity and not analogies:
        raise InputError("There is nothing to measure: give --similarity FILE or --analogies FILE")
    if top < 1:
        raise out_of_range("--max-vocab", top, least=1)
    pairs = {_set_name(path): read_similarities(path) for path in similarity}
    questions = {_set_name(path): read_questions(path) for path in analogies}
    if len(pairs) + len(questions) < len(similarity) + len(analogies) or pairs.keys() & questions.keys():
        raise InputError("Two files have the same name: give each file once, or rename one")
    vocabulary = open_vocabulary(db, name)
    similarity_scores = {name: score_similarities(vocabulary, rows) for name, rows in pairs.items()}
    answered = {}
    for done, (set_name, rows) in enumerate(questions.items()):
        report(done, len(questions))
        answered[set_name] = score_analogies(vocabulary, rows, top=top)
    return WordScores(len(vocabulary.words), similarity_scores, answered)


def _set_name(path: str) -> str:
    """What a file's set is called: its name without suffixes."""
    return Path(path).name.removesuffix(".gz").rsplit(".", 1)[0]


def score_similarities(known: Vocabulary, pairs: Sequence[tuple[str, str, float]]) -> SimilarityScores:
    """The correlation of cosine and human score. Raises InputError if fewer than two pairs are known."""
    rated = [(known.where[a], known.where[b], score) for a, b, score in pairs if a in known.where and b in known.where]
    if len(rated) < 2:
        raise InputError(f"{len(rated)} of {len(pairs)} pairs have both words in the vocabulary: at least 2 are needed")
    a, b, scores = (np.array(column) for column in zip(*rated, strict=True))
    cosines = np.einsum("ij,ij->i", known.vectors[a], known.vectors[b])
    return SimilarityScores(spearman(cosines, scores), len(rated), len(pairs))


def score_analogies(known: Vocabulary, questions: Sequence[Question], *, top: int = COMMONEST) -> list[AnalogyScores]:
    """The scores of both methods within the `top` most frequent words, and within all: overall, by kind, by section."""
    sizes = sorted({min(top, len(known.words)), len(known.words)})
    scores = []
    for size in sizes:
        rows, at = _known_rows(known, questions, size)
        for method in METHODS:
            right = np.zeros(len(questions), bool)
            right[at] = _answers(known.vectors[:size], rows, method)
            answered = np.zeros(len(questions), bool)
            answered[at] = True
            scores += [
                AnalogyScores(method, size, name, int(right[group].sum()), int(answered[group].sum()), len(group))
                for name, group in _groups(questions).items()
            ]
    return scores


def _known_rows(known: Vocabulary, questions: Sequence[Question], size: int) -> tuple[IntArray, IntArray]:
    """Rows of the words (m, 4) of the questions within the first `size` words, and their indices (m,)."""
    rows = [[known.where.get(word, size) for word in question.words] for question in questions]
    all_rows = np.array(rows, np.int64).reshape(-1, 4)
    at = np.flatnonzero((all_rows < size).all(axis=1))
    return all_rows[at], at


def _groups(questions: Sequence[Question]) -> dict[str, IntArray]:
    """The indices of all questions, of those of each kind, and of those of each section, by name."""
    sections = [question.section for question in questions]
    syntactic = np.array([section.startswith("gram") for section in sections])
    groups = {"all": np.arange(len(questions))}
    if syntactic.any() and not syntactic.all():
        groups |= {"semantic": np.flatnonzero(~syntactic), "syntactic": np.flatnonzero(syntactic)}
    names = list(dict.fromkeys(sections))
    if len(names) > 1:
        groups |= {name: np.flatnonzero(np.array([section == name for section in sections])) for name in names}
    return groups


def _answers(unit: FloatArray, rows: IntArray, method: str) -> npt.NDArray[np.bool_]:
    """Whether the best word of each question is its fourth, (m,)."""
    right = np.zeros(len(rows), bool)
    size = max(1, _BATCH_SCORES // max(1, len(unit)))
    for start in range(0, len(rows), size):
        batch = rows[start : start + size]
        distinct, index = np.unique(batch[:, :3], return_inverse=True)
        cosines = unit[distinct] @ unit.T
        a, b, c = index.reshape(-1, 3).T
        scores = analogy_scores(cosines[a], cosines[b], cosines[c], method)
        scores[np.arange(len(batch))[:, None], batch[:, :3]] = -np.inf
        right[start : start + size] = scores.argmax(axis=1) == batch[:, 3]
    return right
