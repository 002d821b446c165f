"""Colours as CIELAB has them: lightness L, 0..100, and two numbers for hue and saturation, a (green to red) and b (blue
to yellow), about -110..110, in which equal steps look about equal (CIE 15:2004; sRGB by IEC 61966-2-1, white D65).

A grid over a and b makes classes of colours: those that a screen can show are some 260 squares of side 10 (Zhang, Isola
& Efros 2016).
"""

from __future__ import annotations

import torch

XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
EDGE = 6 / 29  # below its cube the cube root becomes a straight line
GRID = 10  # side of a square of a and b
LEVELS = 35  # of red, green and blue each, of which the shown squares are found


def lightness(pictures: torch.Tensor) -> torch.Tensor:
    """L of pictures (n, 3, h, w), 0..1 in sRGB, as (n, 1, h, w), 0..1 as well: what a grey picture of it has."""
    brightness = (_linear(pictures) * _matrix(pictures)[1, :, None, None]).sum(1, keepdim=True)
    return (116 * _root(brightness) - 16) / 100


def lab(pictures: torch.Tensor) -> torch.Tensor:
    """L, a and b of pictures (n, 3, h, w), 0..1 in sRGB: (n, 3, h, w)."""
    matrix = _matrix(pictures)
    with torch.autocast(pictures.device.type, enabled=False):  # a and b are small differences of large numbers
        xyz = torch.einsum("xc,nchw->nxhw", matrix / matrix.sum(1, keepdim=True), _linear(pictures.float()))
    x, y, z = _root(xyz).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def rgb(colours: torch.Tensor) -> torch.Tensor:
    """The inverse of `lab`; what no screen can show becomes the nearest of each of red, green and blue, 0..1."""
    y = (colours[:, 0] + 16) / 116
    roots = torch.stack([y + colours[:, 1] / 500, y, y - colours[:, 2] / 200], dim=1)
    matrix = _matrix(colours)
    values = torch.where(roots > EDGE, roots**3, 3 * EDGE**2 * (roots - 4 / 29))
    straight = torch.einsum("cx,nxhw->nchw", (matrix / matrix.sum(1, keepdim=True)).inverse(), values).clamp(0, 1)
    return torch.where(straight <= 0.0031308, 12.92 * straight, 1.055 * straight.clamp(min=1e-8) ** (1 / 2.4) - 0.055)


def squares() -> torch.Tensor:
    """The middles of the squares that hold a colour of the screen, (q, 2): a and b."""
    level = torch.linspace(0, 1, LEVELS)
    every = torch.cartesian_prod(level, level, level)[:, :, None, None]
    return torch.unique(torch.round(lab(every)[:, 1:, 0, 0] / GRID), dim=0) * GRID


def _linear(pictures: torch.Tensor) -> torch.Tensor:
    """Light, of sRGB's numbers for it."""
    return torch.where(pictures <= 0.04045, pictures / 12.92, ((pictures.clamp(min=0) + 0.055) / 1.055) ** 2.4)


def _root(light: torch.Tensor) -> torch.Tensor:
    return torch.where(light > EDGE**3, light.clamp(min=1e-8) ** (1 / 3), light / (3 * EDGE**2) + 4 / 29)


def _matrix(like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(XYZ, device=like.device)
