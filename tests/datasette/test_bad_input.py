"""What people and programs send, and what tables hold, that no page may trip over: nothing executed, nothing told."""

from __future__ import annotations

import os
import shutil
from html.parser import HTMLParser
from urllib.parse import quote_plus

import pytest
from datasette.utils import tilde_encode

from semsearch.building.drop import drop
from semsearch.search import query
from semsearch.storage import collections, connect
from tests.datasette.pages import ARTICLES, PAGES, WORDS, Shape, ours, twin
from tests.datasette.site import SPACE, Site, build_lsa
from tests.planted import BREAD

EVIL = "<script>alert(1)</script>"
HANDLER = '"><img src=x onerror=alert(2)>'
TABLE = "a/b, 50% <i>.json é🎈"
RTL, MARKS = "\u202eשלום \u2066moon\u2069", "mo\u0301\u0302\u0303\u0304on"
STRANGE = [
    "\0",
    "\x01\x1b[31m\r\n",
    RTL,
    MARKS,
    EVIL,
    HANDLER,
    "' or 1=1 --",
    "%",
    "a" * 5000,
    "🎈" * 300,
    "../..",
    ".",
]


class Attributes(HTMLParser):
    """Tags of a page, and what could run in it: handlers, styles, script URLs."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.risky: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name.startswith("on") or name == "style" or (value or "").strip().lower().startswith("javascript:"):
                self.risky.append(f"{name}={value}")


def is_inert(html: str) -> bool:
    """Whether the part of a page that is ours runs nothing and holds no tag of the data's."""
    found = Attributes(ours(html))
    return not found.risky and not found.tags & {"script", "img", "i", "b", "style", "iframe"}


@pytest.fixture(scope="module")
def shared(built, tmp_path_factory):
    """The library, for tests that only ask: many questions of one Datasette."""
    site = Site([str(shutil.copy(built, tmp_path_factory.mktemp("shared") / "library.db"))])
    yield site
    site.close()


@pytest.fixture
def evil(tmp_path):
    """A file whose table, columns, titles, bodies, labels and keys are all written to be executed."""
    file = str(tmp_path / "evil.db")
    table, title, body, label = (f'"{name}"' for name in (TABLE, EVIL, "b<b>ody", HANDLER.replace('"', '""')))
    with connect.writing(file, create=True) as db:
        db.execute(f"create table {table} (id text primary key, {title} text, {body} text, {label} text, blob_ blob)")
        texts = [text for _, text in SPACE + BREAD]
        for number, text in enumerate(texts):
            row = (f"{number}/%,{HANDLER}.json", f"{EVIL} {number} {RTL}", f"{text} {HANDLER} {MARKS}", EVIL, b"\0\xff")
            db.execute(f"insert into {table} values (?, ?, ?, ?, ?)", row)
        build_lsa(db, TABLE, ["b<b>ody"], EVIL, 3)
        connect.checkpoint(db)
    return file


@pytest.mark.parametrize("page", ["", "?q=moon", "?q=moon&mode=text", "/runs", "/components", "item", "similar"])
def test_names_and_values_of_a_table_are_never_markup(evil, make_site, page):
    site = make_site(evil)
    base = f"/evil/-/semsearch/{tilde_encode(TABLE + '_lsa')}"
    path = f"{base}/{page}/{tilde_encode(f'3/%,{HANDLER}.json')}" if page in ("item", "similar") else base + page
    answer = site.get(path)
    assert answer.status_code == 200 and is_inert(answer.text)
    assert EVIL not in answer.text and HANDLER not in answer.text
    assert TABLE.replace("<", "&lt;").replace(">", "&gt;") in answer.text
    data = site.get(twin(path)).json()
    assert data["ok"] is True
    for hit in data.get("hits", ())[:1]:
        assert hit["row"][EVIL].startswith(EVIL) and hit["row"]["blob_"] == "<2 bytes>"
    for link in sorted(set(Shape(ours(answer.text)).links)):
        assert site.get(link).status_code == 200, link


def test_datasettes_own_pages_of_such_a_table(evil, make_site):
    site = make_site(evil)
    for path in ("/-/semsearch", "/evil/-/semsearch", "/evil", f"/evil/{tilde_encode(TABLE)}"):
        answer = site.get(path)
        assert answer.status_code == 200 and EVIL not in answer.text and HANDLER not in answer.text
    row = f"/evil/{tilde_encode(TABLE)}/{tilde_encode(f'3/%,{HANDLER}.json')}"
    page = site.get(row)
    assert page.status_code == 200 and "More like this" in page.text and HANDLER not in page.text


@pytest.mark.parametrize("text", STRANGE, ids=range(len(STRANGE)))
def test_any_query_is_answered_or_refused(shared, text):
    for path in (ARTICLES, WORDS):
        for mode in ("", "&mode=vector", "&mode=hybrid"):
            page = shared.get(f"{path}?q={quote_plus(text)}{mode}")
            assert page.status_code == (400 if len(text) > 4096 else 200)
            assert EVIL not in page.text and HANDLER not in page.text
            assert len(page.text) < 60_000
            data = shared.get(twin(f"{path}?q={quote_plus(text)}{mode}")).json()
            assert data["ok"] is (len(text) <= 4096)
            if len(text) > 4096:
                assert "the limit is 4,096" in page.text and "the limit is 4,096" in data["error"]
            else:
                assert is_inert(page.text) and data["query"] == text.strip()


