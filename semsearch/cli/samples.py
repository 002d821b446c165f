"""Verbs that generate images: sample, interpolate; and how grids of images are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from semsearch.arrays import ByteArray
from semsearch.cli.options import option, png_option, seed_option
from semsearch.cli.output import counted, remark
from semsearch.cli.upkeep import finish_writing
from semsearch.errors import InputError
from semsearch.images import image_io
from semsearch.storage.collections import open_collection
from semsearch.storage.connect import reading, writing


def add_to(cli: click.Group) -> None:
    """Add the verbs."""
    for command in (sample_command, interpolate_command):
        cli.add_command(command)


prior_option = option(
    "--prior",
    type=click.Choice(("mixture", "gaussian", "normal", "own")),  # samples.PRIORS, too slow to import for --help
    show_default="mixture; own for gan",
    help="distribution of the latent codes: ten Gaussians (mixture) or one (gaussian), fitted to the stored codes,"
    " N(0, I) (normal), or the builder's own",
)


@click.command("sample", short_help="Generate images")
@click.argument("db", type=click.Path())
@click.argument("collection")
@png_option("the PNG file to write", "-o", "--output")
@option("--into", metavar="TABLE", show_default="none", help="also write the images and their codes as rows of TABLE")
@option("-n", "count", type=int, default=64, show_default=True, metavar="N", help="number of images")
@prior_option
@option("--label", metavar="CLASS", show_default="any", help="generate this class only; needs build --conditional")
@seed_option("images")
def sample_command(db: str, collection: str, output: str | None, into: str | None, count: int, **drawn: Any) -> None:
    """Generate images from random latent codes, and write a grid, a table, or both.

    Generated images are numbered from 1. Seed and number identify an image, and the number is its id in the table. The
    first images of a seed do not depend on how many are generated. An existing table of samples is replaced. It has
    the columns content (the image as PNG) and code (float32).

    \b
    semsearch sample my.db digits_gan -o grid.png
    semsearch sample my.db digits_autoencoder -n 100 --into samples
    """
    from semsearch.images import generate, samples

    if output is None and into is None:
        raise click.UsageError("Give -o FILE, --into TABLE, or both")
    with writing(db) if into else reading(db) as connection:
        model = generate.open_model(connection, open_collection(connection, collection))
        drawing = samples.drawing_of(model, **drawn)
        if into:
            images = samples.write_samples(connection, model, into, count, drawing)
            finish_writing(connection)
            remark(f"Wrote table {into}: {counted(count, 'sample')}")
        else:
            images = samples.sample(model, count, drawing)
    if output:
        write_grid(output, images, round(count**0.5) or 1)


@click.command("interpolate", short_help="Generate the images between two images")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.argument("one")
@click.argument("other")
@png_option(
    "the file to write: a PNG strip, or an animated GIF", "-o", "--output", required=True, suffixes=(".png", ".gif")
)
@option("--steps", type=int, default=9, show_default=True, metavar="N", help="number of images, both ends included")
@option(
    "--seed",
    type=int,
    metavar="N",
    show_default="none; 0 for gan",
    help="ONE and OTHER are numbers of generated images of this seed",
)
@prior_option
def interpolate_command(db: str, collection: str, one: str, other: str, output: str, steps: int, **drawn: Any) -> None:
    """Interpolate between the latent codes of two images, and write the decoded images.

    ONE and OTHER are ids of images. With --seed they are the numbers of generated images, as in `sample`. For a gan
    they always are, because a GAN has no encoder.

    \b
    semsearch interpolate my.db digits_pca 12 40 -o strip.png
    semsearch interpolate my.db digits_gan 1 2 --seed 0 -o strip.gif
    """
    from semsearch.images import generate, samples

    with reading(db) as connection:
        model = generate.open_model(connection, open_collection(connection, collection))
        images = samples.interpolate(model, one, other, steps, **drawn)
    if output.lower().endswith(".gif"):
        _save(output, image_io.to_gif([image_io.enlarged(image, 128) for image in images]), len(images))
    else:
        write_grid(output, images, steps)


def write_grid(path: str, images: ByteArray, columns: int) -> None:
    """Write a grid of images (n, height, width, channels) as a PNG file, small ones enlarged."""
    grid = image_io.grid(np.stack([image_io.enlarged(image, 64) for image in images]), columns)
    _save(path, image_io.to_png(grid), len(images))


def _save(path: str, content: bytes, count: int) -> None:
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    remark(f"Wrote {path}: {counted(count, 'image')}")
