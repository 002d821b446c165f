"""Build collections from a dataset: read the corpus, fit the builder, store the result in one transaction."""

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
from semsearch.builders.base import (
    ZERO_NORM,
    Accelerates,
    Builder,
    EstimatesMemory,
    make_options,
    needs_of,
    reads_of,
)
from semsearch.building import corpora, devices, memory
from semsearch.building.journal import RunJournal
from semsearch.building.passages import base_name, built_over
from semsearch.errors import BuildError, CapabilityError, InputError, out_of_range
from semsearch.maths.language_finder import find_language
from semsearch.maths.languages import AUTO, checked_language
from semsearch.maths.term_lines import term_lines
from semsearch.records import (
    MOST_SEED,
    ROWS,
    Collection,
    Corpus,
    Dataset,
    Device,
    Documents,
    Embeddings,
    Fitted,
    Kind,
    Report,
    Run,
    silent,
)
from semsearch.storage import (
    change_log,
    checkpoints,
    collections,
    datasets,
    dependencies,
    fulltext,
    fulltext_prefill,
    lineage,
)
from semsearch.storage.connect import snapshot, transaction
from semsearch.storage.driver import Connection
from semsearch.storage.key_check import rows_without_key
from semsearch.storage.sources import Source
from semsearch.storage.textitem import TextItem


@dataclass(frozen=True)
class BuildOptions:
    """How a build runs, besides the options of the builder. Raises InputError for an impossible seed or memory."""

    name: str | None = None  # of the first collection; None: DATASET_BUILDER
    seed: int = 0
    device: str = "auto"  # auto, cpu or cuda
    resume: bool = False  # from the last checkpoint of an interrupted training, if there is one
    report: Report = silent
    language: str | None = None  # of the texts; None: what the dataset says, else found from the texts
    memory: str | None = None  # that the build may take, as "4G"; None: half of what is free

    def __post_init__(self) -> None:
        if self.memory is not None:
            memory.parse_size(self.memory)
        if not 0 <= self.seed <= MOST_SEED:
            raise out_of_range("--seed", self.seed, least=0, most=MOST_SEED)


@dataclass(frozen=True)
class Built:
    """What a build stored."""

    run: Run
    collections: tuple[Collection, ...]
    without_vector: int  # items that got no vector, because nothing in them is known to the model
    resumed: int | None = None  # the step of the checkpoint that the training resumed from
    unkept: str | None = None  # why a checkpoint could not be written
    replaced: int | None = None  # the run of the collection that had the same name
    kind: Kind = "documents"  # of the dataset
    without_key: int = 0  # rows that were left out because their key is NULL
    language: str | None = None  # of the texts; None for a builder that reads no text
    language_found: bool = False  # whether it was found from the texts


@dataclass(frozen=True)
class _Plan:
    """A build whose arguments have been checked: `options` are the builder's, `needs` the packages it needs."""

    dataset: Dataset
    builder: Builder
    options: Any
    needs: Sequence[str]
    device: Device
    name: str
    how: BuildOptions


@dataclass(frozen=True)
class _Source:
    """What a build reads, at one moment: `first` is the number that its first item will get in the change log."""

    dataset: Dataset  # in the language of this build
    items: list[TextItem]
    corpus: Corpus
    inputs: Mapping[str, Collection]
    sources: Sequence[Source]
    first: int | None


def collection_names(name: str, embeddings: Sequence[Embeddings]) -> list[str]:
    """The names of the collections of one run: `name`, then `name` with the kind of item, as `NAME_words`."""
    return [name] + [f"{name}_{other.of}s" for other in embeddings[1:]]


def build(
    db: Connection,
    dataset: Dataset,
    builder: Builder,
    given: Mapping[str, Any],
    how: BuildOptions = BuildOptions(),
) -> Built:
    """Fit the builder to the dataset and store its collections in place of earlier ones of the same name.

    A dataset that was cut into passages is built over these, which are brought up to date first.
    `given` are the builder's options. The fit runs outside of any transaction; everything is written in one. Raises
    BuildError if the dataset holds nothing to learn from, if the builder would need more memory than `how` allows, or
    returns something inconsistent; InputError for
    options or a kind of dataset that do not suit the builder; CapabilityError for a missing package or device.
    """
    if reads_of(builder, make_options(builder, given)) == "documents":
        dataset = built_over(db, dataset)
    plan = _plan(db, dataset, builder, given, how)
    started, clock = datasets.now(), perf_counter()
    without_key = rows_without_key(db, dataset)
    source = _read(db, plan)
    journal = _journal(db, plan, source.corpus)
    terms = term_lines(source.dataset.language)
    bounded = memory.bounded(builder, source.corpus, plan.options, how.memory)
    with bounded, fulltext_prefill.words_ahead(source.items, source.first, terms) as words:
        rng = np.random.default_rng(how.seed)
        fitted = builder.fit(source.corpus, plan.options, rng=rng, device=plan.device, report=journal)
        embeddings = [_checked(builder, one) for one in fitted.embeddings]
        run = _run(plan, fitted, started, perf_counter() - clock)
        words.wait()  # before the transaction, which keeps other programs from writing
        with transaction(db):
            former = {collection.name: collection for collection in collections.all_collections(db)}
            lineage.adopt(db, dataset.name)
            noted = _noted(db, source.dataset, source.items, words)
            run = dataclasses.replace(run, id=collections.write_run(db, run))
            lineage.note(db, source.sources, run=run.id, dataset=noted.id)
            collections.write_arrays(db, run.id, fitted.arrays)
            stored = _store(db, noted, plan.name, embeddings, run, former)
            collections.write_curve(db, run.id, journal.curve, journal.shown)
            dependencies.write(db, run.id, source.inputs)
            change_log.prune_deletions(db, noted)
    journal.done()
    replaced = former[plan.name].run if plan.name in former else None
    found = source.dataset.asked_language is None
    language = source.dataset.language if isinstance(source.corpus, Documents) else None
    left = _without_vector(source.items, stored[0])
    ended = (journal.resumed, journal.unkept, replaced, dataset.kind, without_key)
    return Built(run, stored, left, *ended, language, found)


