"""`pca` on planted pictures and columns: shapes found again, updates, and what cannot be learned from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from semsearch import registry
from semsearch.builders.base import Decodes, Encodes
from semsearch.building import build
from semsearch.building.update import update
from semsearch.errors import BuildError, InputError
from semsearch.images import png
from semsearch.records import Images, State
from semsearch.search.models import encode_picture, state_of
from semsearch.search.query import similar
from semsearch.storage import collections
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from tests.planted_images import load, shapes

PCA = registry.load().builder("pca")


def test_planted_shapes_are_near_their_own_kind(db: Connection) -> None:
    pixels, labels = shapes()
    dataset = load(db, pixels, labels)
    built = build.build(db, dataset, PCA, {})
    assert built.collections[0].of == "image" and 2 <= built.collections[0].dim <= 60
    assert built.run.metrics["captured_variance"] >= 0.9
    for row in range(0, 80, 7):
        near = [
            labels[int(hit.id) - 1] for hit in similar(db, open_collection(db, "shapes_pca"), [str(row + 1)], k=5).hits
        ]
        assert near == [labels[row]] * 5


def test_all_components_give_the_pictures_back(db: Connection) -> None:
    pixels, labels = shapes(20)
    built = build.build(db, load(db, pixels, labels), PCA, {"dim": 19})
    collection = built.collections[0]
    state = state_of(db, collection)
    assert isinstance(PCA, Encodes) and isinstance(PCA, Decodes)
    codes = PCA.encode(state, Images([str(row) for row in range(20)], pixels))
    assert np.abs(PCA.decode(state, codes).astype(int) - pixels).max() <= 1  # rounding to bytes
    few = np.where(np.arange(19) < 3, codes, 0)
    error = [((PCA.decode(state, each).astype(float) - pixels) ** 2).mean() for each in (few, codes)]
    assert error[0] > 10 * error[1]
    assert encode_picture(db, collection, png.encode(pixels[4]), said="it") == pytest.approx(codes[4], abs=1e-3)


def test_the_mse_it_reports_is_that_of_its_reconstructions(db: Connection) -> None:
    pixels, labels = shapes(60)
    built = build.build(db, load(db, pixels, labels), PCA, {"dim": 5})
    state = state_of(db, built.collections[0])
    made = PCA.decode(state, PCA.encode(state, Images([str(row) for row in range(60)], pixels)))
    mse = (((made.astype(float) - pixels) / 255) ** 2).mean()
    # Clipping to 0..255 can only come nearer; rounding adds (1/255)²/12.
    assert mse <= built.run.metrics["mse"] * 1.01 and mse > 0.8 * built.run.metrics["mse"]


def test_update_takes_in_new_changed_and_deleted_pictures(db: Connection) -> None:
    pixels, labels = shapes(44)
    dataset = load(db, pixels[:40], labels[:40])
    build.build(db, dataset, PCA, {})
    db.execute("update shapes set content = ? where id = 1", [png.encode(pixels[41])])
    db.execute("delete from shapes where id = 2")
    values = [png.encode(pixels[42]), labels[42]]
    db.execute("insert into shapes (id, width, height, channels, content, label) values (90, 12, 12, 1, ?, ?)", values)
    done = update(db, "shapes_pca").updated[0]
    assert (done.update.added, done.update.changed, done.update.deleted) == (1, 1, 1)
    assert done.collection.count == 40
    assert labels[int(similar(db, open_collection(db, "shapes_pca"), ["90"], k=1).hits[0].id) - 1] == labels[42]
    assert update(db, "shapes_pca").updated[0].update.added == 0


@pytest.mark.parametrize(
    ("n", "said"), [(1, "At least 2 images are needed, found 1"), (5, "All 5 images are identical")]
)
def test_nothing_to_tell_apart(db: Connection, n: int, said: str) -> None:
    dataset = load(db, np.full((n, 6, 6, 1), 70, np.uint8), ["same"] * n)
    with pytest.raises(BuildError, match=said):
        build.build(db, dataset, PCA, {})
    assert collections.all_collections(db) == []


def test_pictures_that_cannot_be_read_any_more_get_no_vector(db: Connection) -> None:
    pixels, labels = shapes(20)
    dataset = load(db, pixels, labels)
    db.execute("update shapes set content = x'00' where id = 3")
    assert build.build(db, dataset, PCA, {"dim": 4}).without_vector == 1


def test_columns_of_any_table(db: Connection, run: Callable[..., Any], path: str) -> None:
    rng = np.random.default_rng(3)
    size = rng.standard_normal(60)
    rows = [(f"row {at}", 1e6 + 2e5 * x, 0.001 * x, rng.standard_normal(), 7) for at, x in enumerate(size)]
    db.execute("create table flats (name text primary key, price real, area real, luck real, same integer)")
    db.executemany("insert into flats values (?, ?, ?, ?, ?)", rows)
    done = run("build", "pca", path, "flats", "--columns", "price, area,luck,same", "--dim", "2")
    assert done.exit_code == 0 and "60 rows, 2 dimensions" in done.stderr
    state = State(collections.read_arrays(db, 1))
    first = np.abs(state.arrays["components"][0])
    # Price and area are one thing in other units: together they are the first component, and weigh the same.
    assert first[:2] == pytest.approx([np.sqrt(0.5)] * 2, abs=0.05) and first[3] < 1e-5
    largest, smallest = f"row {size.argmax()}", f"row {size.argmin()}"
    assert similar(db, open_collection(db, "flats_pca"), [largest], k=59).hits[-1].score < -0.5
    assert smallest in [hit.id for hit in similar(db, open_collection(db, "flats_pca"), [largest], k=59).hits[-20:]]
    db.execute("update flats set luck = null where name in ('row 4', 'row 5')")
    done = run("build", "pca", path, "flats", "--columns", "price,luck")
    assert done.exit_code == 1 and "flats.luck of row row 4 is NULL (2 rows have NULL there)" in done.stderr
    done = run("build", "pca", path, "flats", "--columns", "price,name")
    assert done.exit_code == 1 and "flats.name of row row 0 is 'row 0': numbers are needed" in done.stderr


def test_other_shapes_and_columns_are_refused(db: Connection) -> None:
    pixels, labels = shapes(20)
    built = build.build(db, load(db, pixels, labels), PCA, {"dim": 4})
    state = state_of(db, built.collections[0])
    with pytest.raises(
        InputError, match="The images have 12 × 5 pixels in 1 channel, but the model was trained on images of 12 × 12"
    ):
        PCA.encode(state, Images(["1"], pixels[:1, :5]))
    for options, said in (
        ({"dim": 0}, "at least 1"),
        ({"variance": 2.0}, "at most 1"),
        ({"image_size": 0}, "between 1 and 1,024"),
    ):
        with pytest.raises(InputError, match=said):
            build.build(db, load(db, pixels, labels), PCA, options)
