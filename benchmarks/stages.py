"""One stage of an LSA build by one library, timed in its own process: `lsa.py` starts it for each pair.

    python benchmarks/stages.py STAGE LIBRARY FOLDER K

It reads what the stage needs from FOLDER (texts.jsonl, counts.npz, weighted.npz), runs it, and prints one JSON object:
the seconds of each repetition, and the quality of the result. Reading the input is never timed. Imports are inside
functions, so that the peak memory of a stage includes no library that it does not use.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import unicodedata
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

REPETITIONS = 3
ENOUGH = 60.0  # seconds after which a stage is not repeated
Cost = dict[str, Any]  # "seconds": of each repetition; "peak": bytes
Quality = dict[str, Any]  # numbers; or those of each library
Stage = Callable[[Path, int], tuple[Cost, Quality]]


def timed(work: Callable[[], Any], most: int = REPETITIONS) -> tuple[Cost, Any]:
    """The cost of up to `most` repetitions, and the last result; after a minute there is no further one.

    The peak is read at once, before anything is done to tell how good the result is.
    """
    seconds: list[float] = []
    result = None
    while len(seconds) < most and sum(seconds) < ENOUGH:
        result = None  # the one before may go, or the peak would hold two
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds, "peak": peak_bytes()}, result


def read_texts(folder: Path) -> list[str]:
    """The texts of the documents, in order."""
    with (folder / "texts.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def count_ours(folder: Path, k: int) -> tuple[Cost, Quality]:
    """Split, leave out stop words, count; no stems, since the others have none. Keeps the counts for later stages."""
    import scipy.sparse as sp

    from semsearch.maths.counts import count_terms
    from semsearch.maths.text import Analyzer

    texts = read_texts(folder)
    cost, counts = timed(lambda: count_terms(texts, Analyzer(stem=False)))
    sp.save_npz(folder / "counts.npz", counts.matrix, compressed=False)
    return cost, _size(counts.matrix)


def count_sklearn(folder: Path, k: int) -> tuple[Cost, Quality]:
    """CountVectorizer with the same words: the same expression, Unicode NFKC, the same stop words."""
    from sklearn.feature_extraction.text import CountVectorizer

    from semsearch.maths.stopwords import ENGLISH

    texts = read_texts(folder)
    vectorizer = CountVectorizer(preprocessor=normal, token_pattern=r"[^\W_]{2,}", stop_words=sorted(ENGLISH))
    cost, matrix = timed(lambda: vectorizer.fit_transform(texts))
    return cost, _size(matrix)


def words_in_turn(texts: list[str]) -> tuple[Cost, Quality]:
    """Split and count all words, by us and by CountVectorizer in turn, so that whatever slows one slows the other.

    CountVectorizer comes as it is but for what a word is: no stop words, and no Unicode NFKC, which we do even so. Ours
    goes once before: its kernels are compiled once on a machine and loaded once in a process.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    from semsearch.maths.counts import count_terms
    from semsearch.maths.numbering import number_words
    from semsearch.maths.text import Analyzer

    def ours(some: list[str]) -> Any:
        return count_terms(some, Analyzer(stem=False, stop=False)).matrix

    def theirs(some: list[str]) -> Any:
        return CountVectorizer(token_pattern=r"[^\W_]{2,}").fit_transform(some)

    number_words(texts[:1])  # or little text would be counted without them
    ours(texts)
    seconds: dict[str, list[float]] = {}
    sizes: Quality = {}
    for _ in range(REPETITIONS):
        for library, work in (("ours", ours), ("scikit-learn", theirs)):
            cost, matrix = timed(partial(work, texts), most=1)
            seconds.setdefault(library, []).extend(cost["seconds"])
            sizes[library] = _size(matrix)
            del matrix
    return {"seconds": seconds}, sizes


