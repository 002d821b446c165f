"""One contract for every registered builder."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from semsearch.builders.base import Builder, Decodes, Encodes, Imagines, Quizzes, make_options
from semsearch.builders.selfsupervised import PretextOptions
from semsearch.errors import InputError
from semsearch.records import Device, Documents, Fitted, silent
from semsearch.storage.codec import array_to_bytes, bytes_to_array, describe
from tests.builders.registered import BUILDERS, CORPORA, QUICK, TEXTS, WORDS, every_builder, those, those_that


def fit_anew(builder: Builder, seed: int = 0) -> Fitted:
    short = {"width": 4, "epochs": 3} if issubclass(builder.Options, PretextOptions) else QUICK.get(builder.name, {})
    options = make_options(builder, short)
    corpus = CORPORA[builder.reads]
    return builder.fit(corpus, options, rng=np.random.default_rng(seed), device=Device(), report=silent)


@cache
def fit(builder: Builder) -> Fitted:
    """One fit serves all tests that only look at it."""
    return fit_anew(builder)


@every_builder
def test_embeddings_have_unique_keys_and_finite_float32(builder: Builder) -> None:
    for embeddings in fit(builder).embeddings:
        assert embeddings.vectors.shape[0] == len(embeddings.keys) == len(set(embeddings.keys))
        assert embeddings.vectors.dtype == np.float32 and np.isfinite(embeddings.vectors).all()
        assert all(len(values) == len(embeddings.keys) for values in embeddings.columns.values())


@every_builder
def test_the_first_embeddings_are_of_the_corpus(builder: Builder) -> None:
    first = fit(builder).embeddings[0]
    if first.of == "word" and builder.reads == "documents":
        said = " ".join(CORPORA["documents"].texts).lower().split()
        assert set(first.keys) <= set(said)
    else:
        assert list(first.keys) == list(CORPORA[builder.reads].keys)


@every_builder
def test_same_seed_same_bytes(builder: Builder) -> None:
    one, two = fit_anew(builder, seed=3), fit_anew(builder, seed=3)
    assert [e.vectors.tobytes() for e in one.embeddings] == [e.vectors.tobytes() for e in two.embeddings]


@every_builder
def test_the_state_survives_the_codec(builder: Builder) -> None:
    for array in fit(builder).arrays.values():
        dtype, shape = describe(array)
        again = bytes_to_array(dtype, shape, [bytes(array_to_bytes(array))])
        assert again.shape == array.shape and (again == array).all()


@those_that(Encodes)
def test_encoding_what_was_fitted_agrees_with_its_vectors(builder: Builder) -> None:
    fitted = fit(builder)
    first, state = fitted.embeddings[0], fitted.state({"words": WORDS})
    if first.of == "word":  # a word is a text of one word, and only directions are compared
        encoded = builder.encode(state, Documents(first.keys, first.keys))
        assert np.allclose(encoded, first.vectors / np.linalg.norm(first.vectors, axis=1, keepdims=True), atol=1e-4)
        return
    encoded = builder.encode(state, CORPORA[builder.reads])
    assert np.allclose(encoded, first.vectors, atol=1e-4)


# charngram embeds unknown words by their n-grams.
@those(b for b in BUILDERS if isinstance(b, Encodes) and b.reads == "documents" and b.name != "charngram")
def test_texts_without_a_known_word_get_zero_rows_or_none_at_all(builder: Builder) -> None:
    state = fit(builder).state({"words": WORDS})
    encoded = builder.encode(state, Documents(["1", "2"], ["qqqq", ""]))
    assert encoded is None or (len(encoded) == 2 and not encoded.any())
    mixed = builder.encode(state, Documents(["1", "2"], [TEXTS[0], "qqqq"]))
    assert mixed is not None and mixed[0].any() and not mixed[1].any()


@those(builder for builder in BUILDERS if isinstance(builder, Decodes) and builder.reads == "images")
def test_what_decodes_makes_pictures_of_its_codes(builder: Builder) -> None:
    fitted = fit(builder)
    state, corpus = fitted.state(), CORPORA[builder.reads]
    assert tuple(state.arrays["shape"].tolist()) == corpus.shape
    codes = builder.sample_codes(state, 4, rng=np.random.default_rng(0))
    again = builder.sample_codes(state, 4, rng=np.random.default_rng(0))
    assert codes.shape[0] == 4 and codes.dtype == np.float32
    if isinstance(builder, Imagines):  # its codes are its own
        assert builder.walk(state, codes[0], codes[1], 3).shape == (3, codes.shape[1])
    else:
        assert codes.shape[1] == fitted.embeddings[0].vectors.shape[1]
    assert codes.tobytes() == again.tobytes()
    made = builder.decode(state, codes)
    assert made.shape == (4, *corpus.shape) and made.dtype == np.uint8


@those(builder for builder in BUILDERS if issubclass(builder.Options, PretextOptions))
def test_what_learned_by_questions_can_be_asked(builder: Builder) -> None:
    assert isinstance(builder, Quizzes)


@those_that(Quizzes)
def test_what_can_be_asked_answers_about_each_picture(builder: Builder) -> None:
    state, corpus = fit(builder).state(), CORPORA["images"]
    one, two = (builder.quiz(state, corpus, seed=4) for _ in range(2))
    assert len(one) == len(corpus)
    for quiz, again in zip(one, two, strict=True):
        assert quiz.input.dtype == quiz.output.dtype == quiz.target.dtype == np.uint8
        assert quiz.input.shape == quiz.output.shape == quiz.target.shape and quiz.input.ndim == 3
        assert (quiz.output == again.output).all()
        assert (quiz.predicted, quiz.correct) == (again.predicted, again.correct)
        assert (quiz.correct is None) != (quiz.error is None)
        assert (quiz.error is None) == (quiz.baseline_error is None)
    assert builder.question.endswith("?") and bool(builder.mean) == (one[0].error is not None)


@every_builder
def test_unknown_and_bad_options_are_refused(builder: Builder) -> None:
    with pytest.raises(InputError, match="has no option 'colour'"):
        make_options(builder, {"colour": 1})


@every_builder
def test_metrics_are_numbers(builder: Builder) -> None:
    assert all(isinstance(value, float) and np.isfinite(value) for value in fit(builder).metrics.values())
