"""Pages of pictures: thumbnails, components, fingerprints, search by upload, samples; and who may see them."""

from __future__ import annotations

import base64
import io
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from semsearch_datasette.compat import IS_1

from semsearch import registry
from semsearch.building import build
from semsearch.images import png
from semsearch.images.generate import decoders
from semsearch.images.image_io import ImageSpec
from semsearch.ingest.columns import Columns, register_table
from semsearch.ingest.images import load_images, read_images
from semsearch.search.images import code_of, vector_of_code
from semsearch.storage import connect
from semsearch.storage.driver import Connection
from tests.datasette.pages import configured, ours
from tests.planted_images import load, shapes

BASE = "/pics/-/semsearch/shapes_pca"
PIXELS, LABELS = shapes(60, 12)
IMAGES = (
    "/thumbnail/1", "/component/0", "/component/1", "/reconstruction/1", "/reconstruction/1?k=2", "/sample?seed=3",
    "/sample?seed=3&prior=mixture", "/sample?seed=3&number=5", "/walk?from=1&to=2", "/walk?seed=3&number=5&other=64",
    "/reconstructed/1?noise=0.3", "/reconstructed/0?id=2",
)  # fmt: skip
MENDED = tuple(
    f"/reconstruct{way}" for way in ("", "?noise=0.3", "?mask=4&seed=2", "?from_size=6&id=2", "?bits=8", "?k=3")
)
PAGES = (
    "",
    "/item/1",
    "/item/1?k=2",
    "/similar/1",
    "/components",
    "/samples",
    "/samples?seed=4&from=1&to=3",
    "/samples?seed=4&number=9&other=2",
    "/samples?measure=1",
    "/runs",
    *MENDED,
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("pics") / "pics.db")
    with connect.writing(path, create=True) as db:
        build.build(db, load(db, PIXELS, LABELS), registry.load().builder("pca"), {"dim": 6})
        connect.checkpoint(db)
    return path


def opened(answer: Any) -> np.ndarray:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def test_every_page_answers_and_has_a_twin(file: str, make_site: Any) -> None:
    site = make_site(file)
    for page in PAGES:
        answer = site.get(BASE + page)
        assert answer.status_code == 200, page
        path, mark, rest = page.partition("?")
        twin = site.get(f"{BASE}{path}.json{mark}{rest}")
        assert twin.json()["ok"] is True
        for address in re.findall(r'<img[^>]* src="([^"]*)"', answer.text):
            assert opened(site.get(address.replace("&amp;", "&"))).size
    assert len(site.get(f"{BASE}/item/1.json").json()["code"]) == 6


def test_the_list_of_collections_offers_no_search_by_text(file: str, make_site: Any) -> None:
    text = make_site(file).get("/pics/-/semsearch").text
    assert "search by an image" in text and 'name="q"' not in text


def test_pictures_have_words_for_who_cannot_see_them(file: str, make_site: Any) -> None:
    text = make_site(file).get(f"{BASE}/similar/1").text
    alts = re.findall(r'<img src="[^"]*" alt="([^"]*)"', text)
    assert len(set(alts)) == 10
    assert all(re.fullmatch(r"Image \d+, labelled standing", alt) for alt in alts)


def test_components_keep_their_place_until_they_are_there(file: str, make_site: Any) -> None:
    page = ours(make_site(file).get(f"{BASE}/components").text)
    grid = page[page.index("<ol") : page.index("</ol>")]
    sizes = set(re.findall(r'<img [^>]*width="(\d+)" height="(\d+)"', grid))
    assert grid.count("<img") == len(re.findall(r'width="\d+" height="\d+"', grid)) and len(sizes) == 1, sizes


def test_samples_before_and_after_are_two_links(file: str, make_site: Any) -> None:
    page = ours(make_site(file).get(f"{BASE}/samples?seed=4").text)
    between = page[page.index('rel="prev"') : page.index('rel="next"')]
    assert "Previous seed</a>" in between and '<span class="sem-dot">·</span>' in between
    first = ours(make_site(file).get(f"{BASE}/samples?seed=0").text)
    assert 'rel="prev"' not in first and 'rel="next"' in first


