"""Whether a GAN's training is well, seen from its pictures: how much they differ, how far from real ones they lie, and,
where a classifier tells classes, how many of these they are of.

A generator that has collapsed makes the same few pictures of all codes, and each of them has others right beside it; of
one that has diverged each lies far from anything real. Losses show neither. Both are distances of pixels over distances
of real pictures, whatever these are.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import torch

CROWD = 8  # neighbours: a generator that makes as few pictures as this is found out
ALIKE = 0.4  # of the real pictures' differences: below this all is one
FEW = 0.5  # of the classes
STRANGE = 1.2  # times as far from the nearest real picture as these are from each other
ROUNDS = 3  # looks in a row before it is said
YOUNG = 0.25  # of a training, in which nothing is said of what was not yet reached


def diversity(pictures: torch.Tensor) -> float:
    """The mean distance of pictures (n, …) to the eighth nearest among themselves; of the last where they are fewer."""
    return float(_apart(pictures, pictures).sort(dim=1).values[:, min(CROWD, len(pictures) - 1)].mean())


def distance_to_real(pictures: torch.Tensor, known: torch.Tensor) -> float:
    """The mean distance of pictures (n, …) to the nearest of the known ones (m, …)."""
    return float(_apart(pictures, known).amin(dim=1).mean())


def _apart(some: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """(n, m) distances, those of equal pictures exactly nought."""
    return torch.cdist(some.flatten(1), others.flatten(1), compute_mode="donot_use_mm_for_euclid_dist")


@dataclass(frozen=True)
class Usual:
    """How far real pictures are from each other, and from the eighth nearest of 64. Where many of them are the very
    same, as drawn shapes may be, a quarter of the former stands for the latter."""

    apart: float
    crowded: float

    @classmethod
    def of(cls, real: torch.Tensor) -> Usual:
        """Of real pictures (n, …)."""
        apart = max(float(_apart(real, real).mean()), 1e-6)
        return cls(apart, max(diversity(real), apart / 4))


@dataclass(frozen=True)
class Look:
    """One check of generated images, relative to real ones (1 = as real images are).

    `diversity`: mean distance between generated images; `distance_to_real`: mean distance to the nearest real image;
    `classes`: share of the classes that are generated, None without classes.
    """

    diversity: float
    distance_to_real: float
    classes: float | None = None


class Health:
    """Remembers what was looked at, and says when something has been wrong for some looks in a row."""

    def __init__(self) -> None:
        self.looks: deque[Look] = deque(maxlen=ROUNDS)
        self.best = Look(0.0, float("inf"), 0.0)  # of each

    def see(self, look: Look) -> None:
        """One more look."""
        self.looks.append(look)
        self.best = Look(
            max(self.best.diversity, look.diversity),
            min(self.best.distance_to_real, look.distance_to_real),
            max(self.best.classes or 0.0, look.classes or 0.0),
        )

    def well(self) -> bool:
        """Whether the last look shows nothing wrong."""
        return not any(_wrong(self.looks[-1]).values())

    def trouble(self, progress: float) -> str | None:
        """What has been wrong, None where nothing was; `progress` of the training is 0..1.

        At the beginning all is wrong: what has never been right is told of only after a while.
        """
        if len(self.looks) < ROUNDS:
            return None
        for what, ever_wrong in _wrong(self.best).items():
            lasting = all(_wrong(look)[what] for look in self.looks)
            if lasting and (progress > YOUNG or not ever_wrong):
                return _said(what, self.looks[-1])
        return None


def _wrong(look: Look) -> dict[str, bool]:
    return {
        "alike": look.diversity < ALIKE,
        "few": look.classes is not None and look.classes <= FEW,
        "strange": look.distance_to_real > STRANGE,
    }


def _said(what: str, look: Look) -> str:
    return {
        "alike": "The generator has collapsed: what it makes of different codes differs"
        f" {look.diversity:.0%} as much as real pictures do",
        "few": f"The generator has collapsed: what it makes is of {look.classes or 0:.0%} of the classes",
        "strange": f"The training has diverged: generated images are {look.distance_to_real:.1f} times as far from the"
        " nearest real image as real images are from each other",
    }[what]
