"""`build gan` compared with a DCGAN given the same time, and with an autoencoder with ten Gaussians on its codes.

    python benchmarks/gan.py --data FOLDER --keep FOLDER

--data holds mnist/, fashion-mnist/ (idx files) and cifar10-jpg/; --keep holds trained autoencoders. All scores use the
features of a classifier trained on the set's own training images, on its test images. `stacked` and `colour` need a GPU
and run only if named. The exit code is 1 if a figure that was run misses its target.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import budget
import numpy as np
import results
from autoencoder import DIGITS, FASHION, TEST, TRAIN, Bench, Way

from semsearch.builders.autoencoder import Autoencoder, AutoencoderOptions
from semsearch.builders.gan import Gan, GanOptions
from semsearch.building import devices
from semsearch.errors import BuildError
from semsearch.evaluate.features import Features, learn_features, noise, spread_scores
from semsearch.maths.latent_prior import fit_prior
from semsearch.maths.memorisation import copy_scores
from semsearch.records import Fitted, Images, State, silent

SAMPLES = 5_000  # and as many test pictures
COUNTED = 2_000  # samples whose classes are counted
LEAST, COVERED = 0.02, 0.5  # a class's share of these, and coverage, by which a run counts as robust
SEEDS = 5
SURE, CLEAR, EACH, QUICK = 0.7, 0.9, 0.04, 90  # the demo: share told, with which confidence, of each class, seconds
GRID, SIDE, ASKED = 64, 32, 0.3  # the page: pictures, pixels of one, seconds
Measured = dict[str, Any]
Pixels = np.ndarray


class Judge:
    """Test pictures and the features in which samples are held against them."""

    def __init__(self, train: Pixels, labels: np.ndarray, test: Pixels, told: np.ndarray) -> None:
        rng = np.random.default_rng(0)
        self.train, self.test = train, test[rng.permutation(len(test))[:SAMPLES]]
        device = devices.choose("auto")
        self.features: Features = learn_features(train, labels, seed=0, device=device, report=silent)
        self.accuracy = self.features.accuracy(test, told)
        self.real = self.features.of(self.test)
        self.known = train[rng.permutation(len(train))[: 4 * SAMPLES]]
        print(f"  the classifier's test accuracy {self.accuracy:.4f}")

    def scores(self, made: Pixels) -> Measured:
        """Frechet distance, precision, recall, density, coverage; and whether they are copies."""
        return spread_scores(self.real, self.features.of(made)) | asdict(copy_scores(made, self.test, self.known))

    def shares(self, made: Pixels) -> np.ndarray:
        """Each class's share of the samples."""
        from semsearch.nets import classifier

        told = classifier.predict(self.features.net, made)[1]
        return np.bincount(told, minlength=len(self.features.names)) / len(made)


def fit(pixels: Pixels, seed: int, labels: np.ndarray | None = None, **options: Any) -> Fitted:
    """What `build gan` learns."""
    told = None if labels is None else [str(label) for label in labels]
    images = Images([str(n) for n in range(len(pixels))], pixels, told)
    rng, device = np.random.default_rng(seed), devices.choose("auto")
    return Gan().fit(images, GanOptions(**options), rng=rng, device=device, report=silent)


