"""From a dataset to collections: read the corpus, let a builder fit, store what it learned in one transaction."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import numpy as np

from semsearch import __version__, registry
from semsearch.builders.base import ZERO_NORM, Accelerates, Builder, make_options, needs_of, reads_of
from semsearch.building import corpora, devices
from semsearch.building.journal import RunJournal
from semsearch.errors import BuildError, CapabilityError, InputError
from semsearch.records import MOST_SEED, ROWS, Collection, Dataset, Device, Embeddings, Fitted, Report, Run, silent
from semsearch.storage import change_log as items_noted
from semsearch.storage import checkpoints, collections, datasets, dependencies, fulltext, fulltext_prefill, results
from semsearch.storage.connect import snapshot, transaction
from semsearch.storage.driver import Connection
from semsearch.storage.textitem import TextItem


@dataclass(frozen=True)
class Built:
    """What a build made: its run, its collections, how many items have no vector, nothing in them being known, the
    step of an interrupted training that it went on from, and the run whose collection it replaced, if there was one."""

    run: Run
    collections: tuple[Collection, ...]
    without_vector: int
    resumed: int | None = None
    unkept: str | None = None  # why no checkpoint could be kept, where that was so
    replaced: int | None = None


def collection_names(name: str, found: Sequence[Embeddings]) -> list[str]:
    """The first embeddings take the name itself, words `NAME_words`, and so on."""
    return [name] + [f"{name}_{embeddings.of}s" for embeddings in found[1:]]


def build(  # noqa: PLR0913 - the five keywords of `semsearch build` and of Database.build, handed on by name; four things they are about
    db: Connection,
    dataset: Dataset,
    builder: Builder,
    given: Mapping[str, Any],
    *,
    name: str | None = None,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    report: Report = silent,
) -> Built:
    """Fit the builder on the dataset and store its collections, replacing earlier ones of the same name at once.

    The computation runs outside any transaction; all writing is in one. With `resume` a training that was interrupted
    goes on from its last checkpoint; where there is none it starts. Raises BuildError for a dataset with nothing to
    learn from or a builder that returns something inconsistent, InputError for options or a kind that do not fit,
    CapabilityError for a package or a device that is not there.
    """
    if not 0 <= seed <= MOST_SEED:
        raise InputError(f"seed is {seed}: choose 0 to {MOST_SEED:,}")
    name = name or f"{dataset.name}_{builder.name}"
    options = make_options(builder, given)
    needs = needs_of(builder, options)
    chosen = device_for(builder, needs, device)
    reads = reads_of(builder, options)
    if reads not in corpora.available_corpora(dataset):
        raise InputError(f"{builder.name} reads {reads}, {dataset.name} holds {dataset.kind}")
    collections.check_name(db, name, collections.find_collection(db, name), dataset.name, builder.name)
    started, clock = datasets.now(), perf_counter()
    with snapshot(db):
        read = dependencies.asked(db, builder.name, options)
        items = list(datasets.read_items(db, dataset))
        corpus = corpora.with_inputs(db, corpora.READERS[reads](db, dataset, options, items), read)
        first = _noted_from(db, dataset, items)
    if resume and not needs:
        raise InputError(f"{builder.name} learns in one go, there is nothing to go on with: leave out --resume")
    journal = RunJournal(report)
    if needs:
        made_with = {"builder": builder.name, "seed": seed, "rows": corpora.digest(corpus)}
        journal = _keeping_journal(db, name, made_with | _training_fingerprint(options), resume, report)
    with fulltext_prefill.words_ahead(items, first) as words:
        fitted = builder.fit(corpus, options, rng=np.random.default_rng(seed), device=chosen, report=journal)
        kept = [_checked(builder, embeddings) for embeddings in fitted.embeddings]
        run = Run(
            id=0,
            dataset=dataset.name,
            builder=builder.name,
            options=dataclasses.asdict(options),
            seed=seed,
            device=chosen.name,
            started=started,
            seconds=round(perf_counter() - clock, 3),
            metrics={key: float(value) for key, value in fitted.metrics.items()},
            versions=versions(needs or _faster_with(builder, chosen)),
        )
        words.wait()  # not while nobody else can write
        with transaction(db):
            former = {collection.name: collection for collection in collections.all_collections(db)}
            dataset = _noted(db, dataset, items, words)
            run = _write_run(db, run, fitted, journal, read)
            stored = _store(db, dataset, name, kept, run, former)
            items_noted.prune_deletions(db, dataset)
    journal.done()
    replaced = former[name].run if name in former else None
    return Built(run, stored, _without_vector(items, stored[0]), journal.resumed, journal.unkept, replaced)


def _keeping_journal(
    db: Connection, name: str, made_with: Mapping[str, Any], resume: bool, report: Report
) -> RunJournal:
    """A journal that keeps checkpoints of a training beside the file, and finds the last of one that was `made_with`
    the same; without `resume` it is taken away."""
    path = checkpoints.path_for(db, name)
    if path is not None and not resume:
        checkpoints.remove(path)  # of a training that was given up
    return RunJournal(report, path, {**made_with, "semsearch": __version__}, resume=resume)


def _without_vector(items: Sequence[TextItem], collection: Collection) -> int:
    return len(items) - collection.count if collection.of in ROWS else 0


def _noted_from(db: Connection, dataset: Dataset, items: Sequence[TextItem]) -> int | None:
    """The number from which the items will be noted; None where their words are known already, or there are none."""
    known = datasets.find_dataset(db, dataset.name)
    if not items or (known is not None and fulltext.exists(db, known)):
        return None
    return items_noted.next_number(db)


def _noted(db: Connection, dataset: Dataset, items: Sequence[TextItem], words: fulltext_prefill.Ahead) -> Dataset:
    """The dataset, its items' hashes noted and their words filled in, unless all are already as they were read."""
    dataset = datasets.save(db, dataset)
    if fulltext.exists(db, dataset) and items_noted.are_noted(db, dataset, items):
        return dataset
    dataset, numbers = items_noted.note_all(db, dataset, items)
    if not words.place(db, dataset, numbers[items[0].key]):
        fulltext.refill(db, dataset, items, numbers)
    return dataset