def _plan(db: Connection, dataset: Dataset, builder: Builder, given: Mapping[str, Any], how: BuildOptions) -> _Plan:
    """Check all that can be checked before reading."""
    options = make_options(builder, given)
    needs = needs_of(builder, options)
    device = device_for(builder, needs, how.device)
    reads = reads_of(builder, options)
    if reads not in corpora.available_corpora(dataset):
        raise InputError(corpora.wrong_kind(builder, reads, dataset))
    if how.memory is not None and not isinstance(builder, EstimatesMemory):
        raise InputError(f"{builder.name} cannot estimate its memory: leave out --memory")
    if how.resume and not needs:
        raise InputError(f"{builder.name} cannot be resumed, because it has no training: leave out --resume")
    name = how.name or f"{base_name(dataset)}_{builder.name}"
    former = collections.find_collection(db, name)
    _check_name(db, name, former, dataset, builder.name)
    return _Plan(dataset, builder, options, needs, device, name, how)


def _read(db: Connection, plan: _Plan) -> _Source:
    """The items and the corpus, from one snapshot of the database."""
    with snapshot(db):
        inputs = dependencies.asked(db, plan.builder.name, plan.options)
        items = list(datasets.read_items(db, plan.dataset))
        dataset = _in_language(db, plan, items)
        read = corpora.READERS[reads_of(plan.builder, plan.options)]
        corpus = corpora.with_inputs(db, read(db, dataset, plan.options, items), inputs)
        made_of = corpora.sources_of(db, dataset, plan.options, inputs)
        return _Source(dataset, items, corpus, inputs, made_of, _first_number(db, dataset, items))


def _in_language(db: Connection, plan: _Plan, items: Sequence[TextItem]) -> Dataset:
    """The dataset with the language given for this build or for the dataset, else with the one found in its texts."""
    asked = checked_language(plan.how.language or plan.dataset.asked_language or AUTO)
    if asked != AUTO:
        return dataclasses.replace(plan.dataset, language=asked, asked_language=asked)
    found = find_language([item.text for item in items])
    return dataclasses.replace(plan.dataset, language=found, asked_language=None)


def _journal(db: Connection, plan: _Plan, corpus: Corpus) -> RunJournal:
    """The journal of the run. That of a training writes checkpoints beside the database file.

    To resume it reads the last checkpoint, which must come from the same builder, options, seed, corpus and version.
    """
    if not plan.needs:
        return RunJournal(plan.how.report)
    path = checkpoints.path_for(db, plan.name)
    if path is not None and not plan.how.resume:
        checkpoints.remove(path)  # of an abandoned training
    made_with = {
        "builder": plan.builder.name,
        "seed": plan.how.seed,
        "rows": corpora.digest(corpus),
        **_training_fingerprint(plan.options),
        "semsearch": __version__,
    }
    told_as = {"collection": plan.name, "dataset": plan.dataset.name, "builder": plan.builder.name}
    return RunJournal(plan.how.report, path, made_with, resume=plan.how.resume, told_as=told_as)


def _run(plan: _Plan, fitted: Fitted, started: str, seconds: float) -> Run:
    """The record of the run; its id is assigned when it is stored."""
    return Run(
        id=0,
        dataset=plan.dataset.name,
        builder=plan.builder.name,
        options=dataclasses.asdict(plan.options),
        seed=plan.how.seed,
        device=plan.device.name,
        started=started,
        seconds=round(seconds, 3),
        metrics={key: float(value) for key, value in fitted.metrics.items()},
        versions=versions(plan.needs or _faster_with(plan.builder, plan.device)),
    )


