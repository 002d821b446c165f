"""Options are declared once: their bounds are checked everywhere, help is in words, and former names keep working."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result

from semsearch import registry
from semsearch.builders.base import Builder, make_options
from semsearch.builders.gan import GanOptions
from semsearch.builders.netmf import NetmfOptions
from semsearch.builders.options import bounds_text, default_text, former_names, help_of, option
from semsearch.builders.pmi import PmiOptions
from semsearch.building.rebuild_command import rebuild_command
from semsearch.cli.build import build_group
from semsearch.errors import InputError
from semsearch.storage import collections, connect
from tests.builders.registered import BUILDERS, every_builder
from tests.planted import TOPICS

Run = Callable[..., Result]
DOCS = Path(__file__).parents[2] / "docs"
FIELDS = [
    pytest.param(builder, field, id=f"{builder.name}-{field.name}")
    for builder in BUILDERS
    for field in dataclasses.fields(builder.Options)
]


@dataclasses.dataclass(frozen=True)
class PlainOptions:
    """Of a plugin that knows no BuilderOptions, with a check of its own."""

    size: int = option(3, "size", least=1, most=4, was=("old_size",))
    even: bool = option(False, "only even sizes")

    def __post_init__(self) -> None:
        if self.even and self.size % 2:
            raise ValueError("size is odd")


class PlainBuilder:
    name, reads, Options = "plain", "documents", PlainOptions


@pytest.mark.parametrize(("builder", "field"), FIELDS)
def test_help_is_one_line_and_says_the_default_in_words(builder: Builder, field: dataclasses.Field[Any]) -> None:
    text = help_of(field)
    assert "\n" not in text and len(field.metadata["help"]) <= 100
    assert not {"None", "True", "False"} & set(text.replace(";", " ").replace("]", " ").split())
    assert "default: " in text or "required" in text


def test_the_docs_show_no_value_of_python() -> None:
    for name in ("builders.md", "cli.md"):
        cells = [cell.strip() for line in (DOCS / name).read_text().splitlines() for cell in line.split("|")]
        assert not {"None", "True", "False"} & set(cells)
        assert "default: None" not in (DOCS / name).read_text()


@every_builder
def test_the_line_of_a_builder_is_short_enough_for_a_terminal(builder: Builder) -> None:
    line = (builder.__doc__ or "").strip().split("\n")[0]
    assert 10 < len(line.rstrip(".")) <= 60 and line.endswith(".")
    assert click.Command("x", help=line).get_short_help_str(60).rstrip(".") == line.rstrip(".")


def test_build_help_cuts_no_line(run: Run) -> None:
    done = run("build", "--help")
    rows = done.stdout.split("Commands:")[1].strip().splitlines()
    assert len(rows) == len(registry.load().builders)
    assert not any(row.endswith("...") for row in rows)


@every_builder
def test_former_names_are_the_names_of_no_other_option(builder: Builder) -> None:
    names = {field.name for field in dataclasses.fields(builder.Options)}
    former, further = former_names(builder.Options), former_names(builder.Options, "also")
    assert not names & (former | further).keys() and not former.keys() & further.keys()


@pytest.mark.parametrize(("builder", "field"), FIELDS)
def test_values_outside_the_bounds_are_refused(builder: Builder, field: dataclasses.Field[Any]) -> None:
    facts = field.metadata
    outside = [facts["least"] - 1] if facts["least"] is not None else []
    outside += [facts["most"] + 1] if facts["most"] is not None else []
    outside += [facts[bound] for bound in ("above", "below") if facts[bound] is not None]
    outside += ["nonsense"] if facts["choices"] else []
    for value in outside:
        for construct in (lambda given: make_options(builder, given), lambda given: builder.Options(**given)):
            with pytest.raises(InputError, match=f"--{field.name.replace('_', '-')} must be .*, not "):
                construct({field.name: value})


@pytest.mark.parametrize(
    ("options", "name", "bounds", "default"),
    [
        (GanOptions, "gradient_penalty", "0 to 1,000,000", "1 with --loss relativistic, else 0"),
        (GanOptions, "lr", "above 0, at most 1", "0.02 divided by --width"),
        (GanOptions, "seconds", "above 0", "none"),
        (GanOptions, "conditional", "", "off"),
        (PmiOptions, "subsample", "at least 0, below 1", "0"),
        (PmiOptions, "within", "document or sentence", "document"),
        (NetmfOptions, "exact", "", "on for up to 5,000 nodes"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_bounds_and_defaults_in_words(options: type, name: str, bounds: str, default: str) -> None:
    field = next(field for field in dataclasses.fields(options) if field.name == name)
    assert (bounds_text(field), default_text(field)) == (bounds, default)


def test_not_a_number_is_outside_of_any_bound() -> None:
    with pytest.raises(InputError, match="--lr must be above 0 and at most 1, not nan"):
        GanOptions(lr=float("nan"))


def test_options_of_a_plugin_need_no_base() -> None:
    builder: Any = PlainBuilder()
    assert make_options(builder, {"old_size": 2}) == PlainOptions(2)
    with pytest.raises(InputError, match="--size must be between 1 and 4, not 5"):
        make_options(builder, {"size": 5})
    with pytest.raises(InputError, match="plain: size is odd"):
        make_options(builder, {"even": True})


def test_former_names_are_keywords_of_python() -> None:
    gan = registry.load().builder("gan")
    old = {"rate": 0.01, "dim": 3, "batch": 7, "memory": 9.0, "every": 2, "penalty": 0.5, "side": 16}
    new = {"lr": 0.01, "latent_dim": 3, "batch_size": 7, "ema_half_life": 9.0, "penalty_interval": 2}
    assert make_options(gan, old) == make_options(gan, new | {"gradient_penalty": 0.5, "image_size": 16})
    with pytest.raises(InputError, match="--rate and --lr are both given: they are the same option, give only --lr"):
        make_options(gan, {"rate": 0.01, "lr": 0.02})


@pytest.fixture
def texts(path: str, tmp_path: Path, run: Run) -> str:
    (tmp_path / "texts.csv").write_text("text\n" + "\n".join(" ".join(row) for row in TOPICS))
    assert run("ingest", "documents", path, "texts", tmp_path / "texts.csv", "--text", "text").exit_code == 0
    return path


def test_former_names_of_the_command_line_are_announced(texts: str, run: Run) -> None:
    done = run("build", "pmi", texts, "texts", "--min-count", 1, "--shrink", 0.5, "--weights", "flat", "--dim", 4)
    assert done.exit_code == 0
    lines = done.stderr.splitlines()
    assert lines.count("--shrink is now called --shrinkage") == 1
    assert lines.count("--weights is now called --distance-weighting") == 1
    done = run("build", "lsa", texts, "texts", "--no-stop", "--min-documents", 1)
    assert done.exit_code == 0 and "--stop is now called --stop-words" in done.stderr
    with connect.reading(texts) as db:
        stored = {name: run_of(db, name).options for name in ("texts_pmi", "texts_lsa")}
    assert stored["texts_pmi"]["shrinkage"] == 0.5 and stored["texts_pmi"]["distance_weighting"] == "flat"
    assert stored["texts_lsa"]["stop_words"] is False and "stop" not in stored["texts_lsa"]


def run_of(db: Any, name: str) -> Any:
    return collections.get_run(db, collections.get_collection(db, name).run)


def test_both_names_of_an_option_are_an_error(texts: str, run: Run) -> None:
    done = run("build", "pmi", texts, "texts", "--shrink", 0.5, "--shrinkage", 0.5)
    assert done.exit_code == 1 and "--shrink and --shrinkage are both given" in done.stderr


def test_former_names_are_hidden_and_dim_is_accepted_silently(texts: str, run: Run) -> None:
    context = click.Context(build_group)
    for builder in registry.load().builders.values():
        text = build_group.get_command(context, builder.name).get_help(context)
        for name in (*former_names(builder.Options), *former_names(builder.Options, "also")):
            assert f"--{name.replace('_', '-')} " not in text.replace("--stop FILE", "")  # `--no-stop` is a former name
    pytest.importorskip("torch")
    done = run("build", "gan", texts, "texts", "--dim", 3)
    assert "now called" not in done.stderr and "gan reads images" in done.stderr


def test_a_run_of_an_older_version_can_be_rebuilt(texts: str, run: Run) -> None:
    assert run("build", "pmi", texts, "texts", "--min-count", 1, "--dim", 4, "--shrinkage", 0.5).exit_code == 0
    with connect.writing(texts) as db:
        found = collections.get_collection(db, "texts_pmi")
        options = dict(collections.get_run(db, found.run).options)
        for old, new in former_names(PmiOptions).items():
            options[old] = options.pop(new)
        db.execute("update _semsearch_runs set options = ? where id = ?", [json.dumps(options), found.run])
    with connect.reading(texts) as db:
        before = collections.get_run(db, found.run)
        command = rebuild_command(texts, found, before)
    assert "--shrinkage 0.5" in command and "shrink " not in command
    done = run(*shlex.split(command)[1:])
    assert done.exit_code == 0 and "now called" not in done.stderr
    with connect.reading(texts) as db:
        after = run_of(db, "texts_pmi")
    assert make_options(registry.load().builder("pmi"), before.options) == PmiOptions(**after.options)
