"""What is printed on stderr: remarks and progress by default, less with --quiet, more with --verbose."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest
from click.testing import Result

from semsearch.cli import output
from semsearch.records import Dataset
from semsearch.storage.driver import Connection


@pytest.fixture(autouse=True)
def restored():
    """Other tests print as usual."""
    yield
    output.set_verbosity()


@pytest.mark.parametrize("place", [0, 2], ids=["before the verb", "after it"])
def test_quiet_prints_results_and_errors_only(
    db: Connection, articles: Dataset, path: str, run: Callable[..., Result], place: int
) -> None:
    arguments = ["build", "lsa", path, "articles"]
    assert "Built articles_lsa" in run(*arguments).stderr
    assert run(*arguments[:place], "--quiet", *arguments[place:]).stderr == ""
    result = run("--quiet", "search", path, "articles_lsa", "moon", "--json")
    assert result.stderr == "" and result.stdout.startswith("[")
    wrong = run("--quiet", "search", path, "nothing", "moon")
    assert wrong.exit_code == 1 and wrong.stderr.startswith("Error: No collection 'nothing'")
    assert "Built articles_lsa" in run(*arguments).stderr  # the next command prints as usual


def test_verbose_prints_stages_and_tracebacks(
    db: Connection, articles: Dataset, path: str, run: Callable[..., Result]
) -> None:
    built = run("build", "lsa", path, "articles", "--verbose")
    stages = [line for line in built.stderr.splitlines() if line.endswith(" s") and line.startswith("factoring: ")]
    assert len(stages) == 1 and float(stages[0].split()[1]) >= 0
    wrong = run("--verbose", "search", path, "nothing", "moon")
    assert "Traceback" in wrong.stderr and wrong.stderr.rstrip().splitlines()[-1].startswith("Error: No collection")


def test_both_at_once_are_refused(run: Callable[..., Result]) -> None:
    result = run("--quiet", "--verbose", "builders")
    assert result.exit_code == 1
    assert result.stderr == "Error: --quiet and --verbose contradict each other: give one of them\n"


class Terminal(io.StringIO):
    """A stream that says it is a terminal, or not."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


def test_without_a_terminal_a_line_comes_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    out, clock = Terminal(is_terminal=False), [100.0]
    monkeypatch.setattr(sys, "stderr", out)
    monkeypatch.setattr(output.time, "monotonic", lambda: clock[0])
    with output.Progress("lsa articles", "step") as progress:
        for step in range(25):
            progress(step, 1_000, loss=0.5)
            clock[0] += 1
    assert out.getvalue().splitlines() == [
        "lsa articles: step 10 of 1,000 after 10 s, loss 0.5",
        "lsa articles: step 20 of 1,000 after 20 s, loss 0.5",
    ]


def test_with_a_time_budget_the_bar_counts_seconds_and_keeps_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(sys, "stderr", Terminal(is_terminal=True))
    monkeypatch.setattr(output.time, "monotonic", lambda: clock[0])
    with output.Progress("gan digits", "step", seconds=60) as progress:
        bars = set()
        for step, guess in ((1, 400), (30, 216), (60, 391)):
            clock[0] += 10
            progress(step, guess)
            assert progress.bar is not None
            bars.add(id(progress.bar))
            assert (progress.bar.n, progress.bar.total, progress.bar.unit) == (clock[0], 60, "s")
    assert len(bars) == 1


def test_a_new_estimate_of_the_total_keeps_the_bar_and_a_new_stage_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal(is_terminal=True))
    with output.Progress("gan digits", "step") as progress:
        progress(5, 100)
        first = progress.bar
        progress(6, 120)
        assert progress.bar is first and first is not None and first.total == 120
        progress(1, 50)
        assert progress.bar is not first
