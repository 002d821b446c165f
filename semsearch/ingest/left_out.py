"""What is left out of a folder, counted and named: hidden files, other formats, links to elsewhere, devices."""

from __future__ import annotations

import os
from collections.abc import Sequence

from semsearch.ingest.base import Remark, quantity
from semsearch.ingest.front_door import kind_of_path, leads_outside, printable

NAMED = 3  # files that a remark names


class LeftOut:
    """Decides which files of a folder are read, and remembers the others by reason."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._names: dict[str, list[str]] = {}

    def visible_folders(self, parent: str, folders: Sequence[str]) -> list[str]:
        """The folders to enter, sorted; not hidden ones, and no links, which could lead round in circles."""
        visible = []
        for name in sorted(folders):
            path = os.path.join(parent, name)
            if name.startswith("."):
                self._add("hidden", path)
            elif os.path.islink(path):
                self._add("linked folder, which is not followed", path)
            else:
                visible.append(name)
        return visible

    def accepts(self, path: str, *, has_reader: bool) -> bool:
        """Whether a file is read; if not, it is counted."""
        kind = kind_of_path(path)
        if os.path.basename(path).startswith("."):
            self._add("hidden", path)
        elif not has_reader:
            self._add("of another format", path)
        elif kind == "nothing":
            self._add("link to nothing", path)
        elif kind != "file":
            self._add("pipe, device or socket", path)
        elif leads_outside(path, self._folder):
            self._add("link to a place outside the folder", path)
        else:
            return True
        return False

    def _add(self, reason: str, path: str) -> None:
        self._names.setdefault(reason, []).append(printable(os.path.relpath(path, self._folder)))

    def remarks(self) -> list[Remark]:
        """One remark for each reason, with the number of files and the first of their names."""
        return [
            Remark(f"Left out {quantity(len(names), 'file')} of {printable(self._folder)} ({reason}): {_first(names)}")
            for reason, names in self._names.items()
        ]

    def because(self) -> str:
        """The reasons in brackets, to end a message that nothing was found; empty if nothing was left out."""
        reasons = [f"{len(names):,} {reason}: {_first(names)}" for reason, names in self._names.items()]
        return f" ({'; '.join(reasons)})" if reasons else ""


def _first(names: Sequence[str]) -> str:
    more = ", …" if len(names) > NAMED else ""
    return ", ".join(sorted(names)[:NAMED]) + more
