"""A transformer encoder (Vaswani et al., "Attention Is All You Need", 2017), normalised before each part.

Places are known by their distance: a learned bias of each head and distance is added to the attention (Raffel et al.,
T5, 2020). At the start half of the heads prefer the words just before a word, half those just after it. A small model
has to find neighbours before anything else, which takes it thousands of steps from a random start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

_STD = 0.02  # of initial weights, as in BERT
_OTHER_SIDE = -4.0  # initial bias of words on the side that a head does not prefer, and of the word itself


@dataclass(frozen=True)
class EncoderConfig:
    """The shape of an encoder: `tokens` in its vocabulary, at most `context` of them at once."""

    tokens: int
    context: int
    dim: int
    layers: int
    heads: int


class Layer(nn.Module):
    """Attention of all tokens to all, then a network of each token alone."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.distances = nn.Parameter(_neighbours_first(config))
        self.before_attention, self.before_network = nn.LayerNorm(config.dim), nn.LayerNorm(config.dim)
        self.attention, self.joined = nn.Linear(config.dim, 3 * config.dim), nn.Linear(config.dim, config.dim)
        self.wide, self.narrow = nn.Linear(config.dim, 4 * config.dim), nn.Linear(4 * config.dim, config.dim)

    def forward(self, x: torch.Tensor, present: torch.Tensor | None) -> torch.Tensor:
        """x (b, t, dim); `present` (b, 1, 1, t) is 0, or -inf for padding, which is not attended to."""
        b, t, dim = x.shape
        q, k, v = (
            part.reshape(b, t, self.heads, -1).transpose(1, 2)
            for part in self.attention(self.before_attention(x)).chunk(3, dim=2)
        )
        places = torch.arange(t, device=x.device)
        bias = self.distances[:, places[None] - places[:, None] + self.distances.shape[1] // 2][None].to(q.dtype)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=bias if present is None else bias + present)
        x = x + self.joined(attended.transpose(1, 2).reshape(b, t, dim))
        result: torch.Tensor = x + self.narrow(F.gelu(self.wide(self.before_network(x))))
        return result


def _neighbours_first(config: EncoderConfig) -> torch.Tensor:
    """(heads, 2 context - 1) the initial bias of each head and distance, from the farthest word before."""
    distance = torch.arange(1 - config.context, config.context).float()
    rows = []
    for head in range(config.heads):
        ahead = distance if head % 2 else -distance
        slope = 2.0 ** -(head // 2)
        rows.append(torch.where(ahead > 0, -slope * (ahead - 1), torch.tensor(_OTHER_SIDE)).clamp(min=_OTHER_SIDE))
    return torch.stack(rows)


class Encoder(nn.Module):
    """Token ids (b, t) to vectors (b, t, dim), and vectors to scores of all tokens."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.tokens, config.dim)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.last, self.head = nn.LayerNorm(config.dim), nn.Linear(config.dim, config.dim)
        self.before_scores = nn.LayerNorm(config.dim)
        self.bias = nn.Parameter(torch.zeros(config.tokens))
        for name, weight in self.named_parameters():
            if weight.dim() == 2 and not name.endswith("distances"):
                scale = (2 * config.layers) ** -0.5 if name.endswith(("joined.weight", "narrow.weight")) else 1.0
                nn.init.normal_(weight, std=_STD * scale)

    def forward(self, ids: torch.Tensor, present: torch.Tensor | None = None) -> list[torch.Tensor]:
        """The vectors after each layer, (b, t, dim) each; the last are normalised. `present` (b, t) bool."""
        mask = None
        if present is not None:
            mask = torch.zeros(present.shape, device=ids.device).masked_fill(~present, -math.inf)[:, None, None, :]
        x = self.tokens(ids)
        result = []
        for layer in self.layers:
            x = layer(x, mask)
            result.append(x)
        return [*result[:-1], self.last(result[-1])]

    def scores(self, vectors: torch.Tensor) -> torch.Tensor:
        """(n, tokens) logits of vectors (n, dim); the output weights are those of the input."""
        hidden = self.before_scores(F.gelu(self.head(vectors)))
        result: torch.Tensor = hidden @ self.tokens.weight.T + self.bias
        return result