def drawn(fitted: Fitted, n: int, seed: int) -> Pixels:
    """n of its samples."""
    state = State(fitted.arrays)
    codes = Gan().sample_codes(state, n, rng=np.random.default_rng(seed))
    return np.concatenate([Gan().decode(state, some) for some in np.array_split(codes, max(1, n // 500))])


def show(rows: dict[str, Measured]) -> None:
    """A line for each."""
    for said, scores in rows.items():
        print(f"  {said:>24}  " + "  ".join(f"{key} {value:.3f}" for key, value in scores.items()))


def beside(judge: Judge, train: Pixels, way: Way, seconds: float, of_peer: float) -> Measured:
    """A GAN, a DCGAN of equal time and the autoencoder's mixture, with the floor and the ceiling. Reached is a Frechet
    distance below the mixture's and below `of_peer` of the DCGAN's."""
    import dcgan

    rng = np.random.default_rng(1)
    start = time.monotonic()
    ours = fit(train, 0, seconds=seconds)
    spent = time.monotonic() - start
    print(f"  gan: {ours.metrics['steps']:,.0f} steps in {spent:.0f} s")
    peer = dcgan.train(train, seconds, 0, devices.choose("auto").name)
    print(f"  DCGAN: {peer.steps:,} steps in {seconds:.0f} s")
    codes = np.concatenate([way.encode(some) for some in np.array_split(train[:8_000], 16)])
    mixture = way.decode(fit_prior(codes, "mixture", seed=0).draw(SAMPLES, rng))
    rows = {
        "gan": judge.scores(drawn(ours, SAMPLES, 2)),
        "DCGAN": judge.scores(peer.sample(SAMPLES, 2)),
        "autoencoder, mixture": judge.scores(mixture),
        "training pictures": judge.scores(train[rng.permutation(len(train))[:SAMPLES]]),
        "noise": judge.scores(noise(judge.test, rng)),
    }
    show(rows)
    wins = rows["gan"]["frechet"] < min(rows["autoencoder, mixture"]["frechet"], of_peer * rows["DCGAN"]["frechet"])
    facts = {"classifier": judge.accuracy, "seconds": spent, "steps": ours.metrics["steps"], "dcgan_steps": peer.steps}
    return {"rows": rows, "reached": bool(wins), **facts}


def mnist(bench: Bench, asked: argparse.Namespace) -> Measured:
    """28 pixels, a quarter of an hour."""
    print(
        "\nMNIST, 28 pixels (target: Frechet below the autoencoder's mixture, and below half of DCGAN's at equal time)"
    )
    train, test = (bench.pictures(DIGITS, part) for part in (TRAIN, TEST))
    judge = Judge(train, bench.labels(DIGITS, TRAIN), test, bench.labels(DIGITS, TEST))
    return beside(judge, train, bench.net(DIGITS, 32), asked.seconds, 0.5)


def robustness(bench: Bench, asked: argparse.Namespace) -> Measured:
    """Five seeds of two sets at 16 pixels, two minutes each; minimax beside."""
    print(
        f"\n{SEEDS} seeds, 16 pixels, {asked.short:.0f} s each (target: all classes >= {LEAST}, coverage >= {COVERED})"
    )
    rows: list[Measured] = []
    for name in (DIGITS, FASHION):
        train, test = (smaller(bench.pictures(name, part)) for part in (TRAIN, TEST))
        labels = bench.labels(name, TRAIN)
        judge = Judge(train, labels, test, bench.labels(name, TEST))
        for loss in ("relativistic", "minimax"):
            for seed in range(asked.seeds):
                rows.append({"set": name, "loss": loss, "seed": seed, **one_run(judge, train, loss, seed, asked.short)})
                print("  " + "  ".join(f"{key} {_said(value)}" for key, value in rows[-1].items()))
    good = [row["robust"] for row in rows if row["loss"] == "relativistic"]
    other = [row["robust"] for row in rows if row["loss"] == "minimax"]
    print(f"  relativistic {sum(good)} of {len(good)}, minimax {sum(other)} of {len(other)}")
    return {"rows": rows, "reached": all(good)}


def one_run(judge: Judge, train: Pixels, loss: str, seed: int, seconds: float) -> Measured:
    """One training without labels; one that ends because it went wrong says why."""
    try:
        fitted = fit(train, seed, seconds=seconds, loss=loss)
    except BuildError as error:
        return {"robust": False, "ended": str(error).split(". ")[0]}
    made = drawn(fitted, COUNTED, seed + 100)
    shares, scores = judge.shares(made), judge.scores(made)
    robust = bool(shares.min() >= LEAST and scores["coverage"] >= COVERED)
    return {"robust": robust, "least_class": float(shares.min()), "steps": fitted.metrics["steps"], **scores}


def smaller(pixels: Pixels) -> Pixels:
    """28 pixels to 14, each the mean of four, with a black edge: 16."""
    n, side = len(pixels), pixels.shape[1] // 2
    means = pixels.reshape(n, side, 2, side, 2, -1).astype(np.float32).mean(axis=(2, 4))
    return np.pad(np.rint(means).astype(np.uint8), ((0, 0), (1, 1), (1, 1), (0, 0)))


def digits(bench: Bench, asked: argparse.Namespace) -> Measured:
    """The GAN of the demo: 1,797 digits of 8 pixels."""
    import torch
    from sklearn.datasets import load_digits

    from semsearch.cli.demo import IMAGE_BUILDERS
    from semsearch.nets.autoencoder import to_float

    target = f"{SURE:.0%} classified with confidence above {CLEAR}, each class >= {EACH:.0%}"
    print(f"\nThe demo's digits, 8 pixels (target: {target})")
    found = load_digits()
    pixels = np.rint(found.images * (255 / 16)).astype(np.uint8)[..., None]
    start = time.monotonic()
    fitted = fit(pixels, 0, found.target, **IMAGE_BUILDERS["gan"])
    spent = time.monotonic() - start
    net = learn_features(pixels, found.target, seed=1, device=devices.choose("auto"), report=silent).net
    made = torch.from_numpy(drawn(fitted, COUNTED, 2)).permute(0, 3, 1, 2)
    with torch.no_grad():
        sure, kind = net(to_float(made)).softmax(dim=1).max(dim=1)
    clear, shares = float((sure > CLEAR).float().mean()), np.bincount(kind.numpy(), minlength=10) / len(made)
    print(f"  {spent:.0f} s; {clear:.1%} classified with confidence above {CLEAR}, the rarest class {shares.min():.1%}")
    reached = clear >= SURE and shares.min() >= EACH and spent <= QUICK
    return {"seconds": spent, "clear": clear, "least_class": float(shares.min()), "reached": bool(reached)}


def page(bench: Bench, asked: argparse.Namespace) -> Measured:
    """The page of samples through Datasette's own client, each seed asked for the first time, the model in memory."""
    from datasette.app import Datasette

    from semsearch import registry
    from semsearch.building import build
    from semsearch.images.image_io import ImageSpec
    from semsearch.ingest.imagefiles import ImageBlock as Block
    from semsearch.ingest.images import load_images
    from semsearch.storage import connect

    print(f"\nThe samples page, {GRID} images of {SIDE} pixels, RGB (target: {1000 * ASKED:.0f} ms)")
    pixels = np.random.default_rng(0).integers(0, 256, (200, SIDE, SIDE, 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "pics.db")
        with connect.writing(path, create=True) as db:
            dataset = load_images(db, "noise", [Block("noise", pixels, {})], ImageSpec(), source="noise").dataset
            build.build(db, dataset, registry.load().builder("gan"), {"steps": 2})
            connect.checkpoint(db)

        async def ask() -> dict[str, list[float]]:
            datasette = Datasette([path])
            await datasette.invoke_startup()
            base, times = "/pics/-/semsearch/noise_gan", dict[str, list[float]]()
            for seed in range(asked.rounds + 1):
                for what in ("samples", "sample"):
                    start = time.perf_counter()
                    answer = await datasette.client.get(f"{base}/{what}?seed={seed}")
                    assert answer.status_code == 200, answer.text
                    times.setdefault(what, []).append(time.perf_counter() - start)
            return times

        found = {what: np.array(times[1:]) for what, times in asyncio.run(ask()).items()}  # the first reads the model
    whole = found["samples"] + found["sample"]
    rows = {"page": found["samples"], "sheet": found["sample"], "both": whole}
    for what, times in rows.items():
        print(f"  {what:>5}  median {1000 * np.median(times):.0f} ms  slowest {1000 * times.max():.0f} ms")
    told = {what: {"median": float(np.median(times)), "slowest": float(times.max())} for what, times in rows.items()}
    return {**told, "reached": bool(np.median(whole) <= ASKED)}


def stacked(bench: Bench, asked: argparse.Namespace) -> Measured:
    """Three digits as the colours of one picture, a thousand kinds: how many are made, and how evenly."""
    from semsearch.nets import classifier

    print("\nStacked MNIST, 28 pixels (target: 990 of 1,000 modes, KL at most 0.06)")
    train, labels = bench.pictures(DIGITS, TRAIN), bench.labels(DIGITS, TRAIN)
    features = learn_features(train, labels, seed=0, device=devices.choose("auto"), report=silent)
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(train), (100_000, 3))
    pixels = np.concatenate([train[rows[:, channel]] for channel in range(3)], axis=3)
    made = drawn(fit(pixels, 0, seconds=asked.seconds), 25_600, 2)
    digits = [classifier.predict(features.net, made[..., channel : channel + 1])[1] for channel in range(3)]
    counts = np.bincount(digits[0] * 100 + digits[1] * 10 + digits[2], minlength=1000)
    share = counts[counts > 0] / counts.sum()
    modes, apart = int((counts > 0).sum()), float((share * np.log(share * 1000)).sum())
    print(f"  {modes} modes, KL {apart:.3f}")
    return {"modes": modes, "kl": apart, "reached": modes >= 990 and apart <= 0.06}


def colour(bench: Bench, asked: argparse.Namespace) -> Measured:
    """CIFAR-10, 32 pixels."""
    print("\nCIFAR-10, 32 pixels (target: Frechet below the autoencoder's mixture and DCGAN's)")
    train, labels, test, told = cifar(asked.data)
    images, rng = Images([str(n) for n in range(len(train))], train), np.random.default_rng(0)
    device = devices.choose("auto")
    coded = Autoencoder().fit(images, AutoencoderOptions(latent_dim=64), rng=rng, device=device, report=silent)
    judge = Judge(train, labels, test, told)
    return beside(judge, train, Way(Autoencoder(), dict(coded.arrays)), asked.seconds, 1.0)


def cifar(data: Path) -> tuple[Pixels, np.ndarray, Pixels, np.ndarray]:
    """Training pictures and labels, test pictures and labels."""
    from PIL import Image

    (path,) = (data / "cifar10-jpg").glob("*.npz")
    found = np.load(path)
    starts, content = found["offsets"], found["blob"]
    files = [content[start:end].tobytes() for start, end in zip(starts[:-1], starts[1:], strict=True)]
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) for file in files])
    is_test = found["is_test"].astype(bool)
    return pixels[~is_test], found["labels"][~is_test], pixels[is_test], found["labels"][is_test]


def _said(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


BY_DEFAULT: tuple[Callable[[Bench, argparse.Namespace], Measured], ...] = (digits, page, mnist, robustness)
FIGURES = (*BY_DEFAULT, stacked, colour)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all that a CPU can, or what is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--keep", type=Path, help="folder to keep trained autoencoders in (default: none)")
    parser.add_argument("--seconds", type=float, default=840, help="of each long training, ours and the peer's")
    parser.add_argument("--short", type=float, default=120, help="seconds of each training in `robustness`")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="random seeds in `robustness`")
    parser.add_argument("--rounds", type=int, default=20, help="seeds for which the page is requested")
    parser.add_argument("--epochs", type=int, help="epochs of the autoencoder (default: that of the builder)")
    parser.add_argument("--only", nargs="*", choices=[work.__name__ for work in FIGURES], help="run only these")
    budget.add_option(parser)
    results.add_option(parser, __file__)
    asked = parser.parse_args(arguments)
    if asked.processor_time:
        budget.by_processor()
    chosen = [work for work in FIGURES if work.__name__ in asked.only] if asked.only else BY_DEFAULT
    found: dict[str, Measured] = {}
    with tempfile.TemporaryDirectory() as passing:
        bench = Bench(asked.data, asked.keep or Path(passing), asked.epochs)
        for work in chosen:
            found[work.__name__] = work(bench, asked)
            if asked.json:
                results.write(asked.json, {work.__name__: found[work.__name__]}, asked)
    missed = [name for name, measured in found.items() if not measured["reached"]]
    print(f"\nmissed: {', '.join(missed) or 'nothing'}")
    raise SystemExit(bool(missed))


if __name__ == "__main__":
    main()