def count_gensim(folder: Path, k: int) -> tuple[Cost, Quality]:
    """Dictionary and doc2bow over the same words; gensim leaves splitting to its user, and it is part of the time."""
    from gensim.corpora import Dictionary

    from semsearch.maths.stopwords import ENGLISH
    from semsearch.maths.text import tokens

    texts = read_texts(folder)

    def work() -> tuple[Any, list[Any]]:
        dictionary = Dictionary()
        bags = (
            dictionary.doc2bow([word for word in tokens(text) if word not in ENGLISH], allow_update=True)
            for text in texts
        )
        return dictionary, list(bags)

    cost, (dictionary, bags) = timed(work)
    tokens_counted = sum(count for bag in bags for _, count in bag)
    return cost, {"terms": len(dictionary), "nonzeros": sum(map(len, bags)), "tokens": tokens_counted}


def weigh_ours(folder: Path, k: int) -> tuple[Cost, Quality]:
    """idf and log-tf·idf with unit rows. Keeps the matrix that is factored: terms of at least two documents."""
    import numpy as np
    import scipy.sparse as sp

    from semsearch.maths.weighting import idf, log_tfidf

    counts = _counts(folder)

    def work() -> sp.csr_matrix:
        return log_tfidf(counts, idf(counts.shape[0], np.bincount(counts.indices, minlength=counts.shape[1])))

    cost, matrix = timed(work)
    sp.save_npz(folder / "weighted.npz", matrix, compressed=False)
    return cost, _lengths(matrix)


def weigh_sklearn(folder: Path, k: int) -> tuple[Cost, Quality]:
    """TfidfTransformer, sublinear; its idf differs from ours by a constant, its work does not."""
    from sklearn.feature_extraction.text import TfidfTransformer

    counts = _counts(folder)
    cost, matrix = timed(lambda: TfidfTransformer(sublinear_tf=True).fit_transform(counts))
    return cost, _lengths(matrix)


def weigh_gensim(folder: Path, k: int) -> tuple[Cost, Quality]:
    """TfidfModel with 1 + ln tf, over bags in memory."""
    import numpy as np
    from gensim.models import TfidfModel

    bags = _bags(_counts(folder))

    def work() -> list[Any]:
        model = TfidfModel(bags, wlocal=lambda tf: 1 + np.log(tf), dictionary=None)
        return [model[bag] for bag in bags]

    cost, weighted = timed(work)
    lengths = [sum(value * value for _, value in bag) ** 0.5 for bag in weighted]
    return cost, {"nonzeros": sum(map(len, weighted)), "mean length": sum(lengths) / len(lengths)}


def factor_ours(folder: Path, k: int) -> tuple[Cost, Quality]:
    """truncated_svd as `build lsa` calls it."""
    import numpy as np

    from semsearch.maths.factor import Matrix, truncated_svd

    X = _weighted(folder)
    cost, svd = timed(lambda: truncated_svd(Matrix(X), k, rng=np.random.default_rng(0)))
    return cost, _energy(X, svd.Vt.T) | {"steps": svd.steps, "residual": svd.residual}


def factor_reference(folder: Path, k: int) -> tuple[Cost, Quality]:
    """The best rank-k energy: the same routine until the mean relative residual is a thousandth, once."""
    import numpy as np

    from semsearch.maths.factor import Matrix, truncated_svd

    X = _weighted(folder)
    cost, svd = timed(lambda: truncated_svd(Matrix(X), k, rng=np.random.default_rng(1), tolerance=1e-3), most=1)
    return cost, _energy(X, svd.Vt.T) | {"residual": svd.residual}


def factor_sklearn(folder: Path, k: int) -> tuple[Cost, Quality]:
    """TruncatedSVD, randomized, its default of five iterations."""
    from sklearn.decomposition import TruncatedSVD

    X = _weighted(folder)
    cost, model = timed(lambda: TruncatedSVD(k, n_iter=5, random_state=0).fit(X))
    return cost, _energy(X, model.components_.T)


