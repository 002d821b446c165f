"""What builders of pictures ask of a corpus alike: that its pictures differ, and have the shape that was learned."""

from __future__ import annotations

from semsearch.errors import BuildError, InputError
from semsearch.records import Corpus, Images, State


def check_differ(corpus: Images) -> None:
    """BuildError where all pictures are the same."""
    if (corpus.pixels == corpus.pixels[:1]).all():
        raise BuildError(f"All {len(corpus):,} pictures are the same: there is nothing to tell them apart by")


def pictures_as_learned(name: str, state: State, corpus: Corpus) -> Images:
    """The corpus as pictures for the model that the builder of this name made, whose state has their `shape`.

    InputError for anything else, and for pictures of another shape.
    """
    if not isinstance(corpus, Images):
        raise InputError(f"{name} embeds pictures")
    shape = state.arrays["shape"].tolist()
    if list(corpus.shape) != shape:
        raise InputError(f"The pictures are {corpus.shape}, the model was built of {shape}")
    return corpus
