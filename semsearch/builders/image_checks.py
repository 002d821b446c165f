"""Checks that all builders of images share: at least two different images, of the shape the model was trained on."""

from __future__ import annotations

from collections.abc import Sequence

from semsearch.errors import BuildError, InputError
from semsearch.records import Corpus, Images, State


def check_different(corpus: Images) -> None:
    """Raises BuildError for fewer than two images, and if all of them are identical."""
    if len(corpus) < 2:
        raise BuildError(f"At least 2 images are needed, found {len(corpus)}")
    if (corpus.pixels == corpus.pixels[:1]).all():
        raise BuildError(f"All {len(corpus):,} images are identical: there is nothing to learn")


def images_of_shape(name: str, state: State, corpus: Corpus) -> Images:
    """The corpus as images, for the model of the builder `name`, whose state has their `shape`.

    Raises InputError if it holds anything else, or images of another shape.
    """
    if not isinstance(corpus, Images):
        raise InputError(f"{name} embeds images only: give images")
    shape = state.arrays["shape"].tolist()
    if list(corpus.shape) != shape:
        raise InputError(
            f"The images have {_size(corpus.shape)}, but the model was trained on images of {_size(shape)}:"
            " scale or convert them"
        )
    return corpus


def _size(shape: Sequence[int]) -> str:
    """Height, width and channels: `8 × 8 pixels in 1 channel`."""
    height, width, channels = shape
    return f"{width} × {height} pixels in {channels} channel{'' if channels == 1 else 's'}"
