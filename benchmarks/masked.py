"""Gaps in Simple English Wikipedia: `masked` against an interpolated Kneser-Ney trigram on the same words.

    python benchmarks/masked.py --data FOLDER [--seconds 1200 --processor-time] [--articles N] [--json]

One article of fifty is held out. Gaps are words of the vocabulary in the held-out articles, one at a time: the model
sees the words on both sides, the trigram the two before. Words outside the vocabulary are gaps for neither. The trigram
has one discount for each order (Kneser & Ney 1995; Chen & Goodman 1999). It knows the same words, and one unknown word.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import budget
import numpy as np
import numpy.typing as npt
import results
import sets

from semsearch.builders.base import make_options
from semsearch.builders.masked import Masked
from semsearch.maths.text import tokens, unpack
from semsearch.records import Device, Documents, State

HELD_OUT = 50  # one article of so many
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Measured:
    """Perplexity, and the shares of gaps whose word is the likeliest and among the five likeliest."""

    name: str
    perplexity: float
    first: float
    five: float
    gaps: int
    processor_seconds: float


class Trigram:
    """Interpolated Kneser-Ney over streams of word numbers; 0 separates texts and 1 is any unknown word."""

    def __init__(self, stream: Ids, words: int) -> None:
        self.words = words
        grams = [Counter(zip(*(stream[at:].tolist() for at in range(n)), strict=False)) for n in (1, 2, 3)]
        counts: list[Mapping[tuple[int, ...], int]] = [
            Counter(gram[1:] for gram in grams[1]),  # of one word: how many words it follows
            Counter(gram[1:] for gram in grams[2]),
            grams[2],
        ]
        self.tables = [_Order(table) for table in counts]

    def chances(self, before: tuple[int, int]) -> npt.NDArray[np.float64]:
        """(words,) the probability of each word after these two."""
        result = np.full(self.words, 1 / self.words)
        for order, table in enumerate(self.tables):
            result = table.interpolated(before[2 - order :], result)
        return result


class _Order:
    """The counts of one order, by context."""

    def __init__(self, counts: Mapping[tuple[int, ...], int]) -> None:
        ones = sum(count == 1 for count in counts.values())
        twos = sum(count == 2 for count in counts.values())
        self.discount = ones / max(1, ones + 2 * twos)
        gathered: dict[tuple[int, ...], list[tuple[int, int]]] = {}
        for gram, count in counts.items():
            gathered.setdefault(gram[:-1], []).append((gram[-1], count))
        self.by_context = {context: np.array(pairs) for context, pairs in gathered.items()}

    def interpolated(self, context: tuple[int, ...], lower: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The discounted counts after a context, and the rest of the mass by the lower order."""
        found = self.by_context.get(context)
        if found is None:
            return lower
        total = found[:, 1].sum()
        result = lower * (self.discount * len(found) / total)
        result[found[:, 0]] += np.maximum(found[:, 1] - self.discount, 0) / total
        return result


def measure(texts: Sequence[str], held: Sequence[str], wanted: argparse.Namespace) -> list[Measured]:
    """Train both and judge them on the same gaps."""
    start = time.process_time()
    options = make_options(Masked(), {"seconds": wanted.seconds, "dim": wanted.dim, "layers": wanted.layers})
    corpus = Documents([str(row) for row in range(len(texts))], texts)
    fitted = Masked().fit(corpus, options, rng=np.random.default_rng(0), device=Device(wanted.device), report=_told)
    spent = time.process_time() - start
    print({name: round(value, 4) for name, value in fitted.metrics.items()}, file=sys.stderr, flush=True)
    known = {word: row for row, word in enumerate(unpack(fitted.arrays["words"]))}
    streams = [np.array([known.get(token, -1) for token in tokens(text)], np.int64) for text in held]
    rng = np.random.default_rng(1)
    places = [(row, int(at)) for row, stream in enumerate(streams) for at in np.flatnonzero(stream >= 0)]
    chosen = [places[number] for number in rng.permutation(len(places))[: wanted.gaps]]
    ours = _by_model(fitted.state(), streams, chosen, options.context)
    start = time.process_time()
    theirs = _by_trigram(texts, known, streams, chosen)
    return [_measured("masked", ours, spent), _measured("trigram", theirs, time.process_time() - start)]


