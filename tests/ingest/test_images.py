"""Pictures in, from every kind of source, and the sources that break naive readers."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from semsearch.errors import InputError
from semsearch.images import image_io, png
from semsearch.images.image_io import ImageSpec
from semsearch.ingest.base import Loaded
from semsearch.ingest.images import load_images, read_images
from semsearch.storage import datasets
from semsearch.storage.driver import Connection

AS_THEY_ARE, LINKED = ImageSpec(), ImageSpec(link=True)


def png_of(colour: object = 100, size: tuple[int, int] = (6, 4), mode: str = "L", **save: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, str(save.pop("format", "PNG")), **save)
    return out.getvalue()


def load(db: Connection, *sources: object, wanted: ImageSpec = AS_THEY_ARE, **how: bool) -> Loaded:
    return load_images(db, "pics", read_images([str(one) for one in sources]), wanted, source="test", **how)


def rows(db: Connection) -> dict[object, dict[str, object]]:
    cursor = db.execute("select * from pics order by id")
    names = [column[0] for column in cursor.description]
    return {row[0]: dict(zip(names, row, strict=True)) for row in cursor}


def pixels(row: dict[str, object]) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(row["content"])))


def folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def test_a_folder_s_names_are_labels_and_splits(db: Connection, tmp_path: Path) -> None:
    source = folder(
        tmp_path / "in",
        {"train/cat/1.png": png_of(1), "test/dog/2.png": png_of(2), "3.png": png_of(3), ".hidden/4.png": png_of(4)},
    )
    loaded = load(db, source)
    assert (loaded.added, loaded.skipped_count, loaded.dataset.kind) == (3, 0, "images")
    found = rows(db)
    assert [(key, row["label"], row["split"]) for key, row in found.items()] == [
        ("3.png", None, None), ("test/dog/2.png", "dog", "test"), ("train/cat/1.png", "cat", "train"),
    ]  # fmt: skip
    assert "1 of 3 has no label" in loaded.remarks and loaded.dataset.label_column == "label"
    assert load(db, source).unchanged == 3
    (source / "3.png").write_bytes(png_of(33))
    assert load(db, source).updated == 1


def test_archives_are_read_where_they_lie_and_their_names_are_only_keys(db: Connection, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../../etc/x.png", png_of(5))
        archive.writestr("/abs/y.png", png_of(6))
        archive.writestr("__MACOSX/._y.png", b"junk")
        archive.writestr("notes.txt", "no picture")
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("../up/z.png")
        member.size = len(png_of(7))
        archive.addfile(member, io.BytesIO(png_of(7)))
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    load(db, tmp_path / "a.zip", tmp_path / "b.tar.gz")
    assert {key: row["label"] for key, row in rows(db).items()} == {
        "a.zip/etc/x.png": "etc", "a.zip/abs/y.png": "abs", "b.tar.gz/up/z.png": "up",
    }  # fmt: skip
    assert not (tmp_path.parent / "etc").exists()


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def test_idx_pairs_keep_every_pixel(db: Connection, tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 256, (1203, 5, 7), np.uint8)
    source = folder(
        tmp_path / "in",
        {
            "train-images-idx3-ubyte.gz": gzip.compress(idx(values)),
            "train-labels-idx1-ubyte": idx((np.arange(1203) % 10).astype("u1")),
        },
    )
    assert load(db, source).added == 1203
    found = rows(db)
    assert all((pixels(found[row + 1]) == values[row]).all() for row in (0, 1, 999, 1000, 1202))
    assert (found[1203]["label"], found[1203]["split"], found[1203]["width"]) == (1202 % 10, "train", 7)


def test_labels_of_another_number_are_told(db: Connection, tmp_path: Path) -> None:
    source = folder(
        tmp_path / "in",
        {"a-images-idx3-ubyte": idx(np.zeros((4, 2, 2), "u1")), "a-labels-idx1-ubyte": idx(np.zeros(2, "u1"))},
    )
    with pytest.raises(InputError, match="has 2 labels, .* 4 images"):
        load(db, source)
    np.savez(tmp_path / "b.npz", images=np.zeros((4, 2, 2), "u1"), labels=np.zeros(2))
    with pytest.raises(InputError, match="labels has 2 labels, but images in .* 4 images"):
        load(db, tmp_path / "b.npz")
    (source / "a-images-idx3-ubyte").write_bytes(idx(np.zeros((4, 2, 2), "u1"))[:-3])
    (source / "a-labels-idx1-ubyte").unlink()
    with pytest.raises(InputError, match="truncated, 3 bytes are missing"):
        load(db, source)


def test_npz_has_labels_splits_and_other_columns(db: Connection, tmp_path: Path) -> None:
    colour = np.zeros((3, 4, 4, 3), "u1")
    colour[..., 0] = 200
    np.savez(tmp_path / "a.npz", images=colour, subject=[7, 8, 9], number=[1, 2, 3], is_test=[True, False, True])
    load(db, tmp_path / "a.npz")
    found = rows(db)
    assert [(row["label"], row["number"], row["split"]) for row in found.values()] == [
        (7, 1, "test"), (8, 2, "train"), (9, 3, "test"),
    ]  # fmt: skip
    assert (pixels(found[1]) == colour[0]).all() and found[1]["channels"] == 3
    files = [png_of(9), png_of(90, format="JPEG")]
    np.savez(
        tmp_path / "b.npz", blob=np.frombuffer(b"".join(files), "u1"), offsets=np.cumsum([0, *map(len, files)]),
        labels=[0, 1], classes=["cat", "dog"],
    )  # fmt: skip
    made = load_images(db, "packed", read_images([str(tmp_path / "b.npz")]), ImageSpec(), source="b.npz")
    assert made.added == 2
    assert db.execute("select label from packed order by id").fetchall() == [("cat",), ("dog",)]


def test_index_leaves_pictures_what_they_are(
    db: Connection, tmp_path: Path, path: str, run: Callable[..., Any]
) -> None:
    load(db, folder(tmp_path / "in", {f"{at}.png": png_of(at) for at in range(9)}))
    done = run("index", path, "pics")
    assert done.exit_code == 0 and "Built pics_pca: 9 images" in done.stderr, done.stderr
    assert run("ingest", "table", path, "pics").exit_code == 0
    assert datasets.get_dataset(db, "pics").kind == "images"
    done = run("ingest", "documents", path, "texts", tmp_path / "in")
    assert done.exit_code == 1 and "holds images, not text: read them with `semsearch ingest images`" in done.stderr


def bomb(side: int) -> bytes:
    """A PNG of so many pixels on a side in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 90_000))
        + chunk(b"IEND", b"")
    )


