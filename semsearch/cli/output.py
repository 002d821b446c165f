"""How commands print: data to stdout in the shape asked for, progress and remarks to stderr."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from tabulate import tabulate
from tqdm import tqdm

Command = TypeVar("Command", bound=Callable[..., Any])


def listing_options(command: Command) -> Command:
    """Adds --json, --csv and --table, as `shape`: None where none is given."""
    for name in ("table", "csv", "json"):
        command = click.option(f"--{name}", "shape", flag_value=name, help=f"print as {name}")(command)
    return command


def print_rows(rows: Sequence[dict[str, Any]], shape: str | None, *, widest: int | None = None) -> None:
    """Rows as a JSON array, CSV with a header, or a table, which is also the default.

    In a table text longer than `widest` is cut, so that a row stays a row; JSON and CSV have it whole.
    """
    if shape == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False, default=str))
    elif shape == "csv":
        out = io.StringIO()
        writer = csv.DictWriter(out, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
        click.echo(out.getvalue(), nl=False)
    elif rows:
        cells = [[_short(value, widest) for value in row.values()] for row in rows]
        click.echo(tabulate(cells, headers=list(rows[0]), disable_numparse=True))


def _short(value: Any, widest: int | None) -> Any:
    if widest is None or not isinstance(value, str):
        return value
    line = " ".join(value.split())
    return line if len(line) <= widest else line[: widest - 1] + "…"


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else value


def rounded(row: dict[str, Any]) -> dict[str, Any]:
    """A row for people: numbers to four places."""
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()}


def counted(number: int, noun: str) -> str:
    """`1 word`, `2 words`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def remark(text: str) -> None:
    """A line for people, beside the data."""
    click.echo(text, err=True)


class Progress:
    """A Report that draws a bar with rate and time left, when stderr is a terminal; a context that clears it."""

    def __init__(self, label: str, unit: str = "it") -> None:
        self.label, self.unit = label, unit
        self.bar: tqdm[Any] | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def __call__(self, step: int, total: int, **metrics: float) -> None:
        if not sys.stderr.isatty():
            return
        if self.bar is None or self.bar.total != total:
            self.__exit__()
            self.bar = tqdm(total=total or None, desc=self.label, unit=self.unit, leave=False, file=sys.stderr)
        if metrics:
            self.bar.set_postfix_str("  ".join(f"{name} {value:.4g}" for name, value in metrics.items()), refresh=False)
        self.bar.update(step - self.bar.n)
