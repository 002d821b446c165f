"""Methods that search: by text, item, image or analogy."""

from __future__ import annotations

from collections.abc import Sequence

from semsearch.arrays import FloatArray
from semsearch.builders.base import Gap
from semsearch.records import Hit
from semsearch.search import gaps, models, query, words
from semsearch.search.by_document import check_by, found_by
from semsearch.search.excerpts import Excerpt
from semsearch.search.explain import Explanation, explain
from semsearch.search.images import Picture, search_by_picture
from semsearch.search.query import Filter, Mode
from semsearch.search.typos import Spelling
from semsearch.search.typos import check as check_spelling
from semsearch.session import Opened
from semsearch.storage import chunks, collections
from semsearch.storage.collections import open_collection
from semsearch.tools.hits import passages_for


class Searching(Opened):
    """Searches of a database file; each sees one state of it."""

    def search(
        self,
        collection: str,
        text: str,
        *,
        k: int = 10,
        mode: Mode = "hybrid",
        weight: float | None = None,
        where: str | None = None,
        typos: bool = True,
        by: str | None = None,
    ) -> list[Hit]:
        """The k items that match a text best, best first, among the rows for which the SQL condition `where` holds.

        Of a collection of passages they are documents, with `passages` in each hit, or the passages for `by="passage"`.

        `mode` ranks by similarity ("vector"), by text score ("text") or by both ("hybrid"). `weight` is the weight of
        the similarity in hybrid mode, 0 to 1, by default the one estimated at build time. A "phrase" in the text must
        occur in a hit, a -word must not. With `typos` words that occur nowhere are replaced by words with a similar
        spelling; `spelling` says by which. Raises NotFoundError for an unknown collection, InputError for an empty text
        and for a k, mode, weight or condition that cannot be used.
        """
        with self._reading() as db:
            opened = open_collection(db, collection)
            check_by(opened, by)
            query.check_k(k)

            def find(depth: int) -> query.Found:
                only = Filter(where=where)
                return query.searching(typos)(db, opened, text, mode=mode, k=depth, weight=weight, only=only)

            result, _ = found_by(db, opened, find, k, by)
        return list(result.hits)

    def spelling(self, collection: str, text: str, *, mode: Mode = "hybrid") -> Spelling:
        """How the words of a query were probably meant: what `search` replaces, and what it would suggest.

        Raises NotFoundError for an unknown collection, InputError for an empty text or another mode.
        """
        query.check_query(text, mode, 1)
        with self._reading() as db:
            return check_spelling(db, open_collection(db, collection), text, mode)

    def similar(
        self,
        collection: str,
        *ids: str | int,
        k: int = 10,
        where: str | None = None,
        unlike: Sequence[str | int] = (),
    ) -> list[Hit]:
        """The k nearest neighbours of an item, or of the mean of several items, which are excluded.

        `unlike` are items whose vectors the query vector is made orthogonal to. Raises NotFoundError for an unknown
        collection or id, InputError if the query vector lies in the span of those of `unlike`.
        """
        with self._reading() as db:
            opened = open_collection(db, collection)
            start, against = [str(id) for id in ids], [str(id) for id in unlike]
            return list(query.similar(db, opened, start, k=k, only=Filter(where=where), unlike=against).hits)

    def search_by_picture(
        self, collection: str, picture: Picture, *, k: int = 10, where: str | None = None
    ) -> list[Hit]:
        """The k images nearest to one of yours, which is not stored.

        `picture` is a path, the bytes of a file, or pixels (height, width) or (height, width, 1 or 3) uint8. Raises
        InputError for an image that cannot be read and for a collection that cannot embed images.
        """
        with self._reading() as db:
            opened = open_collection(db, collection)
            return list(search_by_picture(db, opened, picture, k=k, only=Filter(where=where)).hits)

    def explain(self, collection: str, text: str, hits: Sequence[Hit]) -> list[Explanation]:
        """Why each of these hits of a search was found: parts that add up to its scores, and a sentence.

        Raises NotFoundError for an unknown collection.
        """
        with self._reading() as db:
            return list(explain(db, open_collection(db, collection), text, hits))

    def ask(self, collection: str, question: str, *, k: int = 3) -> list[tuple[Hit, Excerpt | None]]:
        """The k rows that answer a question in plain words best, each with the passage of it that does.

        `start` and `end` of a passage are places in the text of the row. Raises NotFoundError for an unknown
        collection, InputError for one that holds no texts, for an empty question, and for a k that cannot be used.
        """
        with self._reading() as db:
            found, best = passages_for(db, open_collection(db, collection), question, k)
        return list(zip(found.hits, best, strict=True))

    def analogy(self, collection: str, a: str, b: str, c: str, *, k: int = 10, method: str = "mul") -> list[Hit]:
        """The k best answers to "a is to b as c is to ?", best first, without a, b and c.

        `method` is "mul" (3CosMul) or "add" (3CosAdd); `score` of a hit is the method's. Raises NotFoundError for
        unknown words, InputError for repeated ones.
        """
        with self._reading() as db:
            opened = open_collection(db, collection)
            return list(words.analogy(db, opened, (a, b, c), k=k, method=method).hits)

    def fill(self, collection: str, text: str, *, k: int = 5) -> list[Gap]:
        """What the model of a collection of `build masked` puts into each gap (___) of a text.

        `words` of a gap are the k likeliest words with their probabilities, likeliest first. Raises NotFoundError for
        an unknown collection, InputError for one that fills no gaps, for a text without a gap, and for a k that cannot
        be used, CapabilityError without torch.
        """
        with self._reading() as db:
            return gaps.fill(db, open_collection(db, collection), text, k=k)

    def odd_one_out(self, collection: str, *terms: str) -> list[tuple[str, float]]:
        """The words with the mean cosine of each to the others, the one that does not belong first.

        Raises NotFoundError for unknown words, InputError for fewer than 3 different words or more than 200.
        """
        with self._reading() as db:
            return words.odd_one_out(db, collections.get_collection(db, collection), terms)

    def embed(self, collection: str, text: str) -> FloatArray | None:
        """The unit vector of a text in a collection, (dim,) float32; None if none of its words is known.

        Raises NotFoundError for an unknown collection, InputError for one that cannot embed texts.
        """
        with self._reading() as db:
            return models.encode_text(db, collections.get_collection(db, collection), text)

    def vector(self, collection: str, id: str | int) -> FloatArray:
        """The stored unit vector of an item, (dim,) float32. Raises NotFoundError if it has none."""
        with self._reading() as db:
            return query.vector_of(db, collections.get_collection(db, collection), str(id))

    def vectors(self, collection: str) -> tuple[list[str], FloatArray]:
        """All keys of a collection (n,), as text, and their unit vectors (n, dim) float32.

        Raises NotFoundError for an unknown collection.
        """
        with self._reading() as db:
            return chunks.everything(db, collections.get_collection(db, collection))
