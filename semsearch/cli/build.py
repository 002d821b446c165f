"""Verbs that learn embeddings: build, index."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Collection, Sequence
from typing import Any

import click
from click.core import ParameterSource

from semsearch import registry
from semsearch.builders.base import Builder, EstimatesMemory, chooses_device, make_options, needs_of, reads_of, trains
from semsearch.builders.options import current_names, dashed, flag_of, former_names, help_of
from semsearch.building import devices
from semsearch.building.build import BuildOptions, Built, build, default_builder, device_for
from semsearch.cli import console
from semsearch.cli.build_report import report_built
from semsearch.cli.ingest import column_options, cut_into_passages, image_option, passages_option
from semsearch.cli.options import language_option, language_parameter
from semsearch.cli.output import Progress, remark, verbosity
from semsearch.cli.upkeep import finish_writing
from semsearch.errors import InputError
from semsearch.ingest.columns import dataset_to_build, kind_to_index
from semsearch.ingest.load import Columns, describe_table, register_table
from semsearch.records import Dataset
from semsearch.storage import checkpoints, datasets
from semsearch.storage.connect import reading, writing
from semsearch.storage.driver import Connection


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    cli.add_command(build_group)
    cli.add_command(index_command)


def options_of(builder: Builder) -> list[click.Option]:
    """Click options of the fields of a builder's Options, and hidden ones of their former and further names."""
    hints = typing.get_type_hints(builder.Options)
    fields = dataclasses.fields(builder.Options)
    files = [field for field in fields if field.metadata.get("file")]
    shown = [_option(field, hints[field.name], field.name) for field in fields if field not in files]
    # The text itself is given by the commands that rebuild a collection.
    hidden = [_option(field, hints[field.name], field.name, hidden=True) for field in files]
    taken = {flag_of(field) for field in files}
    for field in fields:
        former = (*field.metadata.get("was", ()), *(() if field in files else field.metadata.get("also", ())))
        hidden += [_option(field, hints[field.name], name, hidden=True, taken=taken) for name in former]
    return [*shown, *map(_file_option, files), *hidden]


def _file_option(field: dataclasses.Field[Any]) -> click.Option:
    """An option that reads a text file and gives its content to the field, under a further name of it."""

    def read(context: click.Context, parameter: click.Parameter, path: str | None) -> str | None:
        return None if path is None else console.read_text(path)

    flags, kind = [flag_of(field), field.metadata["also"][0]], click.Path(dir_okay=False)
    return click.Option(flags, type=kind, metavar="FILE", help=help_of(field), callback=read)


def _option(
    field: dataclasses.Field[Any], hint: Any, name: str, *, hidden: bool = False, taken: Collection[str] = ()
) -> click.Option:
    """An option without a default of its own: what is not given is left to the builder. Of a switch whose name is
    `taken` only the side with --no- remains."""
    flag, choices = dashed(name), field.metadata.get("choices", ())
    plain = [part for part in typing.get_args(hint) if part is not type(None)] if _is_union(hint) else [hint]
    switch = f"{'' if flag in taken else flag} /--no-{flag[2:]}"
    flags = [switch if plain[0] is bool else flag, name]
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
    """The default builder of the dataset in the arguments DB and DATASET; any builder if they are incomplete."""
    if len(names) < 2:
        return next(iter(registry.load().builders))
    with reading(names[0]) as connection:
        return default_builder(connection, datasets.get_dataset(connection, names[1])).name


def _command(builder: Builder) -> click.Command:
    def run(db: str, dataset: str, **given: Any) -> None:
        how = {name: given.pop(name, None) for name in ("name", "seed", "device", "resume", "memory", "language")}
        _check_common(builder)
        options = _given(builder, given)
        with writing(db) as connection:
            source = _dataset(connection, dataset, builder, options)
            run_build(connection, db, source, builder, options, **how)

    common: list[click.Parameter] = [
        click.Argument(["db"], type=click.Path()),
        click.Argument(["dataset"]),
        click.Option(["--name"], help="name of the collection  [default: DATASET_BUILDER]"),
        click.Option(
            ["--seed"], type=int, default=0, show_default=True, help="random seed; the same seed gives the same vectors"
        ),
        click.Option(
            ["--device"],
            type=click.Choice(devices.CHOICES),
            default="auto",
            show_default=True,
            hidden=not chooses_device(builder),
            help="device; auto uses a GPU if there is one",
        ),
        click.Option(["--resume"], is_flag=True, hidden=not trains(builder), help="resume an interrupted training"),
    ]
    if "memory" not in former_names(builder.Options):
        common.append(
            click.Option(
                ["--memory"],
                hidden=not isinstance(builder, EstimatesMemory),
                help="memory that the build may take, such as 4G or 500M  [default: half of what is free]",
            )
        )
    if builder.reads == "documents":
        common.append(language_parameter())
    summary = (builder.__doc__ or builder.name).strip().split("\n")[0]
    return click.Command(builder.name, params=[*common, *options_of(builder)], callback=run, help=summary)


