"""What `map.js` asks for: the points, a picture of them, details of some, colours by a column, and search hits."""

from __future__ import annotations

import gzip
import hashlib
from typing import Any

from datasette import NotFound

from semsearch import present
from semsearch.analysis import map_view
from semsearch.records import OpenCollection
from semsearch.search import query
from semsearch.search.name_search import by_name
from semsearch.storage import labels, neighbours
from semsearch.storage.datasets import text_of
from semsearch.web import MAX_K
from semsearch_datasette import links
from semsearch_datasette.parts.map_target import Shown, shown_of
from semsearch_datasette.parts.rows import hits_of, title_of
from semsearch_datasette.parts.thumbs import thumb_of
from semsearch_datasette.respond import Answer, Blob, Elsewhere, Png, knows, takes_gzip, wants_json
from semsearch_datasette.target import Target, look, look_once, target_of

MAX_ITEMS = 60  # items whose details are asked for at once
SNIPPET = 160  # characters of a text
SIZES = ((1200, 720), (480, 288))  # pixels of a picture, and of a small one
NEAR = 15  # neighbours that the arrow keys step through
_LEVEL = 3  # of gzip: places are hardly compressible, and a million points must not wait for it


async def points(datasette: Any, request: Any) -> Blob:
    """`map.bin`: the points that are shown (analysis.map_view.packed says how)."""
    target, shown = await _shown(datasette, request)
    use_gzip = takes_gzip(request)
    digest = hashlib.blake2b(repr((shown.view.version, shown.filters.pairs, use_gzip)).encode(), digest_size=12)
    tag = f'"{digest.hexdigest()}"'
    if knows(request, tag):
        return Blob(b"", tag, target.private)

    def pack(conn: Any, opened: OpenCollection) -> bytes:
        content = map_view.packed(shown.view, shown.mask)
        return gzip.compress(content, _LEVEL, mtime=0) if use_gzip else content

    content = await look_once(target, "map points", pack, tag)
    return Blob(content, tag, target.private, is_gzip=use_gzip)


async def picture(datasette: Any, request: Any) -> Png:
    """`map.png`: a picture of the points that are shown."""
    target, shown = await _shown(datasette, request)
    dark, small = request.args.get("dark") == "1", request.args.get("small") == "1"

    def draw(conn: Any, opened: OpenCollection) -> bytes:
        return map_view.picture(shown.view, shown.mask, SIZES[small], dark=dark)

    content = await look_once(target, "map picture", draw, shown.view.version, repr(shown.filters.pairs), dark, small)
    return Png(content, target.private, bool(request.args.get("v")))


async def items(datasette: Any, request: Any) -> Answer | Elsewhere:
    """Details of some points: of the `rows`, or of a point and its nearest items (`near`)."""
    target, shown = await _shown(datasette, request)
    if not wants_json(request):
        return _map_page(datasette, target)
    view = shown.view
    near = map_view.rows_of(request.args.get("near") or "", view, 1)
    rows = map_view.rows_of(request.args.get("rows") or "", view, MAX_ITEMS)

    def describe(conn: Any, opened: OpenCollection) -> list[dict[str, Any]]:
        wanted = rows + (_with_neighbours(conn, opened, shown, near[0]) if near else [])
        wanted = [row for row in dict.fromkeys(wanted) if shown.mask[row]]
        keys = [view.points.keys[row] for row in wanted]
        hits = hits_of(conn, target, keys)
        here = links.collection(datasette, target.database.name, target.collection.name)
        return [_details(datasette, target, here, row, hits[key]) for row, key in zip(wanted, keys, strict=True)]

    return _data(target, {"items": await look(target, describe)})


def _with_neighbours(conn: Any, opened: OpenCollection, shown: Shown, row: int) -> list[int]:
    """A row and those of its nearest items, nearest first."""
    keys = shown.view.points.keys
    if not neighbours.is_written(conn, opened.collection):
        return [row]
    nearest = neighbours.neighbours_of(conn, opened.collection, keys[row], NEAR)
    return [row, *map_view.rows_by_key(shown.view, nearest)]


def _details(datasette: Any, target: Target, here: str, row: int, hit: Any) -> dict[str, Any]:
    thumb = thumb_of(datasette, target, hit) if hit.row else None
    return {
        "row": row,
        "id": hit.id,
        "title": title_of(target, hit),
        "snippet": _snippet(target, hit),
        "thumbnail": thumb.url if thumb else None,
        "href": links.of_item(here, "item", hit.id),
    }


def _snippet(target: Target, hit: Any) -> str:
    """The beginning of a document's text."""
    if target.collection.of != "document" or not hit.row:
        return ""
    return present.shortened(text_of(target.dataset, hit.row)[1], SNIPPET)


async def column(datasette: Any, request: Any) -> Answer | Elsewhere:
    """The points that are shown as a few colours, by the values of a column."""
    target, shown = await _shown(datasette, request)
    if not wants_json(request):
        return _map_page(datasette, target)
    name = request.args.get("column") or ""
    if not name:
        return _data(target, {"column": None, "names": []})
    if name not in target.columns:
        raise NotFound(f"{target.dataset.name} has no column {name[:80]!r}")

    def read(conn: Any, opened: OpenCollection) -> dict[str, Any]:
        values = labels.of_items(conn, opened.dataset, opened.collection, name)
        found = map_view.colouring(shown.view, shown.mask, values)
        return {"names": found.names, "counts": found.counts, "ordered": found.ordered, "codes": found.in_base64}

    key = (shown.view.version, repr(shown.filters.pairs), name)
    return _data(target, {"column": name} | await look_once(target, "map column", read, *key))


async def found(datasette: Any, request: Any) -> Answer | Elsewhere:
    """The points that a search finds, best first."""
    target, shown = await _shown(datasette, request)
    if not wants_json(request):
        return _map_page(datasette, target)
    q = (request.args.get("q") or "").strip()

    def search(conn: Any, opened: OpenCollection) -> list[str]:
        if not q:
            return []
        only = shown.filters.only
        if not target.takes_text:
            return [str(hit.id) for hit in by_name(conn, opened, q, k=MAX_K, only=only).hits]
        mode = "hybrid" if opened.of == "document" else "vector"
        return [str(hit.id) for hit in query.search(conn, opened, q, mode=mode, k=MAX_K, only=only).hits]

    keys = await look(target, search)
    rows = [row for row in map_view.rows_by_key(shown.view, keys) if shown.mask[row]]
    return _data(target, {"query": q, "rows": rows})


async def _shown(datasette: Any, request: Any) -> tuple[Target, Shown]:
    """The target and its map. Raises NotFound if it has none that the actor may view."""
    target = await target_of(datasette, request)
    shown = await shown_of(datasette, request, target)
    if shown is None:
        raise NotFound(f"{target.collection.name} has no map")
    return target, shown


def _map_page(datasette: Any, target: Target) -> Elsewhere:
    return Elsewhere(links.collection(datasette, target.database.name, target.collection.name, "map"))


def _data(target: Target, data: dict[str, Any]) -> Answer:
    return Answer("map.html", dict, {"collection": target.collection.name} | data, target.private)
