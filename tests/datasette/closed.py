"""A file with a private and a public table, the ways to close the private one, and what may not be seen of it."""

from __future__ import annotations

import base64
import json
import re
from itertools import product
from typing import Any

from datasette.utils import tilde_encode
from semsearch_datasette.compat import IS_1

from semsearch import registry
from semsearch.analysis import maps
from semsearch.building import build
from semsearch.ingest.edges import TableEdges, link_table
from semsearch.storage import datasets
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from tests.datasette.site import SPACE, build_lsa, build_pmi
from tests.planted import BREAD

ROWS = 137  # distinctive, as the number of words is: no page of the public table has these
SYLLABLES = (("zu", "vo", "qui", "ju", "gha", "wo"), ("kk", "zm", "rb", "xt", "lph", "nd"), "aeiouy")
WORDS = ["".join(parts) for parts in product(*SYLLABLES)][:211]
WORDLIKE = re.compile(rf"\b(?:{'|'.join(SYLLABLES[0])})(?:{'|'.join(SYLLABLES[1])})[{SYLLABLES[2]}]")
ASKED = WORDS[0]  # what searches ask for; pages say it again to whoever asked, so it is no leak
PHOTO = b"blobbed-photograph"
PUBLIC, PRIVATE = "articles", "secret_files"
INSIDERS = {"id": ["owner", "root"]}
CLOSED_SQL = {"allow_sql": INSIDERS}
VERBS = ("clusters", "predictions", "links", "samples", "neighbours", "map", "map_groups")
OPENED = {"secret_files_lsa", "SECRET_files_lsa_words", "_semsearch_fts_2", "_semsearch_items"}
VIEWS_OPEN = {name: {"allow": True} for name in OPENED}  # an explicit word for the views is not one for the table

LEVELS: dict[str, Any] = {
    "table": {"databases": {"library": {**CLOSED_SQL, "tables": {PRIVATE: {"allow": INSIDERS}}}}},
    "table, views open": {
        "databases": {"library": {**CLOSED_SQL, "tables": {PRIVATE: {"allow": INSIDERS}, **VIEWS_OPEN}}}
    },
    "database, views open": {
        "databases": {
            "library": {**CLOSED_SQL, "allow": INSIDERS, "tables": {PUBLIC: {"allow": True}, **VIEWS_OPEN}},
        }
    },
    "instance, views open": {
        **CLOSED_SQL,
        "allow": INSIDERS,
        "databases": {"library": {"tables": {PUBLIC: {"allow": True}, **VIEWS_OPEN}}},
    },
}
if IS_1:
    permission = {"permissions": {"view-table": INSIDERS}}
    LEVELS["permissions of the table"] = {"databases": {"library": {**CLOSED_SQL, "tables": {PRIVATE: permission}}}}


def fill(db: Connection) -> None:
    """Both tables, each with a picture column and its collections; for the private one all that verbs write, too."""
    for table, last in ((PUBLIC, "theme text"), (PRIVATE, "tags text")):
        db.execute(f"create table {table} (id integer primary key, title text, body text, {last}, photo blob)")
    for theme, rows in (("space", SPACE), ("bread", BREAD)):
        for title, body in rows:
            db.execute("insert into articles (title, body, theme, photo) values (?, ?, ?, x'ff')", [title, body, theme])
    for number in range(ROWS):
        words = [WORDS[(number * 5 + step) % len(WORDS)] for step in range(10)]  # so that each stands in several rows
        values = [f"Dossier {words[0]}", " ".join(words), json.dumps(words[:2]), PHOTO]
        db.execute("insert into secret_files (title, body, tags, photo) values (?, ?, ?, ?)", values)
    for table in (PUBLIC, PRIVATE):
        build_lsa(db, table, ["body"], "title", 4)
    for table in (PUBLIC, PRIVATE):
        build_pmi(db, table)
    _join(db)
    private = open_collection(db, "secret_files_lsa")
    maps.write(db, maps.make_map(db, private, "pca"))
    for what in VERBS[:4]:
        more = "cluster integer, label text, similarity real" if what == "clusters" else "label text"
        db.execute(f"create table secret_files_lsa_{what} (id integer primary key, {more})")
        db.execute(f"insert into secret_files_lsa_{what} (label) select title from secret_files")
    db.execute("update secret_files_lsa_clusters set cluster = 1 + id % 3, similarity = .5")
    db.execute("analyze")


def _join(db: Connection) -> None:
    """Edges between rows of the private table, in a table that all may see, and vectors of its nodes."""
    db.execute("create table citations (id integer primary key, citing integer, cited integer)")
    pairs = [(one, (one + step - 1) % ROWS + 1) for one in range(1, ROWS + 1) for step in (1, 2, 5)]
    db.executemany("insert into citations (citing, cited) values (?, ?)", pairs)
    link_table(db, PRIVATE, "citations", TableEdges("citing", "cited"))
    netmf = registry.load(entry_points=False).builder("netmf")
    build.build(db, datasets.get_dataset(db, PRIVATE), netmf, {"dim": 4})


def leaks(text: str) -> list[str]:
    """What of the private table stands in a page: words, titles, bytes, and how many rows and words it has."""
    text = re.sub(r'name="csrftoken" value="[^"]*"', "", text.replace(ASKED, ""))  # random letters may spell a number
    text = re.sub(r"pytest-\d+", "", text)  # the folder of the file, which may have such a number
    told = sorted({*WORDLIKE.findall(text.lower())} & {*WORDS})
    told += [word for word in ("Dossier", PHOTO.decode(), base64.b64encode(PHOTO).decode()[:20]) if word in text]
    return told + [str(n) for n in (ROWS, len(WORDS)) if re.search(rf"(?<![\d.#&;]){n}(?![\d.;])", text)]


