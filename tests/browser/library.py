"""The file that the browser tests look at, built by the real commands."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from semsearch.cli.main import assemble
from tests import planted as topics
from tests.planted_images import shapes

# What pages must bear on a phone: a word, a URL and a number too long for the line.
SPACE = (
    *topics.SPACE,
    (
        "Raumfahrtbegeisterungsveranstaltungsorganisationskomitee",
        "astronauts wrote https://example.org/" + "launch-pad-and-orbit/" * 12 + " about the moon and a rocket",
    ),
)
BREAD = (
    *topics.BREAD,
    ("Recipe", "dough " + "flourandwater" * 20 + " baked in the oven with yeast and " + "9" * 90),
)
HUB = "Hub"  # knows more people than a picture holds


def acquaintances() -> list[tuple[str, str]]:
    """Four circles of thirty, whose names are long, and someone who knows everybody."""
    names = [f"Person-{number:03} of the circle {number % 4}" for number in range(120)]
    known = [(names[at], names[(at + step) % 120]) for at in range(120) for step in (4, 8, 20)]
    return [*known, *((HUB, name) for name in names), (names[1], names[2])]


def build_library(folder: Path) -> None:
    """Writes `library.db`: articles, people and shapes, and their collections."""
    database = str(folder / "library.db")
    with (folder / "articles.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("title", "body", "theme"))
        writer.writerows((*row, "space") for row in SPACE)
        writer.writerows((*row, "bread") for row in BREAD)
    run_command(
        "ingest", "documents", database, "articles", folder / "articles.csv", "--text", "body", "--title", "title"
    )
    run_command("build", "lsa", database, "articles", "--dim", "7")
    run_command("cluster", database, "articles_lsa", "--clusters", "3")
    run_command("map", database, "articles_lsa", "--method", "pca")
    (folder / "edges.csv").write_text("\n".join(f"{one},{other},1" for one, other in acquaintances()))
    run_command("ingest", "edges", database, "people", folder / "edges.csv", "--directed")
    run_command("build", "netmf", database, "people", "--dim", "8")
    pixels, kinds = shapes(40, 12)
    np.savez(folder / "shapes.npz", images=pixels, labels=kinds)
    run_command("ingest", "images", database, "shapes", folder / "shapes.npz")
    run_command("build", "pca", database, "shapes", "--dim", "6")
    if find_spec("torch"):
        run_command("build", "rotation", database, "shapes", "--epochs", "2", "--width", "4")
        run_command("build", "masked", database, "articles", "--epochs", "20", "--dim", "16")


def run_command(*arguments: str | Path) -> None:
    """A semsearch command in this process, which must succeed."""
    done = CliRunner().invoke(assemble(), list(map(str, arguments)))
    assert done.exit_code == 0, done.stderr
