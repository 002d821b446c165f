"""Training of a generative adversarial network: a generator G, and a discriminator D of real and generated images.

    z ~ N(0, I)      fake = G(z)      D minimises its loss of D(real) and D(fake), then G minimises its own

Goodfellow et al. 2014. With `simultaneous` both take their step at once, from the same weights. The default is R3GAN
(Huang et al. 2024): a relativistic loss of pairs, with gradient penalties at real (R1) and generated images (R2). The
penalties need a second backward pass, so they are applied every few steps, with as much more weight (lazy
regularisation, Karras et al. 2020). The stored generator is an exponential moving average (EMA) of the weights.
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
from semsearch.nets.autoencoder import MAX_HELD_OUT, images_to_device, take_rows
from semsearch.nets.checkpoint import Stateful
from semsearch.nets.classifier import Classifier
from semsearch.nets.device import place
from semsearch.nets.gan.diffaugment import augmented
from semsearch.nets.gan.losses import discriminator_loss, generator_loss, gradient_penalty
from semsearch.nets.gan.monitor import Check, Monitor, RealScale, distance_to_real, diversity
from semsearch.nets.gan.state import GanConfig, GanNetworks, new_networks, to_image_bytes, to_network
from semsearch.nets.task import Step, Turn
from semsearch.records import Device

PREVIEW_CODES, PREVIEW_COLUMNS = 64, 8  # fixed codes whose images are shown, and images per row
EPOCH_STEPS = 100  # steps between two checks of the generated images
GRID_LINE = 128  # pixel value of the lines in a preview, 0..255
REFERENCE_IMAGES = 512  # real images that generated ones are compared with
MODE_IMAGES = 256  # generated images whose classes are counted
MIN_MODE_SHARE = 1 / 5  # of its even share, for a class to count as generated
WARMUP = 0.02  # share of the training in which the learning rate rises
MIN_WARMUP_LR, FINAL_LR = 0.05, 0.1  # shares of the learning rate, at the start and at the end; 0.1 of the penalty too
EMA_RAMP = 0.05  # the half-life of the EMA is at most this share of the steps so far


@dataclass(frozen=True)
class GanPlan:
    """How a GAN is trained.

    steps             of the generator
    batch_size        images per step
    lr                Adam's learning rate, after warm-up
    loss              of losses.py
    simultaneous      both networks take their step at once
    d_steps           discriminator steps per generator step
    gradient_penalty  weight of R1 and R2
    penalty_interval  steps from one penalty to the next
    ema_half_life     of the average of the generator's weights, in steps
    augmentations     of diffaugment.py
    """

    steps: int
    batch_size: int
    lr: float
    loss: str
    simultaneous: bool
    d_steps: int
    gradient_penalty: float
    penalty_interval: int
    ema_half_life: float
    augmentations: tuple[str, ...]
    seed: int


class GanTask:
    """The Task. An epoch of the loop is 100 steps here, after which the generated images are checked.

    images   (n, h, w, c) uint8, of which a tenth is held out
    classes  (n,) class numbers, or None
    counter  a classifier of the same images, which counts the classes of generated ones
    """

    def __init__(
        self,
        images: ByteArray,
        classes: IntArray | None,
        config: GanConfig,
        plan: GanPlan,
        device: Device,
        counter: Classifier | None = None,
    ) -> None:
        self.plan, self.config, self.place, self.counter = plan, config, place(device), counter
        order = np.random.default_rng((plan.seed, 1)).permutation(len(images))
        n_held_out = min(MAX_HELD_OUT, len(images) // 10)
        self.held_out, self.train = order[:n_held_out], order[n_held_out:]
        self.images = images_to_device(images, self.place)
        self.classes = None if classes is None else torch.from_numpy(np.asarray(classes, np.int64)).to(self.place)
        self.networks = new_networks(config, plan.seed, self.place)
        self.ema = copy.deepcopy(self.networks.generator).requires_grad_(False)
        self.optimisers = self._optimisers()
        self.steps = min(EPOCH_STEPS, plan.steps)
        self.epochs = math.ceil(plan.steps / self.steps)
        draw = torch.Generator(self.place).manual_seed(plan.seed)
        self.preview_codes, self.mode_codes = self._codes(PREVIEW_CODES, draw), self._codes(MODE_IMAGES, draw)
        self.monitor = Monitor()
        self.reference_rows, self.held_out_rows = (
            torch.from_numpy(rows).to(self.place)
            for rows in (self.train[:REFERENCE_IMAGES], self.held_out[:PREVIEW_CODES])
        )
        self.scale = RealScale.of(self._real(self.reference_rows[:PREVIEW_CODES]))

    def _optimisers(self) -> list[torch.optim.Optimizer]:
        """One for each network; one for both if their steps are simultaneous."""
        both = self.networks
        networks = (both,) if self.plan.simultaneous else (both.discriminator, both.generator)
        return [torch.optim.Adam(net.parameters(), lr=self.plan.lr, betas=(0.0, 0.99), fused=True) for net in networks]

    def trained(self) -> GanNetworks:
        """Both networks, with the averaged weights of the generator."""
        networks = copy.deepcopy(self.networks)
        networks.generator.load_state_dict(self.ema.state_dict())
        return networks.eval()

    def parts(self) -> Mapping[str, Stateful]:
        optimisers = {f"optimiser {number}": optimiser for number, optimiser in enumerate(self.optimisers)}
        return {"pair": self.networks, "mean": self.ema} | optimisers

    def batches(self, epoch: int) -> Iterator[torch.Tensor]:
        """Rows, `d_steps` batches for each step, in passes over all images in random order."""
        rng = np.random.default_rng((self.plan.seed, 2, epoch))
        step_rows = self.plan.batch_size * self.plan.d_steps
        passes = math.ceil(step_rows * self.steps / len(self.train))
        order = np.concatenate([rng.permutation(self.train) for _ in range(passes)])[: step_rows * self.steps]
        yield from torch.from_numpy(order).to(self.place).split(step_rows)

    def losses(self, batch: torch.Tensor, step: Step) -> Iterator[Turn]:
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = self.plan.lr * warmup_cosine(step.progress, WARMUP)
        if self.plan.simultaneous:
            fake = self._fake(batch, step)
            loss = self._d_loss(batch, fake.detach(), step) + self._g_loss(batch, fake, step)
            yield Turn(self.optimisers[0], loss)
        else:
            for rows in batch.split(self.plan.batch_size):
                fake = self._fake(rows, step)
                yield Turn(self.optimisers[0], self._d_loss(rows, fake.detach(), step), "discriminator")
            step.note(discriminator_gradient=grad_norm(self.networks.discriminator))
            yield Turn(self.optimisers[1], self._g_loss(rows, fake, step), "generator")
        step.note(generator_gradient=grad_norm(self.networks.generator))
        self._update_ema(step.number)

    def _d_loss(self, rows: torch.Tensor, fake: torch.Tensor, step: Step) -> torch.Tensor:
        """The discriminator's loss, a scalar, with the gradient penalty if that is due in this step."""
        interval, weight = self.plan.penalty_interval, self.plan.gradient_penalty
        penalised = weight > 0 and step.number % interval == 0
        real, fake, classes = self._augmented_real(rows, step), self._augmented(fake, step), self._one_hot(rows)
        if penalised:
            real.requires_grad_()
            fake.requires_grad_()
        real_scores, fake_scores = (self.networks.discriminator(images, classes) for images in (real, fake))
        step.note(score_of_real=real_scores.mean(), score_of_made=fake_scores.mean())
        loss = discriminator_loss(self.plan.loss)(real_scores, fake_scores)
        if not penalised:
            return loss
        penalty = gradient_penalty(real_scores, real) + gradient_penalty(fake_scores, fake)
        step.note(steepness=penalty)
        return loss + interval * weight * warmup_cosine(step.progress) / 2 * penalty

    def _g_loss(self, rows: torch.Tensor, fake: torch.Tensor, step: Step) -> torch.Tensor:
        """The generator's loss, a scalar, with the discriminator's weights fixed."""
        fixed = {name: weight.detach() for name, weight in self.networks.discriminator.named_parameters()}
        classes = self._one_hot(rows)
        fake_scores = functional_call(self.networks.discriminator, fixed, (self._augmented(fake, step), classes))
        real_scores = fake_scores
        if self.plan.loss == "relativistic":
            with torch.no_grad():
                real_scores = self.networks.discriminator(self._augmented_real(rows, step), classes)
        return generator_loss(self.plan.loss)(real_scores, fake_scores)

    def _fake(self, rows: torch.Tensor, step: Step) -> torch.Tensor:
        """Generated images (n, c, h, w), -1..1, of the same classes as these rows."""
        fake: torch.Tensor = self.networks.generator(self._codes(len(rows), step.draw, self._one_hot(rows)))
        return fake

    def _augmented_real(self, rows: torch.Tensor, step: Step) -> torch.Tensor:
        return self._augmented(self._real(rows), step)

    def _real(self, rows: torch.Tensor) -> torch.Tensor:
        """Real images (n, c, h, w), -1..1."""
        return to_network(take_rows(self.images, rows))

    def _augmented(self, images: torch.Tensor, step: Step) -> torch.Tensor:
        return augmented(images, self.plan.augmentations, step.draw)

    def _one_hot(self, rows: torch.Tensor) -> torch.Tensor | None:
        """The classes of these rows, (n, classes); None without classes."""
        if self.classes is None:
            return None
        return nn.functional.one_hot(self.classes[rows], self.config.classes).float()

    def _codes(self, n: int, draw: torch.Generator, classes: torch.Tensor | None = None) -> torch.Tensor:
        """Random codes (n, dim), followed by their classes, if there are any; by default the classes take turns."""
        codes = torch.randn(n, self.config.dim, generator=draw, device=self.place)
        if not self.config.classes:
            return codes
        if classes is None:
            numbers = torch.arange(n, device=self.place) % self.config.classes
            classes = nn.functional.one_hot(numbers, self.config.classes).float()
        return torch.cat([codes, classes], dim=1)

    @torch.no_grad()
    def _update_ema(self, number: int) -> None:
        """Updates the average of the generator's weights; its half-life is shorter at first."""
        half_life = min(self.plan.ema_half_life, max(1.0, EMA_RAMP * (number + 1)))
        averages, weights = (list(net.parameters()) for net in (self.ema, self.networks.generator))
        torch._foreach_lerp_(averages, weights, 1 - 0.5 ** (1 / half_life))

    @torch.no_grad()
    def judge(self) -> Mapping[str, float]:
        """Figures of the fixed codes' images relative to real ones, the discriminator's scores of training and of
        held-out images, and with a classifier the number of classes that the averaged generator makes."""
        fake, reference = self.networks.generator(self.preview_codes), self._real(self.reference_rows)
        check = Check(diversity(fake) / self.scale.diversity, distance_to_real(fake, reference) / self.scale.distance)
        metrics = {"diversity": check.diversity, "strangeness": check.distance_to_real}
        for name, rows in (
            ("score_of_shown", self.reference_rows[:PREVIEW_CODES]),
            ("score_of_held_out", self.held_out_rows),
        ):
            metrics[name] = float(self.networks.discriminator(self._real(rows), self._one_hot(rows)).mean())
        if self.counter is not None:
            metrics["modes"], share = self._modes(self.counter)
            check = Check(check.diversity, check.distance_to_real, share)
        self.monitor.add(check)
        return metrics

    def _modes(self, counter: Classifier) -> tuple[float, float]:
        """How many classes the averaged generator makes at least a fifth of their even share of, and their share."""
        predicted = counter(self.ema(self.mode_codes) / 2 + 0.5).argmax(dim=1)
        counts = torch.bincount(predicted, minlength=counter.last.out_features)
        modes = float((counts >= MODE_IMAGES / len(counts) * MIN_MODE_SHARE).sum())
        return modes, modes / len(counts)

    def well(self) -> bool:
        """Whether the last check of the generated images found nothing wrong."""
        return self.monitor.well()

    def trouble(self, progress: float) -> str | None:
        """Mode collapse or divergence in words, with what to try; None if neither was found."""
        trouble = self.monitor.trouble(progress)
        if trouble is None:
            return None
        loss = "" if self.plan.loss == "relativistic" else "--loss relativistic, "
        penalty, lr = 4 * (self.plan.gradient_penalty or 0.1), self.plan.lr / 2
        return f"{trouble}. Try {loss}--gradient-penalty {penalty:g}, --lr {lr:g} or another --seed"

    @torch.no_grad()
    def picture(self) -> ByteArray:
        """The images of the fixed codes, eight in a row, with grey lines between them."""
        images = to_image_bytes(self.ema(self.preview_codes))
        images = np.pad(images, ((0, 0), (1, 0), (1, 0), (0, 0)), constant_values=GRID_LINE)
        starts = range(0, PREVIEW_CODES, PREVIEW_COLUMNS)
        rows = [np.concatenate(list(images[start : start + PREVIEW_COLUMNS]), axis=1) for start in starts]
        return np.concatenate(rows, axis=0)[1:, 1:]


def warmup_cosine(progress: float, warmup: float = 0.0) -> float:
    """A factor of the learning rate: linear warm-up, then half a cosine to a tenth. `progress` is 0..1."""
    if progress < warmup:
        return max(MIN_WARMUP_LR, progress / warmup)
    return FINAL_LR + (1 - FINAL_LR) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def grad_norm(network: nn.Module) -> torch.Tensor:
    """The L2 norm of the gradient, a scalar."""
    norms = [weight.grad.norm() for weight in network.parameters() if weight.grad is not None]
    return torch.stack(norms).norm()