def _training_fingerprint(options: Any) -> dict[str, Any]:
    """The options, as they are said, without which a training would be another one."""
    return {
        f"--{field.name.replace('_', '-')}": getattr(options, field.name)
        for field in dataclasses.fields(options)
        if not field.metadata.get("may_change_on_resume")
    }


def default_builder(db: Connection, dataset: Dataset) -> Builder:
    """The builder used for a dataset where none is named; it depends on the dataset's kind and size.

    Raises InputError if no installed builder reads this kind.
    """
    return registry.load().default_builder(dataset.kind, datasets.count_items(db, dataset))


def device_for(builder: Builder, needs: Sequence[str], asked: str) -> Device:
    """The device a builder will run on. CapabilityError for one that is not there, or a package that is missing."""
    for package in needs:
        if find_spec(package) is None:
            raise CapabilityError(f"{builder.name} needs {package}: pip install 'semsearch[{package}]'")
    if needs:
        return devices.choose(asked)
    if asked == "cuda":
        # Only when asked to: on the CPU the same seed is the same bytes.
        if isinstance(builder, Accelerates):
            return devices.choose(asked)
        raise CapabilityError(f"{builder.name} runs on the CPU alone: leave out --device cuda")
    return Device("cpu", f"{builder.name} runs there")


def _faster_with(builder: Builder, device: Device) -> Sequence[str]:
    """The packages by which a builder that can do without a GPU runs on one."""
    return builder.faster_with if device.name != "cpu" and isinstance(builder, Accelerates) else ()


