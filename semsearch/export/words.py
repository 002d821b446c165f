"""word2vec's two formats, which gensim and spaCy read: a first line `count dim`, then the words."""

from __future__ import annotations

from pathlib import Path

from semsearch.export.outgoing import Outgoing

_SPACES = " \t\n\r\v\f"
_FORMAT = "a word2vec file, whose words end at a space,"  # in messages


def write_text(out: Outgoing, path: Path, _: Path) -> None:
    """Numbers with nine digits, which preserve every float32 exactly (IEEE 754-2019, 5.12.2)."""
    line = " ".join(["%s", *["%.9g"] * out.collection.dim]) + "\n"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"{out.count} {out.collection.dim}\n")
        for block in out.blocks():
            keys = out.checked_keys(block, _SPACES, _FORMAT)
            file.writelines(line % (key, *row) for key, row in zip(keys, block.vectors.tolist(), strict=True))


def write_binary(out: Outgoing, path: Path, _: Path) -> None:
    """Each word, a space, little-endian float32 numbers and a line end, as word2vec.c writes them."""
    with path.open("wb") as file:
        file.write(f"{out.count} {out.collection.dim}\n".encode())
        for block in out.blocks():
            keys = out.checked_keys(block, _SPACES, _FORMAT)
            vectors = block.vectors.astype("<f4")
            file.writelines(key.encode() + b" " + row.tobytes() + b"\n" for key, row in zip(keys, vectors, strict=True))
