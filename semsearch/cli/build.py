"""Verbs that learn: build, index."""

from __future__ import annotations

import dataclasses
import shlex
import types
import typing
from collections.abc import Sequence
from typing import Any

import click
from click.core import ParameterSource

from semsearch import registry
from semsearch.builders.base import Builder, make_options, needs_of, reads_of
from semsearch.builders.options import current_names, dashed, former_names, help_of
from semsearch.building import build as engine
from semsearch.building import devices
from semsearch.cli.ingest import column_options, image_option
from semsearch.cli.output import Progress, counted, remark
from semsearch.cli.rebuild_command import say_outdated
from semsearch.cli.upkeep import say_checkpoint
from semsearch.ingest.columns import describe_rows, kind_to_index
from semsearch.ingest.load import Columns, describe_table
from semsearch.present import took_seconds
from semsearch.records import Collection, Dataset
from semsearch.search.models import takes_text
from semsearch.storage import checkpoints, datasets
from semsearch.storage.connect import reading, writing
from semsearch.storage.driver import Connection
from semsearch.storage.keys import table_kind

FEW_KNOWN = 0.5  # of the words of texts; of texts in its own language a collection knows more than nine in ten


HARDLY = 100  # steps of a training below which it has hardly begun


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    cli.add_command(build)
    cli.add_command(index)


def options_of(builder: Builder) -> list[click.Option]:
    """Click options of the fields of a builder's Options, and hidden ones of their former and further names."""
    hints = typing.get_type_hints(builder.Options)
    shown = [_option(field, hints[field.name], field.name) for field in dataclasses.fields(builder.Options)]
    hidden = [
        _option(field, hints[field.name], name, hidden=True)
        for field in dataclasses.fields(builder.Options)
        for name in (*field.metadata.get("was", ()), *field.metadata.get("also", ()))
    ]
    return shown + hidden