def factor_gensim(folder: Path, k: int) -> tuple[Cost, Quality]:
    """LsiModel with its defaults: one pass over bags in memory, 20,000 at a time."""
    from gensim.models import LsiModel

    X = _weighted(folder)
    bags = _bags(X)
    names = dict(enumerate(map(str, range(X.shape[1]))))
    cost, model = timed(lambda: LsiModel(bags, num_topics=k, id2word=names, random_seed=0))
    return cost, _energy(X, model.projection.u)


def pipeline(library: str) -> Stage:
    """From the articles to files that can be searched; once."""

    def stage(folder: Path, k: int) -> tuple[Cost, Quality]:
        import pipelines

        cost, size = timed(lambda: getattr(pipelines, library)(folder, k), most=1)
        return cost, {"file MB": size / 1e6, "k": k}

    return stage


def normal(text: str) -> str:
    """Lower case after Unicode NFKC, as semsearch.maths.text has it."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).lower()


def _counts(folder: Path) -> Any:
    """Counts (n, terms) float32 of the terms of at least two documents."""
    import numpy as np
    import scipy.sparse as sp

    counts = sp.load_npz(folder / "counts.npz").tocsr()
    counts = counts[:, np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]) >= 2)]
    counts.sort_indices()
    return counts


def _weighted(folder: Path) -> Any:
    import scipy.sparse as sp

    return sp.load_npz(folder / "weighted.npz").tocsr()


def _bags(matrix: Any) -> list[list[tuple[int, float]]]:
    """A sparse matrix's rows as gensim's bags of words."""
    starts, columns, values = matrix.indptr.tolist(), matrix.indices.tolist(), matrix.data.tolist()
    return [
        list(zip(columns[start:end], values[start:end], strict=True))
        for start, end in zip(starts, starts[1:], strict=False)
    ]


def _size(matrix: Any) -> Quality:
    return {"terms": matrix.shape[1], "nonzeros": matrix.nnz, "tokens": int(matrix.sum(dtype=float))}


def _lengths(matrix: Any) -> Quality:
    import numpy as np

    squares = np.asarray(matrix.multiply(matrix).sum(axis=1)).reshape(-1)
    return {"nonzeros": matrix.nnz, "mean length": float(np.sqrt(squares).mean())}


def _energy(X: Any, V: Any) -> Quality:
    """‖X Q‖²_F for an orthonormal basis Q of V (terms, k): what of X the directions hold, and k as returned."""
    import numpy as np

    Q, _ = np.linalg.qr(V.astype(np.float64))
    image = X @ Q.astype(np.float32)
    return {"energy": float(np.einsum("ij,ij->", image, image, dtype=np.float64)), "k": V.shape[1]}


STAGES: dict[tuple[str, str], Stage] = {
    ("words", "in turn"): lambda folder, k: words_in_turn(read_texts(folder)),
    ("ascii", "in turn"): lambda folder, k: words_in_turn([text for text in read_texts(folder) if text.isascii()]),
    ("count", "ours"): count_ours,
    ("count", "scikit-learn"): count_sklearn,
    ("count", "gensim"): count_gensim,
    ("weigh", "ours"): weigh_ours,
    ("weigh", "scikit-learn"): weigh_sklearn,
    ("weigh", "gensim"): weigh_gensim,
    ("factor", "ours"): factor_ours,
    ("factor", "reference"): factor_reference,
    ("factor", "scikit-learn"): factor_sklearn,
    ("factor", "gensim"): factor_gensim,
    ("pipeline", "ours"): pipeline("ours"),
    ("pipeline", "gensim"): pipeline("gensim"),
}


def peak_bytes() -> int:
    """The largest memory this process or a child had so far; getrusage says kilobytes on Linux, bytes on macOS."""
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return most * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Run the stage named on the command line and print what it took."""
    stage, library, folder, k = sys.argv[1:]
    try:
        cost, quality = STAGES[stage, library](Path(folder), int(k))
    except ModuleNotFoundError as error:
        print(json.dumps({"missing": error.name}))
        return
    print(json.dumps(cost | {"quality": quality}))


if __name__ == "__main__":
    main()
