"""Pictures in a column of somebody's own table: used in place, learned from, searched by, followed, never altered."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

import semsearch
from semsearch.errors import InputError, NotFoundError
from semsearch.images import image_arrays, image_io, png
from semsearch.ingest.columns import Columns, register_table
from semsearch.search.query import similar
from semsearch.storage import collections, datasets
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection, sqlite3
from tests.planted_images import shapes

PIXELS, LABELS = shapes(40, 12)
BAD = {"text": "not a picture", "cut": png.encode(PIXELS[0])[:20], "words": b"words", "none": None}


def fill(db: Connection) -> None:
    """Forty shapes in a table that another program made, and some rows that hold none."""
    db.execute("create table photos (name text primary key, title text, kind text, photo blob, width text)")
    rows: list[tuple[Any, ...]] = [
        (f"p{at:02}", f"Shape {at}", label, png.encode(one))
        for at, (one, label) in enumerate(zip(PIXELS, LABELS, strict=True))
    ]
    rows += [(name, None, None, content) for name, content in BAD.items()]
    db.executemany("insert into photos (name, title, kind, photo) values (?, ?, ?, ?)", rows)


@pytest.fixture
def own(db: Connection) -> Connection:
    """A file with that table."""
    fill(db)
    return db


def photos(db: Connection) -> list[Any]:
    schema = db.execute("select sql from sqlite_master where name = 'photos'").fetchone()
    return [schema, *db.execute("select * from photos order by name")]


def test_a_column_of_pictures_is_used_in_place(own: Connection, path: str, run: Callable[..., Any]) -> None:
    before = photos(own)
    done = run("ingest", "table", path, "photos", "--image", "PHOTO", "--title", "title", "--label", "kind")
    assert done.exit_code == 0 and "4 of the first 44 rows hold no readable image" in done.stderr
    done = run("build", path, "photos", "--dim", "4")
    assert (
        "Built photos_pca: 40 images" in done.stderr
        and "4 images have no vector, because they cannot be read" in done.stderr
    )
    assert photos(own) == before
    hits = similar(own, open_collection(own, "photos_pca"), ["p05"], k=5).hits
    assert {hit.row["kind"] for hit in hits} == {LABELS[5]}
    assert "Shape" in run("similar", path, "photos_pca", "p05").stdout
    (judged,) = json.loads(run("evaluate", "images", path, "photos_pca", "--json").stdout)
    assert judged["judged"] == 8 and judged["knn"] > 0.5  # of four kinds, from 32


def test_updates_follow_it(own: Connection, path: str, run: Callable[..., Any]) -> None:
    assert run("index", path, "photos", "--image", "photo").exit_code == 0
    own.execute("update photos set photo = ? where name = 'p01'", [png.encode(PIXELS[2])])
    own.execute("update photos set photo = ? where name = 'none'", [png.encode(PIXELS[3])])
    own.execute("insert into photos (name, photo) values ('new', ?)", [png.encode(PIXELS[4])])
    own.execute("delete from photos where name = 'p09'")
    done = run("update", path)
    assert done.exit_code == 0 and "1 added, 2 changed, 1 deleted" in done.stderr, done.stderr
    assert collections.get_collection(own, "photos_pca").count == 41
    assert similar(own, open_collection(own, "photos_pca"), ["new"], k=1).hits[0].id == "p04"


def test_from_python_and_by_picture(path: str) -> None:
    db = sqlite3.connect(path)
    fill(db)
    db.commit()
    db.close()
    with semsearch.open(path, memory=0) as opened:
        assert opened.index("photos", image="photo", label="kind").collections[0].name == "photos_pca"
        assert opened.search_by_picture("photos_pca", PIXELS[7], k=1)[0].id == "p07"


@pytest.mark.parametrize(
    ("columns", "error", "said"),
    [
        (Columns(image="nothing"), NotFoundError, "no column 'nothing'"),
        (Columns(image="title"), InputError, "photos.title holds no images: the first value is not a BLOB"),
        (Columns(image="width"), InputError, "photos.width holds no images: the first value is NULL"),
    ],
)
def test_columns_that_hold_no_pictures(own: Connection, columns: Columns, error: type[Exception], said: str) -> None:
    own.execute("delete from photos where title is null")
    with pytest.raises(error, match=said):
        register_table(own, "photos", columns)
    assert datasets.all_datasets(own) == []


def test_a_table_without_text_is_told_of_its_pictures(db: Connection, path: str, run: Callable[..., Any]) -> None:
    db.execute("create table files (id integer primary key, content blob)")
    db.execute("insert into files (content) values (?)", [png.encode(PIXELS[0])])
    done = run("index", path, "files")
    assert done.exit_code == 1 and "if 'content' holds images, give --image content" in done.stderr


def test_a_picture_is_measured_as_it_is_read() -> None:
    saved = io.BytesIO()
    turned = Image.new("RGB", (9, 5), "red")
    exif = turned.getexif()
    exif[image_io.ORIENTATION_TAG] = 6
    turned.save(saved, "JPEG", exif=exif)
    for content in (saved.getvalue(), png.encode(PIXELS[0])):
        assert image_io.read_size(content) == image_io.read(content, image_io.ImageSpec()).pixels.shape
    for content in (b"words", b""):
        with pytest.raises(InputError, match="is not an image of a known format"):
            image_io.read_size(content)


def test_all_are_learned_at_one_shape(own: Connection) -> None:
    dataset, _ = register_table(own, "photos", Columns(image="photo"))
    assert image_arrays.common_shape(own, dataset) == (12, 12, 1)
