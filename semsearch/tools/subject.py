"""What a tool works on: a collection that the caller may see, and names of collections."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from semsearch.errors import MAX_SHOWN, InputError, NotFoundError, written_list
from semsearch.records import Collection, Of, OpenCollection
from semsearch.storage.driver import Connection

LISTED = 12  # collections that an error names
Link = Callable[[str, "str | int | None"], str]


@dataclass(frozen=True)
class Subject:
    """A collection at one state of its file.

    `database` is the name of its database, `together` the collections of its run that the caller may see, itself
    included. `link` gives the URL of a page, "" or "item" with a key; None where there are no pages.
    """

    db: Connection
    database: str
    opened: OpenCollection
    together: tuple[Collection, ...]
    link: Link | None = None

    def url(self, page: str, key: str | int | None = None) -> str | None:
        """The URL of a page; None where there are no pages."""
        return None if self.link is None else self.link(page, key)

    def part(self, of: Of) -> OpenCollection:
        """The collection of this kind of items: this one, or another one of its run.

        Raises InputError if there is none that the caller may see.
        """
        if self.opened.of == of:
            return self.opened
        other = next((each for each in self.together if each.of == of), None)
        if other is None:
            raise InputError(f"{self.opened.name} contains {self.opened.of}s, and no {of}s belong to it")
        return OpenCollection(other, self.opened.dataset)


def choose(name: str, known: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The database and the collection that a name means, among those that the caller may see.

    A name is COLLECTION, or DATABASE/COLLECTION where several databases have a collection of that name. Raises
    NotFoundError, which lists what there is, and InputError for a name that several have.
    """
    visible = list(known)
    matches = [pair for pair in visible if pair[1] == name] or [pair for pair in visible if "/".join(pair) == name]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise InputError(f"Several databases have a collection {name!r}: use {_listed(matches)}")
    there = f"there are {_listed(visible)}" if visible else "there are none"
    raise NotFoundError(f"There is no collection {name[:MAX_SHOWN]!r}: {there}")


def _listed(pairs: list[tuple[str, str]]) -> str:
    names = ["/".join(pair) for pair in pairs[:LISTED]]
    more = len(pairs) - len(names)
    return written_list([*names, f"{more:,} more"] if more else names, "and")
