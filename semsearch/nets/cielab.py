"""CIELAB colours: lightness L, 0..100, and two colour axes, a (green to red) and b (blue to yellow), about -110..110.

Equal distances look about equally different (CIE 15:2004; sRGB by IEC 61966-2-1, white D65). A grid over a and b gives
classes of colours: about 260 squares of side 10 contain colours of sRGB (Zhang, Isola & Efros 2016).
"""

from __future__ import annotations

import torch

XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
LINEAR_BELOW = 6 / 29  # below its cube the cube root is replaced by a straight line
SQUARE_SIDE = 10  # of a class, in a and b
RGB_LEVELS = 35  # of red, green and blue each, in the search for the squares of sRGB


def lightness(images: torch.Tensor) -> torch.Tensor:
    """L / 100 of images (n, 3, h, w), 0..1 in sRGB: (n, 1, h, w), 0..1."""
    brightness = (_linear(images) * _matrix(images)[1, :, None, None]).sum(1, keepdim=True)
    return (116 * _root(brightness) - 16) / 100


def lab(images: torch.Tensor) -> torch.Tensor:
    """L, a and b of images (n, 3, h, w), 0..1 in sRGB: (n, 3, h, w)."""
    matrix = _matrix(images)
    with torch.autocast(images.device.type, enabled=False):  # a and b are small differences of large numbers
        xyz = torch.einsum("xc,nchw->nxhw", matrix / matrix.sum(1, keepdim=True), _linear(images.float()))
    x, y, z = _root(xyz).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def rgb(colours: torch.Tensor) -> torch.Tensor:
    """The inverse of `lab`; colours outside sRGB are clipped to 0..1."""
    y = (colours[:, 0] + 16) / 116
    roots = torch.stack([y + colours[:, 1] / 500, y, y - colours[:, 2] / 200], dim=1)
    matrix = _matrix(colours)
    values = torch.where(roots > LINEAR_BELOW, roots**3, 3 * LINEAR_BELOW**2 * (roots - 4 / 29))
    straight = torch.einsum("cx,nxhw->nchw", (matrix / matrix.sum(1, keepdim=True)).inverse(), values).clamp(0, 1)
    return torch.where(straight <= 0.0031308, 12.92 * straight, 1.055 * straight.clamp(min=1e-8) ** (1 / 2.4) - 0.055)


def squares() -> torch.Tensor:
    """The centres of the squares that contain colours of sRGB, (q, 2): a and b."""
    level = torch.linspace(0, 1, RGB_LEVELS)
    every = torch.cartesian_prod(level, level, level)[:, :, None, None]
    return torch.unique(torch.round(lab(every)[:, 1:, 0, 0] / SQUARE_SIDE), dim=0) * SQUARE_SIDE


def _linear(images: torch.Tensor) -> torch.Tensor:
    """Linear light of sRGB values."""
    return torch.where(images <= 0.04045, images / 12.92, ((images.clamp(min=0) + 0.055) / 1.055) ** 2.4)


def _root(light: torch.Tensor) -> torch.Tensor:
    return torch.where(
        light > LINEAR_BELOW**3, light.clamp(min=1e-8) ** (1 / 3), light / (3 * LINEAR_BELOW**2) + 4 / 29
    )


def _matrix(like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(XYZ, device=like.device)
