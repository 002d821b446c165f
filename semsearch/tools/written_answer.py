"""A short answer written by a language model from passages, which it cites by number. Optional: the package `llm`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from semsearch.errors import CapabilityError, InputError, SemsearchError

_CITED = re.compile(r"\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
SYSTEM = (
    "Answer the question in one to three sentences, from the numbered passages alone. After each statement cite the"
    " numbers of its passages in square brackets, as in [2]. If the passages do not answer the question, say so."
)


def write_answer(model: str, question: str, passages: Sequence[str]) -> str:
    """The answer of a model of the `llm` package to a question, from these passages.

    The question and the passages are sent to the model. Raises CapabilityError without the package, InputError for an
    unknown model, SemsearchError if the model fails, or cites no passage or one that does not exist.
    """
    try:
        import llm
    except ImportError as error:
        raise CapabilityError("--model needs the package llm: pip install 'datasette-semsearch[agents]'") from error
    try:
        chosen = llm.get_model(model)
    except llm.UnknownModelError as error:
        raise InputError(f"llm knows no model {model!r}: `llm models` lists them") from error
    numbered = "\n\n".join(f"[{number}] {text}" for number, text in enumerate(passages, 1))
    try:
        answer = str(chosen.prompt(f"Question: {question}\n\nPassages:\n\n{numbered}", system=SYSTEM).text()).strip()
    except Exception as error:  # of any provider
        raise SemsearchError(f"The model {model} failed: {' '.join(str(error).split())[:300]}") from error
    return checked(answer, len(passages))


def checked(answer: str, count: int) -> str:
    """The answer, if it cites passages 1 to `count` only, and at least one. Raises SemsearchError."""
    cited = {int(number) for group in _CITED.findall(answer) for number in group.split(",")}
    if wrong := sorted(cited - set(range(1, count + 1))):
        raise SemsearchError(f"The model cited passage {wrong[0]}, but it was given {count}: its answer is not shown")
    if not cited:
        raise SemsearchError("The model cited no passage: its answer is not shown")
    return answer
