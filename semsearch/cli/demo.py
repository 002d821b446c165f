"""The verb `demo`: a complete example from data that any machine has."""

from __future__ import annotations

from importlib.util import find_spec

import click
import numpy as np

from semsearch import registry
from semsearch.cli.build import run_build
from semsearch.cli.options import option
from semsearch.cli.output import Progress, print_rows, remark, rounded
from semsearch.cli.search import print_readable
from semsearch.cli.upkeep import open_in_datasette
from semsearch.cli.words import print_answers
from semsearch.evaluate.images import evaluate_images
from semsearch.images.image_io import ImageSpec
from semsearch.ingest.edges import GraphSource, load_edges
from semsearch.ingest.imagefiles import ImageBlock
from semsearch.ingest.images import load_images
from semsearch.ingest.load import Columns, load_documents
from semsearch.ingest.stdlib import documentation, modules
from semsearch.labels.classify import classify
from semsearch.search.query import search, similar
from semsearch.search.words import analogy
from semsearch.storage.collections import open_collection
from semsearch.storage.connect import reading, writing
from semsearch.storage.driver import Connection

DATASET = "docs"
GRAPH = "modules"
DIGITS = "digits"
DIGIT = "7"
LATENT_DIM = 16  # of digits of 64 pixels
IMAGE_BUILDERS = {
    "pca": {"dim": LATENT_DIM},
    "autoencoder": {"latent_dim": LATENT_DIM},
    "gan": {"steps": 1000, "batch_size": 128},
}
LABEL = "package"  # of a module, predicted from its imports
MODULES = ("http.client", "zipfile")
QUERIES = ("compress a file", "send an email message", "random sample from a list")
WORDS = ("socket", "encode")
ANALOGIES = (
    ("read", "write", "reader"),
    ("string", "strings", "list"),
    ("dumps", "dump", "loads"),  # an honest failure: the texts do not show how these two pairs are related
)


def add_to(cli: click.Group) -> None:
    """Add the verb to the group."""
    cli.add_command(demo_command)


@click.command("demo", short_help="Build a complete example from data on this machine")
@click.argument("db", type=click.Path(), default="demo.db")
@option("--serve", is_flag=True, help="open it in Datasette when done")
def demo_command(db: str, serve: bool) -> None:
    """Build a complete example in DB, by default demo.db, and run some searches.

    It has three datasets of data on this machine: the documentation of Python's standard library, the graph of imports
    between its modules, and the images of digits that come with scikit-learn. Nothing is downloaded, and no module is
    executed.

    \b
    semsearch demo
    semsearch demo example.db --serve
    """
    _build_and_print(db)
    remark(f"\nSee it in a browser: semsearch serve {db} --open, then the menu at the top right, Semantic search")
    if serve:
        open_in_datasette(db, ())


def _build_and_print(db: str) -> None:
    remark("Reading the documentation of the Python standard library on this machine …")
    with writing(db, create=True) as connection:
        columns = Columns(text=("body",), title="title", label="kind")
        source = "Python standard library"
        with Progress("reading", "item") as progress:
            loaded = load_documents(
                connection, DATASET, documentation(), source=source, columns=columns, report=progress
            )
        remark(f"{loaded.added + loaded.updated + loaded.unchanged:,} documents in {db}, table {DATASET}")
        builder = registry.load().default_builder(loaded.dataset.kind)
        name = run_build(connection, db, loaded.dataset, builder, {}, is_last=False).collections[0].name
        pmi = registry.load().builder("pmi")
        words = run_build(connection, db, loaded.dataset, pmi, {}, is_last=False).collections[0].name
        modules_collection = _modules(connection, db)
        image_collections = _digits(connection, db)
    with reading(db) as connection:
        documents, vocabulary, nodes, digits = (
            open_collection(connection, each) for each in (name, words, modules_collection, image_collections[0])
        )
        for query in QUERIES:
            click.echo(f'\nsemsearch search {db} {name} "{query}" -k 5')
            print_readable(search(connection, documents, query, k=5), documents.dataset, query)
        for word in WORDS:
            click.echo(f"\nsemsearch similar {db} {words} {word} -k 5")
            print_readable(similar(connection, vocabulary, [word], k=5), vocabulary.dataset, "")
        for question in ANALOGIES:
            click.echo(f"\nsemsearch analogy {db} {words} {' '.join(question)} -k 3")
            print_answers(analogy(connection, vocabulary, question, k=3))
        for module in MODULES:
            click.echo(f"\nsemsearch similar {db} {modules_collection} {module} -k 5")
            print_readable(similar(connection, nodes, [module], k=5), nodes.dataset, "")
        click.echo(f"\nsemsearch classify {db} {modules_collection} --label {LABEL}")
        classified = classify(connection, [nodes], LABEL)
        print_rows([rounded(scores.as_dict()) for scores in classified.judged], None)
        click.echo(f"\nsemsearch similar {db} {digits.name} {DIGIT} -k 5")
        print_readable(similar(connection, digits, [DIGIT], k=5), digits.dataset, "")
        for collection in image_collections:
            click.echo(f"\nsemsearch evaluate images {db} {collection}")
            print_rows([rounded(evaluate_images(connection, collection).as_dict())], None)


def _modules(connection: Connection, db: str) -> str:
    """Build the graph of imports between modules; returns the collection's name."""
    nodes, edges = modules()
    graph = load_edges(connection, GRAPH, GraphSource(edges, "imports", nodes), directed=True)
    remark(f"{graph.nodes:,} modules and {graph.edges:,} imports, tables {GRAPH} and {GRAPH}_edges")
    builder = registry.load().default_builder(graph.dataset.kind, graph.nodes)
    return run_build(connection, db, graph.dataset, builder, {}, is_last=False).collections[0].name


def _digits(connection: Connection, db: str) -> list[str]:
    """Build collections of scikit-learn's 1,797 handwritten digits of 8 by 8 pixels (Alpaydin & Kaynak 1998).

    Principal components always; an autoencoder of the same dimension and a GAN if torch is installed. Returns the
    names of the collections.
    """
    from sklearn.datasets import load_digits

    loaded = load_digits()
    pixels = np.rint(loaded.images * (255 / 16)).astype(np.uint8)[..., None]
    block = ImageBlock("scikit-learn's digits", pixels, {"label": loaded.target.tolist()})
    loaded_images = load_images(connection, DIGITS, [block], ImageSpec(), source="scikit-learn's digits")
    remark(f"{len(pixels):,} images of digits, table {DIGITS}")
    names = []
    for name, options in IMAGE_BUILDERS.items():
        if name != "pca" and find_spec("torch") is None:
            remark(
                "The autoencoder and the GAN are left out: they need torch (pip install 'datasette-semsearch[torch]')"
            )
            break
        built = run_build(connection, db, loaded_images.dataset, registry.load().builder(name), options, is_last=False)
        names.append(built.collections[0].name)
    return names
