"""`…/splits?id=ID`: the nearest items of a word or document under both splits of S and the even one, side by side."""

from __future__ import annotations

from typing import Any

from semsearch import present
from semsearch.errors import NotFoundError
from semsearch.records import Hit, OpenCollection
from semsearch.search import splits as engine
from semsearch.search.splits import SplitNeighbours, Splits
from semsearch_datasette import links
from semsearch_datasette.parts.numbers import with_minus
from semsearch_datasette.respond import Answer, wants_json
from semsearch_datasette.target import Target, frame, look, target_of

# What the vectors of each kind of item are called under each split.
VECTORS = {
    "document": {"documents": "US", "even": "U√S", "words": "U"},
    "word": {"documents": "V", "even": "V√S", "words": "VS"},
}
TITLES = {"documents": "S scales the documents", "even": "√S scales both", "words": "S scales the words"}


async def splits(datasette: Any, request: Any) -> Answer:
    """Three lists of nearest items. Without an id they are those of the first item."""
    target = await target_of(datasette, request)
    id = request.args.get("id") or None

    def compare(conn: Any, opened: OpenCollection) -> Splits:
        return engine.neighbours(conn, opened, id)

    try:
        found, remark = await look(target, compare), None
    except NotFoundError as error:
        if wants_json(request):
            raise
        found, remark = Splits(str(id), None, ()), str(error)
    name, database = target.collection.name, target.database.name

    def context() -> dict[str, Any]:
        return frame(datasette, target, "splits") | {
            "id": found.key,
            "remark": remark,
            "title": found.key if found.hit is None else present.title_of(target.dataset, found.hit),
            "item_url": links.item(datasette, database, name, found.key),
            "here_url": links.collection(datasette, database, name, "splits"),
            "lists": [_list(datasette, target, each) for each in found.lists],
            "other_sides": [
                (part.of, links.collection(datasette, database, part.name, "splits"))
                for part in target.together
                if part.name != name
            ],
        }

    data = {
        "collection": name,
        "id": found.key,
        "splits": [
            {"split": each.split, "exponent": each.exponent, "hits": [present.hit_dict(hit) for hit in each.hits]}
            for each in found.lists
        ],
        "next_url": None,
    }
    return Answer("splits.html", context, data, target.private)


def _list(datasette: Any, target: Target, near: SplitNeighbours) -> dict[str, Any]:
    def row(hit: Hit) -> tuple[str, str, str]:
        href = links.collection(datasette, target.database.name, target.collection.name, "splits", id=str(hit.id))
        return present.title_of(target.dataset, hit), href, with_minus(present.cosine(hit.vector_score))

    return {
        "title": TITLES[near.split],
        "vectors": VECTORS[target.collection.of][near.split],
        "split": near.split,
        "rows": [row(hit) for hit in near.hits],
    }
