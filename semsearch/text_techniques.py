"""The techniques of the lecture that learn from text without labels: self-supervised learning on documents."""

from __future__ import annotations

from semsearch.technique import Part, Technique

TEXTS = Part(
    "Learning from unlabelled text",
    (
        Technique(
            "contrast",
            "Contrast between parts of the same document",
            "A few words of a document are a query, and the rest of the document is its answer. Word vectors are"
            " trained so that the answer is more similar to the query than the other documents of a batch. They start"
            " from those of LSA, and half of the result is LSA. Nothing is labelled. Held-out documents decide whether"
            " the result is used.",
            "loss: −ln softmax_j(q_i · d_j / τ) at j = i   d = Σ_t x_t e^(w_t) E_t, unit length   result:"
            " ½ V S^0.25 + ½ e^w E",
            "semsearch build contrast demo.db docs",
            "docs_contrast?q=compress+a+file&mode=vector&explain=1",
            "Search",
            "The results, compared with those of `docs_lsa`. On the page *Runs*, nDCG@10 of held-out documents before"
            " and after training, and whether LSA's vectors were kept.",
            ("contrast",),
        ),
        Technique(
            "masked",
            "Masked words",
            "Some words of a text are hidden, and a transformer encoder predicts them from the words on both sides. The"
            " text itself is the label. Each layer lets every word attend to all others, and then transforms each word"
            " alone. The vector of a document is the mean of the last two layers over its words, centred and whitened.",
            "loss: −Σ_masked ln P(word | rest)   attention: softmax(QKᵀ / √d) V   P = softmax(E h + b), E the word"
            " vectors   perplexity: e^loss",
            'semsearch fill demo.db docs_masked "the ___ of the list"',
            "docs_masked/pretext",
            "The task",
            "Sentences of the documents with gaps, what the model puts there with probabilities, and whether it is"
            " right. Build it first with `semsearch build masked demo.db docs`. Type a sentence of your own with ___.",
            ("masked",),
        ),
    ),
)
