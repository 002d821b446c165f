"""One stage of word vectors by one library, timed in its own process: `words.py` starts it for each pair.

    python benchmarks/word_stages.py STAGE LIBRARY FOLDER DATA K

Stages read what they need from FOLDER (texts.jsonl, stream.npz, counts.npz, weighted.npz, tokens.txt) and print one
JSON object: the seconds of each repetition, the peak bytes, and the quality of the result. Reading is never timed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stages import Cost, peak_bytes, read_texts, timed

WINDOW, LEAST, EPOCHS, WORKERS = 5, 5, 5, 2
SEEDS = range(3)
SETS = {"WS-353": "EN-WS-353-ALL.txt", "MEN": "EN-MEN-TR-3k.txt", "SimLex": "EN-SIMLEX-999.txt"}
QUESTIONS = "questions-words.txt.gz"
Quality = dict[str, float]


def scores(words: list[str], vectors: Any, data: Path) -> Quality:
    """Spearman on the similarity sets, and Google's analogies among the commonest 30,000 words; commonest first."""
    from semsearch.evaluate import words as judge

    known = judge.vocabulary_of(words, vectors)
    folder = data / "word-eval"
    found = {
        name: judge.score_similarities(known, judge.read_similarities(str(folder / file))).spearman
        for name, file in SETS.items()
    }
    for one in judge.score_analogies(known, judge.read_questions(str(folder / QUESTIONS))):
        if one.section == "all" and one.known:
            among = "top 30,000" if one.vocabulary == judge.COMMONEST else "all words"
            found[f"Google {one.method}, {among}"] = one.right / one.known
            found[f"Google {one.method}, {among}, of all"] = one.right / one.questions
    return found


def prepare(folder: Path, data: Path, k: int) -> tuple[Cost, Quality]:
    """What later stages read: the words as numbers, and as lines of words for gensim, those below the count left in."""
    import numpy as np

    from semsearch.maths.counts import word_numbers
    from semsearch.maths.vocabulary import keep_words

    texts = read_texts(folder)
    words = keep_words(texts, min_count=LEAST)
    np.savez(folder / "stream.npz", stream=words.stream, starts=words.starts, width=len(words.words))
    (folder / "words.txt").write_text("\n".join(words.words), encoding="utf-8")
    words_of, stream, starts = word_numbers(texts)
    spelled = np.array(words_of, dtype=object)
    with (folder / "tokens.txt").open("w", encoding="utf-8") as lines:
        for first, last in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
            lines.write(" ".join(spelled[stream[first:last]]) + "\n")
    return {"seconds": [], "peak": peak_bytes()}, {"words": len(words.stream), "vocabulary": len(words.words)}


def _stream(folder: Path) -> tuple[Any, Any, int]:
    import numpy as np

    held = np.load(folder / "stream.npz")
    return held["stream"], held["starts"], int(held["width"])


def count_ours(folder: Path, data: Path, k: int) -> tuple[Cost, Quality]:
    """Flat counts in turn with scipy's, in one process, so that both meet the same noise; keeps harmonic ones too."""
    import numpy as np
    import scipy.sparse as sp

    from semsearch.maths.cooccurrence import cooccurrences

    stream, starts, width = _stream(folder)
    cooccurrences(stream[:100], np.array([0, 100]), width, window=WINDOW)  # compile, which is done once a machine
    cost, counts = timed(lambda: cooccurrences(stream, starts, width, window=WINDOW))
    harmonic = cooccurrences(stream, starts, width, window=WINDOW, weights="harmonic")
    sp.save_npz(folder / "counts.npz", harmonic, compressed=False)
    sp.save_npz(folder / "flat.npz", counts, compressed=False)
    return cost, {"pairs": counts.nnz, "sum": float(counts.sum(dtype=np.float64))}


def count_scipy(folder: Path, data: Path, k: int) -> tuple[Cost, Quality]:
    """One sparse addition per offset; `different` counts the entries that are not as ours."""
    import numpy as np
    import scipy.sparse as sp

    stream, starts, width = _stream(folder)
    document = np.repeat(np.arange(len(starts) - 1), np.diff(starts))

    def work() -> sp.csr_matrix:
        total = sp.csr_matrix((width, width), dtype=np.float32)
        for offset in range(1, WINDOW + 1):
            same = document[offset:] == document[:-offset]
            pair = stream[:-offset][same], stream[offset:][same]
            one = sp.coo_matrix((np.ones(len(pair[0]), np.float32), pair), shape=(width, width)).tocsr()
            total = total + one
        return total + total.T.tocsr()  # one transposition for all offsets: the best that scipy allows

    cost, counts = timed(work)
    different = (counts != sp.load_npz(folder / "flat.npz")).nnz
    total = float(counts.sum(dtype=np.float64))
    return cost, {"pairs": counts.nnz, "sum": total, "different": different}