def test_thumbnails_are_the_pictures_and_are_kept(file: str, make_site: Any) -> None:
    site = make_site(file)
    address = re.findall(r'src="([^"]*/thumbnail/[^"]*)"', site.get(BASE).text)[0]
    answer = site.get(address)
    assert (opened(answer) == PIXELS[0, :, :, 0]).all()
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    again = site.get(address, headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304 and again.content == b""
    assert "no-cache" in site.get(f"{BASE}/thumbnail/1").headers["cache-control"]
    for page in ("/thumbnail/999", "/thumbnail/x", "/component/7", "/reconstruction/999", "/walk?from=1&to=999"):
        assert site.get(BASE + page).status_code == 404, page
    for page in ("/reconstruction/1?k=7", "/reconstruction/1?k=x", "/sample?seed=-1", "/sample?prior=magic"):
        assert site.get(BASE + page).status_code == 400, page


def upload(site: Any, content: bytes, *, token: str | None = None, **options: Any) -> Any:
    page = site.get(BASE, **options)
    given = re.search(r'name="csrftoken" value="([^"]*)"', page.text)
    cookies = {**options.pop("cookies", {}), **dict(page.cookies)}
    return site.call(
        site.datasette.client.post(
            f"{BASE}/picture",
            data={"csrftoken": token or (given[1] if given else "")},
            files={"picture": ("x.png", content, "image/png")},
            cookies=cookies,
            **options,
        )
    )


def test_an_upload_is_answered_by_a_page_that_can_be_shared(file: str, make_site: Any) -> None:
    site = make_site(file)
    answer = upload(site, png.encode(PIXELS[6]))
    assert answer.status_code == 303, answer.text
    found = site.get(answer.headers["location"].replace("?", ".json?")).json()
    assert found["ok"], (found, answer.headers["location"])
    assert found["hits"][0]["id"] == 7 and found["hits"][0]["vector_score"] > 0.999
    page = site.get(answer.headers["location"])
    assert "Most similar to your image" in page.text and "reconstructed from its vector" in page.text
    assert opened(site.get(re.findall(r'src="([^"]*/coded[^"]*)"', page.text)[0].replace("&amp;", "&"))).size


def test_an_inverted_query_image_is_noticed_and_can_be_inverted(file: str, make_site: Any) -> None:
    site = make_site(file)
    location = upload(site, png.encode(255 - PIXELS[6])).headers["location"]
    page = unescape(ours(site.get(location).text))
    assert "The inverse of your image is more similar to the images of shapes" in page and "Your image" in page
    shown = opened(site.get(re.findall(r'src="([^"]*/asked[^"]*)"', page)[0]))
    assert (shown[::10, ::10] == 255 - PIXELS[6][:, :, 0]).all()  # each pixel is repeated ten times
    turned = re.findall(r'<a class="sem-button" href="([^"]*)"', page)[0]
    data = site.get(turned.replace("?", ".json?")).json()
    assert data["hits"][0]["id"] == 7 and data["contrast"]["given"] > 0.999 > data["contrast"]["inverted"]
    again = unescape(ours(site.get(turned).text))
    assert "The inverse of your image" not in again
    assert (opened(site.get(re.findall(r'src="([^"]*/asked[^"]*)"', again)[0]))[::10, ::10] == PIXELS[6][:, :, 0]).all()


@pytest.mark.parametrize("copy", ["", "zzz", "%00", "A" * 5000], ids=["none", "no image", "no text", "long"])
def test_a_copy_that_is_no_small_image_is_refused(file: str, make_site: Any, copy: str) -> None:
    assert make_site(file).get(f"{BASE}/asked?copy={copy}").status_code == 400
    large = base64.urlsafe_b64encode(png.encode(np.zeros((40, 4, 1), np.uint8))).decode().rstrip("=")
    assert make_site(file).get(f"{BASE}/asked?copy={large}").status_code == 400


def test_datasettes_own_table_shows_thumbnails(file: str, make_site: Any) -> None:
    page = make_site(file).get("/pics/shapes?_size=5").text
    sources = re.findall(r'<img src="([^"]*/thumbnail/[^"]*)" alt="Image (\d+)" width="64"', page)
    assert [id for _, id in sources] == ["1", "2", "3", "4", "5"]
    assert (opened(make_site(file).get(sources[0][0])) == PIXELS[0, :, :, 0]).all()
    assert "thumbnail" not in make_site(file).get("/pics/shapes?_nocol=id").text


def test_reconstructions_say_what_the_command_says(file: str, make_site: Any, run: Any, tmp_path: Path) -> None:
    site = make_site(file)
    for page, option in (
        ("noise=0.3", "--noise=0.3"),
        ("mask=4", "--mask=4"),
        ("bits=4", "--bits=4"),
        ("k=2", "--k=2"),
    ):
        answer = site.get(f"{BASE}/reconstruct.json?{page}&seed=5").json()
        said = run("reconstruct", file, "shapes_pca", "-o", tmp_path / "g.png", "-n", 10, "--seed=5", option, "--json")
        assert answer["scores"] == json.loads(said.stdout) and len(answer["ids"]) == 10
        assert opened(site.get(answer["rows"][-1]["url"].partition("localhost")[2])).shape == (74 + 2, 10 * 74 + 2)
    page = site.get(f"{BASE}/reconstruct?mask=4&id=3&id=7").text
    captions = re.findall(r"<figcaption>(.*?)(?: <|</)", page)
    assert captions == ["Original", "With a hole of 4 by 4", "Smooth filling", "shapes_pca, 6 dimensions"]
    assert page.count('name="id"') == 2 and "Other images" not in page
    assert "Storage size" in site.get(f"{BASE}/reconstruct?bits=8").text
    assert f"{BASE}/reconstruct?id=3" in site.get(f"{BASE}/item/3").text


def test_reconstructions_that_cannot_be(file: str, make_site: Any) -> None:
    site = make_site(file)
    many = "&".join(f"id={number}" for number in range(1, 43))
    for page in ("noise=0.3&mask=2", "k=2&bits=3", "noise=x", "noise=3", "mask=12", "bits=17", "bits=1.5", "k=7", many):
        answer = site.get(f"{BASE}/reconstruct?{page}")
        assert answer.status_code == 400 and "<pre" not in answer.text, page
    for page in ("reconstruct?id=999", "reconstruct?id=1&id=x", "reconstructed/4?mask=3"):
        assert site.get(f"{BASE}/{page}").status_code == 404, page


def test_uploads_that_cannot_be(file: str, make_site: Any) -> None:
    site = make_site(file)
    for content, said in (
        (b"words", "is not an image"),
        (b"", "No image was uploaded"),
        (b"x" * (10 << 20) + b"y", "10 MB"),
    ):
        answer = upload(site, content)
        assert answer.status_code == 400 and said in answer.text, answer.text[:300]
    assert site.get(f"{BASE}/picture").status_code == 405
    for code in ("zzz", "AAAA", "%00", "A" * 5000):
        assert site.get(f"{BASE}?picture={code}").status_code == 400
    if not IS_1:  # 1.0 looks at where a request comes from instead
        assert upload(site, png.encode(PIXELS[0]), token="forged", cookies={"other": "1"}).status_code == 403
    far = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}
    if IS_1:
        assert upload(site, png.encode(PIXELS[0]), headers=far).status_code == 403
    assert upload(site, png.encode(PIXELS[0])).status_code == 303
    assert site.get(f"{BASE}?label=lying").text.count("labelled lying") == 15


