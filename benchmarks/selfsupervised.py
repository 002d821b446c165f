"""Self-supervised features of images: the builders on one backbone, one set and one time budget, judged by probes.

    python benchmarks/selfsupervised.py --data FOLDER --minutes 8

FOLDER holds cifar10-jpg/ (or fashion-mnist/, mnist/ for --set). Each family is `build FAMILY` with its defaults and
`--seconds`. `random` is an untrained backbone, `plain` an autoencoder on it (`inpainting --mask-ratio 0`),
`autoencoder` the builder of that name with latent dimension 256. Features are of the set's own
training and test images. Only the probes see labels.
"""

from __future__ import annotations

import argparse
import gzip
import io
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import budget
import numpy as np
import results
from PIL import Image

from semsearch import registry
from semsearch.builders.base import make_options
from semsearch.building import devices
from semsearch.evaluate.label_probes import label_accuracies
from semsearch.records import Device, Images, silent

FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "random": ("rotation", {"epochs": 0}),
    "pca": ("pca", {}),
    "autoencoder": ("autoencoder", {"latent_dim": 256}),
    "plain": ("inpainting", {"mask_ratio": 0.0}),
    "inpainting": ("inpainting", {}),
    "colorization": ("colorization", {}),
    "patches": ("patches", {}),
    "patches8": ("patches", {"positions": 8}),
    "jigsaw": ("jigsaw", {}),
    "rotation": ("rotation", {}),
    "contrastive": ("contrastive", {}),
    "vicreg": ("contrastive", {"loss": "vicreg"}),
}
COLOURED = ("colorization",)  # of grey pictures there is nothing to tell
SETS = ("cifar10", "fashion-mnist", "mnist")
VIEWS = {"rotation": 1, "contrastive": 2}  # of a picture that go through the backbone
ROUNDS = 3
Part = tuple[np.ndarray, np.ndarray]  # pictures (n, h, w, c) uint8, labels (n,)


def cifar10(data: Path) -> tuple[Part, Part]:
    """The training and the test part."""
    kept = np.load(next((data / "cifar10-jpg").glob("*.npz")))
    blob, offsets, test = kept["blob"], kept["offsets"], kept["is_test"].astype(bool)
    jpegs = (blob[start:end].tobytes() for start, end in zip(offsets[:-1], offsets[1:], strict=True))
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")) for jpeg in jpegs])
    labels = np.asarray(kept["labels"], np.int64)
    return (pixels[~test], labels[~test]), (pixels[test], labels[test])


def idx(data: Path, name: str) -> tuple[Part, Part]:
    """The training and the test part of a set in MNIST's layout."""

    def part(said: str) -> Part:
        pixels, labels = (
            gzip.decompress((data / name / f"{said}-{what}-ubyte.gz").read_bytes())
            for what in ("images-idx3", "labels-idx1")
        )
        shaped = np.frombuffer(pixels, np.uint8, offset=16).reshape(-1, 28, 28, 1)
        return shaped, np.frombuffer(labels, np.uint8, offset=8).astype(np.int64)

    return part("train"), part("t10k")


def images(pixels: np.ndarray) -> Images:
    """Pictures as a corpus."""
    return Images([str(row) for row in range(len(pixels))], pixels)


def measure(family: str, train: Part, test: Part, asked: argparse.Namespace) -> dict[str, Any]:
    """Build one family, and what its features tell."""
    builder = registry.load().builder(FAMILIES[family][0])
    given = dict(FAMILIES[family][1])
    known = set(builder.Options.__dataclass_fields__)
    if "epochs" not in given and "seconds" in known:
        given["seconds"] = 60.0 * asked.minutes
    if "backbone" in known:
        given |= of_backbone(asked)
    options = make_options(builder, given)
    device = devices.choose(asked.device)
    if not getattr(builder, "needs", ()):
        device = Device()
    wall, work = time.perf_counter(), time.process_time()
    rng = np.random.default_rng(asked.seed)
    fitted = builder.fit(images(train[0]), options, rng=rng, device=device, report=silent)
    wall, work = time.perf_counter() - wall, time.process_time() - work
    codes = np.concatenate([fitted.embeddings[0].vectors, builder.encode(fitted.state(), images(test[0]))])
    y = np.concatenate([train[1], test[1]])
    rows = np.arange(len(y))
    told = label_accuracies(codes, y, rows[: len(train[1])], rows[len(train[1]) :], np.random.default_rng(asked.seed))
    few = {str(count): list(found) for count, found in told.few.items()}
    scores = {"linear": told.linear, "knn": told.knn, "few": few, "dim": codes.shape[1], "device": device.name}
    return scores | {"seconds": round(wall, 1), "processor_seconds": round(work, 1), "fit": dict(fitted.metrics)}


def of_backbone(asked: argparse.Namespace) -> dict[str, Any]:
    """The options of whatever learns on the backbone."""
    return {"backbone": asked.backbone} | ({"batch_size": asked.batch} if asked.batch else {})


