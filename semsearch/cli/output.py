"""How commands print: data goes to stdout as JSON, CSV or a table, progress and remarks go to stderr."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import click

from semsearch.cli import console
from semsearch.errors import InputError

if TYPE_CHECKING:
    from tqdm import tqdm

    from semsearch.metrics import Metric

SMALLEST = 1e-4  # the least number that a table shows with four decimals
LINE_SECONDS = 10.0  # between two lines of progress where there is no terminal

HEADINGS = {
    "auc": "AUC",
    "cosine": "similarity",
    "mean_cosine": "mean similarity",
    "created": "created (UTC)",
    "started": "started (UTC)",
    "by": "predictor",
    "compared": "images compared",
    "deviation": "std. deviation",
    "embeds new items": "embeds queries",
    "how": "hold-out",
    "judged": "test items",
    "knn": "5 nearest neighbours",
    "learned": "training items",
    "left_out": "left out",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "mse": "MSE",
    "of": "items",
    "of_1": "1 per label",
    "of_10": "10 per label",
    "of_100": "100 per label",
    "probe": "linear probe",
    "psnr": "PSNR (dB)",
    "share": "training share",
    "split": "test images",
    "trained": "training items",
    "what": "description",
    "words": "word overlap",
}  # plain headings of a table, by key

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # C0, C1, and changes of direction


def print_rows(rows: Sequence[dict[str, Any]], shape: str | None, *, widest: int | None = None) -> None:
    """Print rows as a JSON array ("json"), CSV with a header ("csv") or a table ("table" or None).

    In a table, text longer than `widest` characters is cut, yes and no stand for truth values, and columns have plain
    headings. JSON and CSV contain all of a text and keep the keys.
    """
    if shape == "json":
        click.echo(to_json(rows))
    elif shape == "csv":
        out = io.StringIO()
        writer = csv.DictWriter(out, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
        click.echo(out.getvalue(), nl=False)
    elif rows:
        from tabulate import tabulate

        columns = [_column(list(values)) for values in zip(*(row.values() for row in rows), strict=True)]
        cells = [[_short(value, widest) for value in row] for row in zip(*columns, strict=True)]
        click.echo(tabulate(cells, headers=[visible(heading(name)) for name in rows[0]], disable_numparse=True))


def heading(key: str) -> str:
    """The heading of a column of a table, or the name of a measure, for the key that JSON and CSV have."""
    return HEADINGS.get(key, key)


def with_database(text: str) -> str:
    """A text whose commands name the database of this command instead of the placeholder DB."""
    if verbosity.database is None:
        return text
    from semsearch import present  # with all that searches, for which `--help` need not wait

    return present.with_database(text, verbosity.database)


def visible(text: str) -> str:
    """A text without control characters, which a terminal would obey: � in their place. Line ends and tabs stay."""
    return _CONTROL.sub("\ufffd", text)


def to_json(value: Any) -> str:
    """A value as indented JSON, in ASCII if standard output cannot print every character."""
    return json.dumps(value, indent=2, ensure_ascii=not console.shows_unicode(), default=str)


def _column(values: list[Any]) -> list[Any]:
    """The values of a column, its decimal fractions with equally many decimals, at most four.

    A column with a smaller number, which four decimals do not show, stays.
    """
    fractions = [value for value in values if isinstance(value, float)]
    if any(0 < abs(value) < SMALLEST or not isfinite(value) for value in fractions):
        return values
    decimals = max((len(f"{value:.4f}".rstrip("0").partition(".")[2]) for value in fractions), default=0)
    return [f"{value:.{max(1, decimals)}f}" if isinstance(value, float) else value for value in values]


def measure_rows(values: Mapping[str, Any], declared: Mapping[str, Metric]) -> list[dict[str, Any]]:
    """A row for each measure that has a value: its name, its value with the digits that mean something, and which
    direction is better."""
    rows = []
    for key, value in values.items():
        metric = declared.get(key)
        text = metric.text(value) if metric and isinstance(value, float) else value
        name, better = (metric.name, metric.better or "") if metric else (heading(key), "")
        if value is not None:
            rows.append({"measure": name, "value": text, "better": better})
    return rows


def _short(value: Any, widest: int | None) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str):
        return value
    value = visible(value)
    if widest is None:
        return value
    line = " ".join(value.split())
    return line if len(line) <= widest else line[: widest - 1] + "…"


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else value


def rounded(row: dict[str, Any]) -> dict[str, Any]:
    """The same row with floats rounded to four decimal places, for tables."""
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()}


def percent(share: float) -> str:
    """`85.0 %` for 0.85."""
    return f"{100 * share:.1f} %"


def counted(number: int, noun: str) -> str:
    """`1 word`, `2 words`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@dataclass
