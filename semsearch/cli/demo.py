"""The verb `demo`: a complete example from data that any machine has."""

from __future__ import annotations

from importlib.util import find_spec

import click
import numpy as np

from semsearch import registry
from semsearch.cli.build import run_build
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
CODES = 16  # numbers that a digit of 64 pixels goes through
PICTURED = {"pca": {"dim": CODES}, "autoencoder": {"latent_dim": CODES}, "gan": {"steps": 1000, "batch_size": 128}}
LABEL = "package"  # of a module: told by what imports it and what it imports
MODULES = ("http.client", "zipfile")
QUESTIONS = ("compress a file", "send an email message", "random sample from a list")
WORDS = ("socket", "encode")
ANALOGIES = (
    ("read", "write", "reader"),
    ("string", "strings", "list"),
    ("dumps", "dump", "loads"),  # an honest failure: the texts do not say how these two pairs are alike
)


def add_to(cli: click.Group) -> None:
    """Add the verb to the group."""
    cli.add_command(demo)


@click.command(short_help="A complete example from data on this machine.")
@click.argument("db", type=click.Path(), default="demo.db")
@click.option("--serve", is_flag=True, help="open it in Datasette when done")
def demo(db: str, serve: bool) -> None:
    """Build a complete example in DB (demo.db): the documentation of this Python's standard library, its words,
    the graph of which of its modules imports which, and the pictures of digits that come with scikit-learn.

    Sources are parsed, never imported; nothing is downloaded.
    """
    remark("Reading the documentation of the Python standard library on this machine …")
    with writing(db, create=True) as connection:
        columns = Columns(text=("body",), title="title", label="module")
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
        near = _modules(connection, db)
        pictures = _digits(connection, db)
    with reading(db) as connection:
        documents, vocabulary, nodes, digits = (
            open_collection(connection, each) for each in (name, words, near, pictures[0])
        )
        for question in QUESTIONS:
            click.echo(f'\nsemsearch search {db} {name} "{question}" -k 5')
            print_readable(search(connection, documents, question, k=5), documents.dataset, question)
        for word in WORDS:
            click.echo(f"\nsemsearch similar {db} {words} {word} -k 5")
            print_readable(similar(connection, vocabulary, [word], k=5), vocabulary.dataset, "")
        for asked in ANALOGIES:
            click.echo(f"\nsemsearch analogy {db} {words} {' '.join(asked)} -k 3")
            print_answers(analogy(connection, vocabulary, asked, k=3))
        for module in MODULES:
            click.echo(f"\nsemsearch similar {db} {near} {module} -k 5")
            print_readable(similar(connection, nodes, [module], k=5), nodes.dataset, "")
        click.echo(f"\nsemsearch classify {db} {near} --label {LABEL}")
        print_rows([rounded(judged.as_dict()) for judged in classify(connection, [nodes], LABEL).judged], None)
        click.echo(f"\nsemsearch similar {db} {pictures[0]} {DIGIT} -k 5")
        print_readable(similar(connection, digits, [DIGIT], k=5), digits.dataset, "")
        for coded in pictures:
            click.echo(f"\nsemsearch evaluate images {db} {coded}")
            print_rows([rounded(evaluate_images(connection, coded).as_dict())], None)
    remark(f"\nSee it in a browser: semsearch serve {db} --open, then the menu at the top right, Search by meaning")
    if serve:
        open_in_datasette(db, ())


def _modules(connection: Connection, db: str) -> str:
    """The modules as a graph of who imports whom; the collection's name. A module's documents have it as `module`."""
    nodes, edges = modules()
    graph = load_edges(connection, GRAPH, GraphSource(edges, "imports", nodes), directed=True)
    remark(f"{graph.nodes:,} modules joined by {graph.edges:,} imports, tables {GRAPH} and {GRAPH}_edges")
    builder = registry.load().default_builder(graph.dataset.kind, graph.nodes)
    return run_build(connection, db, graph.dataset, builder, {}, is_last=False).collections[0].name


def _digits(connection: Connection, db: str) -> list[str]:
    """1,797 handwritten digits of 8 by 8 pixels (Alpaydin & Kaynak 1998), as scikit-learn has them, by principal
    components and, where torch is installed, by an autoencoder of as many numbers and a GAN; the collections."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    pixels = np.rint(loaded.images * (255 / 16)).astype(np.uint8)[..., None]
    block = ImageBlock("scikit-learn's digits", pixels, {"label": loaded.target.tolist()})
    made = load_images(connection, DIGITS, [block], ImageSpec(), source="scikit-learn's digits")
    remark(f"{len(pixels):,} pictures of digits, table {DIGITS}")
    names = []
    for name, options in PICTURED.items():
        if name != "pca" and find_spec("torch") is None:
            remark("No autoencoder and no GAN of them, since torch is not installed (the extra `torch`)")
            break
        built = run_build(connection, db, made.dataset, registry.load().builder(name), options, is_last=False)
        names.append(built.collections[0].name)
    return names
