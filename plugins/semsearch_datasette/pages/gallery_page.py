"""The search page of images: those most similar to an uploaded or drawn one, whose vector is in the URL; else all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from semsearch import present
from semsearch.errors import InputError
from semsearch.images.generate import can_decode
from semsearch.records import Hit, OpenCollection
from semsearch.search import images
from semsearch.search.query import nearest_to
from semsearch.search.query_images import Contrast, QueryImage, contrast, inverted_copy
from semsearch.web import paging
from semsearch_datasette import links
from semsearch_datasette.parts.cards import cards
from semsearch_datasette.parts.filters import Filters
from semsearch_datasette.parts.image_routes import comparison_url, run_of
from semsearch_datasette.parts.thumbs import url_of
from semsearch_datasette.respond import Answer, Elsewhere, absolute_url, static_url, wants_json
from semsearch_datasette.target import Target, frame, look

PAGE_SIZES = (12, 24, 48, 96, 192)
DEFAULT_PAGE_SIZE = 24


@dataclass(frozen=True)
class Asked:
    """The query image in the URL: its code, that of its inverse, and a small copy of it; empty texts without."""

    code: str
    inverse: str
    copy: str

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The arguments of a URL that have a value."""
        given = (("picture", self.code), ("picture_inverse", self.inverse), ("picture_copy", self.copy))
        return [(name, value) for name, value in given if value]

    def inverted(self) -> Asked:
        """The inverse of the image as the query."""
        return Asked(self.inverse, self.code, inverted_copy(self.copy) if self.copy else "")

    def contrast(self, conn: Any, opened: OpenCollection) -> Contrast | None:
        """How similar the image and its inverse are to the collection."""
        if not self.code or not self.inverse:
            return None
        vectors = [images.vector_of_code(code, opened.collection.dim) for code in (self.code, self.inverse)]
        return contrast(conn, opened, QueryImage(*vectors))


async def gallery(datasette: Any, request: Any, target: Target, filters: Filters) -> Answer | Elsewhere:
    """The images most similar to the uploaded one, or all images of the collection in their order."""
    name, database = target.collection.name, target.database.name
    if request.args.get("q"):
        raise InputError(f"{name} contains images and cannot be searched by text: upload an image, or leave out q")
    part, code = paging(request.args, DEFAULT_PAGE_SIZE), request.args.get("picture") or ""
    asked = Asked(code, request.args.get("picture_inverse") or "", request.args.get("picture_copy") or "")

    def here(pairs: links.Pairs, after: int | None = None) -> str:
        return links.collection(datasette, database, name, "", [*asked.pairs, *pairs], k=part.k, after=after)

    if filters.from_form and not wants_json(request):
        return Elsewhere(here(filters.pairs))

    def shown(conn: Any, opened: OpenCollection) -> tuple[list[Hit], str | None, int]:
        if not code and not filters.conditions:
            return images.browse(conn, opened, k=part.k, after=part.after), None, opened.collection.count
        vector = images.vector_of_code(code, opened.collection.dim) if code else None
        if vector is None:
            results = images.browse_filtered(conn, opened, k=part.depth, only=filters.only)
        else:
            results = nearest_to(conn, opened, vector, k=part.depth, only=filters.only)
        return list(results.hits[part.after : part.after + part.k]), results.remark, len(results.hits)

    page, remark, count = await look(target, shown)
    compared = await look(target, asked.contrast)
    next_url = links.next_url(part, count, lambda after: here(filters.pairs, after))

    def context() -> dict[str, Any]:
        return {
            **frame(datasette, target, "search"),
            **filters.context(here),
            "cards": cards(datasette, target, page, filters=filters.pairs),
            **_asked_context(datasette, target, asked, compared, part.k),
            "upload_url": links.collection(datasette, database, name, "picture"),
            "draw_url": static_url(datasette, "draw.js"),
            "k": part.k,
            "sizes": sorted({*PAGE_SIZES, part.k}),
            "first": part.after + 1,
            "remark": remark,
            "next_url": next_url,
        }

    data = {
        "collection": name,
        "picture": code or None,
        "contrast": None if compared is None else {"given": compared.given, "inverted": compared.inverted},
        "remark": remark,
        "hits": [present.hit_dict(hit) for hit in page],
        "next_url": absolute_url(datasette, request, next_url),
    }
    return Answer("gallery.html", context, data, target.private, lambda: [present.hit_flat(hit) for hit in page])


def _asked_context(datasette: Any, target: Target, asked: Asked, compared: Contrast | None, k: int) -> dict[str, Any]:
    """The query image, its reconstruction and the URL of its inverse for the template; without one, the comparison."""
    is_decodable = can_decode(target.collection) and asked.code
    here = links.collection(datasette, target.database.name, target.collection.name)
    return {
        "code": asked.code,
        "coded_url": url_of(datasette, target, "coded", picture=asked.code, v=run_of(target)) if is_decodable else None,
        "asked_url": url_of(datasette, target, "asked", copy=asked.copy) if asked.copy else None,
        "invert_url": links.with_arguments(here, {"k": k}, asked.inverted().pairs) if asked.inverse else None,
        "contrast": compared.remark(target.dataset.name) if compared and compared.is_inverted else None,
        "asked": asked.pairs,
        "compare_url": None if asked.code else comparison_url(datasette, target),
    }
