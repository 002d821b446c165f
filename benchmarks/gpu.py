"""What a GPU gives: images per second of the training loop, the SVD of a large sparse matrix, and GloVe.

    python benchmarks/gpu.py --data FOLDER [--only autoencoder svd glove] [--device cuda|cpu] [--json]

`autoencoder`: the small net of training.py in the loop with everything that the loop does, compared with the bare
forward and backward passes of the same net. `svd`: 1,000,000 × 100,000 with 1e8 entries, k = 256, timed from when the
matrix is on the device; run it on the CPU too, with --device cpu --cores 2, for the ratio. `glove`: 25 epochs over the
pairs of FOLDER/simplewiki, 300 dimensions. Images and the matrix are synthetic: neither time depends on their content.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import results
import scipy.sparse as sp
import sets

from semsearch.building import devices
from semsearch.records import Device, Documents, silent

SIDE, DIM, WIDTH = 28, 32, 16  # of the net that training.py trains
PICTURES = 60_000
BATCHES = (512, 2_048, 8_192)
ROUNDS, LONG = 3, 1.0  # in turns, each of so many seconds
EACH = 100  # numbers in a row of the matrix
K, EPOCHS = 256, 25
Measured = dict[str, Any]


def autoencoder(asked: argparse.Namespace, device: Device) -> Measured:
    """Pictures a second, ours and bare, by the pictures of a step."""
    import torch

    from semsearch.nets import autoencoder as nets
    from semsearch.nets.loop import TrainOptions, train

    pixels = np.random.default_rng(0).integers(0, 256, (PICTURES, SIDE, SIDE, 1), np.uint8)
    config, found = nets.AutoencoderConfig(SIDE, SIDE, 1, DIM, WIDTH, False, False), Measured()

    def task_of(batch: int) -> Any:
        return nets.AutoencoderTask(pixels, config, nets.AutoencoderPlan(10**6, batch, 0.002, 0.0, 0.0, 0.0, 0), device)

    def ours(batch: int) -> float:
        task = task_of(batch)
        start = time.perf_counter()
        trained = train(task, TrainOptions(clip=1.0, mixed=True, seconds=LONG), device=device, report=silent)
        return trained.steps * len(task.train) / task.steps / (time.perf_counter() - start)

    def bare(batch: int) -> float:
        both, on_gpu = task_of(batch).model, device.name == "cuda"
        x = torch.rand(batch, 1, SIDE, SIDE, device=device.name).to(memory_format=torch.channels_last)
        start, steps = time.perf_counter(), 0
        while time.perf_counter() - start < LONG:
            with torch.autocast(device.name, torch.bfloat16, enabled=on_gpu):
                loss = ((both.decode(both.encode(x)) - x) ** 2).mean()
            loss.backward()
            steps += 1
            if on_gpu and steps % 20 == 0:
                torch.cuda.synchronize()
        if on_gpu:
            torch.cuda.synchronize()
        return steps * batch / (time.perf_counter() - start)

    for batch in BATCHES:
        ours(batch), bare(batch)  # the first of a size also finds out how
        pairs = [(ours(batch), bare(batch)) for _ in range(ROUNDS)]
        mine, plain = (median(side) for side in zip(*pairs, strict=True))
        print(
            f"autoencoder, {batch:,} per step: {mine:,.0f} images/s, bare {plain:,.0f}, {mine / plain:.2f}", flush=True
        )
        found[str(batch)] = {"ours": [one for one, _ in pairs], "bare": [other for _, other in pairs]}
    return found


def svd(asked: argparse.Namespace, device: Device) -> Measured:
    """Seconds from when the matrix is on the device, and how exact the result is."""
    from semsearch.builders.operators import matrix_on
    from semsearch.maths.factor import truncated_svd

    A = made_up(asked.rows, asked.columns)
    start = time.perf_counter()
    operator: Any = matrix_on(device)(A)
    moved = time.perf_counter() - start
    seconds = []
    for seed in range(asked.rounds):
        start = time.perf_counter()
        found = truncated_svd(operator, K, rng=np.random.default_rng(seed))
        seconds.append(time.perf_counter() - start)
    error = exactness(A, found)
    print(f"svd: {median(seconds):.2f} s, {found.steps} steps, residual {found.residual:.4f}, moved in {moved:.1f} s")
    return {"seconds": seconds, "moved": moved, "steps": found.steps, "residual": found.residual, "error": error}


def made_up(rows: int, columns: int) -> sp.csr_matrix:
    """As many numbers in each row, in columns of which the first are met more often, as words are."""
    rng = np.random.default_rng(0)
    where = (columns * rng.random((rows, EACH), np.float32) ** 3).astype(np.int32)
    where.sort(axis=1)
    values = rng.random(rows * EACH, np.float32)
    return sp.csr_matrix((values, where.reshape(-1), np.arange(0, rows * EACH + 1, EACH)), shape=(rows, columns))


def exactness(A: sp.csr_matrix, found: Any) -> float:
    """The mean of ‖A v − s u‖ / s over the strongest and the weakest few, in float64 on the CPU."""
    some = [0, 1, 2, K // 2, K - 1]
    images = A @ found.Vt[some].T.astype(np.float64)
    apart = np.linalg.norm(images - found.U[:, some] * found.s[some], axis=0)
    return float((apart / found.s[some]).mean())


def glove(asked: argparse.Namespace, device: Device) -> Measured:
    """Seconds of the training alone, of all else, and how the vectors score."""
    from word_stages import scores

    from semsearch.builders.glove import Glove, GloveOptions

    texts = [str(article["text"]) for article in sets.simplewiki(asked.data, asked.documents)]
    corpus = Documents([str(row) for row in range(len(texts))], texts)
    start = time.perf_counter()
    options, rng = (
        GloveOptions(dim=300, epochs=EPOCHS, batch_size=asked.words, contexts=False),
        np.random.default_rng(0),
    )
    fitted = Glove().fit(corpus, options, rng=rng, device=device, report=silent)
    whole = time.perf_counter() - start
    words = fitted.embeddings[0]
    quality = scores(list(words.keys), words.vectors, asked.data)
    facts = dict(fitted.metrics)
    print(
        f"glove: {facts['seconds_training']:.1f} s of {whole:.1f}, {facts['pairs']:,.0f} pairs; {quality}", flush=True
    )
    return {"whole": whole, "fit": facts, "quality": quality}


FIGURES = (autoencoder, svd, glove)


def main(given: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds simplewiki/ and word-eval/")
    parser.add_argument("--only", nargs="*", choices=[work.__name__ for work in FIGURES], help="run only these")
    parser.add_argument("--device", choices=devices.CHOICES, default="auto")
    parser.add_argument("--cores", type=int, help="limit of CPU cores (Linux)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the matrix of `svd`")
    parser.add_argument("--columns", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="repetitions of `svd`")
    parser.add_argument("--documents", type=int, help="use the first N articles only in `glove`")
    parser.add_argument("--words", type=int, default=1_024, help="batch size of `glove`, in words")
    results.add_option(parser, __file__)
    asked = parser.parse_args(given)
    if asked.cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: asked.cores])
    device = devices.choose(asked.device)
    for work in FIGURES:
        if not asked.only or work.__name__ in asked.only:
            found = work(asked, device)
            if asked.json:
                results.write(asked.json, {f"{work.__name__} on {device.name}": found}, asked)


if __name__ == "__main__":
    main()