@pytest.mark.parametrize("text", STRANGE, ids=range(len(STRANGE)))
@pytest.mark.parametrize("page", ["item", "similar"])
@pytest.mark.parametrize(
    "base", [ARTICLES, WORDS, "/library/-/semsearch/editions_lsa", "/library/-/semsearch/notes_lsa"]
)
def test_any_id_is_404(shared, base, page, text):
    for path in (f"{base}/{page}/{tilde_encode(text)}", f"{base}/{page}/{tilde_encode(text)}.json"):
        answer = shared.get(path)
        is_word = (base, page, text) == (WORDS, "similar", MARKS)  # accents are folded: this is the word "moon"
        assert answer.status_code == (200 if is_word else 404)
        assert is_word or "places" not in answer.text
        assert EVIL not in answer.text or answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("text", STRANGE, ids=range(len(STRANGE)))
def test_any_collection_or_database_is_404(shared, text):
    for path in (f"/library/-/semsearch/{tilde_encode(text)}", f"/{tilde_encode(text)}/-/semsearch/articles_lsa"):
        for each in (path, path + ".json"):
            answer = shared.get(each)
            assert answer.status_code == 404 and "places" not in answer.text
            assert EVIL not in answer.text or answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("name", ["k", "after"])
@pytest.mark.parametrize("value", ["abc", "1000000000", "-1", "1.5", "1e3", "0x10", "%00", "9" * 400, "+5", "5+"])
@pytest.mark.parametrize("path", [ARTICLES + "?q=moon", ARTICLES + "/similar/1?", ARTICLES + "/components?"])
def test_numbers_that_are_none(shared, path, name, value):
    for each in (path, twin(path)):
        answer = shared.get(f"{each}&{name}={value}")
        assert answer.status_code == 400 and f"{name} must be " in answer.text
        assert len(answer.text) < 20_000


@pytest.mark.parametrize(
    "arguments", ["q=moon&q=dough", "q=", "q=+++", "k=", "mode=", "_unknown=1&_shape=x&q=moon", "&&="]
)
def test_odd_arguments_are_no_errors(shared, arguments):
    for path in (f"{ARTICLES}?{arguments}", twin(f"{ARTICLES}?{arguments}")):
        assert shared.get(path).status_code == 200


def test_collection_dropped_while_it_is_searched(site, library, monkeypatch):
    """A page sees one state of the file, from finding the collection to its last row; the next page sees the next."""
    search = query.search

    def late(db, opened, *more, **options):
        with connect.writing(library) as other:
            if collections.find_collection(other, opened.name):
                drop(other, opened.name)
        return search(db, opened, *more, **options)

    monkeypatch.setattr(query, "search", late)
    page = site.get(ARTICLES + "?q=moon")
    assert page.status_code == 200 and "Apollo" in page.text
    for each in (ARTICLES + "?q=moon", twin(ARTICLES + "?q=moon")):
        answer = site.get(each)
        assert answer.status_code == 404 and "articles_lsa" in answer.text and "places" not in answer.text


def test_next_page_of_a_dropped_collection(site, library):
    url = site.get(twin(ARTICLES + "?q=moon+dough&k=3")).json()["next_url"].removeprefix("http://localhost")
    with connect.writing(library) as db:
        drop(db, "articles_lsa")
    for each in (url, twin(url), ARTICLES + "/similar/1", ARTICLES + "/runs"):
        answer = site.get(each)
        assert answer.status_code == 404 and "places" not in answer.text


@pytest.mark.parametrize("damage", ["overwritten", "cut short", "emptied"])
@pytest.mark.parametrize("path", [path for path in PAGES.values() if "articles" in path])
def test_database_that_becomes_unreadable(library, make_site, path, damage):
    with connect.writing(library) as db:
        db.execute("pragma journal_mode = delete")
    site = make_site(library)
    assert site.get(path).status_code == 200
    size = os.path.getsize(library)
    with open(library, "r+b") as file:
        if damage == "overwritten":
            file.write(os.urandom(size))
        else:
            file.truncate(size // 3 if damage == "cut short" else 0)
    for each in (path, twin(path)):
        answer = site.get(each)
        assert answer.status_code in (404, 503) or "orbit" not in answer.text
        assert os.path.dirname(library) not in answer.text and "Traceback" not in answer.text
    assert site.get("/-/semsearch").status_code == 200


def test_columns_left_out_of_a_vectors_page(site):
    for path in ("/library/articles_lsa?_nocol=id&_size=2", "/library/articles_lsa?_col=embedding&_size=2"):
        page = site.get(path)
        assert page.status_code == 200 and page.text.count("4 floats") == 2


def test_the_reason_of_a_functions_error_is_told_to_its_own_request_alone(library):
    """One thread, hence one connection: what one visitor got wrong is nothing that the next one can read."""
    site = Site([library], settings={"num_sql_threads": 1})
    try:
        for url in ("/library.json?sql=", "/library/-/query.json?sql="):
            failed = site.get(url + quote_plus("select semsearch_vector('articles_lsa', 'private')"))
            later = site.get(url + quote_plus("select semsearch_error() as reason") + "&_shape=array")
            if failed.status_code == 400:
                assert "'private'" in failed.text and "user-defined" not in failed.text
                assert later.json() == [{"reason": None}]
                return
        pytest.fail("neither URL ran the query")
    finally:
        site.close()