def _told(step: int, total: int, **metrics: float) -> None:
    if "held_out" in metrics or (step % 200 == 0 and metrics):
        print(step, total, {name: round(value, 3) for name, value in metrics.items()}, file=sys.stderr, flush=True)


def _by_model(
    state: State, streams: Sequence[Ids], chosen: Sequence[tuple[int, int]], context: int
) -> npt.NDArray[np.float64]:
    """(gaps, 2) the log probability of the right word, and its rank from 0."""
    import torch

    from semsearch.nets import masked

    net, found = masked.encoder_of(state.arrays), []
    for first in range(0, len(chosen), 64):
        ids, places, right = [], [], []
        for row, at in chosen[first : first + 64]:
            stream = np.where(streams[row] < 0, masked.UNKNOWN, streams[row] + masked.FIRST)
            begin = max(0, min(at - context // 2, len(stream) - context))
            window = np.full(context, masked.PAD)
            part = stream[begin : begin + context]
            window[: len(part)] = part
            places.append(at - begin)
            right.append(int(window[at - begin]))
            window[at - begin] = masked.MASK
            ids.append(window)
        given = torch.from_numpy(np.stack(ids))
        with torch.no_grad():
            vectors = net(given, given != masked.PAD)[-1][torch.arange(len(ids)), torch.tensor(places)]
            scores = net.scores(vectors)
        scores[:, : masked.FIRST] = -math.inf
        logs = scores.log_softmax(dim=1)
        of_right = logs[torch.arange(len(ids)), torch.tensor(right)]
        found.append(torch.stack([of_right, (logs > of_right[:, None]).sum(dim=1).float()], dim=1).double().numpy())
    return np.concatenate(found)


def _by_trigram(
    texts: Sequence[str], known: Mapping[str, int], streams: Sequence[Ids], chosen: Sequence[tuple[int, int]]
) -> npt.NDArray[np.float64]:
    """The same by the trigram; the probabilities are those among the words of the vocabulary."""
    pieces: list[int] = []
    for text in texts:
        pieces += [0, 0, *(known.get(token, -1) + 2 for token in tokens(text))]
    model = Trigram(np.array(pieces), len(known) + 2)
    found = []
    for row, at in chosen:
        stream = [0, 0, *(streams[row][max(0, at - 2) : at] + 2).tolist()]
        chances = model.chances((stream[-2], stream[-1]))[2:]
        right = chances[streams[row][at]]
        found.append([math.log(right / chances.sum()), float((chances > right).sum())])
    return np.array(found)


def _measured(name: str, found: npt.NDArray[np.float64], seconds: float) -> Measured:
    first, five = (float((found[:, 1] < most).mean()) for most in (1, 5))
    return Measured(name, float(np.exp(-found[:, 0].mean())), first, five, len(found), seconds)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds simplewiki/")
    parser.add_argument("--articles", type=int, help="only the first N articles")
    parser.add_argument("--seconds", type=float, default=1200.0, help="training time (default: 1200)")
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--gaps", type=int, default=5000, help="gaps that are judged (default: 5000)")
    budget.add_option(parser)
    results.add_option(parser, __file__)
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Train, judge and print."""
    wanted = arguments(given)
    if wanted.processor_time:
        budget.by_processor()
    articles = [one["text"] for one in sets.simplewiki(wanted.data, wanted.articles)]
    held = articles[::HELD_OUT]
    texts = [text for number, text in enumerate(articles) if number % HELD_OUT]
    rows = measure(texts, held, wanted)
    for row in rows:
        print(
            f"{row.name:8} perplexity {row.perplexity:7.1f}  first {row.first:.1%}  among five {row.five:.1%}"
            f"  ({row.gaps:,} gaps, {row.processor_seconds:.0f} processor seconds)"
        )
    if wanted.json:
        results.write(wanted.json, {"masked": [asdict(row) for row in rows]}, wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
