"""Generative adversarial networks: a generator makes pictures of chance, and a discriminator tells them from real ones.

    z ~ N(0, I)      f = G(z)      D lowers its loss of D(r) and D(f), then G lowers its own

Goodfellow et al. 2014. `alternate` gives D some turns before each of G's; `simultaneous` turns both at once, from the
same place. The default game is R3GAN's (Huang et al. 2024): relativistic pairs, and the discriminator's gradients
penalised at real (R1) and made pictures (R2). These need a second pass backwards, so they are taken at every few turns
only, and count as many times as much (Karras et al. 2020). What is kept of the generator is the running mean of its
weights, which is calmer than they are.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

from semsearch.arrays import ByteArray, IntArray
from semsearch.nets.autoencoder import chosen, on_device
from semsearch.nets.checkpoint import Part
from semsearch.nets.classifier import Classifier
from semsearch.nets.device import place
from semsearch.nets.gan.diffaugment import changed
from semsearch.nets.gan.losses import for_discriminator, for_generator, gradient_penalty
from semsearch.nets.gan.monitor import Health, Look, Usual, distance_to_real, diversity
from semsearch.nets.gan.state import Pair, Sizes, new_pair, seen, shown
from semsearch.nets.task import Step, Turn
from semsearch.records import Device

FIXED = 64  # codes that are looked at as the training goes on
ROUND = 100  # turns from one look at the training's health to the next
LINE = 128  # of 0..255
KNOWN = 512  # real pictures that made ones are held against
COUNTED = 256  # made pictures whose classes are counted
WARM = 0.02  # of the training, in which the rate rises
CALM = 0.1  # of the rate, and of the penalty, are left at the end


@dataclass(frozen=True)
class GanOptions:
    """How it is played. `every` is how many turns lie between two penalties, `memory` the half-life of the mean of
    the generator's weights, in turns; `changes` are those of diffaugment.py."""

    steps: int
    batch: int
    rate: float
    loss: str
    simultaneous: bool
    d_steps: int
    penalty: float
    every: int
    memory: float
    changes: tuple[str, ...]
    seed: int


