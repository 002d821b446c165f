"""Pictures changed at random before the discriminator sees them, made ones as well as real ones, gradients kept.

Where pictures are few, a discriminator learns them by heart; of changed ones it cannot. Since made pictures are changed
likewise, the generator need not learn the changes (Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient
GAN Training").
"""

from __future__ import annotations

import torch

from semsearch.nets.augment import picked

SHIFT = 1 / 8  # of a side, at most
HOLE = 1 / 2  # of a side
CHANGES = ("light", "shift", "hole")


def changed(pictures: torch.Tensor, changes: tuple[str, ...], draw: torch.Generator) -> torch.Tensor:
    """Pictures (n, c, h, w) about -1..1 after some of CHANGES, each at random of its own."""
    for name in changes:
        pictures = {"light": _light, "shift": _shift, "hole": _hole}[name](pictures, draw)
    return pictures


def _uniform(pictures: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """(n, 1, 1, 1) of 0..1."""
    return torch.rand(len(pictures), 1, 1, 1, generator=draw, device=pictures.device)


def _light(pictures: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Brightness by up to 0.25 either way, contrast times 0.5 to 1.5, and in colour saturation times 0 to 2."""
    out = pictures + 0.5 * (_uniform(pictures, draw) - 0.5)
    if out.shape[1] > 1:
        grey = out.mean(dim=1, keepdim=True)
        out = grey + (out - grey) * (2 * _uniform(pictures, draw))
    mean = out.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (out - mean) * (0.5 + _uniform(pictures, draw))


def _shift(pictures: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """By up to an eighth of each side; what comes in is the picture's own edge."""
    n, _, height, across = pictures.shape
    rows, columns = (_moved(n, length, pictures.device, draw) for length in (height, across))
    return picked(pictures, rows, columns)


def _moved(n: int, length: int, where: torch.device, draw: torch.Generator) -> torch.Tensor:
    most = max(1, round(length * SHIFT))
    by = torch.randint(-most, most + 1, (n, 1), generator=draw, device=where)
    return (torch.arange(length, device=where) + by).clamp(0, length - 1)


def _hole(pictures: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """A square of half the sides, grey, somewhere, partly outside perhaps."""
    n, _, *sides = pictures.shape
    covered = []
    for length in sides:
        middle = torch.randint(0, length, (n, 1), generator=draw, device=pictures.device)
        covered.append((torch.arange(length, device=pictures.device) - middle).abs() * 2 < length * HOLE)
    hole = covered[0][:, None, :, None] & covered[1][:, None, None, :]
    return torch.where(hole, torch.zeros((), device=pictures.device), pictures)