def names(text: str) -> list[str]:
    """The private table's name and those of what was made of it."""
    return re.findall(r"secret_files\w*|_semsearch_(?:vec_[3467]|contexts_6|fts_2)\w*", text, re.IGNORECASE)


def urls_of(table: str, columns: list[str]) -> list[str]:
    """Datasette's own pages of a table or view: every format, facets, filters, rows, one value."""
    base, column, first = f"/library/{tilde_encode(table)}", tilde_encode(columns[-1]), tilde_encode(columns[0])
    urls = [base, base + ".json?_shape=array", base + ".csv"]
    if table.startswith("_semsearch_") and table.count("_") > 3:
        return urls  # the many shadow tables
    urls += [base + ".json?_labels=on&_nocount=1", f"{base}.json?_facet={first}&_facet={column}"]
    urls += [f"{base}?_facet_array={column}", f"{base}?_search={ASKED}", f"{base}?_nofacet=1&{first}__notnull=1"]
    urls += [base + "/1", base + "/1.json", f"{base}/1.blob?_blob_column={column}", f"{base}/{ASKED}.json"]
    return [*urls, base + "/-/schema.json", f"{base}/-/autocomplete?q={ASKED}"] if IS_1 else urls


FILTERED = (
    f"?q={ASKED}&title__startswith=Dossier",
    f"?q={ASKED}&nothing=1",
    f"?q={ASKED}&explain=1",
    f"?q={ASKED}x",
    f"?q={ASKED}x&typos=0",
    f"?q={ASKED}&_filter_column=title&_filter_op=startswith&_filter_value=Dossier",
    "/similar/1?title__contains=o",
    "/similar/1?unlike=2",
    "/similar/1?_filter_column_1=body",
    "/duplicates",
    "/duplicates?threshold=0.5&words=0.1",
    "/clusters",
    "/clusters?k=1",
    "/map",
    "/map?group=1-1",
    f"/map?title__contains={ASKED}",
    "/map/items?rows=1,2&near=3",
    f"/map/found?q={ASKED}",
    "/map/column?column=tags",
    "/labels",
    "/labels?label=tags&k=5",
    "/labels?label=title",
)
PAGES = [
    f"/library/-/semsearch/{collection}{page}"
    for collection in ("secret_files_lsa", "secret_files_lsa_words")
    for page in (
        "",
        f"?q={ASKED}",
        "/item/1",
        f"/item/{ASKED}",
        "/similar/1",
        "/components",
        "/components?pair=1",
        "/splits",
        "/splits?id=1",
        f"/splits?id={ASKED}",
        "/runs",
        "/pretext",
        "/comparison",
        "/ask",
        "/read/1",
        f"/ask?q={ASKED}",
        *FILTERED,
    )
]
PAGES += [page.partition("?")[0] + ".json?" + page.partition("?")[2] for page in PAGES]
LISTS = [
    "/", "/library", "/library?_show_hidden=1", "/-/semsearch", "/library/-/semsearch",
    "/-/semsearch/lecture", "/-/semsearch/lecture.json", "/-/semsearch/glossary", "/-/semsearch/glossary.json",
    "/.json", "/library.json", "/-/semsearch.json", "/library/-/semsearch.json",
    "/library/nothing", "/library/secret", "/library/-/semsearch/secret", "/library/-/semsearch/secret.json",
    "/library/articles_lsa/99", "/library/-/semsearch/articles_lsa/item/99", "/-/databases.json", "/-/plugins.json",
    "/library/articles", "/library/articles/1", "/library/articles_lsa", "/library/articles_lsa_words_vocabulary",
    "/library/articles?_facet=theme", "/library/articles_lsa.json?_facet=norm",
    "/library/-/semsearch/articles_lsa?q=moon", "/library/-/semsearch/articles_lsa?q=moon&explain=1",
    "/library/-/semsearch/articles_lsa/ask?q=who+flew+to+the+moon",
    "/library/-/semsearch/articles_lsa/components", "/library/-/semsearch/articles_lsa/labels?label=theme",
    "/library/-/semsearch/articles_lsa/runs.json", "/library/-/semsearch-training",
    "/library/-/semsearch/articles_lsa/item/1",
]  # fmt: skip
if IS_1:
    LISTS += [
        "/-/jump.json?q=", "/-/jump.json?q=secret", "/-/jump.json?q=lsa", "/-/jump.json?q=semsearch", "/-/schema.json",
        "/library/-/schema.json", "/library/-/schema", "/-/queries.json", "/library/-/foreign-key-targets",
        "/-/allowed.json?action=view-table", "/library/-/queries.json", "/library.json?_extra=all",
    ]  # fmt: skip
WORD_PAGES = (
    "/analogy?a={0}&b={1}&c={2}",
    "/cooccurrence?words={0}+{1}&weights=flat",
    "/plot?words={0}+{1}+{2}",
    "/item/{0}",
)
PAGES += [
    f"/library/-/semsearch/secret_files_pmi{page.format(*WORDS)}" for page in ("", "/analogy", "/plot", *WORD_PAGES)
]
PAGES += [
    f"/library/-/semsearch/secret_files_netmf{page}"
    for page in ("", "/item/1", "/item/1.json", "/similar/1", "/links", "/links.json", "/runs")
]
LISTS += [f"/library/-/semsearch/articles_pmi{page.format('moon', 'orbit', 'dough')}" for page in WORD_PAGES]
SQL = (
    f"select+semsearch_analogy('secret_files_pmi','{WORDS[0]}','{WORDS[1]}','{WORDS[2]}')",
    "select+semsearch_error()",
    "select+*+from+secret_files_lsa",
    f"select+semsearch_search('secret_files_lsa','{ASKED}')",
)
