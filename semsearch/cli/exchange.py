"""Verbs that exchange vectors with other tools: export, ingest vectors, pretrained."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from semsearch.cli.ingest import ingest
from semsearch.cli.output import Progress, counted, listing_options, print_rows, remark
from semsearch.cli.rebuild_command import say_outdated
from semsearch.cli.upkeep import say_checkpoint
from semsearch.errors import InputError
from semsearch.export.write import export as write
from semsearch.ingest import pretrained
from semsearch.ingest.pretrained import Pretrained
from semsearch.ingest.vectors import FORMATS, VectorSource, load_vectors
from semsearch.storage.connect import reading, writing

MB = 1 << 20


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    cli.add_command(export)
    cli.add_command(list_pretrained)
    ingest.add_command(ingest_vectors)


@click.command()
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.argument("file", type=click.Path(path_type=Path))
def export(db: str, collection: str, file: Path) -> None:
    """Write a collection's vectors to FILE, in the format that its suffix says.

    \b
    .npy       numpy's matrix, its ids beside it in .ids.txt
    .npz       numpy, arrays ids and vectors
    .parquet   columns id and vector (needs pyarrow)
    .txt .bin  word2vec, for gensim, spaCy and others
    .tsv       TensorBoard's projector, with labels in .metadata.tsv
    .db        llm's embeddings.db

    Vectors have the length that their builder gave them. FILE must not exist.
    """
    with reading(db) as connection, Progress(f"writing {file.name}", "vector") as progress:
        written = write(connection, collection, file, report=progress)
    for path in written:
        remark(f"Wrote {path} ({path.stat().st_size:,} bytes)")


@click.command("pretrained", short_help="List the public word vectors that can be fetched.")
@listing_options
def list_pretrained(shape: str | None) -> None:
    """List the public sets of word vectors that `ingest vectors --from` fetches, with address and licence."""
    print_rows([_row(one) for one in pretrained.ALL], shape)


def _row(one: Pretrained) -> dict[str, Any]:
    return {
        "name": one.name,
        "words": one.words,
        "dim": one.dim,
        "licence": one.licence,
        "what": one.what,
        "hash": f"{one.hash} ({one.hash_source})" if one.hash else "not stated: that of the first download is kept",
        "url": one.url,
    }


@click.command("vectors", short_help="Bring vectors in that were made elsewhere.")
@click.argument("db", type=click.Path())
@click.argument("name")
@click.argument("file", type=click.Path(), required=False)
@click.option(
    "--from", "public", metavar="SET", help="fetch a public set instead of FILE; `semsearch pretrained` lists"
)
@click.option(
    "--limit", type=int, metavar="N", help="only the first N rows; public sets begin with the commonest words"
)
@click.option("--format", "format", type=click.Choice(FORMATS), help="what FILE is, where its suffix does not say")
@click.option("--ids", type=click.Path(), help="the ids of an .npy: one to a line, or a .json array")
@click.option("--member", metavar="NAME", help="which file of a zip, or which collection of an llm database")
def ingest_vectors(db: str, name: str, file: str | None, public: str | None, **asked: Any) -> None:
    """Make the collection NAME of words and vectors made elsewhere.

    Reads GloVe .txt, word2vec .txt and .bin, fastText .vec (each also as .gz or .zip), .npy with its ids, .npz with
    arrays ids and vectors, .parquet and llm's embeddings.db; from - the first three. Its words are in the table
    NAME_vocabulary. A text is searched for by the mean of its known words.
    """
    if (file is None) == (public is None):
        raise click.UsageError("Give either FILE or --from SET")
    facts: dict[str, Any] = {}
    if public is not None:
        one = pretrained.find(public)
        if any(asked[option] for option in ("format", "ids", "member")):
            raise InputError("--from knows what it fetches: leave out --format, --ids and --member")
        file = str(_fetched(one))
        asked["member"], facts = one.member, {"set": one.name, "licence": one.licence, "url": one.url}
    with writing(db, create=True) as connection, Progress(f"reading {name}", "row") as progress:
        made = load_vectors(connection, name, VectorSource(str(file), **asked), facts=facts, report=progress)
        say_checkpoint(connection)
    for line in made.remarks:
        remark(line)
    collection = made.collection
    remark(f"Made {name}: {counted(collection.count, 'word')}, {counted(collection.dim, 'dimension')}")
    with reading(db) as connection:
        say_outdated(connection, db, collection)
    remark(f"Next: semsearch search {shlex.quote(db)} {shlex.quote(name)} WORD")


def _fetched(one: Pretrained) -> Path:
    """Where the set is on this machine, fetched if it was not; says whose terms it comes under."""
    from semsearch.ingest import download  # http and ssl are read in for it, and by no other command

    wanted = download.Download(one.url, one.file, one.size, one.hash)
    remark(f"{one.name}: {one.what}; licence: {one.licence}; kept in {download.cache_folder()}")
    with Progress(f"fetching {one.file}", "MB") as progress:

        def report(step: int, total: int, **metrics: float) -> None:
            progress(step // MB, total // MB)

        return download.fetch(wanted, report=report)
