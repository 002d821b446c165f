"""A small transformer encoder that learns to fill masked words, and what it is used for afterwards.

task    15 % of the words of a window are chosen; of these 80 % are replaced by the mask, 10 % by another word, and
        10 % stay; the loss is the cross-entropy of the chosen words (Devlin et al., BERT, 2019)
ids     PAD, MASK, UNKNOWN and END, then the words of the vocabulary
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from semsearch.arrays import FloatArray, IntArray
from semsearch.nets.autoencoder import warmup_cosine
from semsearch.nets.checkpoint import Stateful
from semsearch.nets.device import Arrays, from_arrays, place, seeded, to_arrays
from semsearch.nets.task import Step, Turn
from semsearch.nets.transformer import Encoder, EncoderConfig
from semsearch.records import Device

PAD, MASK, UNKNOWN, END = range(4)
FIRST = 4  # the id of the first word
CHOSEN, MASKED, REPLACED = 0.15, 0.8, 0.1  # shares: of all words, and of the chosen ones
MAX_HELD_OUT = 256  # windows that are evaluated after each epoch
TEXTS_AT_ONCE = 1 << 14  # tokens through the encoder at once, without gradients
WEIGHT_DECAY = 0.01
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MaskedPlan:
    """How the encoder is trained; `batch_size` in windows, `lr` AdamW's learning rate after warm-up."""

    epochs: int
    batch_size: int
    lr: float
    seed: int


