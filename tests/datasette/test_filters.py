"""Filters on the table's own columns: in URLs as Datasette spells them, in the form, kept from page to page."""

from __future__ import annotations

from html import unescape
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from semsearch_datasette.parts.filters import OPERATION_NAMES

from semsearch.search import query
from semsearch.search.query import Condition, Filter
from semsearch.storage import connect
from semsearch.storage.collections import open_collection
from semsearch.storage.filters import OPERATORS
from tests.datasette.pages import ARTICLES, WORDS, Shape, ours, twin
from tests.datasette.site import build_lsa

KEEP = ("theme__exact", "bread")


def ids(site, path):
    return [hit["id"] for hit in site.get(twin(path)).json()["hits"]]


def local(url):
    """A URL of a twin's `next_url`, as a path."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def with_filters(links):
    return [link for link in links if KEEP in parse_qsl(urlsplit(link).query)]


def test_every_operation_of_search_has_words():
    assert set(OPERATION_NAMES) == set(OPERATORS)


@pytest.mark.parametrize(
    ("arguments", "conditions"),
    [
        ("theme=bread", [("theme", "exact", "bread")]),
        ("theme__exact=bread&pages__gt=70", [("theme", "exact", "bread"), ("pages", "gt", "70")]),
        ("title__contains=e&title__contains=r", [("title", "contains", "e"), ("title", "contains", "r")]),
        ("theme__in=bread,space&pages__lte=60", [("theme", "in", "bread,space"), ("pages", "lte", "60")]),
        ("title__notblank=1", [("title", "notblank", "1")]),
        ("id=3", [("id", "exact", "3")]),
        ("theme=", [("theme", "exact", "")]),
    ],
)
@pytest.mark.parametrize("mode", query.MODES)
def test_a_page_filters_as_search_does(site, library, arguments, conditions, mode):
    only = Filter(conditions=tuple(Condition(*each) for each in conditions))
    with connect.reading(library) as db:
        found = query.search(db, open_collection(db, "articles_lsa"), "moon dough", mode=mode, k=12, only=only).hits
        near = query.similar(db, open_collection(db, "articles_lsa"), ["1"], k=12, only=only).hits
    assert ids(site, f"{ARTICLES}?q=moon+dough&mode={mode}&k=12&{arguments}") == [hit.id for hit in found]
    assert ids(site, f"{ARTICLES}/similar/1?k=12&{arguments}") == [hit.id for hit in near]


@pytest.mark.parametrize("page", ["?q=moon&", "?", "/similar/1?"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("nothing=1", "There is no column 'nothing' to filter by: the columns are id, title, body, theme, pages"),
        ("theme__near=1", "or notblank, not 'near'"),
        ("sqlite__master__exact=1", "There is no column 'sqlite__master'"),
        ("theme__exact=" + "x" * 1001, "has 1,001 characters: the limit is 1,000"),
        ("&".join(f"id__not={n}" for n in range(21)), "The number of filters must be at most 20, not 21"),
        ("_filter_column=nothing", "There is no column 'nothing'"),
        ("_filter_column_2=theme&_filter_op_2=near", "or notblank, not 'near'"),
        (quote("theme' or 1=1 --") + "=1", "There is no column"),
    ],
)
def test_what_cannot_be_filtered_by_is_400_and_named(site, page, arguments, said):
    answer = site.get(f"{ARTICLES}{page}{arguments}")
    assert answer.status_code == 400 and said in unescape(answer.text)
    assert site.get(twin(f"{ARTICLES}{page}{arguments}")).status_code == 400


def test_words_take_no_filters(site):
    for path in (f"{WORDS}?q=moon&count__gt=1", f"{WORDS}/similar/moon?count__gt=1"):
        answer = site.get(path)
        assert answer.status_code == 400 and "cannot be filtered" in answer.text
    assert "sem-filters" not in ours(site.get(WORDS).text)


def test_filters_are_kept_everywhere(site):
    path = f"{ARTICLES}?q=moon+dough&mode=vector&k=2&theme=bread"
    shape = Shape(ours(site.get(path).text))
    kept = with_filters(shape.links)
    assert sum("/similar/" in link for link in kept) == 2 and any("after=2" in link for link in kept)
    more = next(link for link in kept if "/similar/" in link)
    assert any(
        "after=10" not in link and "/similar/" in link for link in with_filters(Shape(site.get(more).text).links)
    )
    joined, url = [], path
    while url:
        data = site.get(twin(url)).json()
        joined += data["hits"]
        url = data["next_url"] and local(data["next_url"])
    assert len(joined) == 6 and {hit["row"]["theme"] for hit in joined} == {"bread"}
    assert [hit["id"] for hit in joined] == ids(site, f"{ARTICLES}?q=moon+dough&mode=vector&k=12&theme=bread")


def test_the_form_leads_to_the_url_it_stands_for(site):
    fields = (
        "q=moon&mode=text&k=20&weight=0.3&_filter_column_1=theme&_filter_op_1=exact&_filter_value_1=bread"
        "&_filter_column_2=&_filter_op_2=gt&_filter_value_2=9"
        "&_filter_column=pages&_filter_op=gte&_filter_value=50&after=10"
    )
    answer = site.get(f"{ARTICLES}?{fields}")
    assert answer.status_code == 302
    wanted = f"{ARTICLES}?q=moon&mode=text&k=20&theme__exact=bread&pages__gte=50"
    assert answer.headers["location"] == wanted
    assert ids(site, f"{ARTICLES}?{fields.replace('&after=10', '')}") == ids(site, wanted)
    near = site.get(f"{ARTICLES}/similar/1?k=5&_filter_column=theme&_filter_op=exact&_filter_value=bread")
    assert near.headers["location"] == f"{ARTICLES}/similar/1?k=5&theme__exact=bread"


def test_the_form_keeps_base_url(library, make_site):
    site = make_site(library, settings={"base_url": "/data/"})
    answer = site.get(f"{ARTICLES}?q=moon&_filter_column=theme&_filter_value=bread")
    assert answer.headers["location"] == f"/data{ARTICLES}?q=moon&mode=hybrid&k=10&theme__exact=bread"


def test_chips_say_each_filter_and_take_it_away(site):
    page = ours(site.get(f"{ARTICLES}?q=moon&theme=bread&pages__gt=50").text)
    assert "<span>theme is bread</span>" in page and "<span>pages is more than 50</span>" in page
    links = [link for link in Shape(page).links if link.startswith(f"{ARTICLES}?q=moon") and "explain" not in link]
    filters = [[pair for pair in parse_qsl(urlsplit(link).query) if "__" in pair[0]] for link in links]
    assert filters == [[("pages__gt", "50")], [KEEP], []]


def test_names_that_collide_with_our_arguments(tmp_path, make_site):
    file = str(tmp_path / "odd.db")
    names = ("q", "mode", "k", "weight", "after", "_shape", "a__gt", "_x")
    with connect.writing(file, create=True) as db:
        db.execute(f"create table odd (id integer primary key, body text, {', '.join(names)})")
        for number in range(8):
            values = [f"the moon and the rocket reach orbit {'dough' * (number % 2)}", *[str(number)] * len(names)]
            db.execute(f"insert into odd (body, {', '.join(names)}) values ({', '.join('?' * 9)})", values)
        build_lsa(db, "odd", ["body"], None, 2)
    site = make_site(file)
    base = "/odd/-/semsearch/odd_lsa"
    for name in names:
        assert ids(site, f"{base}?q=moon&{name}__exact=5") == [6], name
    assert ids(site, f"{base}?q=moon&a__gt=5") == [6]
    assert len(ids(site, f"{base}?q=moon&_shape=5")) == 8
    page = site.get(f"{base}?q=moon&q__exact=5")
    assert page.status_code == 200 and "<span>q is 5</span>" in page.text


def test_values_are_never_markup(site):
    value = quote('"><script>alert(1)</script>')
    page = site.get(f"{ARTICLES}?q=moon&title={value}").text
    assert "<script>alert(1)" not in page and "Remove or change the filter" in page


def test_the_weight_is_said_and_kept(site, library):
    with connect.reading(library) as db:
        found = query.search(db, open_collection(db, "articles_lsa"), "moon dough", k=12, weight=0.3)
        own = query.search(db, open_collection(db, "articles_lsa"), "moon dough", k=12).weight
    path = f"{ARTICLES}?q=moon+dough&weight=0.3&k=12"
    assert ids(site, path) == [hit.id for hit in found.hits]
    assert site.get(twin(path)).json()["weight"] == 0.3
    assert "Weight of the similarity 0.30, of the text score 0.70 (as given)" in site.get(path).text
    page = site.get(f"{ARTICLES}?q=moon+dough").text
    assert f"Weight of the similarity {own:.2f}, of the text score {1 - own:.2f} (the default)" in page
    more = site.get(f"{ARTICLES}?q=moon+dough&weight=0.3&k=3").text
    assert f"{ARTICLES}?q=moon+dough&amp;mode=hybrid&amp;k=3&amp;weight=0.3&amp;after=3" in more


def test_pages_go_on_past_two_hundred(tmp_path, make_site):
    file = str(tmp_path / "long.db")
    with connect.writing(file, create=True) as db:
        db.execute("create table long (id integer primary key, body text)")
        words = ["moon", "orbit", "rocket", "launch", "dough", "oven", "yeast", "salt"]
        for number in range(450):
            text = " ".join(words[(number * 7 + step * step) % 8] for step in range(number % 9 + 3))
            db.execute("insert into long (body) values (?)", [text])
        build_lsa(db, "long", ["body"], None, 4)
    site = make_site(file)
    for mode in ("hybrid", "vector"):
        joined, url = [], f"/long/-/semsearch/long_lsa?q=moon+orbit&k=120&mode={mode}"
        while url:
            data = site.get(twin(url)).json()
            joined += [hit["id"] for hit in data["hits"]]
            url = data["next_url"] and local(data["next_url"])
        with connect.reading(file) as db:
            assert joined == [
                hit.id
                for hit in query.search(db, open_collection(db, "long_lsa"), "moon orbit", mode=mode, k=4096).hits
            ]
        assert len(joined) > 240
