"""What the guide that follows the lecture consists of: techniques, in parts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Technique:
    """One row of the guide.

    `key` is its anchor; `what` a few sentences; `formula` plain text, its lines separated by three blanks; `page` the
    part of a page's address after `/-/semsearch/`; `page_name` its tab; `builders` those whose collections show it.
    """

    key: str
    name: str
    what: str
    formula: str
    command: str
    page: str
    page_name: str
    look_at: str
    builders: tuple[str, ...]

    @property
    def formulas(self) -> list[str]:  # a line each
        return self.formula.split("   ")


@dataclass(frozen=True)
class Part:
    """Techniques that belong together, in the order of the lecture."""

    title: str
    techniques: tuple[Technique, ...]
