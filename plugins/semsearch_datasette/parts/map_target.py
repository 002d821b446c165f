"""The stored map that a request is about, if the actor may view it, and the points that its filters keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from semsearch.analysis.map_view import MapView, Mask, shown_among, view_of
from semsearch.errors import InputError
from semsearch.records import OpenCollection
from semsearch.storage import filters as row_filters
from semsearch.storage import maps
from semsearch_datasette.parts.filters import Filters, filters_of
from semsearch_datasette.target import Target, look, look_once

OWN = frozenset({"polygon", "group", "v", "dark", "small", "rows", "near", "column"})  # arguments that are no columns


@dataclass(frozen=True)
class Shown:
    """A map, the filters of the request, and which points they keep, (n,)."""

    view: MapView
    filters: Filters
    mask: Mask


async def shown_of(datasette: Any, request: Any, target: Target) -> Shown | None:
    """The map and its points; None if there is none that the actor may view.

    Raises InputError for a filter that is none, and if `v` names another version than the stored one.
    """
    filters = filters_of(target, request, OWN)
    if not target.has_map:
        return None
    view = await look_once(target, "map", _read)
    if view is None:
        return None
    version = request.args.get("v")
    if version and version != view.version:
        raise InputError(f"The map of {target.collection.name} has changed since this page was loaded: load it again")
    keys = await look(target, lambda conn, opened: _kept(conn, opened, filters)) if filters.conditions else None
    return Shown(view, filters, shown_among(view, keys))


def _read(conn: Any, opened: OpenCollection) -> MapView | None:
    points = maps.read(conn, opened.collection)
    return None if points is None else view_of(points)


def _kept(conn: Any, opened: OpenCollection, filters: Filters) -> list[str]:
    dataset = opened.dataset
    return row_filters.matching_keys(conn, dataset.name, dataset.key_kind, dataset.key_columns, filters.only)
