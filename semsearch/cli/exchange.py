"""Verbs that exchange vectors with other tools: export, ingest vectors, pretrained."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from semsearch.cli.ingest import ingest
from semsearch.cli.options import listing_options, option
from semsearch.cli.outdated import report_outdated
from semsearch.cli.output import Progress, counted, print_rows, remark
from semsearch.cli.upkeep import finish_writing
from semsearch.export.write import export
from semsearch.ingest import pretrained
from semsearch.ingest.pretrained import Pretrained
from semsearch.ingest.vectors import FORMATS, VectorSource, load_vectors
from semsearch.storage.connect import reading, writing

MEGABYTE = 1 << 20


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    cli.add_command(export_command)
    cli.add_command(list_pretrained)
    ingest.add_command(ingest_vectors)


@click.command("export", short_help="Write the vectors of a collection to a file")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.argument("file", type=click.Path(path_type=Path))
def export_command(db: str, collection: str, file: Path) -> None:
    """Write the vectors of a collection to FILE, in the format of its suffix.

    \b
    .npy       NumPy matrix, with the ids in .ids.txt
    .npz       NumPy, arrays ids and vectors
    .parquet   columns id and vector (needs pyarrow)
    .txt .bin  word2vec, for gensim, spaCy and others
    .tsv       TensorBoard projector, with labels in .metadata.tsv
    .db        embeddings database of llm

    Vectors keep the length that their builder gave them. FILE must not exist yet.

    \b
    semsearch export my.db articles_lsa vectors.npz
    """
    with reading(db) as connection, Progress(f"writing {file.name}", "vector") as progress:
        paths = export(connection, collection, file, report=progress)
    for path in paths:
        remark(f"Wrote {path} ({path.stat().st_size:,} bytes)")


@click.command("pretrained", short_help="List the public word vectors that can be downloaded")
@listing_options
def list_pretrained(shape: str | None) -> None:
    """List the public sets of word vectors that can be downloaded, with their licences.

    `semsearch ingest vectors --from NAME` downloads a set and imports it. --json and --csv list the addresses and
    hashes too.
    """
    rows = [_row(public) for public in pretrained.ALL]
    if shape not in ("json", "csv"):
        names = ("name", "words", "dim", "licence", "what")
        rows = [{name: row[name] for name in names} | {"words": f"{row['words']:,}"} for row in rows]
    print_rows(rows, shape)


def _row(public: Pretrained) -> dict[str, Any]:
    return {
        "name": public.name,
        "words": public.words,
        "dim": public.dim,
        "licence": public.licence,
        "what": public.what,
        "hash": f"{public.hash} ({public.hash_source})"
        if public.hash
        else "not published: later downloads must equal the first",
        "url": public.url,
    }


@click.command("vectors", short_help="Import word vectors from a file or a public set")
@click.argument("db", type=click.Path())
@click.argument("name")
@click.argument("file", type=click.Path(), required=False)
@option(
    "--from",
    "public",
    metavar="SET",
    show_default="none",
    help="download a public set instead of reading FILE; `semsearch pretrained` lists them",
)
@option(
    "--limit",
    type=int,
    metavar="N",
    show_default="all",
    help="import the first N rows only; public sets begin with the most frequent words",
)
@option("--format", "format", type=click.Choice(FORMATS), show_default="from the suffix", help="the format of FILE")
@option(
    "--ids",
    type=click.Path(),
    metavar="FILE",
    show_default="the .ids.txt next to it",
    help="the ids of an .npy: one per line, or a JSON array",
)
@option(
    "--member",
    metavar="NAME",
    show_default="the only one",
    help="the file in a zip, or the collection in an llm database",
)
def ingest_vectors(db: str, name: str, file: str | None, public: str | None, **source: Any) -> None:
    """Import words and their vectors as the collection NAME.

    Reads GloVe .txt, word2vec .txt and .bin and fastText .vec, each also as .gz or .zip. Also reads .npy with its ids,
    .npz with the arrays ids and vectors, .parquet, and llm's embeddings.db. If FILE is -, GloVe, word2vec or fastText
    is read from standard input. The words are listed in the table NAME_vocabulary. The vector of a query text is the
    mean of the vectors of its known words.

    \b
    semsearch ingest vectors my.db glove --from glove-6b-100 --limit 100000
    semsearch ingest vectors my.db mine vectors.vec
    """
    if (file is None) == (public is None):
        raise click.UsageError("Give either FILE or --from SET")
    vectors, facts = _resolved(VectorSource(file or "", **source), public)
    with writing(db, create=True) as connection, Progress(f"reading {name}", "row") as progress:
        imported = load_vectors(connection, name, vectors, facts=facts, report=progress)
        finish_writing(connection)
    for line in imported.remarks:
        remark(line)
    collection = imported.collection
    remark(f"Imported {name}: {counted(collection.count, 'word')}, {counted(collection.dim, 'dimension')}")
    with reading(db) as connection:
        report_outdated(connection, db, collection)
    remark(f"Next: semsearch search {shlex.quote(db)} {shlex.quote(name)} WORD")


def _resolved(source: VectorSource, public: str | None) -> tuple[VectorSource, dict[str, Any]]:
    """What to import; a public set is downloaded if it is not on this machine, and its licence printed."""
    if public is None:
        return pretrained.resolve(source, None)
    from semsearch.ingest.download import cache_folder

    chosen = pretrained.find(public)
    remark(f"{chosen.name}: {chosen.what}. Licence: {chosen.licence}. Stored in {cache_folder()}")
    with Progress(f"downloading {chosen.file}", "MB") as progress:

        def report(step: int, total: int, **metrics: float) -> None:
            progress(step // MEGABYTE, total // MEGABYTE)

        return pretrained.resolve(source, public, report=report)