def test_codes_keep_a_vector_in_a_url() -> None:
    vector = np.random.default_rng(0).standard_normal(60).astype(np.float32)
    code = code_of(vector)
    assert re.fullmatch(r"[\w-]+", code) and len(code) < 90
    assert vector_of_code(code, 60) == pytest.approx(vector, abs=float(np.abs(vector).max()) / 250)


def test_whoever_may_not_see_the_table_sees_no_picture(file: str, make_site: Any) -> None:
    closed = {"databases": {"pics": {"tables": {"shapes": {"allow": {"id": "owner"}}}}}}
    site = make_site(file, **configured(closed))
    for page in (*PAGES, *IMAGES, "/coded?picture=x", "/asked?copy=x", "?picture=x"):
        answer = site.get(BASE + page)
        assert answer.status_code == 404 and not answer.content.startswith(b"\x89PNG"), page
    owner = site.as_actor("owner")
    answer = upload(site, png.encode(PIXELS[0]), **owner)
    assert answer.status_code == 303
    token = {"csrftoken": "x"}
    denied = site.call(site.datasette.client.post(f"{BASE}/picture", data=token, files={"picture": b"x"}))
    assert denied.status_code == 404
    for page in IMAGES:
        answer = site.get(BASE + page, **owner)
        assert opened(answer).size and answer.headers["cache-control"].startswith("private"), page


