"""From articles to searchable files, as a user of each library does it: what `stages.py` times as a whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def ours(folder: Path, k: int) -> int:
    """`ingest documents` and `build lsa` of corpus.jsonl with k dimensions, in processes of their own; bytes written.

    The file holds the texts, full text, the vectors of documents and words, and the model.
    """
    database = folder / "pipeline.db"
    source = (str(folder / "corpus.jsonl"), "--id", "id", "--text", "text")
    for verb, rest in (("ingest documents", source), ("build lsa", ("--dim", str(k)))):
        command = [sys.executable, "-m", "semsearch", *verb.split(), str(database), "wiki", *rest]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return database.stat().st_size


def gensim(folder: Path, k: int) -> int:
    """Dictionary, TfidfModel, LsiModel and MatrixSimilarity of the same texts, saved; bytes written.

    Our words without stems, terms of at least two documents. The texts and full text are not among what it keeps.
    """
    from gensim.corpora import Dictionary
    from gensim.models import LsiModel, TfidfModel
    from gensim.similarities import MatrixSimilarity

    from semsearch.maths.stopwords import ENGLISH
    from semsearch.maths.text import tokens

    with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        texts = [[word for word in tokens(json.loads(line)["text"]) if word not in ENGLISH] for line in lines]
    dictionary = Dictionary(texts)
    dictionary.filter_extremes(no_below=2, no_above=1.0, keep_n=None)
    bags = [dictionary.doc2bow(words) for words in texts]
    tfidf = TfidfModel(bags)
    weighted = [tfidf[bag] for bag in bags]
    lsi = LsiModel(weighted, num_topics=k, id2word=dictionary, random_seed=0)
    similarity = MatrixSimilarity(lsi[weighted], num_features=k)
    for name, part in {"dictionary": dictionary, "tfidf": tfidf, "lsi": lsi, "similarity": similarity}.items():
        part.save(str(folder / f"gensim.{name}"))
    return sum(path.stat().st_size for path in folder.glob("gensim.*"))
