"""`…/map`: all items of a collection in two dimensions, their named groups, and the items inside a polygon or a group.

Without scripts or WebGL the page is a picture with links, and lists. With them `map.js` draws the points of `map.bin`
(pages/map_data.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semsearch.analysis import map_view
from semsearch.analysis.map_view import MapView, Place
from semsearch.storage import maps
from semsearch.web import Paging, paging
from semsearch_datasette import links
from semsearch_datasette.parts.commands import command_line
from semsearch_datasette.parts.map_target import Shown, shown_of
from semsearch_datasette.parts.rows import hits_of, title_of
from semsearch_datasette.parts.thumbs import thumb_of
from semsearch_datasette.respond import Answer, absolute_url, static_url
from semsearch_datasette.target import Target, frame, look, look_once, target_of

WIDTH, HEIGHT = 1200, 720  # pixels of the picture
MAX_ROWS = 10_000  # selected rows in a CSV
METHODS = {"pca": "principal components", "umap": "UMAP", "tsne": "t-SNE"}


@dataclass(frozen=True)
class _Selection:
    """The items inside a polygon or a group: how many, those of this page, and what to show of each."""

    count: int
    items: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class _Page:
    """What one request shows: the map, the selection of the address, and the addresses that keep both."""

    datasette: Any
    target: Target
    shown: Shown
    part: Paging
    polygon: str
    group: str
    places: Sequence[Place]
    selection: _Selection | None  # None without a polygon or a group

    @property
    def chosen(self) -> dict[str, Any]:
        """The selection as arguments of a URL."""
        return {"polygon": self.polygon or None, "group": self.group or None}

    def here(self, what: str = "map", filters: links.Pairs | None = None, **arguments: Any) -> str:
        """The URL of this page or of one beside it, with the filters of the request or with others."""
        kept = self.shown.filters.pairs if filters is None else filters
        target = self.target
        return links.collection(
            self.datasette, target.database.name, target.collection.name, what, filters=kept, **arguments
        )

    @property
    def next_url(self) -> str | None:
        """The URL of more of the selection."""
        total = self.selection.count if self.selection else 0
        return links.next_url(self.part, total, lambda after: self.here(**self.chosen, k=self.part.k, after=after))

    @property
    def is_stale(self) -> bool:
        """Whether the map represents another state of the collection."""
        return not self.shown.view.points.state.is_of(self.target.collection)


async def page(datasette: Any, request: Any) -> Answer:
    """The map, its groups and the selected items; or the command that makes it."""
    target, part = await target_of(datasette, request), paging(request.args, default_k=20)
    shown = await shown_of(datasette, request, target)
    name, command = target.collection.name, command_line(target, "map")
    if shown is None:
        remark = f"{name} has no map yet. Run: {command}"
        data = {"collection": name, "exists": False, "groups": [], "remark": remark, "next_url": None}
        return Answer("map.html", lambda: frame(datasette, target, "map") | {"command": command}, data, target.private)
    view, mask = shown.view, shown.mask
    polygon, group = request.args.get("polygon") or "", request.args.get("group") or ""
    as_csv = request.url_vars["format"] == ".csv"
    selection = None
    if polygon or group or as_csv:
        rows = map_view.chosen_by(view, mask, polygon, group)
        selection = await _selection(datasette, target, view, rows, Paging(MAX_ROWS, 0) if as_csv else part)
    key = (view.version, repr(shown.filters.pairs))
    places = await look_once(target, "map places", lambda conn, opened: view.places(mask), *key)
    made = _Page(datasette, target, shown, part, polygon, group, places, selection)
    stale_remark = f"{name} has changed since its map was made. Run: {command}" if made.is_stale else None
    data = _data(made, stale_remark, absolute_url(datasette, request, made.next_url))
    items = selection.items if selection else ()
    return Answer("map.html", lambda: _context(made, command), data, target.private, lambda: items)


def _context(made: _Page, command: str) -> dict[str, Any]:
    datasette, target, view, mask = made.datasette, made.target, made.shown.view, made.shown.mask
    facts = view.points.state.facts
    filters = made.shown.filters.context(lambda pairs: made.here(filters=pairs, **made.chosen))
    return (
        frame(datasette, target, "map")
        | filters
        | {
            "exists": True,
            "command": command if made.is_stale else None,
            "count": int(mask.sum()),
            "total": len(mask),
            "method": METHODS.get(str(facts.get("method")), "an earlier method"),
            "kept": round(100 * float(facts.get("kept") or 0)),
            "labels": _drawn_labels(made),
            "groups": _listed(made),
            "size": (WIDTH, HEIGHT),
            "here_url": made.here(),
            "asked": _asked(made),
            "columns": _columns(target),
            "script_url": static_url(datasette, "map.js"),
            "map_style_url": static_url(datasette, "map.css"),
            "palettes": [" ".join(map_view.PALETTES[dark]) for dark in (False, True)],
            "polygon": made.polygon,
            "selected": made.selection,
            "first": made.part.after + 1,
            "selection_csv_url": made.here("map.csv", **made.chosen),
            "sql": _sql(made),
            "next_url": made.next_url,
        }
    )


def _data(made: _Page, remark: str | None, next_url: str | None) -> dict[str, Any]:
    view, mask, selection = made.shown.view, made.shown.mask, made.selection
    return {
        "collection": made.target.collection.name,
        "exists": True,
        "remark": remark,
        "version": view.version,
        "method": view.points.state.facts.get("method"),
        "total": len(mask),
        "shown": int(mask.sum()),
        "groups": [_place_data(place) for place in made.places],
        "selected": None if selection is None else {"count": selection.count, "items": selection.items},
        "next_url": next_url,
    }


async def _selection(datasette: Any, target: Target, view: MapView, rows: Any, part: Paging) -> _Selection:
    """The selected items, nearest to their middle first."""
    ordered = map_view.from_the_middle(view, rows)
    page_rows = ordered[part.after : part.after + part.k]
    keys = [view.points.keys[row] for row in page_rows]
    names = {place.number: place.label for place in view.points.groups if place.level == 3}

    def describe(conn: Any, opened: Any) -> list[dict[str, Any]]:
        hits = hits_of(conn, target, keys)
        here = links.collection(datasette, target.database.name, target.collection.name)
        return [
            {
                "id": target.collection.typed(key),
                "title": title_of(target, hits[key]),
                "x": round(float(view.points.places[row, 0]), 5),
                "y": round(float(view.points.places[row, 1]), 5),
                "group": names.get(int(view.points.clusters[row]), ""),
                "row": row,
                "href": links.of_item(here, "item", key),
                "thumb": thumb_of(datasette, target, hits[key]) if hits[key].row and part.k <= 200 else None,
            }
            for row, key in zip(page_rows, keys, strict=True)
        ]

    return _Selection(len(rows), _plain(await look(target, describe)))


def _plain(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items with the address of each thumbnail only."""
    for item in items:
        thumb = item.pop("thumb")
        item["thumbnail"] = thumb.url if thumb else None
    return items


