"""Training: GloVe and skip-gram compared with gensim's word2vec, and our training loop with a loop written by hand.

    python benchmarks/training.py --data FOLDER [--documents N] [--k 300] [--only loop|words] [--json]

`loop`: the same small autoencoder on the same images (synthetic if FOLDER has no fashion-mnist/), trained by
`semsearch.nets.loop` and by a dozen lines of plain PyTorch, in turn. `words`: `semsearch build glove` and `build sgns`
as a user runs them, and gensim's word2vec (skip-gram, 5 epochs, 2 workers) on the same words, with processor seconds.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import lsa
import results
import sets
from tabulate import tabulate

ROUNDS = 5
PICTURES, EPOCHS = 4_096, 2
Measured = dict[str, Any]


def loop_beside_plain(data: Path) -> Measured:
    """Seconds of both in turn, and the loss that each ends with: equal, since they do the same."""
    pixels = _pictures(data)
    found: dict[str, list[float]] = {"ours": [], "plain": []}
    ends: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, work in (("ours", _ours), ("plain", _plain)):
            start = time.perf_counter()
            ends[name] = work(pixels)
            found[name].append(time.perf_counter() - start)
    return {"seconds": found, "loss": ends, "pictures": len(pixels) * EPOCHS}


def _pictures(data: Path) -> Any:
    import gzip

    import numpy as np

    path = data / "fashion-mnist" / "train-images-idx3-ubyte.gz"
    if not path.exists():
        return np.random.default_rng(0).integers(0, 256, (PICTURES, 28, 28, 1), np.uint8)
    with gzip.open(path) as file:
        content = file.read(16 + PICTURES * 784)
    return np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28, 1)


def _task(pixels: Any) -> Any:
    from semsearch.nets import autoencoder
    from semsearch.records import Device

    config = autoencoder.AutoencoderConfig(28, 28, 1, 32, 16, False, False)
    plan = autoencoder.AutoencoderPlan(EPOCHS, 128, 0.002, 0.0, 0.0, 0.0, 0)
    return autoencoder.AutoencoderTask(pixels, config, plan, Device())


def _ours(pixels: Any) -> float:
    from semsearch.nets.loop import TrainOptions, train
    from semsearch.records import Device, silent

    task = _task(pixels)
    train(task, TrainOptions(seed=0, clip=1.0), device=Device(), report=silent)
    return float(task.judge()["held_out"])


def _plain(pixels: Any) -> float:
    """What one would write for this net alone: no curves, no checkpoints, no look at the loss."""
    import torch

    from semsearch.nets.autoencoder import warmup_cosine

    task = _task(pixels)
    both, optimiser, seen, taught = task.model, task.optimiser, task.images, task.train
    total, done = task.epochs * task.steps, 0
    for epoch in range(task.epochs):
        for batch in task.batches(epoch):
            for group in optimiser.param_groups:
                group["lr"] = 0.002 * warmup_cosine(done / total)
            x = seen[batch].float().div_(255)
            loss = ((both.decoder(both.encoder(x - 0.5)) + 0.5 - x) ** 2).mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(both.parameters(), 1.0)
            optimiser.step()
            done += 1
    assert len(taught)
    return float(task.judge()["held_out"])


def words_beside_gensim(data: Path, documents: int | None, k: int) -> dict[str, Measured]:
    """Wall and processor seconds, and the scores, of pmi, glove, sgns and gensim."""
    import word_stages

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lsa.write_texts(data, documents, folder)
        word_stages.prepare(folder, data, k)
        database = str(folder / "wiki.db")
        columns = ("--id", "id", "--text", "text")
        lsa.command("ingest", "documents", database, "wiki", str(folder / "corpus.jsonl"), *columns)
        found = {
            builder: _built(builder, database, data, k, word_stages.scores) for builder in ("pmi", "glove", "sgns")
        }
        start, before = time.perf_counter(), time.process_time()
        _, quality = word_stages.train_gensim(folder, data, k)
        found["gensim"] = {
            "seconds": time.perf_counter() - start,
            "processor": time.process_time() - before,
            "quality": quality,
        }
    return found


def _built(builder: str, database: str, data: Path, k: int, scores: Callable[..., Any]) -> Measured:
    from semsearch.evaluate import words as judge
    from semsearch.storage.connect import reading

    before = _children()
    cost = lsa.command("build", builder, database, "wiki", "--dim", str(k), "--no-contexts")
    spent = _children() - before
    with reading(database) as db:
        known = judge.open_vocabulary(db, f"wiki_{builder}")
    quality = scores(list(known.words), known.vectors, data)
    print(f"{builder}: {cost['seconds'][0]:.0f} s", file=sys.stderr, flush=True)
    return {"seconds": cost["seconds"][0], "processor": spent, "peak": cost["peak"], "quality": quality}


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def loop_table(found: Measured) -> str:
    """Median seconds of both, pictures a second, ours over the plain one pair by pair, and where both end."""
    ratios = [ours / plain for ours, plain in zip(found["seconds"]["ours"], found["seconds"]["plain"], strict=True)]
    lines = [
        {
            "loop": name,
            "seconds": f"{median(seconds):.2f}",
            "images/s": f"{found['pictures'] / median(seconds):,.0f}",
            "held-out loss": f"{found['loss'][name]:.6f}",
        }
        for name, seconds in found["seconds"].items()
    ]
    shown = tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True)
    return f"{shown}\n\nours / plain, median of {len(ratios)} pairs: {median(ratios):.3f} (to reach: 1.1 at most)"


def words_table(found: dict[str, Measured]) -> str:
    """What each took beside gensim, and how it scores."""
    theirs = found["gensim"]["processor"]
    lines = [
        {
            "what": name,
            "s": f"{one['seconds']:.0f}",
            "processor s": f"{one['processor']:.0f}",
            "of gensim's": f"{one['processor'] / theirs:.2f}",
            **{score: f"{value:.3f}" for score, value in one["quality"].items() if "of all" not in score},
        }
        for name, one in found.items()
    ]
    return tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds simplewiki/ and word-eval/")
    parser.add_argument("--documents", type=int, help="use the first N articles only")
    parser.add_argument("--k", type=int, default=300, help="dimensions (300)")
    parser.add_argument("--only", choices=("loop", "words"), help="run only this part")
    results.add_option(parser, __file__)
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    """Measure and print."""
    wanted = arguments(given)
    found: Measured = {}
    if wanted.only != "words":
        found["loop"] = loop_beside_plain(wanted.data)
        print(f"{loop_table(found['loop'])}\n")
    if wanted.only != "loop":
        try:
            found["words"] = words_beside_gensim(wanted.data, wanted.documents, wanted.k)
        except sets.SetError as error:
            raise SystemExit(str(error)) from error
        print(words_table(found["words"]))
    if wanted.json:
        results.write(wanted.json, found, wanted)


if __name__ == "__main__":
    main()
