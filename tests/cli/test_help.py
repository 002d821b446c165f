"""The help of every command: one complete line each, the default of every option in words, former names hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import Result

from semsearch.cli.main import SECTIONS, assemble
from semsearch.cli.options import former_option, renamed

NARROW = 80  # columns of the narrowest usual terminal


def commands(group: click.Group, names: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, by what is typed for it."""
    context = click.Context(group, info_name="semsearch")
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join((*names, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*names, name))


COMMANDS = dict(commands(assemble()))
GROUPS = {"semsearch": assemble()} | {name: one for name, one in COMMANDS.items() if isinstance(one, click.Group)}


@pytest.mark.parametrize("name", GROUPS)
def test_each_verb_has_one_complete_line_at_80_columns(name: str) -> None:
    context = click.Context(GROUPS[name], info_name=name, terminal_width=NARROW)
    lines = GROUPS[name].get_help(context).splitlines()
    for verb in GROUPS[name].list_commands(context):
        line = next(line for line in lines if line.startswith(f"  {verb} "))
        assert not line.endswith("...") and len(line) <= NARROW
        after = "".join(lines[lines.index(line) + 1 :][:1])
        assert not after.startswith("      "), "continues in the next line"


@pytest.mark.parametrize("name", [name for name in COMMANDS if not name.startswith("build ")])
def test_help_is_sentences_with_an_example(name: str) -> None:
    text = COMMANDS[name].help or ""
    short = COMMANDS[name].short_help or ""
    assert short and len(short) <= 60 and not short.endswith(".")
    assert f"semsearch {name}" in text or name in ("ingest", "evaluate", "pretrained")
    assert text.split("\n\n")[0].rstrip().endswith((".", "?", "sentence", ":")) or "nDCG" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_its_default_in_words(name: str) -> None:
    context = click.Context(COMMANDS[name], info_name=name)
    for option in COMMANDS[name].params:
        record = option.get_help_record(context)
        if not isinstance(option, click.Option) or option.hidden or record is None:
            continue
        text = record[1]
        assert option.help, option.name
        assert not any(word in text for word in ("None", "True", "False")), text
        if not option.required and not option.is_flag and option.name != "help":
            assert "default: " in text or "required" in text, f"{option.name}: {text}"


def test_sections_name_every_built_in_verb_once() -> None:
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(name for name in COMMANDS if " " not in name)


def test_plugins_commands_have_a_section_of_their_own(run: Callable[..., Result]) -> None:
    group = assemble()
    group.add_command(click.Command("zap", short_help="Zap a table"))
    try:
        text = run("--help").stdout
        assert text.index("Plugins:") < text.index("zap") and "Plugins:" not in text[: text.index("Export and upkeep:")]
    finally:
        del group.commands["zap"]


@renamed("--words/--no-words", "--baseline")
@renamed("--learned", "--max-train")
@renamed("--part", "--share")
@renamed("--kind", "--sort")
@click.command()
@click.option("--max-train", type=int, default=7)
@click.option("--baseline/--no-baseline", default=True)
@click.option("--sort", type=click.Choice(["up", "down"]))
@click.option("--share", type=float, multiple=True)
def sample(max_train: int, baseline: bool, sort: str | None, share: tuple[float, ...]) -> None:
    """Prints its options."""
    click.echo(f"{max_train} {baseline} {sort} {share}")


@pytest.mark.parametrize(
    ("arguments", "printed", "said"),
    [
        ([], "7 True None ()", ""),
        (["--learned", "3"], "3 True None ()", "--learned is now called --max-train\n"),
        (["--learned", "3", "--max-train", "4"], "4 True None ()", "--learned is now called --max-train\n"),
        (["--no-words"], "7 False None ()", "--no-words is now called --no-baseline\n"),
        (["--words"], "7 True None ()", "--words is now called --baseline\n"),
        (["--part", "0.5", "--part", "1"], "7 True None (0.5, 1.0)", "--part is now called --share\n"),
        (["--kind", "up"], "7 True up ()", "--kind is now called --sort\n"),
    ],
)
def test_a_former_name_works_and_says_the_present_one(arguments: list[str], printed: str, said: str) -> None:
    from click.testing import CliRunner

    done = CliRunner().invoke(sample, arguments)
    assert done.exit_code == 0 and done.stdout == f"{printed}\n" and done.stderr == said


def test_a_former_name_is_hidden_and_checked_like_the_present_one() -> None:
    from click.testing import CliRunner

    assert "--learned" not in CliRunner().invoke(sample, ["--help"]).stdout
    assert "is not a valid integer" in CliRunner().invoke(sample, ["--learned", "x"]).stderr
    assert former_option(click.Option(["--new"]), "--old").hidden


@pytest.mark.parametrize(
    ("name", "former", "now"),
    [
        ("search", "--after", "--offset"),
        ("similar", "--after", "--offset"),
        ("duplicates", "--words", "--min-overlap"),
        ("classify", "--labels", "--label-table"),
        ("classify", "--words", "--baseline"),
        ("reconstruct", "--k", "--components"),
        ("evaluate links", "--hide", "--hidden-share"),
        ("evaluate labels", "--share", "--train-share"),
        ("evaluate words", "--top", "--max-vocab"),
        ("evaluate images", "--learned", "--max-train"),
        ("evaluate images", "--judged", "--max-test"),
    ],
)
def test_renamed_options_of_commands(name: str, former: str, now: str) -> None:
    hidden = {option.opts[0]: option for option in COMMANDS[name].params}
    assert hidden[former].hidden and not hidden[now].hidden