def _without_vector(items: Sequence[TextItem], collection: Collection) -> int:
    return len(items) - collection.count if collection.of in ROWS else 0


def _first_number(db: Connection, dataset: Dataset, items: Sequence[TextItem]) -> int | None:
    """The number that the first item will get in the change log.

    None without items, and where the words of the dataset are in its text index already, in the same language.
    """
    known = datasets.find_dataset(db, dataset.name)
    if not items or (known is not None and known.language == dataset.language and fulltext.exists(db, known)):
        return None
    return change_log.next_number(db)


def _noted(db: Connection, dataset: Dataset, items: Sequence[TextItem], words: fulltext_prefill.Ahead) -> Dataset:
    """Store the dataset, the hashes of its items and their words, unless they are stored; the dataset as it is now."""
    language, asked = dataset.language, dataset.asked_language
    before = datasets.save(db, dataset)
    dataset = datasets.set_language(db, before, language, asked)
    as_before = fulltext.exists(db, dataset) and before.language == language
    if as_before and change_log.are_noted(db, dataset, items):
        return dataset
    dataset, numbers = change_log.note_all(db, dataset, items)
    if not words.place(db, dataset, numbers[items[0].key]):
        fulltext.refill(db, dataset, items, numbers, term_lines(language))
    return dataset


def _training_fingerprint(options: Any) -> dict[str, Any]:
    """The options that may not change when a training is resumed, by their names on the command line."""
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


def device_for(builder: Builder, needs: Sequence[str], name: str) -> Device:
    """The device that a builder runs on; `name` is auto, cpu or cuda.

    Raises CapabilityError for a missing package or device.
    """
    for package in needs:
        if find_spec(package) is None:
            raise CapabilityError(f"{builder.name} needs {package}: pip install 'datasette-semsearch[{package}]'")
    if needs:
        return devices.choose(name)
    if name == "cuda":
        # `auto` means the CPU here, where the same seed gives the same bytes.
        if isinstance(builder, Accelerates):
            return devices.choose(name)
        raise CapabilityError(f"{builder.name} runs on the CPU only: leave out --device cuda")
    return Device("cpu", f"{builder.name} runs on the CPU")


def _faster_with(builder: Builder, device: Device) -> Sequence[str]:
    """The packages that a builder uses on a GPU, which it does not need on the CPU."""
    return builder.faster_with if device.name != "cpu" and isinstance(builder, Accelerates) else ()


def _checked(builder: Builder, embeddings: Embeddings) -> Embeddings:
    """The embeddings without items whose vector is zero. Raises BuildError for wrong shapes, keys or values."""
    keys, vectors = embeddings.keys, embeddings.vectors
    fault = None
    if vectors.ndim != 2 or len(keys) != len(vectors):
        fault = f"{len(keys)} keys for vectors of shape {vectors.shape}"
    elif vectors.dtype != np.float32:
        fault = f"vectors of {vectors.dtype}, not float32"
    elif len(set(keys)) != len(keys):
        fault = "duplicate keys"
    elif not np.isfinite(vectors).all():
        fault = "values that are not finite"
    if fault:
        raise BuildError(f"{builder.name} returned {fault}, which is a bug in that builder: nothing was written")
    full = np.flatnonzero(np.linalg.norm(vectors, axis=1) > ZERO_NORM).tolist()
    if not full:
        raise BuildError(f"All items look the same to {builder.name}: check the columns that it reads")
    columns = {column: [values[row] for row in full] for column, values in embeddings.columns.items()}
    return Embeddings(embeddings.of, [keys[row] for row in full], vectors[full], columns, embeddings.contexts)


def _store(
    db: Connection,
    dataset: Dataset,
    name: str,
    checked: Sequence[Embeddings],
    run: Run,
    former: Mapping[str, Collection],
) -> tuple[Collection, ...]:
    """Write the collections of a run, collection_name in the place of the `former` one of its name; returns them."""
    names = collection_names(name, checked)
    for collection_name in names:
        _check_name(db, collection_name, former.get(collection_name), dataset, run.builder)
    return tuple(
        collections.swap_in(db, collection_name, former.get(collection_name), run, embeddings, dataset)
        for collection_name, embeddings in zip(names, checked, strict=True)
    )


def _check_name(db: Connection, name: str, former: Collection | None, dataset: Dataset, builder: str) -> None:
    """Raise NameTakenError for a name in use. Passages may take the place of the documents that they were cut from."""
    is_of_documents = former is not None and former.dataset == base_name(dataset)
    collections.check_name(db, name, former, base_name(dataset) if is_of_documents else dataset.name, builder)


def versions(needs: Sequence[str] = ()) -> dict[str, str]:
    """The versions of Python, semsearch and the packages that a result depends on, by name."""
    packages = ("numpy", "scipy", "sqlite-vec", *needs)
    ours = {"semsearch": __version__, "python": platform.python_version()}
    return ours | {package: version(package) for package in packages}