def _drawn_labels(made: _Page) -> list[dict[str, Any]]:
    """The names of the coarse groups on the picture, with links."""
    coarse = [place for place in made.places if place.group.level == 1 and place.group.label]
    pixels = map_view.label_pixels(made.shown.view, made.shown.mask, coarse, (WIDTH, HEIGHT))
    return [
        {"text": place.group.label, "x": x, "y": y, "href": made.here(group=f"1-{place.group.number}")}
        for place, (x, y) in zip(coarse, pixels, strict=True)
    ]


def _listed(made: _Page) -> list[dict[str, Any]]:
    """The coarse groups with the groups of the second level inside each, all with links."""

    def one(place: Place) -> dict[str, Any]:
        group = place.group
        name = group.label or f"Group {group.number}"
        return {"label": name, "items": place.items, "href": made.here(group=f"{group.level}-{group.number}")}

    middle = [place for place in made.places if place.group.level == 2]
    return [
        one(place) | {"parts": [one(part) for part in middle if part.group.within == place.group.number]}
        for place in made.places
        if place.group.level == 1
    ]


def _place_data(place: Place) -> dict[str, Any]:
    group = place.group
    return {
        "level": group.level,
        "number": group.number,
        "within": group.within,
        "label": group.label,
        "items": place.items,
        "x": round(place.x, 5),
        "y": round(place.y, 5),
    }


def _asked(made: _Page) -> dict[str, str]:
    """The addresses that the script asks."""
    version = made.shown.view.version
    return {
        "page": made.here(),
        "data": made.here("map.json"),
        "points": made.here("map.bin", v=version),
        "picture": made.here("map.png", v=version),
        "picture_dark": made.here("map.png", v=version, dark=1),
        "items": made.here("map/items.json", v=version),
        "column": made.here("map/column.json", v=version),
        "found": made.here("map/found.json", v=version),
    }


def _columns(target: Target) -> list[str]:
    """The columns that points can be coloured by: not keys, titles and texts."""
    dataset = target.dataset
    left_out = {*dataset.key_columns, *dataset.text_columns, dataset.title_column, dataset.image_column}
    if dataset.kind == "images":
        left_out |= {"content", "digest", "path"}
    return [column for column in target.columns if column not in left_out]


def _sql(made: _Page) -> str:
    """A query for the selected items; empty without a selection."""
    box = map_view.box_of(made.polygon) if made.polygon else None
    clusters = map_view.clusters_of(made.shown.view, made.group) if made.group else None
    if box is None and clusters is None:
        return ""
    return maps.selection_sql(made.target.collection, made.polygon, box, clusters)