def _option(field: dataclasses.Field[Any], hint: Any, name: str, *, hidden: bool = False) -> click.Option:
    """An option without a default of its own: what is not given is left to the builder."""
    flag, choices = dashed(name), field.metadata.get("choices", ())
    plain = [part for part in typing.get_args(hint) if part is not type(None)] if _is_union(hint) else [hint]
    flags = [f"{flag}/--no-{flag[2:]}" if plain[0] is bool else flag, name]
    kind = click.Choice(choices) if choices and isinstance(choices[0], str) else plain[0]
    return click.Option(flags, type=kind, default=None, help=help_of(field), hidden=hidden)


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _given(builder: Builder, values: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, by their present names, with a remark for each former name."""
    context = click.get_current_context()
    given = {
        name: value
        for name, value in values.items()
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    former = former_names(builder.Options)
    for name in given:
        if name in former:
            remark(f"{dashed(name)} is now called {dashed(former[name])}")
    return current_names(builder.Options, given)


class Builders(click.Group):
    """`build BUILDER DB DATASET`, one subcommand per registered builder; without BUILDER the dataset's default one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(registry.load().builders)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        builder = registry.load().builders.get(name)
        return None if builder is None else _command(builder)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in registry.load().builders:
            names = [arg for arg in args if not arg.startswith("-")]
            if len(names) > 2 and not names[1].startswith("-") and "." not in names[0]:
                registry.load().builder(names[0])  # says which builders there are
            name = _default_for(names)
            return name, self.get_command(ctx, name), args
        return super().resolve_command(ctx, args)


def _default_for(names: Sequence[str]) -> str:
    """The default builder for the dataset that the arguments name; where they name none, any command will say so."""
    if len(names) < 2:
        return next(iter(registry.load().builders))
    with reading(names[0]) as connection:
        dataset = datasets.get_dataset(connection, names[1])
        return registry.load().default_builder(dataset.kind, datasets.count_items(connection, dataset)).name


def _command(builder: Builder) -> click.Command:
    def run(db: str, dataset: str, **given: Any) -> None:
        how = {name: given.pop(name) for name in ("name", "seed", "device", "resume")}
        options = _given(builder, given)
        with writing(db) as connection:
            found = _dataset(connection, dataset, builder, options)
            run_build(connection, db, found, builder, options, **how)

    common: list[click.Parameter] = [
        click.Argument(["db"], type=click.Path()),
        click.Argument(["dataset"]),
        click.Option(["--name"], help="name of the collection  [default: DATASET_BUILDER]"),
        click.Option(["--seed"], type=int, default=0, show_default=True, help="random seed; results are reproducible"),
        click.Option(
            ["--device"],
            type=click.Choice(devices.CHOICES),
            default="auto",
            show_default=True,
            help="where to compute; auto: trained builders on the GPU, if there is one",
        ),
        click.Option(["--resume"], is_flag=True, help="resume an interrupted training"),
    ]
    summary = (builder.__doc__ or builder.name).strip().split("\n")[0]
    return click.Command(builder.name, params=[*common, *options_of(builder)], callback=run, help=summary)


def _dataset(connection: Connection, name: str, builder: Builder, given: dict[str, Any]) -> Dataset:
    """The dataset, or any table for a builder that does not read its text: that becomes one with the build."""
    names = {found.name for found in datasets.all_datasets(connection)}
    reads = reads_of(builder, make_options(builder, given))
    if reads not in ("similarities", "table") or name in names or table_kind(connection, name) is None:
        return datasets.get_dataset(connection, name)
    return describe_rows(connection, name)


@click.group(
    cls=Builders,
    context_settings={"ignore_unknown_options": True},
    options_metavar="",
    short_help="Learn embeddings from a dataset.",
    subcommand_metavar="[BUILDER] DB DATASET [OPTIONS]...",
)
def build() -> None:
    """Learn embeddings from a dataset and store them as a collection.

    Without BUILDER the default one for that kind of dataset is used. `semsearch build BUILDER --help` lists its
    options.
    """


def run_build(
    connection: Connection,
    db: str,
    dataset: Dataset,
    builder: Builder,
    given: dict[str, Any],
    *,
    is_last: bool = True,
    **how: Any,
) -> engine.Built:
    """Build with a progress bar, and say what was made and, if it is the last, what to do next; `how` are further
    arguments of build."""
    needs = needs_of(builder, make_options(builder, given))
    if needs:
        device = engine.device_for(builder, needs, how.get("device", "auto"))
        remark(f"On the {'GPU' if device.name == 'cuda' else 'CPU'}: {device.reason}")
    try:
        with Progress(f"{builder.name} {dataset.name}", "step") as progress:
            built = engine.build(connection, dataset, builder, given, engine.BuildOptions(report=progress, **how))
    except KeyboardInterrupt:
        kept = checkpoints.path_for(connection, how.get("name") or f"{dataset.name}_{builder.name}")
        if needs and kept is not None and kept.exists():
            remark("Interrupted. The same command with --resume goes on from here")
        raise
    say_checkpoint(connection)
    _say_training(built, how.get("resume", False))
    for collection in built.collections:
        of, dimensions = counted(collection.count, collection.of), counted(collection.dim, "dimension")
        instead = built.replaced if collection is built.collections[0] else None
        said = "" if instead is None else f"; it replaces that of run {instead}"
        remark(f"Built {collection.name}: {of}, {dimensions}{said}")
    if built.without_vector:
        items = counted(built.without_vector, "item")
        why = {"documents": "without a word the model knows: found by words, not by meaning"}
        why["graph"] = "without an edge to another: without a vector"
        why["images"] = "whose picture cannot be read, or is the very mean of all: without a vector"
        remark(f"{items} {why.get(builder.reads, 'similar to nothing: without a vector')}")
    known = built.run.metrics.get("known_words", 1.0)
    if known < FEW_KNOWN:
        remark(
            f"Only {known:.0%} of the words of {dataset.name} have a vector: is it in another language than"
            " those, or of another field?"
        )
    for collection in built.collections:
        say_outdated(connection, db, collection)
    least = built.run.metrics.get("min_documents", 1)
    if least > 1:
        remark(f"Words in fewer than {least:.0f} documents are left out of the model (--min-df 1 keeps them)")
    took = f"In {took_seconds(built.run.seconds)}"
    remark(f"{took}. Next: {_next(db, built.collections[0])}" if is_last else took)
    return built


def _next(db: str, collection: Collection) -> str:
    """What to try with a new collection."""
    db, name = shlex.quote(db), shlex.quote(collection.name)
    ask = f'semsearch search {db} {name} "some words"'
    if not takes_text(collection):
        ask = f"semsearch similar {db} {name} ID"
    return f"{ask}   or   semsearch serve {db}"


def _say_training(built: engine.Built, resume: bool) -> None:
    """What became of a training that was to be gone on with, and of its checkpoints."""
    if resume:
        went_on = None if built.resumed is None else f"Went on from step {built.resumed:,}"
        remark(went_on or "There was no training to go on with: it began anew")
    steps, options = built.run.metrics.get("steps", HARDLY), built.run.options
    if steps < HARDLY and options.get("epochs") != 0:  # none at all are a wish
        longer = "--seconds" if options.get("seconds") else "--epochs"
        remark(f"Only {steps:,.0f} steps: hardly trained. More {longer} or fewer items a step (--batch-size) help")
    if built.unkept:
        remark(f"No checkpoint could be kept: {built.unkept}")


@click.command(short_help="Make a table searchable by meaning.")
@click.argument("db", type=click.Path())
@click.argument("table")
@column_options
@image_option
def index(db: str, table: str, text: tuple[str, ...], title: str | None, label: str | None, image: str | None) -> None:
    """Make a TABLE searchable by meaning: use it in place, build with defaults, say what to do next."""
    with writing(db) as connection:
        dataset, remarks = describe_table(connection, table, Columns(text, title, label=label, image=image))
        for line in remarks:
            remark(line)
        builder = registry.load().default_builder(kind_to_index(dataset))
        run_build(connection, db, dataset, builder, {})
