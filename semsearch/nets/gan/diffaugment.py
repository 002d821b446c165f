"""Differentiable augmentation of the discriminator's inputs: real and generated images are changed at random.

With few images a discriminator memorises them; augmented ones it cannot. Generated images are augmented too, and
gradients pass through, so that the generator does not learn the augmentations (Zhao et al. 2020, "Differentiable
Augmentation for Data-Efficient GAN Training").
"""

from __future__ import annotations

import torch

from semsearch.nets.augment import take_pixels

MAX_SHIFT = 1 / 8  # of the side
CUTOUT_SIDE = 1 / 2  # of the side
AUGMENTATIONS = ("colour", "translation", "cutout")


def augmented(images: torch.Tensor, augmentations: tuple[str, ...], draw: torch.Generator) -> torch.Tensor:
    """Images (n, c, h, w), about -1..1, after these of AUGMENTATIONS, each image at random."""
    functions = {"colour": _colour, "translation": _translation, "cutout": _cutout}
    for name in augmentations:
        images = functions[name](images, draw)
    return images


def _uniform(images: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """(n, 1, 1, 1) of 0..1."""
    return torch.rand(len(images), 1, 1, 1, generator=draw, device=images.device)


def _colour(images: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Brightness ± 0.25, contrast times 0.5 to 1.5, and for colour images saturation times 0 to 2."""
    out = images + 0.5 * (_uniform(images, draw) - 0.5)
    if out.shape[1] > 1:
        grey = out.mean(dim=1, keepdim=True)
        out = grey + (out - grey) * (2 * _uniform(images, draw))
    mean = out.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (out - mean) * (0.5 + _uniform(images, draw))


def _translation(images: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Shifts by up to an eighth of each side; the border is repeated."""
    n, _, height, width = images.shape
    rows, columns = (_shifted(n, length, images.device, draw) for length in (height, width))
    return take_pixels(images, rows, columns)


def _shifted(n: int, length: int, where: torch.device, draw: torch.Generator) -> torch.Tensor:
    """(n, length) row or column numbers, shifted at random and clamped."""
    largest = max(1, round(length * MAX_SHIFT))
    shift = torch.randint(-largest, largest + 1, (n, 1), generator=draw, device=where)
    return (torch.arange(length, device=where) + shift).clamp(0, length - 1)


def _cutout(images: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """A grey rectangle of half of each side at a random place, possibly partly outside."""
    n, _, *sides = images.shape
    covered = []
    for length in sides:
        centre = torch.randint(0, length, (n, 1), generator=draw, device=images.device)
        covered.append((torch.arange(length, device=images.device) - centre).abs() * 2 < length * CUTOUT_SIDE)
    hole = covered[0][:, None, :, None] & covered[1][:, None, None, :]
    return torch.where(hole, torch.zeros((), device=images.device), images)
