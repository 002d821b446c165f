"""Verbs about pictures: ingest images."""

from __future__ import annotations

import shlex

import click

from semsearch.cli.ingest import ingest, say_loaded
from semsearch.cli.output import Progress, remark
from semsearch.cli.upkeep import say_checkpoint
from semsearch.ingest.images import load_images, read_images
from semsearch.ingest.sources import source_name
from semsearch.pictures import Wanted
from semsearch.storage.connect import writing


def add_to(cli: click.Group) -> None:
    """Add the verbs; `ingest` has one more."""
    ingest.add_command(ingest_images)


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
            Wanted(size, channels),
            source=source,
            link=link,
            strict=strict,
            report=progress,
        )
        say_checkpoint(connection)
    say_loaded(loaded)
    remark(f"Next: semsearch build {shlex.quote(db)} {shlex.quote(dataset)}")