class Verbosity:
    """What is printed on stderr in addition to errors."""

    quiet: bool = False  # no remarks and no progress
    verbose: bool = False  # also the seconds of each stage, and the traceback of an error
    database: str | None = None  # the path of the database that the command was given


verbosity = Verbosity()


def set_verbosity(*, quiet: bool = False, verbose: bool = False) -> None:
    """Choose what is printed on stderr from now on. Raises InputError for both at once."""
    if quiet and verbose:
        raise InputError("--quiet and --verbose contradict each other: give one of them")
    verbosity.quiet, verbosity.verbose = quiet, verbose


def remark(text: str) -> None:
    """Print a line for people on stderr."""
    if not verbosity.quiet:
        click.echo(visible(text), err=True)


class Progress:
    """A Report that shows progress on stderr: a bar on a terminal, otherwise a line every ten seconds.

    `seconds` is the time budget of a training: the bar then counts seconds. Leaving the context clears the bar.
    """

    def __init__(self, label: str, unit: str = "it", seconds: float | None = None) -> None:
        self.label, self.unit, self.seconds = label, unit, seconds
        self.bar: tqdm[Any] | None = None
        self.started = self.printed = time.monotonic()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.bar is not None:
            self.bar.close()
        self.bar = None

    def __call__(self, step: int, total: int, **metrics: float) -> None:
        if verbosity.quiet or sys.stderr is None:
            return
        from semsearch.metrics import metric_of

        declared = [(metric_of(name), value) for name, value in metrics.items()]
        shown = [f"{metric.name} {metric.text(value)}" for metric, value in declared]
        if sys.stderr.isatty():
            self._draw(step, total, shown)
        elif time.monotonic() - self.printed >= LINE_SECONDS:
            self.printed = time.monotonic()
            remark(self._line(step, total, shown))

    def _draw(self, step: int, total: int, shown: list[str]) -> None:
        """A stage that begins again at a lower step gets a new bar; an estimate of the total may change."""
        if self.seconds is not None:
            shown = [f"{self.unit} {step:,}", *shown]
            step, total = min(round(time.monotonic() - self.started), round(self.seconds)), round(self.seconds)
        if self.bar is not None and step < self.bar.n:
            self.__exit__()
        if self.bar is None:
            from tqdm import tqdm

            unit = "s" if self.seconds is not None else self.unit
            self.bar = tqdm(total=total or None, desc=self.label, unit=unit, leave=False, file=sys.stderr)
        self.bar.total = total or None
        if shown:
            self.bar.set_postfix_str("  ".join(shown), refresh=False)
        self.bar.update(step - self.bar.n)

    def _line(self, step: int, total: int, shown: list[str]) -> str:
        """`lsa articles: step 200 of 1,000 after 20 s, loss 0.31`."""
        whole = f" of {total:,}" if total else ""
        elapsed = round(time.monotonic() - self.started)
        budget = f" (--seconds {self.seconds:,.0f}, without the start)" if self.seconds is not None else ""
        return ", ".join([f"{self.label}: {self.unit} {step:,}{whole} after {elapsed:,} s{budget}", *shown])
