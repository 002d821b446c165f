"""Detects mode collapse and divergence of a GAN from its generated images; its losses show neither.

A collapsed generator makes a few images for all codes, so that each has near neighbours among the generated ones. The
images of a diverged one are far from all real images. Both are distances of pixels, relative to those of real images.
With a classifier, the share of the classes that are generated is checked as well.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import torch

NEIGHBOURS = 8  # diversity is the distance to the 8th neighbour: 8 or fewer different images are detected
MIN_DIVERSITY = 0.4  # relative to real images; below it the generator has collapsed
MIN_CLASSES = 0.5  # share of the classes; at it or below the generator has collapsed
MAX_DISTANCE = 1.2  # to the nearest real image, relative to the mean distance of real images; above it has diverged
FAILED_CHECKS = 3  # consecutive failed checks before stopping
GRACE = 0.25  # share of the training before what was never reached counts as failed


def diversity(images: torch.Tensor) -> float:
    """The mean distance of images (n, …) to their 8th nearest neighbour among themselves, to the last if n ≤ 8."""
    return float(_distances(images, images).sort(dim=1).values[:, min(NEIGHBOURS, len(images) - 1)].mean())


def distance_to_real(images: torch.Tensor, real: torch.Tensor) -> float:
    """The mean distance of images (n, …) to their nearest real image of (m, …)."""
    return float(_distances(images, real).amin(dim=1).mean())


def _distances(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """(n, m) Euclidean distances; those of equal images are exactly 0."""
    return torch.cdist(first.flatten(1), second.flatten(1), compute_mode="donot_use_mm_for_euclid_dist")


@dataclass(frozen=True)
class RealScale:
    """Distances of real images, which those of generated images are divided by.

    distance   mean distance between two
    diversity  that to the 8th neighbour of 64; at least a quarter of `distance`, for data with many duplicates
    """

    distance: float
    diversity: float

    @classmethod
    def of(cls, real: torch.Tensor) -> RealScale:
        """The scale of real images (n, …)."""
        distance = max(float(_distances(real, real).mean()), 1e-6)
        return cls(distance, max(diversity(real), distance / 4))


@dataclass(frozen=True)
class Check:
    """One check of generated images, relative to real ones (1 = as real images are).

    diversity         distance to the 8th neighbour among generated images
    distance_to_real  distance to the nearest real image
    classes           share of the classes that are generated; None without classes
    """

    diversity: float
    distance_to_real: float
    classes: float | None = None


class Monitor:
    """Keeps the last checks, and reports what failed several times in a row."""

    def __init__(self) -> None:
        self.checks: deque[Check] = deque(maxlen=FAILED_CHECKS)
        self.best = Check(0.0, float("inf"), 0.0)  # the best value of each figure so far

    def add(self, check: Check) -> None:
        """Adds a check."""
        self.checks.append(check)
        self.best = Check(
            max(self.best.diversity, check.diversity),
            min(self.best.distance_to_real, check.distance_to_real),
            max(self.best.classes or 0.0, check.classes or 0.0),
        )

    def well(self) -> bool:
        """Whether the last check found nothing wrong."""
        return not any(_failures(self.checks[-1]).values())

    def trouble(self, progress: float) -> str | None:
        """What has failed in all of the last checks, in words, or None; `progress` of the training is 0..1.

        At first everything fails: a figure that was never good counts as failed only after GRACE.
        """
        if len(self.checks) < FAILED_CHECKS:
            return None
        for kind, never_good in _failures(self.best).items():
            lasting = all(_failures(check)[kind] for check in self.checks)
            if lasting and (progress > GRACE or not never_good):
                return _message(kind, self.checks[-1])
        return None


def _failures(check: Check) -> dict[str, bool]:
    return {
        "diversity": check.diversity < MIN_DIVERSITY,
        "classes": check.classes is not None and check.classes <= MIN_CLASSES,
        "distance": check.distance_to_real > MAX_DISTANCE,
    }


def _message(kind: str, check: Check) -> str:
    return {
        "diversity": f"Mode collapse: the diversity of generated images is {100 * check.diversity:.0f} %"
        " of that of real ones",
        "classes": f"Mode collapse: generated images show {100 * (check.classes or 0):.0f} % of the classes",
        "distance": f"The training has diverged: generated images are {check.distance_to_real:.1f} times as far from"
        " the nearest real image as real images are from each other",
    }[kind]