class GanTask:
    """The Task. `pictures` (n, h, w, c) uint8, of which a tenth is held out; `classes` (n,) numbers, or None.

    An epoch of the loop is a round of 100 turns here, after which health is looked at. `counter`, a classifier of the
    same pictures, then says of how many classes made ones are.
    """

    def __init__(
        self,
        pictures: ByteArray,
        classes: IntArray | None,
        sizes: Sizes,
        game: GanOptions,
        device: Device,
        counter: Classifier | None = None,
    ) -> None:
        self.game, self.sizes, self.place, self.counter = game, sizes, place(device), counter
        order = np.random.default_rng((game.seed, 1)).permutation(len(pictures))
        held = min(2048, len(pictures) // 10)
        self.held, self.taught = order[:held], order[held:]
        self.pictures = on_device(pictures, self.place)
        self.classes = None if classes is None else torch.from_numpy(np.asarray(classes, np.int64)).to(self.place)
        self.pair = new_pair(sizes, game.seed, self.place)
        self.mean = copy.deepcopy(self.pair.generator).requires_grad_(False)
        self.optimisers = self._optimisers()
        self.steps = min(ROUND, game.steps)
        self.epochs = math.ceil(game.steps / self.steps)
        draw = torch.Generator(self.place).manual_seed(game.seed)
        self.fixed, self.counted = self._codes(FIXED, draw), self._codes(COUNTED, draw)
        self.health = Health()
        self.known, self.other = (
            torch.from_numpy(some).to(self.place) for some in (self.taught[:KNOWN], self.held[:FIXED])
        )
        self.usual = Usual.of(self._whole(self.known[:FIXED]))

    def _optimisers(self) -> list[torch.optim.Optimizer]:
        """One for each net; one for both where they turn at once."""
        nets = (self.pair,) if self.game.simultaneous else (self.pair.discriminator, self.pair.generator)
        return [torch.optim.Adam(net.parameters(), lr=self.game.rate, betas=(0.0, 0.99), fused=True) for net in nets]

    def trained(self) -> Pair:
        """Both nets, the generator's weights at their mean."""
        pair = copy.deepcopy(self.pair)
        pair.generator.load_state_dict(self.mean.state_dict())
        return pair.eval()

    def parts(self) -> Mapping[str, Part]:
        return {"pair": self.pair, "mean": self.mean} | {
            f"optimiser {place}": one for place, one in enumerate(self.optimisers)
        }

    def batches(self, epoch: int) -> Iterator[torch.Tensor]:
        """Rows, `d_steps` times the batch for each turn: over all pictures, again and again, in random orders."""
        rng = np.random.default_rng((self.game.seed, 2, epoch))
        each = self.game.batch * self.game.d_steps
        passes = math.ceil(each * self.steps / len(self.taught))
        order = np.concatenate([rng.permutation(self.taught) for _ in range(passes)])[: each * self.steps]
        yield from torch.from_numpy(order).to(self.place).split(each)

    def losses(self, batch: torch.Tensor, step: Step) -> Iterator[Turn]:
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = self.game.rate * warmup_cosine(step.progress, WARM)
        if self.game.simultaneous:
            made = self._made(batch, step)
            both = self._of_discriminator(batch, made.detach(), step) + self._of_generator(batch, made, step)
            yield Turn(self.optimisers[0], both)
        else:
            for rows in batch.split(self.game.batch):
                made = self._made(rows, step)
                yield Turn(self.optimisers[0], self._of_discriminator(rows, made.detach(), step), "discriminator")
            step.note(discriminator_gradient=grad_norm(self.pair.discriminator))
            yield Turn(self.optimisers[1], self._of_generator(rows, made, step), "generator")
        step.note(generator_gradient=grad_norm(self.pair.generator))
        self._remember(step.number)

    def _of_discriminator(self, rows: torch.Tensor, made: torch.Tensor, step: Step) -> torch.Tensor:
        """Its loss, with the penalty when that is due."""
        due = self.game.penalty > 0 and step.number % self.game.every == 0
        real, made, kinds = self._real(rows, step), self._changed(made, step), self._kinds(rows)
        if due:
            real.requires_grad_()
            made.requires_grad_()
        of_real, of_made = self.pair.discriminator(real, kinds), self.pair.discriminator(made, kinds)
        step.note(score_of_real=of_real.mean(), score_of_made=of_made.mean())
        loss = for_discriminator(self.game.loss)(of_real, of_made)
        if not due:
            return loss
        steep = gradient_penalty(of_real, real) + gradient_penalty(of_made, made)
        step.note(steepness=steep)
        return loss + self.game.every * self.game.penalty * warmup_cosine(step.progress) / 2 * steep

    def _of_generator(self, rows: torch.Tensor, made: torch.Tensor, step: Step) -> torch.Tensor:
        """Its loss by a discriminator that does not move."""
        still = {name: weight.detach() for name, weight in self.pair.discriminator.named_parameters()}
        kinds = self._kinds(rows)
        of_made = functional_call(self.pair.discriminator, still, (self._changed(made, step), kinds))
        of_real = of_made
        if self.game.loss == "relativistic":
            with torch.no_grad():
                of_real = self.pair.discriminator(self._real(rows, step), kinds)
        return for_generator(self.game.loss)(of_real, of_made)

    def _made(self, rows: torch.Tensor, step: Step) -> torch.Tensor:
        """As many made pictures, of the same classes."""
        made: torch.Tensor = self.pair.generator(self._codes(len(rows), step.draw, self._kinds(rows)))
        return made

    def _real(self, rows: torch.Tensor, step: Step) -> torch.Tensor:
        return self._changed(self._whole(rows), step)

    def _whole(self, rows: torch.Tensor) -> torch.Tensor:
        return seen(chosen(self.pictures, rows))

    def _changed(self, pictures: torch.Tensor, step: Step) -> torch.Tensor:
        return changed(pictures, self.game.changes, step.draw)

    def _kinds(self, rows: torch.Tensor) -> torch.Tensor | None:
        """(n, classes), 1 for the class of each picture."""
        if self.classes is None:
            return None
        return nn.functional.one_hot(self.classes[rows], self.sizes.classes).float()

    def _codes(self, n: int, draw: torch.Generator, kinds: torch.Tensor | None = None) -> torch.Tensor:
        """(n, dim), and the classes wanted; where none are given, each in turn."""
        codes = torch.randn(n, self.sizes.dim, generator=draw, device=self.place)
        if not self.sizes.classes:
            return codes
        if kinds is None:
            turn = torch.arange(n, device=self.place) % self.sizes.classes
            kinds = nn.functional.one_hot(turn, self.sizes.classes).float()
        return torch.cat([codes, kinds], dim=1)

    @torch.no_grad()
    def _remember(self, number: int) -> None:
        """Moves the mean of the generator's weights; it forgets faster at first, when there is much to forget."""
        half_life = min(self.game.memory, max(1.0, 0.05 * (number + 1)))
        mean, now = (list(net.parameters()) for net in (self.mean, self.pair.generator))
        torch._foreach_lerp_(mean, now, 1 - 0.5 ** (1 / half_life))

    @torch.no_grad()
    def judge(self) -> Mapping[str, float]:
        """How the pictures of the fixed codes are, what the discriminator says of real pictures that it was shown and
        of others, and, where there is a classifier, how many classes the mean generator makes at least a fifth of their
        share of.
        """
        made, known = self.pair.generator(self.fixed), self._whole(self.known)
        spread = diversity(made) / self.usual.crowded
        strange = distance_to_real(made, known) / self.usual.apart
        told = {"diversity": spread, "strangeness": strange}
        for name, rows in (("score_of_shown", self.known[:FIXED]), ("score_of_held_out", self.other)):
            told[name] = float(self.pair.discriminator(self._whole(rows), self._kinds(rows)).mean())
        classes = None
        if self.counter is not None:
            found = self.counter(self.mean(self.counted) / 2 + 0.5).argmax(dim=1)
            counts = torch.bincount(found, minlength=self.counter.last.out_features)
            told["modes"] = float((counts >= COUNTED / len(counts) / 5).sum())
            classes = told["modes"] / len(counts)
        self.health.see(Look(spread, strange, classes))
        return told

    def well(self) -> bool:
        """Whether the last look at the pictures shows nothing wrong."""
        return self.health.well()

    def trouble(self, progress: float) -> str | None:
        """What is wrong with the pictures, and what to try."""
        wrong = self.health.trouble(progress)
        if wrong is None:
            return None
        other = "" if self.game.loss == "relativistic" else "--loss relativistic, "
        penalty, rate = 4 * (self.game.penalty or 0.1), self.game.rate / 2
        return f"{wrong}. Try {other}--penalty {penalty:g}, --rate {rate:g} or another --seed"

    @torch.no_grad()
    def picture(self) -> ByteArray:
        """What is made of the fixed codes, eight to a row, with grey lines between."""
        made = np.pad(shown(self.mean(self.fixed)), ((0, 0), (1, 0), (1, 0), (0, 0)), constant_values=LINE)
        rows = [np.concatenate(list(made[at : at + 8]), axis=1) for at in range(0, FIXED, 8)]
        return np.concatenate(rows, axis=0)[1:, 1:]


def warmup_cosine(progress: float, warm: float = 0.0) -> float:
    """Rises at first, then falls along half a cosine to a tenth."""
    if progress < warm:
        return max(0.05, progress / warm)
    return CALM + (1 - CALM) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def grad_norm(net: nn.Module) -> torch.Tensor:
    """That of the gradient that a net was turned by."""
    found = [weight.grad.norm() for weight in net.parameters() if weight.grad is not None]
    return torch.stack(found).norm()
