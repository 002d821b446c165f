"""word2vec's two formats, which gensim and spaCy read: a first line `count dim`, then one word after the other."""

from __future__ import annotations

from pathlib import Path

from semsearch.export.outgoing import Outgoing

_SPACES = " \t\n\r\v\f"
_WHAT = "a word2vec file, whose words end at a space,"


def write_text(out: Outgoing, path: Path, _: Path) -> None:
    """Numbers with nine digits, which float32 survives unchanged (IEEE 754-2019, 5.12.2)."""
    line = " ".join(["%s", *["%.9g"] * out.collection.dim]) + "\n"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"{out.count} {out.collection.dim}\n")
        for block in out.blocks():
            keys = out.checked(block, _SPACES, _WHAT)
            file.writelines(line % (key, *row) for key, row in zip(keys, block.vectors.tolist(), strict=True))


def write_binary(out: Outgoing, path: Path, _: Path) -> None:
    """Each word, a space, little-endian float32 numbers, and a line end, as word2vec.c has it."""
    with path.open("wb") as file:
        file.write(f"{out.count} {out.collection.dim}\n".encode())
        for block in out.blocks():
            keys = out.checked(block, _SPACES, _WHAT)
            vectors = block.vectors.astype("<f4")
            file.writelines(key.encode() + b" " + row.tobytes() + b"\n" for key, row in zip(keys, vectors, strict=True))
