"""Verbs about images: ingest images, reconstruct, evaluate images (samples.py has generated images)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import numpy as np

from semsearch.arrays import ByteArray
from semsearch.cli.ingest import ingest, limit_option, next_step, report_loaded
from semsearch.cli.options import label_option, listing_options, option, png_option, renamed, seed_option
from semsearch.cli.output import Progress, counted, heading, measure_rows, print_rows, remark, rounded
from semsearch.cli.samples import prior_option, write_grid
from semsearch.cli.search import evaluate
from semsearch.cli.upkeep import finish_writing
from semsearch.errors import InputError
from semsearch.images.image_io import ImageSpec
from semsearch.ingest.images import first_images, load_images, read_images
from semsearch.ingest.sources import source_name
from semsearch.metrics import IMAGES
from semsearch.storage.collections import open_collection
from semsearch.storage.connect import reading, writing


def add_to(cli: click.Group) -> None:
    """Add the verbs; `ingest` and `evaluate` have one more each."""
    ingest.add_command(ingest_images)
    evaluate.add_command(evaluate_images_command)
    cli.add_command(reconstruct_command)


@click.command("images", short_help="Import images from folders, archives and arrays")
@click.argument("db", type=click.Path())
@click.argument("dataset")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@option(
    "--size",
    type=int,
    metavar="N",
    show_default="the original size, up to 512 pixels",
    help="scale each image into a square of N by N pixels",
)
@option("--grey", "channels", flag_value=1, type=int, help="convert all images to greyscale")
@option("--rgb", "channels", flag_value=3, type=int, help="convert all images to RGB")
@option("--link", is_flag=True, help="store the paths of image files, not their bytes")
@limit_option
@option("--strict", is_flag=True, help="stop at the first image that cannot be read, and write nothing")
def ingest_images(
    db: str,
    dataset: str,
    sources: tuple[str, ...],
    strict: bool,
    limit: int | None,
    **spec: Any,
) -> None:
    """Import images into the table DATASET (id, path, label, width, height, channels, content).

    A SOURCE is an image file (png, jpg, gif, bmp, tiff, webp, ppm), a folder, a zip or tar archive, an .npz or .npy
    array, or idx files in MNIST's layout. The label of an image is the name of its folder. Folders named train, test or
    val set the column split. Importing a source again updates the images that changed.

    Images are stored as upright PNG. Of an animation the first frame is stored. --size fits the longer side to N and
    pads the rest with the mean colour of the image's edge. Images that cannot be read or have more than 50 megapixels
    are skipped and listed.

    \b
    semsearch ingest images my.db photos photos/ --size 64
    semsearch ingest images my.db digits mnist/ --grey
    """
    source = source_name(sources)
    with writing(db, create=True) as connection, Progress(f"reading {source}", "image") as progress:
        loaded = load_images(
            connection,
            dataset,
            first_images(read_images(sources), limit),
            ImageSpec(**spec),
            source=source,
            strict=strict,
            report=progress,
        )
        finish_writing(connection)
        following = next_step(connection, db, dataset)
    report_loaded(loaded)
    remark(following)


@renamed("--k", "--components")
@click.command("reconstruct", short_help="Encode and decode images, and measure the error")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@png_option("the PNG file to write", "-o", "--output", required=True)
@option(
    "-n",
    "count",
    type=int,
    default=16,
    show_default=True,
    metavar="N",
    help="number of random images if no ID is given",
)
@option(
    "--components", type=int, metavar="K", show_default="all", help="keep only the first K components of the code (pca)"
)
@option(
    "--noise",
    type=float,
    metavar="SIGMA",
    show_default="none",
    help="add Gaussian noise of this standard deviation first; pixels are 0 to 1",
)
@option("--mask", type=int, metavar="N", show_default="none", help="mask a random square of N by N pixels first")
@option(
    "--from-size",
    type=int,
    metavar="N",
    show_default="none",
    help="reduce the longer side to N pixels first (super-resolution)",
)
@option(
    "--bits",
    type=int,
    metavar="N",
    show_default="none",
    help="quantise each component of the code to N bits, 1 to 16",
)
@seed_option("images, noise and masks")
@listing_options
def reconstruct_command(
    db: str, collection: str, ids: tuple[str, ...], output: str, shape: str | None, **options: Any
) -> None:
    """Encode and decode images, and write a grid of originals, inputs and reconstructions.

    Prints the mean squared error (pixels 0 to 1) and the PSNR in dB. The baselines are the noisy image, a smoothly
    filled masked square, or bicubic enlargement. With --bits it also prints the bytes per image. The
    baseline is then PCA of the same size, the last row of the grid, if the dataset has a pca collection.

    \b
    semsearch reconstruct my.db digits_pca -o grid.png --components 10
    semsearch reconstruct my.db digits_autoencoder -o grid.png --mask 4
    """
    from semsearch.images.generate import Damage
    from semsearch.images.reconstruct import Packing, reconstruct

    with reading(db) as connection:
        result = reconstruct(
            connection,
            open_collection(connection, collection),
            ids,
            count=options["count"],
            damage=Damage(options["noise"], options["mask"], options["from_size"]),
            packing=Packing(options["bits"], options["components"]),
            seed=options["seed"],
        )
    write_grid(output, np.concatenate([strip.pixels for strip in result.strips]), len(result.strips[0].pixels))
    print_rows(result.scores if shape == "json" else [_error_row(row) for row in result.scores], shape)


def _error_row(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"mse": f"{row['mse']:.5f}", "psnr": f"{row['psnr']:.2f}" if row["mse"] else "exact"}


@renamed("--learned", "--max-train")
@renamed("--judged", "--max-test")
@click.command("images", short_help="Measure image embeddings and generated images")
@click.argument("db", type=click.Path())
@click.argument("names", metavar="COLLECTION...", nargs=-1, required=True)
@option("--split", default="split", show_default=True, metavar="COL", help="the column that says train or test")
@label_option
@option("--samples", type=int, metavar="N", show_default="none", help="also evaluate N generated images (needs torch)")
@prior_option
@png_option("with --samples, a PNG of generated images and the training image nearest to each", "--nearest")
@option(
    "--max-train",
    type=int,
    metavar="N",
    show_default="2000",
    help="with several collections: maximum number of training images",
)
@option(
    "--max-test",
    type=int,
    metavar="N",
    show_default="1000",
    help="with several collections: maximum number of test images",
)
@seed_option("images")
@listing_options
def evaluate_images_command(
    db: str, names: tuple[str, ...], samples: int | None, prior: str | None, shape: str | None, **options: Any
) -> None:
    """Evaluate an image collection on its test images.

    Reports the reconstruction error, and the accuracy of a linear probe and of the five nearest neighbours.

    Test images are those whose split is test. If no image or every image is such, every fifth is a test image instead.
    The builder may then have been trained on it.

    --samples compares generated images with the test images. It reports Fréchet distance, precision, recall, density
    and coverage in the features of a small classifier, which is trained on the labels. The Fréchet distance of
    real images is a good value, that of noise a bad one. The distance ratio (`nearness`) is the median distance of
    generated images to the nearest training image, relative to that of test images. It is 1 for new images and 0 for
    copies. The copy rate (`copied`) is the share of generated images that are nearer to a training image than 99 % of
    the test images are. About 0.01 is expected.

    Several collections of one dataset, or the name of the dataset, are compared on the same images. The columns of_N
    are the accuracy of a linear probe trained on N labels per class.

    \b
    semsearch evaluate images my.db digits_pca
    semsearch evaluate images my.db digits
    semsearch evaluate images my.db digits_gan --samples 1000
    """
    from semsearch.evaluate.collection_comparison import named_collections

    nearest = options.pop("nearest")
    if nearest and samples is None:
        raise click.UsageError("--nearest shows generated images: give --samples N as well")
    with reading(db) as connection:
        several = named_collections(connection, names)
    options["label"] = options.pop("column")
    if len(several) > 1:
        if samples is not None or prior is not None:
            raise InputError("--samples evaluates one collection at a time: name one, or leave out --samples")
        _compare(db, several, shape, **options)
        return
    if options.pop("max_train") is not None or options.pop("max_test", None) is not None:
        raise InputError("--max-train and --max-test are for comparing several collections: name two or more")
    scores = _evaluate_one(db, several[0], samples, prior, shape, **options)
    if nearest and scores.sampled is not None:
        write_grid(nearest, *_in_pairs(scores.sampled.pairs))


def _compare(
    db: str, names: Sequence[str], shape: str | None, max_train: int | None, max_test: int | None, **options: Any
) -> None:
    """Print a row for each collection."""
    from semsearch.evaluate import collection_comparison

    limits = collection_comparison.limits(max_train, max_test)
    with reading(db) as connection, Progress("evaluating", "collection") as progress:
        result = collection_comparison.compare(connection, names, most=limits, report=progress, **options)
    print_rows([rounded(row.as_dict()) if shape != "json" else row.as_dict() for row in result.rows], shape)
    remark(
        f"{counted(result.labels, 'label')} in the column {result.label}: {counted(result.judged, 'test image')}"
        f" ({result.split}), {counted(result.learned, 'training image')}. N per label: trained on N images of each"
    )


def _evaluate_one(
    db: str, collection: str, samples: int | None, prior: str | None, shape: str | None, **options: Any
) -> Any:
    """Print a row for each measure of one collection; returns the scores."""
    from semsearch.evaluate.images import evaluate_images
    from semsearch.evaluate.sample_scores import Sampling

    sampling = None if samples is None else Sampling(samples, prior)
    with reading(db) as connection, Progress("training the feature classifier", "step") as progress:
        scores = evaluate_images(connection, collection, wanted=sampling, report=progress, **options)
    values = scores.as_dict()
    if shape == "json":
        print_rows([values], shape)
    elif shape == "csv":
        known = {name: value for name, value in values.items() if value is not None}
        print_rows([{"measure": heading(name), "value": value} for name, value in known.items()], shape)
    else:
        print_rows(measure_rows(values, IMAGES), shape)
    return scores


def _in_pairs(pairs: ByteArray, across: int = 16) -> tuple[ByteArray, int]:
    """Rows of generated images, each above the row of their neighbours, and the length of a row."""
    above, below = pairs
    rows = [row[at : at + across] for at in range(0, len(above), across) for row in (above, below)]
    return np.concatenate(rows), min(across, len(above))
