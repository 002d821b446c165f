"""llm's embeddings.db, for `llm similar COLLECTION ID -d FILE`."""

from __future__ import annotations

from pathlib import Path

from semsearch.export.outgoing import Outgoing
from semsearch.storage import llmfile


def write_llm(out: Outgoing, path: Path, _: Path) -> None:
    """One collection of the same name, with the model semsearch/BUILDER, which llm needs only to embed new text."""
    rows = ((key, vector) for block in out.blocks() for key, vector in zip(out.keys(block), block.vectors, strict=True))
    llmfile.create(path, out.collection.name, f"semsearch/{out.collection.builder}", rows)
