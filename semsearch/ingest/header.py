"""Whether the first line of a table names its columns, and names for columns that have none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from semsearch.errors import InputError
from semsearch.ingest.base import Remark, TableOptions
from semsearch.ingest.columns import TEXT_NAMES, TITLE_NAMES
from semsearch.storage.columns import is_number

MAX_NAME_CHARS = 60  # characters; a longer cell in the first line is content
# Names, in lower case, that make a first line a header.
USUAL_NAMES = frozenset(
    [*TEXT_NAMES, *TITLE_NAMES, "id", "_id", "key", "label", "class", "category", "date", "time", "url", "author"]
    + ["type", "year", "price", "source", "target", "weight", "word", "node", "count", "score", "rating", "value"]
)


@dataclass(frozen=True)
class Header:
    """The names of the columns, whether the first line holds them, and what to say about it."""

    names: tuple[str, ...]
    is_in_file: bool
    remarks: tuple[Remark, ...] = ()


def read_header(first: Sequence[str], others: Sequence[Sequence[str]], place: str, options: TableOptions) -> Header:
    """The columns of a table with this first row, of which `others` is a sample of further rows.

    Raises InputError for --columns of another number than the cells of the first row.
    """
    found = options.header
    remarks: list[Remark] = []
    if found is None:
        value = _value_in_header(first, others, options.expected)
        found = value is None
        if value is not None and not options.columns:
            remarks.append(
                Remark(
                    f"L{place[1:]} was read as a row, because {_short(value)!r} is not a column name: the columns are"
                    " named column_1, column_2 and so on (--columns names them, --header reads it as names)"
                )
            )
    if options.columns:
        if len(options.columns) != len(first):
            given = f"--columns names {len(options.columns)} columns"
            raise InputError(f"{given}, but l{place[1:]} has {len(first)} cells: give one name for each cell")
        if found:
            line = f"L{place[1:]} was read as names and replaced by --columns"
            remarks.append(Remark(f"{line}: {', '.join(map(_short, first))} (--no-header reads it as a row)"))
    names, renamed = distinct_names(options.columns or (first if found else [""] * len(first)))
    if renamed and found:
        remarks.append(Remark(f"L{place[1:]} has columns without a name of their own, now named {', '.join(renamed)}"))
    return Header(tuple(names), found, tuple(remarks))


def _value_in_header(first: Sequence[str], others: Sequence[Sequence[str]], expected: Sequence[str] = ()) -> str | None:
    """A cell of the first row that is a value, as in the rows below it; None if the row names the columns."""
    lowered = {cell.strip().lower() for cell in first}
    if not others or not lowered.isdisjoint(USUAL_NAMES) or not lowered.isdisjoint(map(str.lower, expected)):
        return None
    if _are_years(first):
        return None
    columns = [[row[at] for row in others if at < len(row) and row[at].strip()] for at in range(len(first))]
    numeric = [bool(cells) and all(map(is_number, cells)) for cells in columns]
    for cell, is_numeric in zip(first, numeric, strict=True):
        if is_numeric and is_number(cell):
            return cell
    if any(is_numeric and cell.strip() for cell, is_numeric in zip(first, numeric, strict=True)):
        return None  # a word above numbers
    for cell, cells in zip(first, columns, strict=True):
        if len(cell) > MAX_NAME_CHARS or "\n" in cell.strip():
            return cell
        if cell.strip() and cell in cells and list(first) not in [list(row) for row in others]:
            return cell
    return None


def _are_years(first: Sequence[str]) -> bool:
    """Whether the numbers in a first row count upwards by one step, as columns of years do, after a cell of text."""
    numbers = [int(cell) for cell in first if cell.isascii() and cell.isdecimal() and len(cell) < 10]
    steps = {later - earlier for earlier, later in zip(numbers, numbers[1:], strict=False)}
    return len(numbers) > 2 and len(numbers) < len(first) and len(steps) == 1 and min(steps) > 0


def distinct_names(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names on one line each, with a name for every column, unique in any case; and those that were changed.

    A column without a name is called column_N by its position. A repeated name gets its number, such as price_2.
    """
    plain = [" ".join(name.split()) for name in names]
    taken = {name.lower() for name in plain}
    seen: set[str] = set()
    result, changed = [], []
    for position, name in enumerate(plain, 1):
        base = name or "column"
        number = position if not name else 2
        unique = name
        while not unique or unique.lower() in seen:
            unique = f"{base}_{number}"
            number += 1
            if unique.lower() in taken:
                unique = ""
        seen.add(unique.lower())
        result.append(unique)
        if unique != name:
            changed.append(unique)
    return result, changed


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_NAME_CHARS else line[: MAX_NAME_CHARS - 1] + "…"
