"""Verbs that make pictures of chance: sample, interpolate; and how grids of pictures are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from semsearch.arrays import ByteArray
from semsearch.cli.output import counted, remark
from semsearch.cli.upkeep import say_checkpoint
from semsearch.errors import InputError
from semsearch.images import image_io
from semsearch.storage.collections import open_collection
from semsearch.storage.connect import reading, writing


def add_to(cli: click.Group) -> None:
    """Add the verbs."""
    for command in (sample, interpolate):
        cli.add_command(command)


prior_option = click.option(
    "--prior",
    type=click.Choice(("mixture", "gaussian", "normal", "own")),  # samples.PRIORS, whose import is not for --help
    help="what codes are drawn from: ten Gaussians (the default) or one, fitted to the codes; N(0, I); or as the"
    " builder implies, which is all that a gan has",
)


@click.command(short_help="New pictures of random codes.")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="the PNG to write")
@click.option("--into", metavar="TABLE", help="write them as rows of this table as well, with their codes")
@click.option("-n", "count", type=int, default=64, show_default=True, help="how many")
@prior_option
@click.option("--label", help="of this class alone, where the collection was built with --conditional")
@click.option("--seed", type=int, default=0, show_default=True, help="same seed, same pictures")
def sample(db: str, collection: str, output: str | None, into: str | None, count: int, **drawn: Any) -> None:
    """Draw random codes, make pictures of them, and write a grid, a table, or both.

    The first of many samples of a seed are those of few: a sample is known by its seed and its number, from 1, which
    is its id in the table. A table of samples is written anew; it holds PNGs (content) and codes (float32).
    """
    from semsearch.images import generate, samples

    if output is None and into is None:
        raise click.UsageError("Where to? Give -o FILE, --into TABLE, or both")
    with writing(db) if into else reading(db) as connection:
        model = generate.open_model(connection, open_collection(connection, collection))
        drawing = _drawing(model, **drawn)
        if into:
            made = samples.write_samples(connection, model, into, count, drawing)
            say_checkpoint(connection)
            remark(f"Wrote table {into}: {counted(count, 'sample')}")
        else:
            made = samples.sample(model, count, drawing)
    if output:
        write_grid(output, made, round(count**0.5) or 1)


@click.command(short_help="A walk from one picture to another.")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.argument("one")
@click.argument("other")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, writable=True),
    help="the PNG to write, a strip, or a GIF, which moves",
)
@click.option("--steps", type=int, default=9, show_default=True, help="pictures on the way, both ends included")
@click.option(
    "--seed", type=int, help="ONE and OTHER are numbers of samples of this seed; 0 where pictures have no code"
)
@prior_option
def interpolate(db: str, collection: str, one: str, other: str, output: str, steps: int, **drawn: Any) -> None:
    """Walk from the code of the picture ONE to that of OTHER, and write the pictures on the way.

    With --seed the walk leads from one sample to another, as `sample` makes them of this seed; ways between samples of
    a gan, whose pictures have no code, are the only ones it has.
    """
    from semsearch.images import generate, samples

    with reading(db) as connection:
        model = generate.open_model(connection, open_collection(connection, collection))
        if drawn["seed"] is None and not model.imagines:
            made = generate.interpolate(model, one, other, steps)
        else:
            drawing = _drawing(model, seed=drawn["seed"] or 0, prior=drawn["prior"])
            made = samples.walk_between(model, _number(one), _number(other), steps, drawing)
    if output.lower().endswith(".gif"):
        _save(output, image_io.to_gif([image_io.enlarged(one, 128) for one in made]), len(made))
    else:
        write_grid(output, made, steps)


def _drawing(model: Any, *, seed: int, prior: str | None, label: str | None = None) -> Any:
    from semsearch.images import samples

    return samples.Drawing(samples.prior_of(model, prior, seed=seed), seed, label)


def _number(said: str) -> int:
    try:
        return int(said)
    except ValueError:
        raise InputError(f"{said!r} is no number of a sample: with --seed they are counted from 1") from None


def write_grid(path: str, made: ByteArray, columns: int) -> None:
    """A grid of pictures as a PNG file, small ones enlarged."""
    grid = image_io.grid(np.stack([image_io.enlarged(one, 64) for one in made]), columns)
    _save(path, image_io.to_png(grid), len(made))


def _save(path: str, content: bytes, count: int) -> None:
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    remark(f"Wrote {path}: {counted(count, 'picture')}")