BAD = {
    "text.png": (b"these are words, not pixels", "not an image of a known format"),
    "bomb.png": (bomb(30_000), "has 900,000,000 pixels: the limit is 50 megapixels"),
    "huge.png": (bomb(20_000), "limit is 50 megapixels"),
    "cut.jpg": (png_of(9, (60, 60), format="JPEG")[:300], "is damaged"),
    "empty.gif": (b"", "not an image of a known format"),
    "page.eps.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image of a known format"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_picture_is_listed_or_stops_all(db: Connection, tmp_path: Path, name: str) -> None:
    content, why = BAD[name]
    source = folder(tmp_path / "in", {"a.png": png_of(1), name: content})
    with warnings.catch_warnings(record=True) as told:
        loaded = load(db, source)
    assert (loaded.added, loaded.skipped_count) == (1, 1) and not told
    assert name in loaded.skipped[0] and why in loaded.skipped[0]
    db.execute("drop table pics")
    with pytest.raises(InputError, match=why):
        load(db, source, strict=True)
    assert db.execute("select count(*) from sqlite_master where name = 'pics'").fetchone() == (0,)


def test_odd_pictures_become_plain_ones(db: Connection, tmp_path: Path) -> None:
    frames = [Image.new("L", (8, 8), shade) for shade in (10, 200)]
    frames[0].save(tmp_path / "move.gif", save_all=True, append_images=frames[1:])
    exif = Image.Exif()
    exif[0x0112] = 6  # held sideways
    source = folder(
        tmp_path / "in",
        {
            "one.png": png_of(77, (1, 1)),
            "ink.jpg": png_of((0, 0, 0, 0), (8, 8), "CMYK", format="JPEG"),
            "clear.png": png_of((0, 0, 0, 0), (8, 8), "RGBA"),
            "grey.png": png_of((50, 50, 50), (8, 8), "RGB"),
            "red.png": png_of((250, 0, 0), (8, 8), "RGB"),
            "deep.png": png_of(0x8080, (8, 8), "I;16"),
            "turned.jpg": png_of(9, (8, 4), exif=exif, format="JPEG"),
            "move.gif": (tmp_path / "move.gif").read_bytes(),
        },
    )
    loaded = load(db, source)
    found = rows(db)
    assert loaded.added == 8 and loaded.skipped == []
    assert "1 is animated: the first image of each was stored" in loaded.remarks
    assert any(said.startswith("1 of 8 is in colour") for said in loaded.remarks)
    assert pixels(found["one.png"]).shape == (1, 1)
    assert (found["turned.jpg"]["width"], found["turned.jpg"]["height"]) == (4, 8)
    grey = {"ink.jpg": 255, "clear.png": 255, "grey.png": 50, "deep.png": 0x80, "move.gif": 10}
    assert {name: int(pixels(found[name]).mean()) for name in grey} == pytest.approx(grey, abs=2)  # JPEG rounds
    assert all(found[name]["channels"] == 1 for name in grey) and found["red.png"]["channels"] == 3


def test_size_keeps_proportions_on_the_mean_of_the_edge(db: Connection, tmp_path: Path) -> None:
    wide = np.full((10, 20, 1), 40, np.uint8)
    source = folder(tmp_path / "in", {"wide.png": png.encode(wide), "red.png": png_of((255, 0, 0), (3, 9), "RGB")})
    load(db, source, wanted=ImageSpec(8, 3))
    found = rows(db)
    assert all((row["width"], row["height"], row["channels"]) == (8, 8, 3) for row in found.values())
    assert (pixels(found["wide.png"]) == 40).all()
    assert (pixels(found["red.png"]) == (255, 0, 0)).all()
    with pytest.raises(InputError, match="--size must be between 1 and 4,096 pixels, not"):
        ImageSpec(0)


def test_large_pictures_are_made_smaller_unless_told_otherwise(db: Connection, tmp_path: Path) -> None:
    loaded = load(db, folder(tmp_path / "in", {"big.jpg": png_of(9, (1200, 300), format="JPEG")}))
    assert (rows(db)["big.jpg"]["width"], rows(db)["big.jpg"]["height"]) == (512, 128)
    assert "1 was reduced to 512 pixels on the longer side" in loaded.remarks


def test_links_keep_paths_and_no_bytes(db: Connection, tmp_path: Path) -> None:
    source = folder(tmp_path / "in", {"a/1.png": png_of(1), "2.png": png_of(2)})
    load(db, source, wanted=LINKED)
    row = rows(db)["a/1.png"]
    assert row["content"] is None and row["path"] == str(source / "a" / "1.png") and len(str(row["digest"])) == 32
    (source / "2.png").write_bytes(png_of(3))
    assert load(db, source, wanted=LINKED).updated == 1
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x.png", png_of(5))
    with pytest.raises(InputError, match="--link needs image files"):
        load(db, tmp_path / "a.zip", wanted=LINKED)


def test_sources_that_are_not_there_or_hold_nothing(db: Connection, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file or folder"):
        load(db, tmp_path / "nothing")
    with pytest.raises(InputError, match="none of its files is an image"):
        load(db, folder(tmp_path / "in", {"notes.txt": b"words"}))
    (tmp_path / "a.zip").write_bytes(b"no archive")
    with pytest.raises(InputError, match="not a zip archive"):
        load(db, tmp_path / "a.zip")
    folder(tmp_path / "in", {"a.png": png_of(1)})
    np.savez(tmp_path / "b.npz", images=np.zeros((4, 2, 2), "u1"))
    with pytest.raises(InputError, match="mixes"):
        load(db, tmp_path / "in", tmp_path / "b.npz")


def test_png_is_read_by_others_and_reads_only_its_own() -> None:
    rng = np.random.default_rng(1)
    for shape in ((1, 1, 1), (3, 5, 3), (28, 28, 1)):
        values = rng.integers(0, 256, shape, np.uint8)
        content = png.encode(values)
        theirs = np.asarray(Image.open(io.BytesIO(content)))
        assert (theirs.reshape(shape) == values).all()
        assert (png.decode(content) == values).all() and png.size_of(content) == shape
        assert png.decode(content[:-5]) is None and png.decode(b"") is None
    noise = rng.integers(0, 256, (40, 40, 1), np.uint8)
    filtered = image_io._pillow().fromarray(noise[:, :, 0].cumsum(axis=1).astype(np.uint8))
    out = io.BytesIO()
    filtered.save(out, "PNG")
    read = image_io.read(out.getvalue(), ImageSpec())
    assert (read.pixels[:, :, 0] == np.asarray(filtered)).all()
