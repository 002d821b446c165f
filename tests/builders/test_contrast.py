"""Contrast: it improves on LSA where held-out documents say so, keeps LSA where they do not, and pairs as asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import semsearch
from semsearch.builders.contrast import Contrast, ContrastOptions
from semsearch.builders.lsa import Lsa, LsaOptions
from semsearch.errors import InputError
from semsearch.records import Device, Documents, Fitted, silent
from tests.planted import TOPICS

pytest.importorskip("torch")


def fit(corpus: Documents, **options: Any) -> Fitted:
    chosen = ContrastOptions(**options)
    return Contrast().fit(corpus, chosen, rng=np.random.default_rng(0), device=Device(), report=silent)


def of(texts: list[str], **more: Any) -> Documents:
    return Documents([str(row) for row in range(len(texts))], texts, **more)


def noisy(n: int = 600) -> list[str]:
    """Each text has six words of one of thirty topics, and twelve of one of three styles, which LSA finds first."""
    rng = np.random.default_rng(1)
    texts = []
    for row in range(n):
        topic = [f"topic{row % 30}word{word}" for word in rng.permutation(12)[:6]]
        style = [f"style{row % 3}word{word}" for word in rng.permutation(40)[:12]]
        texts.append(" ".join(rng.permutation([*topic, *style])))
    return texts


def test_it_learns_which_words_tell_documents_apart() -> None:
    fitted = fit(of(noisy()), dim=12, epochs=20, batch_size=64)
    assert fitted.metrics["kept_lsa"] == 0
    assert fitted.metrics["probe_trained"] > fitted.metrics["probe_lsa"] + 0.02
    assert fitted.metrics["held_out_accuracy"] > 10 * fitted.metrics["chance"]


def test_a_query_is_explained_by_pairs_of_words() -> None:
    fitted = fit(of(noisy()), dim=12, epochs=5, batch_size=64)
    texts = noisy()[:3]
    state = fitted.state()
    one, *others = Contrast().encode(state, of(texts))
    parts = list(Contrast().explain(state, texts[0], of(texts[1:])))
    for other, part in zip(others, parts, strict=True):
        cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
        assert part.pairs.sum() == pytest.approx(cosine, abs=1e-5)
        assert part.directions.sum() == pytest.approx(cosine, abs=1e-5)


@pytest.mark.parametrize(
    "texts",
    [
        [body for _, body in TOPICS][:10],
        [f"word{row % 7}" for row in range(500)],
        [*noisy(39), "long " * 1000 + " ".join(f"w{row}" for row in range(100_000))],
    ],
    ids=["ten documents", "documents of one word", "a long one"],
)
def test_too_little_to_learn_from_keeps_lsa(texts: list[str]) -> None:
    corpus = of(texts)
    fitted = fit(corpus)
    lsa = Lsa().fit(corpus, LsaOptions(power=0.25), rng=np.random.default_rng(0), device=Device(), report=silent)
    assert fitted.metrics["kept_lsa"] == 1 and fitted.metrics["epochs"] == 0
    assert np.allclose(fitted.embeddings[0].vectors, lsa.embeddings[0].vectors, atol=1e-5)


def test_what_does_not_improve_keeps_lsa() -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{word}" for word in rng.integers(300, size=15)) for _ in range(450)]
    fitted = fit(of(texts), epochs=2, dim=20)
    assert fitted.metrics["kept_lsa"] == 1 and fitted.metrics["steps"] > 0


def test_copies_are_no_negatives_of_each_other() -> None:
    texts = noisy(300)
    fitted = fit(of([*texts, *texts[:150], *texts[:150]]), dim=20, epochs=3)
    assert np.isfinite(fitted.embeddings[0].vectors).all() and fitted.metrics["training_pairs"] > 400


@pytest.mark.parametrize("kind", ["title", "sentences", "halves"])
def test_pairs_of_parts(kind: str) -> None:
    texts = [f"{text[:40]}\n{text}. {text[::-1]} other. {text}" for text in noisy(450)]
    fitted = fit(of(texts, titles=[text.split("\n")[0] for text in texts]), pairs=kind, dim=10, epochs=1)
    assert fitted.metrics["training_pairs"] == 405


def test_pairs_that_a_dataset_lacks_are_an_error() -> None:
    texts = [body.replace(".", "") for _, body in TOPICS]
    for kind in ("title", "sentences", "edges", "key", "thread"):
        with pytest.raises(InputError, match="choose other pairs, for example --pairs words"):
            fit(of(texts), pairs=kind)


def test_a_collection_is_built_updated_searched_and_exported(tmp_path: Path) -> None:
    with semsearch.open(tmp_path / "a.db", create=True) as db:
        db.ingest("notes", ({"id": row, "text": text} for row, text in enumerate(noisy())), id="id", text=["text"])
        db.build("notes", "contrast", dim=12, epochs=3)
        found = db.search("notes_contrast", "topic3word1 topic3word2", mode="vector", k=5)
        assert len(found) == 5 and all(int(hit.id) % 3 == 0 for hit in found)
        db.ingest("notes", [{"id": 9999, "text": "topic3word1 topic3word2 unheard"}], id="id", text=["text"])
        (updated,) = db.update("notes_contrast").updated
        assert updated.update.added == 1
        assert any(hit.id == 9999 for hit in db.search("notes_contrast", "topic3word1 topic3word2", mode="vector"))
        db.export("notes_contrast", tmp_path / "v.npz")
    assert (tmp_path / "v.npz").exists()