def test_pictures_of_a_table_of_ones_own_have_all_pages(tmp_path: Path, make_site: Any) -> None:
    path = str(tmp_path / "pics.db")
    with connect.writing(path, create=True) as db:
        db.execute("create table shapes (id integer primary key, name text, photo blob, width text)")
        rows = [(f"shape {at}", png.encode(one), "wide") for at, one in enumerate(PIXELS[:20])]
        db.executemany("insert into shapes (name, photo, width) values (?, ?, ?)", rows)
        db.execute("insert into shapes (name, photo) values ('none', 'text')")
        dataset, _ = register_table(db, "shapes", Columns(image="photo", title="name"))
        build.build(db, dataset, registry.load().builder("pca"), {"dim": 6})
        connect.checkpoint(db)
    site = make_site(path)
    for page in PAGES:
        assert site.get(BASE + page).status_code == 200, page
    assert (opened(site.get(f"{BASE}/thumbnail/3")) == PIXELS[2, :, :, 0]).all()
    assert site.get(f"{BASE}/thumbnail/21").status_code == 404
    page = site.get(f"{BASE}/item/3").text
    assert "shape 2" in page and "wide" in page and opened(site.get(f"{BASE}/reconstruction/3")).size


def test_linked_files_are_shown_only_from_folders_that_are_named(tmp_path: Path, make_site: Any) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for row in range(8):
        (folder / f"{row}.png").write_bytes(png.encode(PIXELS[row]))

    def fill(db: Connection) -> None:
        load_images(db, "shapes", read_images([str(folder)]), ImageSpec(link=True), source="in")
        from semsearch.storage.datasets import get_dataset

        build.build(db, get_dataset(db, "shapes"), registry.load().builder("pca"), {"dim": 3})
        connect.checkpoint(db)

    with connect.writing(str(tmp_path / "pics.db"), create=True) as db:
        fill(db)
    site = make_site(str(tmp_path / "pics.db"))
    assert "no thumbnail" in site.get(BASE).text
    for page in ("/thumbnail/0.png", "/reconstruction/0.png", "/walk?from=0.png&to=1.png"):
        assert site.get(BASE + page.replace(".png", "~2Epng") if "walk" not in page else BASE + page).status_code == 404
    open_site = make_site(
        str(tmp_path / "pics.db"), metadata={"plugins": {"semsearch": {"picture_folders": [str(folder)]}}}
    )
    assert (opened(open_site.get(f"{BASE}/thumbnail/0~2Epng")) == PIXELS[0, :, :, 0]).all()


def test_a_text_query_of_images_is_refused_and_not_ignored(file: str, make_site: Any) -> None:
    answer = make_site(file).get(f"{BASE}?q=cat")
    assert answer.status_code == 400
    assert "shapes_pca contains images and cannot be searched by text: upload an image, or leave out q" in answer.text


def test_the_slider_shows_its_value_and_one_dimension_is_singular(file: str, make_site: Any) -> None:
    site = make_site(file)
    page = site.get(f"{BASE}/reconstruct?k=1").text
    assert '<output for="sem-numbers">1</output>' in page and "shapes_pca, 1 dimension<" in page.replace(" <span", "<")
    item = site.get(f"{BASE}/item/7?k=1").text
    assert '<output for="sem-numbers">1</output>' in item and 'alt="Reconstructed from 1 component"' in item
    script = re.findall(r'<script src="([^"]*slider.js[^"]*)"', item)[0]
    assert "slider.value" in site.get(script).text


def test_what_has_no_decoder_names_the_builders_that_have_one() -> None:
    assert {"pca", "autoencoder"} <= {*decoders(reconstructs=True)}
    assert "gan" in decoders() and "gan" not in decoders(reconstructs=True)
