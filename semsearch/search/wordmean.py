"""A text among words alone: where a collection was imported, no model can read a text, but its words have vectors.

The text's vector is the mean of the unit vectors of its known words, which is how fastText makes one of a sentence
(facebookresearch/fastText src/fasttext.cc, getSentenceVector). A word that stands twice counts twice.
"""

from __future__ import annotations

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.maths.spelling import spellings
from semsearch.records import Collection
from semsearch.storage import collections, vectors
from semsearch.storage.driver import Connection


def mean_of_words(db: Connection, collection: Collection, text: str) -> FloatArray | None:
    """(dim,) float32, not of unit length; None where no word of the text is known.

    If the whole text, or its words joined by underscores, is one known word (New York, New_York), that is meant. Else
    each word is looked for as it stands, without the punctuation around it, and in lower case.
    """
    words = text.split()
    wholes = list(dict.fromkeys([text.strip(), "_".join(words), *spellings(text.strip())]))
    options = [spellings(word) for word in words]
    held = collections.words(db, collection, list(dict.fromkeys([*wholes, *(one for some in options for one in some)])))
    whole = next((one for one in wholes if one in held), None)
    known = (
        [whole] if whole else [result for some in options if (result := next(filter(held.__contains__, some), None))]
    )
    if not known:
        return None
    return np.mean([vectors.unit_vector(db, collection, word) for word in known], axis=0, dtype=np.float32)