def weigh_ours(folder: Path, data: Path, k: int) -> tuple[Cost, Quality]:
    """PPMI of the harmonic counts with the default smoothing; keeps the matrix that both then factor."""
    import scipy.sparse as sp

    from semsearch.maths.weighting import associations

    counts = sp.load_npz(folder / "counts.npz").tocsr()
    cost, M = timed(lambda: associations(counts, "ppmi", smoothing=0.75))
    sp.save_npz(folder / "weighted.npz", M, compressed=False)
    return cost, {"nonzeros": M.nnz}


def _factored(folder: Path, data: Path, work: Callable[[Any, int], tuple[Any, Any]]) -> tuple[Cost, Quality]:
    """Scores are means over three seeds, for those of one differ by .01; both are stretched as the builder does."""
    import numpy as np
    import scipy.sparse as sp

    from semsearch.builders.pmi import PmiOptions, default_shrinkage
    from semsearch.maths.spectral_factors import spectrum_scale

    M = sp.load_npz(folder / "weighted.npz").tocsr()
    words = (folder / "words.txt").read_text(encoding="utf-8").split("\n")
    options = PmiOptions()
    seconds: list[float] = []
    found: list[Quality] = []
    for seed in SEEDS:
        start = time.perf_counter()
        Q, spectrum = work(M, seed)
        seconds.append(time.perf_counter() - start)
        found.append(scores(words, Q * spectrum_scale(spectrum, options.power, default_shrinkage("ppmi")), data))
        print(f"seed {seed}: {seconds[-1]:.1f} s, {found[-1]}", file=sys.stderr, flush=True)
    mean = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
    spread = {f"{name}, spread": float(np.ptp([one[name] for one in found])) for name in SETS}
    return {"seconds": seconds, "peak": peak_bytes()}, mean | spread


def factor_ours(folder: Path, data: Path, k: int) -> tuple[Cost, Quality]:
    """Block Lanczos on the symmetric matrix, to the default tolerance."""
    import numpy as np

    from semsearch.maths.factor import truncated_eigen

    def work(M: Any, seed: int) -> tuple[Any, Any]:
        found = truncated_eigen(M, k, rng=np.random.default_rng(seed))
        return found.vectors, found.values

    return _factored(folder, data, work)


def factor_sklearn(folder: Path, data: Path, k: int) -> tuple[Cost, Quality]:
    """randomized_svd with four power iterations, what its `auto` chooses at this rank or more."""
    from sklearn.utils.extmath import randomized_svd

    def work(M: Any, seed: int) -> tuple[Any, Any]:
        U, s, _ = randomized_svd(M, k, n_iter=4, random_state=seed)
        return U, s

    return _factored(folder, data, work)


def train_gensim(folder: Path, data: Path, k: int) -> tuple[Cost, Quality]:
    """Skip-gram with gensim's own defaults, from lines of words: splitting the text is not in its time."""
    from gensim.models import Word2Vec

    start = time.perf_counter()
    model = Word2Vec(
        corpus_file=str(folder / "tokens.txt"),
        vector_size=k,
        window=WINDOW,
        min_count=LEAST,
        epochs=EPOCHS,
        workers=WORKERS,
        sg=1,
        seed=1,
    )
    cost = {"seconds": [time.perf_counter() - start], "peak": peak_bytes()}
    return cost, scores(model.wv.index_to_key, model.wv.vectors, data)


def judge_ours(folder: Path, data: Path, k: int) -> tuple[Cost, Quality]:
    """The scores of the collection that the commands made."""
    from semsearch.evaluate import words as judge
    from semsearch.storage.connect import reading

    with reading(str(folder / "wiki.db")) as db:
        known = judge.open_vocabulary(db, "wiki_pmi")
    return {"seconds": [], "peak": peak_bytes()}, scores(list(known.words), known.vectors, data)


STAGES: dict[tuple[str, str], Callable[[Path, Path, int], tuple[Cost, Quality]]] = {
    ("prepare", "ours"): prepare,
    ("count", "ours"): count_ours,
    ("count", "scipy"): count_scipy,
    ("weigh", "ours"): weigh_ours,
    ("factor", "ours"): factor_ours,
    ("factor", "scikit-learn"): factor_sklearn,
    ("train", "gensim"): train_gensim,
    ("judge", "ours"): judge_ours,
}


def main() -> None:
    """Run the stage named on the command line and print what it took."""
    stage, library, folder, data, k = sys.argv[1:]
    try:
        cost, quality = STAGES[stage, library](Path(folder), Path(data), int(k))
    except ModuleNotFoundError as error:
        print(json.dumps({"missing": error.name}))
        return
    print(json.dumps(cost | {"quality": quality}))


if __name__ == "__main__":
    main()