def _check_common(builder: Builder) -> None:
    """Raises InputError for --device or --resume where the builder cannot use it."""
    given = click.get_current_context().get_parameter_source
    if given("device") is not ParameterSource.DEFAULT and not chooses_device(builder):
        raise InputError(f"{builder.name} runs on the CPU only: leave out --device")
    if given("resume") is not ParameterSource.DEFAULT and not trains(builder):
        raise InputError(f"{builder.name} cannot be resumed, because it has no training: leave out --resume")


def _dataset(connection: Connection, name: str, builder: Builder, given: dict[str, Any]) -> Dataset:
    """The dataset, or any table for a builder that does not read its text: the build makes it a dataset."""
    return dataset_to_build(connection, name, reads_of(builder, make_options(builder, given)))


@click.group(
    "build",
    cls=Builders,
    context_settings={"ignore_unknown_options": True},
    options_metavar="",
    short_help="Learn embeddings from a dataset",
    subcommand_metavar="[BUILDER] DB DATASET [OPTIONS]...",
)
def build_group() -> None:
    """Learn embeddings from a dataset and store them as a collection.

    Without BUILDER the default builder for that kind of dataset is used. `semsearch build BUILDER --help` explains the
    options of a builder. Building again replaces the collection of the same name.

    \b
    semsearch build my.db articles
    semsearch build pmi my.db articles --name words
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
) -> Built:
    """Build with a progress bar and print what was built. `how` are keyword arguments of `build`.

    With `is_last` the last line says what to do next.
    """
    needs = needs_of(builder, make_options(builder, given))
    if needs:
        device = device_for(builder, needs, how.get("device", "auto"))
        remark(f"Running on the {'GPU' if device.name == 'cuda' else 'CPU'}: {device.reason}")
    try:
        with Progress(f"{builder.name} {dataset.name}", "step", given.get("seconds")) as progress:
            built = build(connection, dataset, builder, given, BuildOptions(report=progress, **how))
    except KeyboardInterrupt:
        name = how.get("name") or f"{dataset.name}_{builder.name}"
        if needs and _has_checkpoint(connection, name):
            remark("Interrupted. The same command with --resume continues from the last checkpoint")
        raise
    finish_writing(connection)
    if verbosity.verbose:
        for stage, seconds in built.run.metrics.items():
            if stage.startswith("seconds_"):
                remark(f"{stage.removeprefix('seconds_').replace('_', ' ')}: {seconds:.2f} s")
    report_built(connection, db, built, resume=how.get("resume", False), is_last=is_last)
    return built


def _has_checkpoint(connection: Connection, name: str) -> bool:
    path = checkpoints.path_for(connection, name)
    return path is not None and path.exists()


@click.command("index", short_help="Make a table searchable with default settings")
@click.argument("db", type=click.Path())
@click.argument("table")
@column_options
@image_option
@language_option
@passages_option
def index_command(db: str, table: str, passages: bool, **columns: Any) -> None:
    """Make TABLE searchable, by building a collection with the default builder.

    TABLE becomes a dataset. It is neither copied nor changed. Columns that are not named are guessed from their
    names and contents. With --image the images of a column are searched instead of text.

    \b
    semsearch index my.db articles
    semsearch index my.db articles --text body --title headline
    semsearch index my.db reports --passages
    """
    with writing(db) as connection:
        dataset, remarks = describe_table(connection, table, Columns(**columns))
        for line in remarks:
            remark(line)
        if passages:
            dataset, _ = register_table(connection, table, Columns(**columns))
            cut_into_passages(connection, dataset)
        builder = registry.load().default_builder(kind_to_index(dataset))
        run_build(connection, db, dataset, builder, {})
