"""Verbs about pictures: ingest images, reconstruct, evaluate images (samples.py has what chance makes)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import numpy as np

from semsearch.arrays import ByteArray
from semsearch.cli.ingest import ingest, next_step, say_loaded
from semsearch.cli.output import Progress, counted, listing_options, print_rows, remark, rounded
from semsearch.cli.samples import prior_option, write_grid
from semsearch.cli.search import evaluate
from semsearch.cli.upkeep import say_checkpoint
from semsearch.errors import InputError
from semsearch.images.image_io import ImageSpec
from semsearch.ingest.images import load_images, read_images
from semsearch.ingest.sources import source_name
from semsearch.storage import datasets
from semsearch.storage.collections import open_collection
from semsearch.storage.connect import reading, writing
from semsearch.storage.driver import Connection


def add_to(cli: click.Group) -> None:
    """Add the verbs; `ingest` has one more."""
    ingest.add_command(ingest_images)
    evaluate.add_command(evaluate_images)
    cli.add_command(reconstruct)


@click.command("images", short_help="Read pictures from folders, archives and arrays.")
@click.argument("db", type=click.Path())
@click.argument("dataset")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--size", type=int, metavar="N", help="make each a square of N pixels; proportions stay (see above)")
@click.option("--grey", "channels", flag_value=1, type=int, help="make all grey")
@click.option("--rgb", "channels", flag_value=3, type=int, help="keep all in colour; without either, each as it is")
@click.option("--link", is_flag=True, help="keep the paths of files, not their bytes")
@click.option("--strict", is_flag=True, help="stop at the first picture that cannot be read, with nothing written")
def ingest_images(
    db: str,
    dataset: str,
    sources: tuple[str, ...],
    size: int | None,
    channels: int | None,
    link: bool,
    strict: bool,
) -> None:
    """Read pictures into the table DATASET: id, path, label, width, height, channels, content.

    A SOURCE is a folder, a zip or tar archive, a picture (png, jpg, gif, bmp, tiff, webp, ppm), an idx file or a folder
    of them (MNIST's layout, labels beside, .gz or not), an .npz or .npy. The label is the name of the folder that a
    picture lies in; folders named train, test or val make a column split. Reading a source again updates what changed.

    --size fits the longer side to N and fills the rest with the mean colour of the picture's own edge. Without it
    pictures keep their size up to 512 pixels. They are kept as PNG, turned as the camera was held, the first of an
    animation; those that cannot be read, or have more than 50 megapixels, are left out and listed.
    """
    source = source_name(sources)
    with writing(db, create=True) as connection, Progress(f"reading {source}", "picture") as progress:
        loaded = load_images(
            connection,
            dataset,
            read_images(sources),
            ImageSpec(size, channels, link=link),
            source=source,
            strict=strict,
            report=progress,
        )
        say_checkpoint(connection)
        following = next_step(connection, db, dataset)
    say_loaded(loaded)
    remark(following)


output_option = click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, writable=True), help="the PNG to write"
)


@click.command(short_help="Pictures through their codes and back.")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@output_option
@click.option("-n", "count", type=int, default=16, show_default=True, help="how many pictures, where no ID is given")
@click.option("--k", type=int, help="keep only the first k numbers of each code (pca)")
@click.option("--noise", type=float, metavar="SIGMA", help="add noise first; pixels count from 0 to 1")
@click.option("--mask", type=int, metavar="N", help="cut a hole of N by N pixels first, anywhere")
@click.option("--from-size", type=int, metavar="N", help="make them N pixels large first, and enlarge them")
@click.option("--bits", type=int, metavar="N", help="keep each number of the code in N bits, 1 to 16, such as 8")
@click.option("--seed", type=int, default=0, show_default=True, help="same seed, same pictures, noise and holes")
@listing_options
def reconstruct(db: str, collection: str, ids: tuple[str, ...], output: str, shape: str | None, **asked: Any) -> None:
    """Send pictures through their codes and back, and write a grid: originals, what was given, what came back.

    Prints the mean squared error (pixels from 0 to 1) and the PSNR in dB, beside a baseline: the noisy picture itself,
    a hole filled smoothly, bicubic enlargement. With --bits it prints the bytes of a picture as well, beside principal
    components of the same pictures (build pca) in as many bytes, and the grid shows theirs last.
    """
    from semsearch.images import generate
    from semsearch.images.reconstruct import show

    damage, bits, k = generate.Damage(asked["noise"], asked["mask"], asked["from_size"]), asked["bits"], asked["k"]
    with reading(db) as connection:
        model = generate.open_model(connection, open_collection(connection, collection))
        rng = np.random.default_rng(asked["seed"])
        keys = list(ids) or generate.some_keys(model, asked["count"], rng)
        found = show(model, model.images(keys).pixels, damage=damage, bits=bits, k=k, rng=rng)
    write_grid(output, np.concatenate([strip.pixels for strip in found.strips]), len(keys))
    print_rows(found.scores if shape == "json" else [_rounded(row) for row in found.scores], shape)


@click.command("images", short_help="What codes of pictures lose and tell.")
@click.argument("db", type=click.Path())
@click.argument("names", metavar="COLLECTION...", nargs=-1, required=True)
@click.option("--split", default="split", show_default=True, metavar="COL", help="the column that says train or test")
@click.option("--label", metavar="COL", help="the column of labels; by default the dataset's")
@click.option("--samples", type=int, metavar="N", help="judge so many random pictures as well (needs torch)")
@prior_option
@click.option(
    "--nearest",
    type=click.Path(dir_okay=False, writable=True),
    help="with --samples, the PNG to write: some of them, and below each the training picture nearest to it",
)
@click.option("--learned", type=int, metavar="N", help="of several: pictures learned from, at most  [default: 2000]")
@click.option("--judged", type=int, metavar="N", help="of several: pictures judged, at most  [default: 1000]")
@click.option("--seed", type=int, default=0, show_default=True, help="same seed, same pictures")
@listing_options
def evaluate_images(
    db: str, names: tuple[str, ...], samples: int | None, prior: str | None, shape: str | None, **judged_by: Any
) -> None:
    """Judge a collection of pictures on those whose split is test: what is lost on the way through the code and back,
    and how well the codes tell labels, to a linear probe and to the five nearest.

    Without a column of splits every fifth picture is judged; what the builder learned from them is not held back then.

    With --samples random codes become pictures, and these are compared with the judged ones in the features of a small
    classifier that learns the others' labels: Frechet distance, precision, recall, density and coverage, with that
    classifier's accuracy, the floor (the distance of training pictures) and the ceiling (that of noise). Nearness is
    how near samples lie to a training picture, over how near judged pictures do: near 0 they were learned by heart;
    copied is the share of samples that lie nearer than 99 of 100 judged ones.

    Several collections of one dataset, or a dataset for all of its, are compared on the same labels of the same
    pictures: the probe, the nearest, and probes on 1, 10 and 100 labels of each kind, beside what the training took.
    """
    nearest = judged_by.pop("nearest")
    if nearest and samples is None:
        raise click.UsageError("What is to be nearest? --nearest goes with --samples N")
    with reading(db) as connection:
        several = _several(connection, names)
    if len(several) > 1:
        if samples is not None or prior is not None:
            raise InputError("Samples are judged of one collection at a time: name one, or leave out --samples")
        _compare(db, several, shape, **judged_by)
        return
    if judged_by.pop("learned") is not None or judged_by.pop("judged", None) is not None:
        raise InputError("--learned and --judged are for several collections beside each other: name two or more")
    scores = _judge(db, several[0], samples, prior, shape, **judged_by)
    if nearest and scores.sampled is not None:
        write_grid(nearest, *_in_pairs(scores.sampled.pairs))


def _several(db: Connection, names: Sequence[str]) -> list[str]:
    """The collections by these names, those of a dataset where one is named; InputError for one without any."""
    from semsearch.evaluate import collection_comparison

    found: list[str] = []
    known = {one.name for one in datasets.all_datasets(db)}
    for name in names:
        parts = [one.name for one in collection_comparison.of_dataset(db, name)] if name in known else [name]
        if not parts:
            raise InputError(f"{name} has no collection of pictures yet: semsearch build")
        found += parts
    return list(dict.fromkeys(found))


def _compare(
    db: str, names: Sequence[str], shape: str | None, learned: int | None, judged: int | None, **judged_by: Any
) -> None:
    """A row for each collection."""
    from semsearch.evaluate import collection_comparison

    for name, given in (("learned", learned), ("judged", judged)):
        if given is not None and given < 1:
            raise InputError(f"--{name} is {given}: choose 1 or more")
    most = (learned or collection_comparison.MAX_TRAINING_IMAGES, judged or collection_comparison.MAX_TEST_IMAGES)
    with reading(db) as connection, Progress("judging", "collection") as progress:
        found = collection_comparison.compare(connection, names, most=most, report=progress, **judged_by)
    print_rows([rounded(row.as_dict()) if shape != "json" else row.as_dict() for row in found.rows], shape)
    remark(
        f"{counted(found.labels, 'label')} of {found.label}: {counted(found.judged, 'picture')} judged ({found.split}),"
        f" {found.learned:,} learned from; of_N: from N labels of each kind"
    )


def _judge(
    db: str, collection: str, samples: int | None, prior: str | None, shape: str | None, **judged_by: Any
) -> Any:
    """A row for each measure of one collection; the scores themselves."""
    from semsearch.evaluate import images
    from semsearch.evaluate.sample_scores import Sampling

    wanted = None if samples is None else Sampling(samples, prior)
    with reading(db) as connection, Progress("learning features", "step") as progress:
        scores = images.evaluate_images(connection, collection, wanted=wanted, report=progress, **judged_by)
    found = scores.as_dict()
    rows = [
        {"measure": name, "value": f"{value:.4f}" if isinstance(value, float) else value}
        for name, value in found.items()
        if value is not None
    ]
    print_rows([found] if shape == "json" else rows, shape)
    return scores


def _in_pairs(pairs: ByteArray, across: int = 16) -> tuple[ByteArray, int]:
    """Rows of samples, each row above that of their neighbours, and how long a row is."""
    above, below = pairs
    rows = [row[at : at + across] for at in range(0, len(above), across) for row in (above, below)]
    return np.concatenate(rows), min(across, len(above))


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"mse": f"{row['mse']:.5f}", "psnr": f"{row['psnr']:.2f}" if row["mse"] else "exact"}
