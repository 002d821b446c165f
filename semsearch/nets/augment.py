"""Batches of pictures, each changed by chance in its own way: what the answer must not depend on.

All are (n, channels, height, width) floats, 0..1, in and out, and draw from the step's own generator. A crop, its
stretch and its mirroring are one sampling of the picture; brightness, contrast, saturation, hue and grey are one
linear map of its colours: on a CPU both together take less time than the net's first convolution.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

LUMA = (0.299, 0.587, 0.114)  # how bright red, green and blue are (ITU-R BT.601)


def uniform(n: int, low: float, high: float, like: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """(n,) numbers."""
    return low + (high - low) * torch.rand(n, generator=draw, device=like.device)


def chance(n: int, share: float, like: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """(n,) bool, true for about this share."""
    return torch.rand(n, generator=draw, device=like.device) < share


def crops(
    pictures: torch.Tensor,
    draw: torch.Generator,
    size: tuple[int, int],
    *,
    least: float = 1.0,
    stretch: float = 4 / 3,
    mirror: bool = True,
) -> torch.Tensor:
    """A part of each picture, brought to `size` (height, width): `least` to all of its area, anywhere, up to `stretch`
    times as wide or as high as `size` is; every other one mirrored."""
    n, _, height, across = pictures.shape
    wanted = size[1] / size[0]
    area = uniform(n, least, 1.0, pictures, draw) * height * across
    bent = torch.exp(uniform(n, -math.log(stretch), math.log(stretch), pictures, draw)) * wanted
    # What does not fit is cut, at the same proportions.
    high = torch.minimum((area / bent).sqrt(), torch.clamp(across / bent, max=height))
    down, along = high / height, high * bent / across
    top = (1 - down) * uniform(n, -1.0, 1.0, pictures, draw)
    left = (1 - along) * uniform(n, -1.0, 1.0, pictures, draw)
    if mirror:
        along = torch.where(chance(n, 0.5, pictures, draw), -along, along)
    none = torch.zeros_like(down)
    maps = torch.stack([torch.stack([along, none, left], 1), torch.stack([none, down, top], 1)], 1)
    grid = F.affine_grid(maps, [n, pictures.shape[1], *size], align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)


def windows(pictures: torch.Tensor, top: torch.Tensor, left: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """The part of each picture that begins at its own `top` and `left` (n,), (n, c, *size): nothing is resampled."""
    down = top[:, None] + torch.arange(size[0], device=top.device)
    along = left[:, None] + torch.arange(size[1], device=top.device)
    return picked(pictures, down, along)


def picked(pictures: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """The pixels of each picture in rows (n, h) and columns (n, w) of its own, (n, c, h, w)."""
    which = torch.arange(len(pictures), device=pictures.device)[:, None, None]
    # Channels last while picking, so that whole pixels move.
    return pictures.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def drained(pictures: torch.Tensor, draw: torch.Generator, share: float) -> torch.Tensor:
    """This share of them seen through one of their channels alone, as grey: what colours say, and how far a lens moved
    them apart, is gone."""
    n, channels = pictures.shape[:2]
    if channels == 1 or not share:
        return pictures
    kept = torch.randint(channels, (n,), generator=draw, device=pictures.device)
    alone = pictures[torch.arange(n, device=pictures.device), kept][:, None]
    return torch.where(chance(n, share, pictures, draw)[:, None, None, None], alone, pictures)


def levelled(pictures: torch.Tensor) -> torch.Tensor:
    """Each at a mean of middle grey and the same spread: how bright a part of a picture is says where it was."""
    mean = pictures.mean((1, 2, 3), keepdim=True)
    spread = pictures.std((1, 2, 3), keepdim=True)
    return (0.5 + 0.2 * (pictures - mean) / (spread + 0.02)).clamp(0, 1)


def colours(
    pictures: torch.Tensor, draw: torch.Generator, *, strength: float = 0.4, hue: float = 0.1, grey: float = 0.2
) -> torch.Tensor:
    """Brightness, contrast and saturation each times 1 ± `strength`, hues turned by up to ± `hue` of the circle, in
    four of five pictures; without colour in a share `grey`. Grey pictures keep but the first two."""
    n, channels = pictures.shape[:2]
    touched = chance(n, 0.8, pictures, draw)
    bright, contrast, lively = (
        torch.where(touched, uniform(n, 1 - strength, 1 + strength, pictures, draw), 1.0) for _ in range(3)
    )
    flat = pictures.flatten(2)
    if channels == 3:
        luma = torch.tensor(LUMA, device=pictures.device)
        turn = torch.where(touched, uniform(n, -hue, hue, pictures, draw), 0.0) * 2 * math.pi
        lively = torch.where(chance(n, grey, pictures, draw), 0.0, lively)[:, None, None]
        flat = torch.bmm(lively * turned(turn) + (1 - lively) * luma.expand(3, 3), flat)
        middle = (luma[None, :, None] * flat).sum(1).mean(1)[:, None, None]
    else:
        middle = flat.mean(2, keepdim=True)
    flat = (middle + contrast[:, None, None] * (flat - middle)) * bright[:, None, None]
    return flat.clamp(0, 1).unflatten(2, pictures.shape[2:])


def turned(angle: torch.Tensor) -> torch.Tensor:
    """(n, 3, 3) rotations of colours about the axis of greys by angles (n,), in radians (Rodrigues' formula)."""
    cos, sin = torch.cos(angle), torch.sin(angle)
    diagonal = cos + (1 - cos) / 3
    plus = (1 - cos) / 3 + sin / math.sqrt(3)
    minus = (1 - cos) / 3 - sin / math.sqrt(3)
    rows = [(diagonal, minus, plus), (plus, diagonal, minus), (minus, plus, diagonal)]
    return torch.stack([torch.stack(row, 1) for row in rows], 1)
