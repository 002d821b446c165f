"""Public sets of word vectors that `ingest vectors --from` downloads: their addresses, licences and hashes.

Few publishers state a size and a hash. gensim-data states both, with an MD5. Stanford states neither: the SHA-256 of
its files are those that pytorch/text pins (torchtext/vocab/vectors.py and its predecessors). If no hash is stated, the
hash of the first download is kept next to the file, and later downloads must match it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from semsearch.errors import InputError, NotFoundError
from semsearch.ingest.vectors import VectorSource
from semsearch.records import Report, silent

_PDDL = "PDDL 1.0"
_CC_BY_SA = "CC BY-SA 3.0"
_GLOVE = "https://nlp.stanford.edu/data/"
_FASTTEXT = "https://dl.fbaipublicfiles.com/fasttext/vectors-english/"
_GENSIM = "https://github.com/RaRe-Technologies/gensim-data/releases/download/"


@dataclass(frozen=True)
class Pretrained:
    """One set: `member` is its file in a zip; `size` (bytes) and `hash` (`algorithm:hex`) are None if not stated."""

    name: str
    words: int  # rounded, as the publisher states it
    dim: int
    url: str
    licence: str
    what: str
    member: str | None = None
    size: int | None = None
    hash: str | None = None
    hash_source: str = ""  # who states the hash

    @property
    def file(self) -> str:
        """The file name of the download."""
        return self.url.rpartition("/")[2]


def _glove(name: str, file: str, dims: tuple[int, ...], words: int, what: str, sha256: str) -> list[Pretrained]:
    inside = file.removesuffix(".zip").removesuffix(f".{dims[0]}d")
    return [
        Pretrained(
            name=f"{name}-{dim}",
            words=words,
            dim=dim,
            url=_GLOVE + file,
            licence=_PDDL,
            what=f"GloVe, {what}",
            member=f"{inside}.{dim}d.txt",
            hash=f"sha256:{sha256}",
            hash_source="pytorch/text",
        )
        for dim in dims
    ]


def _fasttext(name: str, file: str, words: int, what: str) -> Pretrained:
    member = file.removesuffix(".zip")
    return Pretrained(name, words, 300, _FASTTEXT + file, _CC_BY_SA, f"fastText, {what}", member)


ALL = (
    *_glove(
        "glove-6b",
        "glove.6B.zip",
        (50, 100, 200, 300),
        400_000,
        "Wikipedia 2014 and Gigaword 5, lower case",
        "617afb2fe6cbd085c235baf7a465b96f4112bd7f7ccb2b2cbd649fed9cbcf2fb",
    ),
    *_glove(
        "glove-twitter",
        "glove.twitter.27B.zip",
        (25, 50, 100, 200),
        1_200_000,
        "2 billion tweets, lower case",
        "792af52f795d1a32c9842a3240f5f3fe5e941a8ff6df5eb0f9d668092ebc019c",
    ),
    *_glove(
        "glove-42b",
        "glove.42B.300d.zip",
        (300,),
        1_900_000,
        "Common Crawl, lower case",
        "03d5d7fa28e58762ace4b85fb71fe86a345ef0b5ff39f5390c14869da0fc1970",
    ),
    *_glove(
        "glove-840b",
        "glove.840B.300d.zip",
        (300,),
        2_200_000,
        "Common Crawl, case kept",
        "c06db255e65095393609f19a4cfca20bf3a71e20cc53e892aafa490347e3849f",
    ),
    Pretrained(
        name="word2vec-google-news-300",
        words=3_000_000,
        dim=300,
        url=_GENSIM + "word2vec-google-news-300/word2vec-google-news-300.gz",
        licence="not stated (the word2vec project: Apache-2.0)",
        what="word2vec, Google News, words and phrases, as New_York",
        size=1_743_563_840,
        hash="md5:a5e5354d40acb95f9ec66d5977d140ef",
        hash_source="gensim-data",
    ),
    _fasttext("fasttext-wiki-news-300", "wiki-news-300d-1M.vec.zip", 1_000_000, "Wikipedia 2017, UMBC and news"),
    _fasttext("fasttext-crawl-300", "crawl-300d-2M.vec.zip", 2_000_000, "Common Crawl"),
)


def find(name: str) -> Pretrained:
    """The set of this name. Raises NotFoundError, with the list of sets."""
    for pretrained in ALL:
        if pretrained.name == name:
            return pretrained
    raise NotFoundError(f"No public set {name!r}: there are {', '.join(one.name for one in ALL)}")


def resolve(
    source: VectorSource, public: str | None, *, report: Report = silent
) -> tuple[VectorSource, dict[str, Any]]:
    """What to import, and the facts that its run records: the source itself, or the public set, downloaded if needed.

    Raises NotFoundError for an unknown set, InputError for both or neither, or for a set with a format of its own.
    """
    if bool(source.path) == (public is not None):
        raise InputError("Vectors come from a file or from a public set (--from SET): give one of the two")
    if public is None:
        return source, {}
    if source.format or source.ids or source.member:
        raise InputError("A public set (--from) has its own format: leave out --format, --ids and --member")
    from semsearch.ingest import download  # imports http and ssl, which nothing else needs

    chosen = find(public)
    path = download.fetch(download.Download(chosen.url, chosen.file, chosen.size, chosen.hash), report=report)
    facts = {"set": chosen.name, "licence": chosen.licence, "url": chosen.url}
    return replace(source, path=str(path), member=chosen.member), facts