class Masked:
    """The Task of `masked`: streams of token ids, in which END is between documents.

    train, held_out  (n,) int64 ids
    counts           (tokens,) how often each id occurs, for the initial bias
    initial          (words, dim) vectors of the words to start from, or None
    """

    def __init__(
        self,
        train: Ids,
        held_out: Ids,
        config: EncoderConfig,
        plan: MaskedPlan,
        counts: IntArray,
        initial: FloatArray | None,
        device: Device,
    ) -> None:
        self.plan, self.config, self.place = plan, config, place(device)
        self.stream = torch.from_numpy(train)
        self.held_out = _windows(torch.from_numpy(held_out), config.context, 0)[:MAX_HELD_OUT]
        self.net = new_encoder(config, plan.seed)
        with torch.no_grad():
            shares = torch.from_numpy((counts + 0.5) / (counts.sum() + 0.5 * len(counts)))
            self.net.bias.copy_(shares.log())
            if initial is not None:
                self.net.tokens.weight[FIRST:, : initial.shape[1]] = torch.from_numpy(initial)
        self.net = self.net.to(self.place)
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(), lr=plan.lr, betas=(0.9, 0.98), weight_decay=WEIGHT_DECAY
        )
        self.epochs = plan.epochs
        self.steps = max(1, math.ceil((len(train) // config.context) / plan.batch_size))

    def parts(self) -> Mapping[str, Stateful]:
        return {"net": self.net, "optimiser": self.optimiser}

    def batches(self, epoch: int) -> Iterator[torch.Tensor]:
        """Windows that begin at another place in each epoch, in random order."""
        rng = np.random.default_rng((self.plan.seed, 2, epoch))
        windows = _windows(self.stream, self.config.context, int(rng.integers(self.config.context)))
        order = torch.from_numpy(rng.permutation(len(windows)))
        for rows in order.tensor_split(self.steps):
            yield windows[rows].to(self.place)

    def losses(self, batch: torch.Tensor, step: Step) -> Iterator[Turn]:
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.lr * warmup_cosine(step.progress)
        self.net.train()
        loss, correct = self._loss(batch, step.draw)
        step.note(accuracy=correct)
        yield Turn(self.optimiser, loss)

    def _loss(self, windows: torch.Tensor, draw: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        chance = torch.rand(windows.shape, generator=draw, device=windows.device)
        chosen = (chance < CHOSEN) & (windows >= FIRST)
        asked = windows.masked_fill(chosen & (chance < CHOSEN * MASKED), MASK)
        others = torch.randint(FIRST, self.config.tokens, windows.shape, generator=draw, device=windows.device)
        replaced = chosen & (chance >= CHOSEN * MASKED) & (chance < CHOSEN * (MASKED + REPLACED))
        asked = torch.where(replaced, others, asked)
        present = windows != PAD
        vectors = self.net(asked, None if bool(present.all()) else present)[-1]
        target = windows[chosen]
        if not len(target):
            return vectors.sum() * 0, torch.zeros(())
        scores = self.net.scores(vectors[chosen])
        return F.cross_entropy(scores.float(), target), (scores.argmax(dim=1) == target).float().mean()

    @torch.no_grad()
    def judge(self) -> Mapping[str, float]:
        """Loss, perplexity and accuracy on the held-out windows, with the same words masked each time."""
        if not len(self.held_out):
            return {}
        self.net.eval()
        draw = torch.Generator(self.place).manual_seed(self.plan.seed)
        found = [
            torch.stack([*self._loss(windows.to(self.place), draw)])
            for windows in self.held_out.split(self.plan.batch_size)
        ]
        loss, correct = torch.stack(found).mean(dim=0).tolist()
        return {"held_out": loss, "held_out_perplexity": math.exp(min(loss, 50.0)), "held_out_accuracy": correct}


def _windows(stream: torch.Tensor, context: int, start: int) -> torch.Tensor:
    """(n, context) consecutive parts of a stream from `start`; a stream of less than two windows is one, padded."""
    if not len(stream):
        return stream.reshape(0, context)
    if len(stream) < 2 * context:
        return F.pad(stream[:context], (0, max(0, context - len(stream))), value=PAD)[None]
    n = (len(stream) - start) // context
    return stream[start : start + n * context].reshape(n, context)


def new_encoder(config: EncoderConfig, seed: int = 0) -> Encoder:
    """An encoder with random weights."""
    with seeded(seed):
        return Encoder(config)


def state_of(net: Encoder) -> dict[str, npt.NDArray[Any]]:
    """The stored arrays: the config as `plan.NAME`, the weights as `net.NAME`."""
    arrays = {f"plan.{name}": np.array(value) for name, value in asdict(net.config).items()}
    return arrays | {f"net.{name}": array for name, array in to_arrays(net).items()}


def encoder_of(arrays: Arrays) -> Encoder:
    """The encoder in a stored state."""
    net = new_encoder(
        EncoderConfig(**{name[5:]: int(array) for name, array in arrays.items() if name.startswith("plan.")})
    )
    from_arrays(net, {name[4:]: array for name, array in arrays.items() if name.startswith("net.")})
    return net.eval()


@torch.no_grad()
def means(net: Encoder, texts: Sequence[IntArray], device: Device) -> FloatArray:
    """(n, dim) float32: the mean over the tokens of each text of the last two layers; zero for an empty text.

    A text longer than the context is read in windows.
    """
    where, context = place(device), net.config.context
    net = net.to(where)
    parts = [(row, text[at : at + context]) for row, text in enumerate(texts) for at in range(0, len(text), context)]
    parts.sort(key=lambda part: len(part[1]))
    sums = np.zeros((len(texts), net.config.dim))
    first = 0
    while first < len(parts):
        n = max(1, TEXTS_AT_ONCE // max(len(part) for _, part in parts[first : first + 1]))
        block = parts[first : first + n]
        n = max(1, min(len(block), TEXTS_AT_ONCE // len(block[-1][1])))
        block = block[:n]
        ids = torch.full((n, len(block[-1][1])), PAD)
        for row, (_, part) in enumerate(block):
            ids[row, : len(part)] = torch.from_numpy(np.asarray(part, np.int64))
        ids = ids.to(where)
        present = ids != PAD
        vectors = torch.stack(net(ids, present)[-2:]).mean(dim=0) * present[:, :, None]
        np.add.at(sums, [row for row, _ in block], vectors.sum(dim=1).double().cpu().numpy())
        first += n
    lengths = np.array([len(text) for text in texts])
    return (sums / np.maximum(lengths, 1)[:, None]).astype(np.float32)


@torch.no_grad()
def fill(net: Encoder, ids: IntArray, k: int) -> list[list[tuple[int, float]]]:
    """For each MASK in ids (t,), t at most the context: the k likeliest words, from 0, with probabilities."""
    given = torch.from_numpy(np.asarray(ids, np.int64))
    scores = net.scores(net(given[None])[-1][0][given == MASK])
    scores[:, :FIRST] = -math.inf
    values, words = scores.softmax(dim=1).topk(min(k, scores.shape[1] - FIRST))
    return [
        [(word - FIRST, chance) for word, chance in zip(row, chances, strict=True)]
        for row, chances in zip(words.tolist(), values.tolist(), strict=True)
    ]
