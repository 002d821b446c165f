"""Random augmentation of batches of images: what features must not depend on.

Images are (n, channels, height, width) floats, 0..1, in and out; each is changed independently, by the step's random
generator. Crop, stretch and mirroring are one resampling of the image; brightness, contrast, saturation, hue and grey
are one linear map of its colours: on a CPU both together take less time than the first convolution.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

LUMA = (0.299, 0.587, 0.114)  # brightness of red, green and blue (ITU-R BT.601)
JITTERED_SHARE = 0.8  # of the images in a batch, whose colours are changed


def uniform(n: int, low: float, high: float, like: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """(n,) random numbers."""
    return low + (high - low) * torch.rand(n, generator=draw, device=like.device)


def bernoulli(n: int, probability: float, like: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """(n,) random bools, true with this probability."""
    return torch.rand(n, generator=draw, device=like.device) < probability


def crops(
    images: torch.Tensor,
    draw: torch.Generator,
    size: tuple[int, int],
    *,
    min_crop: float = 1.0,
    stretch: float = 4 / 3,
    mirror: bool = True,
) -> torch.Tensor:
    """A random crop of each image, resampled to `size` (height, width).

    min_crop  smallest area, as a share of the image's
    stretch   largest factor by which the aspect ratio differs from that of `size`
    mirror    mirror every other image, at random
    """
    n, _, height, width = images.shape
    area = uniform(n, min_crop, 1.0, images, draw) * height * width
    log_stretch = uniform(n, -math.log(stretch), math.log(stretch), images, draw)
    aspect = torch.exp(log_stretch) * (size[1] / size[0])
    # A crop that does not fit is cut, at the same aspect ratio.
    crop_height = torch.minimum((area / aspect).sqrt(), torch.clamp(width / aspect, max=height))
    y_scale, x_scale = crop_height / height, crop_height * aspect / width
    top = (1 - y_scale) * uniform(n, -1.0, 1.0, images, draw)
    left = (1 - x_scale) * uniform(n, -1.0, 1.0, images, draw)
    if mirror:
        x_scale = torch.where(bernoulli(n, 0.5, images, draw), -x_scale, x_scale)
    zero = torch.zeros_like(y_scale)
    maps = torch.stack([torch.stack([x_scale, zero, left], 1), torch.stack([zero, y_scale, top], 1)], 1)
    grid = F.affine_grid(maps, [n, images.shape[1], *size], align_corners=False)
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def windows(images: torch.Tensor, top: torch.Tensor, left: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """The window of each image at its own `top` and `left` (n,), without resampling: (n, c, *size)."""
    rows = top[:, None] + torch.arange(size[0], device=top.device)
    columns = left[:, None] + torch.arange(size[1], device=top.device)
    return take_pixels(images, rows, columns)


def take_pixels(images: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """The pixels of each image in its own rows (n, h) and columns (n, w): (n, c, h, w)."""
    which = torch.arange(len(images), device=images.device)[:, None, None]
    # Channels last, so that whole pixels are copied.
    return images.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def color_dropped(images: torch.Tensor, draw: torch.Generator, share: float) -> torch.Tensor:
    """This share of the images in one random colour channel only, as grey: without colours and chromatic aberration."""
    n, channels = images.shape[:2]
    if channels == 1 or not share:
        return images
    channel = torch.randint(channels, (n,), generator=draw, device=images.device)
    grey = images[torch.arange(n, device=images.device), channel][:, None]
    return torch.where(bernoulli(n, share, images, draw)[:, None, None, None], grey, images)


def normalised(images: torch.Tensor) -> torch.Tensor:
    """Each image with mean 0.5 and standard deviation 0.2: brightness and contrast would give a tile's place away."""
    mean = images.mean((1, 2, 3), keepdim=True)
    deviation = images.std((1, 2, 3), keepdim=True)
    return (0.5 + 0.2 * (images - mean) / (deviation + 0.02)).clamp(0, 1)


def color_jittered(
    images: torch.Tensor, draw: torch.Generator, *, strength: float = 0.4, hue: float = 0.1, grey: float = 0.2
) -> torch.Tensor:
    """Random colours in four of five images; grey images get brightness and contrast only.

    strength  brightness, contrast and saturation are each multiplied by 1 ± this
    hue       largest rotation of hues, as a share of the circle
    grey      share of the images that lose their colours
    """
    n, channels = images.shape[:2]
    chosen = bernoulli(n, JITTERED_SHARE, images, draw)
    brightness, contrast, saturation = (
        torch.where(chosen, uniform(n, 1 - strength, 1 + strength, images, draw), 1.0) for _ in range(3)
    )
    flat = images.flatten(2)
    if channels == 3:
        luma = torch.tensor(LUMA, device=images.device)
        angle = torch.where(chosen, uniform(n, -hue, hue, images, draw), 0.0) * 2 * math.pi
        saturation = torch.where(bernoulli(n, grey, images, draw), 0.0, saturation)[:, None, None]
        flat = torch.bmm(saturation * hue_rotations(angle) + (1 - saturation) * luma.expand(3, 3), flat)
        mean = (luma[None, :, None] * flat).sum(1).mean(1)[:, None, None]
    else:
        mean = flat.mean(2, keepdim=True)
    flat = (mean + contrast[:, None, None] * (flat - mean)) * brightness[:, None, None]
    return flat.clamp(0, 1).unflatten(2, images.shape[2:])


def hue_rotations(angle: torch.Tensor) -> torch.Tensor:
    """(n, 3, 3) rotations of RGB about the grey axis by angles (n,), in radians (Rodrigues' formula)."""
    cos, sin = torch.cos(angle), torch.sin(angle)
    diagonal = cos + (1 - cos) / 3
    plus = (1 - cos) / 3 + sin / math.sqrt(3)
    minus = (1 - cos) / 3 - sin / math.sqrt(3)
    rows = [(diagonal, minus, plus), (plus, diagonal, minus), (minus, plus, diagonal)]
    return torch.stack([torch.stack(row, 1) for row in rows], 1)