def _checked(builder: Builder, embeddings: Embeddings) -> Embeddings:
    """The embeddings without their zero rows; BuildError if shapes, keys or numbers are not what they must be."""
    keys, vectors = embeddings.keys, embeddings.vectors
    fault = None
    if vectors.ndim != 2 or len(keys) != len(vectors):
        fault = f"{len(keys)} keys for vectors of shape {vectors.shape}"
    elif vectors.dtype != np.float32:
        fault = f"vectors of {vectors.dtype}, not float32"
    elif len(set(keys)) != len(keys):
        fault = "a key more than once"
    elif not np.isfinite(vectors).all():
        fault = "numbers that are not finite"
    if fault:
        raise BuildError(f"{builder.name} returned {fault}: a defect of that builder; nothing was written")
    full = np.flatnonzero(np.linalg.norm(vectors, axis=1) > ZERO_NORM).tolist()
    if not full:
        raise BuildError(f"{builder.name} found nothing to tell the items apart by: check the text columns")
    columns = {column: [values[row] for row in full] for column, values in embeddings.columns.items()}
    return Embeddings(embeddings.of, [keys[row] for row in full], vectors[full], columns, embeddings.contexts)


def _write_run(db: Connection, run: Run, fitted: Fitted, journal: RunJournal, read: Mapping[str, Collection]) -> Run:
    """Write a run with its state, its curve and the collections it `read`; returns it with its number."""
    run = dataclasses.replace(run, id=collections.write_run(db, run))
    collections.write_arrays(db, run.id, fitted.arrays)
    collections.write_curve(db, run.id, journal.curve, journal.shown)
    dependencies.write(db, run.id, read)
    return run


def _store(
    db: Connection,
    dataset: Dataset,
    name: str,
    kept: Sequence[Embeddings],
    run: Run,
    former: Mapping[str, Collection],
) -> tuple[Collection, ...]:
    """Write the collections of a run, each in the place of the `former` one of its name; returns them."""
    names = collection_names(name, kept)
    for each in names:
        collections.check_name(db, each, former.get(each), dataset.name, run.builder)
    return tuple(
        collections.swap_in(db, each, former.get(each), run, embeddings, dataset)
        for each, embeddings in zip(names, kept, strict=True)
    )


def versions(needs: Sequence[str] = ()) -> dict[str, str]:
    """The versions a result depends on."""
    packages = ("numpy", "scipy", "sqlite-vec", *needs)
    ours = {"semsearch": __version__, "python": platform.python_version()}
    return ours | {package: version(package) for package in packages}


def drop(db: Connection, name: str) -> list[str]:
    """Remove a collection with those of its run, or a dataset with all its collections; returns what went.

    A user's table always stays. Raises NotFoundError for an unknown name, InputError for a part of another collection
    and for one that a collection which would stay was made of: a text could not be searched there any more.
    """
    dataset = datasets.find_dataset(db, name)
    with transaction(db):
        if dataset is None:
            collection = collections.get_collection(db, name)
            together = collections.of_run(db, collection.run)
            if together[0].name != name:
                raise InputError(
                    f"{name} is a part of {together[0].name}, which needs it: drop {together[0].name} instead"
                )
            _check_unread(db, together)
            gone = _drop_together(db, collection)
            _forget_checkpoints(db, gone)
            return gone
        _check_unread(db, [found for found in collections.all_collections(db) if found.dataset == name])
        gone = []
        while mine := [found for found in collections.all_collections(db) if found.dataset == name]:
            gone += _drop_together(db, mine[0])
        fulltext.drop(db, dataset)
        datasets.forget(db, dataset)
        _forget_checkpoints(db, gone)
        return [*gone, name]


def _forget_checkpoints(db: Connection, names: Sequence[str]) -> None:
    """Take away what trainings of these collections that were given up have left beside the file."""
    for path in filter(None, (checkpoints.path_for(db, name) for name in names)):
        checkpoints.remove(path)


def _check_unread(db: Connection, going: Sequence[Collection]) -> None:
    """InputError if a collection that stays was made of one of those that go."""
    for collection in going:
        staying = [reader.name for reader in dependencies.readers(db, collection.name) if reader not in going]
        if staying:
            raise InputError(f"{collection.name} is what {', '.join(staying)} reads: drop that first")


def _drop_together(db: Connection, collection: Collection) -> list[str]:
    """Remove the collections of one run and the tables of results about them; returns the collections' names."""
    gone = collections.drop_run_collections(db, collection)
    for name in gone:
        results.drop_all(db, name)
    dataset = datasets.find_dataset(db, collection.dataset)
    if dataset is not None and dataset.made_by == "vectors":
        datasets.forget(db, dataset)
    return gone