def pretext(fit: Mapping[str, float]) -> str:
    """How well the task itself is done of pictures that were held out."""
    if "chance" in fit:
        return f"{fit['held_out_accuracy']:.3f} right, by chance {fit['chance']:.3f}"
    if "held_out_mean" in fit:
        return f"error {fit['held_out_error']:.4f}, of a mean {fit['held_out_mean']:.4f}"
    return f"error {fit['held_out']:.4f}" if "held_out" in fit else ""


def line(family: str, found: Mapping[str, Any]) -> str:
    """One row of the table, percent."""
    few = [f"{100 * mean:.1f} ± {100 * spread:.1f}" for mean, spread in found["few"].values()]
    cells = [family, f"{100 * found['linear']:.1f}", f"{100 * found['knn']:.1f}", *few]
    epochs = found["fit"].get("epochs", 0)
    cells += [f"{epochs:.0f}", f"{found['seconds']:.0f}", pretext(found["fit"])]
    return "| " + " | ".join(cells) + " |"


HEAD = """| family | linear probe | 5 nearest | 1 label a class | 10 | 100 | epochs | seconds | the task, held out |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


def throughput(train: Part, asked: argparse.Namespace) -> dict[str, Any]:
    """Views a second of a task on the loop, beside the same backbone going forward and back with nothing else to do."""
    import torch

    from semsearch.nets.backbone import Backbone, BackboneConfig
    from semsearch.nets.loop import GPU_CHECK_STEPS

    device = devices.choose(asked.device)
    height, across, channels = train[0].shape[1:]
    found: dict[str, Any] = {}
    for family, views in VIEWS.items():
        if family not in asked.families:
            continue
        builder = registry.load().builder(family)
        options = make_options(builder, of_backbone(asked) | {"seconds": asked.throughput})
        config = BackboneConfig(options.backbone == "resnet18", channels, max(height, across), options.width)
        net = Backbone(config).to(device.name, memory_format=torch.channels_last)
        told = builder.rules(train[0].shape[1:], options)
        size = (int(told["height"]), int(told["across"])) if "height" in told else (height, across)
        batch = torch.rand(views * options.batch_size, channels, *size, device=device.name)
        batch = batch.to(memory_format=torch.channels_last)
        bare, ours = [], []
        for _ in range(ROUNDS):  # in turns, so that what else runs meets both
            steps, start = 0, time.perf_counter()
            while time.perf_counter() - start < asked.throughput / 4:
                with torch.autocast(device.name, torch.bfloat16, enabled=device.name == "cuda"):
                    net(batch).float().square().mean().backward()
                steps += 1
                if device.name == "cuda" and steps % GPU_CHECK_STEPS == 0:
                    torch.cuda.synchronize()
            if device.name == "cuda":
                torch.cuda.synchronize()
            bare.append(steps * len(batch) / (time.perf_counter() - start))
            rng = np.random.default_rng(asked.seed)
            fit = builder.fit(images(train[0]), options, rng=rng, device=device, report=silent).metrics
            ours.append(fit["steps"] * options.batch_size * views / fit["seconds_training"])
        share = float(np.median(ours) / np.median(bare))
        found[family] = {"ours": ours, "bare": bare, "share": share}
        print(f"{family}: {np.median(ours):,.0f} views per second, bare {np.median(bare):,.0f}, {share:.2f}")
    return found


def main(given: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--set", choices=SETS, default="cifar10")
    parser.add_argument("--minutes", type=float, default=8, help="training time of each family")
    budget.add_option(parser)
    parser.add_argument("--families", nargs="*", choices=FAMILIES, default=list(FAMILIES), help="run only these")
    parser.add_argument("--backbone", choices=("small", "resnet18"), default="small")
    parser.add_argument("--device", choices=devices.CHOICES, default="auto")
    parser.add_argument("--pictures", type=int, help="number of random training images to use")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, help="batch size (default: that of the builder)")
    parser.add_argument(
        "--throughput",
        type=float,
        nargs="?",
        const=20.0,
        metavar="SECONDS",
        help="measure only the throughput, for SECONDS each",
    )
    results.add_option(parser, __file__)
    asked = parser.parse_args(given)
    if asked.processor_time:
        budget.by_processor()
    train, test = cifar10(asked.data) if asked.set == "cifar10" else idx(asked.data, asked.set)
    order = np.random.default_rng(asked.seed).permutation(len(train[0]))[: asked.pictures]
    train = train[0][order], train[1][order]
    if asked.throughput:
        measured = {f"{asked.set} throughput": throughput(train, asked)}
        if asked.json:
            results.write(asked.json, measured, asked)
        return
    print(HEAD)
    for family in asked.families:
        if family in COLOURED and train[0].shape[3] == 1:
            continue
        found = measure(family, train, test, asked)
        print(line(family, found), flush=True)
        if asked.json:  # at once: the rest may take hours
            results.write(asked.json, {f"{asked.set} {asked.minutes:g} min {family}": found}, asked)


if __name__ == "__main__":
    main()
