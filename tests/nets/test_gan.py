"""GANs: losses beside naive ones, turns of both schedules, pictures of all shapes, simple things learned."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from semsearch.nets.gan import state as states
from semsearch.nets.gan.diffaugment import AUGMENTATIONS, augmented
from semsearch.nets.gan.losses import discriminator_loss, generator_loss, gradient_penalty
from semsearch.nets.gan.monitor import Check, Monitor, distance_to_real, diversity
from semsearch.nets.gan.task import PREVIEW_CODES, GanPlan, GanTask, warmup_cosine
from semsearch.nets.loop import TrainOptions, train
from semsearch.nets.task import Step
from semsearch.records import silent
from tests.nets.training import CPU
from tests.planted_images import bars

LOSSES = ("minimax", "non-saturating", "hinge", "relativistic")


def plan(**other: Any) -> GanPlan:
    facts = {"steps": 40, "batch_size": 16, "lr": 0.002, "loss": "relativistic", "simultaneous": False, "d_steps": 1}
    facts |= {"gradient_penalty": 1.0, "penalty_interval": 4, "ema_half_life": 50.0, "augmentations": (), "seed": 0}
    return GanPlan(**(facts | other))


def new_task(images: np.ndarray, classes: np.ndarray | None = None, **other: Any) -> GanTask:
    count = 0 if classes is None else int(classes.max()) + 1
    return GanTask(images, classes, states.GanConfig(*images.shape[1:], 8, 2, count), plan(**other), CPU)


def step(number: int = 0) -> Step:
    return Step(number, 0.1, torch.Generator().manual_seed(0))


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_are_what_the_papers_say(loss: str) -> None:
    real, made = [1.5, -0.25, 0.5], [-1.25, 0.75, 2.0]
    log, pairs = math.log, list(zip(real, made, strict=True))
    told = [-log(sigmoid(r)) - log(1 - sigmoid(f)) for r, f in pairs]
    wanted = {
        "minimax": (told, [log(1 - sigmoid(f)) for f in made]),
        "non-saturating": (told, [-log(sigmoid(f)) for f in made]),
        "hinge": ([max(0, 1 - r) + max(0, 1 + f) for r, f in pairs], [-f for f in made]),
        "relativistic": ([-log(sigmoid(r - f)) for r, f in pairs], [-log(sigmoid(f - r)) for r, f in pairs]),
    }[loss]
    for found, values in zip((discriminator_loss(loss), generator_loss(loss)), wanted, strict=True):
        # float32 has seven digits
        assert float(found(torch.tensor(real), torch.tensor(made))) == pytest.approx(np.mean(values), rel=1e-5)


def test_steepness_is_the_squared_length_of_the_gradient_and_can_be_followed() -> None:
    weight = torch.tensor([3.0, 4.0], requires_grad=True)
    pictures = torch.ones(5, 2, requires_grad=True)
    steep = gradient_penalty((pictures * weight).sum(dim=1), pictures)
    assert float(steep.detach()) == 25.0
    (slope,) = torch.autograd.grad(steep, weight)
    assert slope.tolist() == [6.0, 8.0]


@pytest.mark.parametrize(
    "shape", [(8, 8, 1), (16, 16, 3), (28, 28, 1), (17, 40, 3), (64, 64, 1), (5, 5, 3), (1, 64, 1)], ids=str
)
def test_pictures_of_any_size_are_made_and_judged(shape: tuple[int, int, int]) -> None:
    pair = states.new_networks(states.GanConfig(*shape, 6, 2, 3), 0, torch.device("cpu"))
    made = pair.generator(torch.randn(4, 9))
    assert made.shape == (4, shape[2], *shape[:2]) and bool((made.abs() <= 1).all())
    assert pair.discriminator(made, torch.eye(4)[:, :3]).shape == (4,)
    assert augmented(made, AUGMENTATIONS, torch.Generator().manual_seed(0)).shape == made.shape


def test_changes_are_the_same_for_the_same_chance_and_let_gradients_through() -> None:
    pictures = torch.randn(8, 3, 16, 16, requires_grad=True)
    one, two, other = (augmented(pictures, AUGMENTATIONS, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, two) and not torch.equal(one, other)
    (slope,) = torch.autograd.grad(one.sum(), pictures)
    assert float(slope.abs().sum()) > 0
    assert augmented(pictures, (), torch.Generator()) is pictures


@pytest.mark.parametrize(
    ("how", "names"),
    [
        ({}, ["discriminator", "generator"]),
        ({"d_steps": 3}, ["discriminator"] * 3 + ["generator"]),
        ({"simultaneous": True}, ["loss"]),
    ],
    ids=["alternate", "three turns", "simultaneous"],
)
def test_turns(how: dict[str, Any], names: list[str]) -> None:
    """Each turn moves the net it is for and no other, and the generator's mean follows at the end."""
    task = new_task(bars(80), **how)
    nets = {"discriminator": task.networks.discriminator, "generator": task.networks.generator, "ema": task.ema}
    said = []
    for pull in task.losses(next(iter(task.batches(0))), step()):
        said.append(pull.name)
        before = {name: [weight.detach().clone() for weight in net.parameters()] for name, net in nets.items()}
        pull.optimiser.zero_grad(set_to_none=True)
        pull.loss.backward()
        pull.optimiser.step()
        moved = {
            name
            for name, net in nets.items()
            if any(not torch.equal(*two) for two in zip(before[name], net.parameters(), strict=True))
        }
        assert moved == ({"discriminator", "generator"} if pull.name == "loss" else {pull.name})
    assert said == names
    assert any(not torch.equal(*two) for two in zip(before["ema"], task.ema.parameters(), strict=True))


def test_both_at_once_start_from_the_same_place() -> None:
    """The generator's gradient is that against the discriminator as it was, not as its own turn leaves it."""
    slopes = []
    for together in (True, False):
        task = new_task(bars(80), simultaneous=together, loss="non-saturating", gradient_penalty=0.0)
        pulls = task.losses(next(iter(task.batches(0))), step())
        pull = next(pulls)
        pull.loss.backward()
        if not together:  # the discriminator's turn is not taken
            pull = next(pulls)
            pull.loss.backward()
        slopes.append(torch.cat([weight.grad.flatten() for weight in task.networks.generator.parameters()]))
    assert torch.allclose(*slopes, atol=1e-7)


def test_rates_and_penalties_rise_and_fall() -> None:
    assert warmup_cosine(0.0, 0.02) < warmup_cosine(0.01, 0.02) < 1 and warmup_cosine(0.02, 0.02) > 0.99
    assert warmup_cosine(1.0) == pytest.approx(0.1) and warmup_cosine(0.2) > warmup_cosine(0.6)


def test_it_learns_bars() -> None:
    """Made pictures come to have the brightness and the contrast of real ones, and differ among themselves."""
    pictures = bars(400)
    task = new_task(pictures, steps=400, batch_size=32, lr=0.004)
    start = states.generate(task.ema, task.preview_codes.numpy()).astype(float)
    train(task, TrainOptions(seed=0), device=CPU, report=silent)
    made = states.generate(task.ema, task.preview_codes.numpy()).astype(float)
    for measure in (np.mean, np.std):
        assert abs(measure(made) - measure(pictures)) < 0.3 * abs(measure(start) - measure(pictures))
    assert made.std(axis=0).mean() > 0.4 * pictures.std(axis=0).mean()
    assert task.picture().shape == (8 * 9 - 1, PREVIEW_CODES // 8 * 9 - 1, 1)


def test_classes_are_heeded() -> None:
    """Dark pictures are of one class, bright ones of the other."""
    rng = np.random.default_rng(0)
    classes = np.arange(200) % 2
    pictures = (60 + 130 * classes[:, None, None, None] + rng.integers(-20, 20, (200, 8, 8, 1))).astype(np.uint8)
    task = new_task(pictures, classes, steps=200, batch_size=32, lr=0.004)
    train(task, TrainOptions(seed=0), device=CPU, report=silent)
    codes = np.concatenate([np.tile(rng.standard_normal((20, 8)), (2, 1)), np.repeat(np.eye(2), 20, axis=0)], axis=1)
    made = states.generate(task.ema, codes).astype(float).mean(axis=(1, 2, 3))
    assert made[:20].mean() + 60 < made[20:].mean()


def test_distances_tell_what_has_collapsed_from_what_has_not() -> None:
    pictures = torch.from_numpy(bars(64)).float()
    naive = np.sort(np.linalg.norm(pictures.flatten(1)[:, None] - pictures.flatten(1), axis=2), axis=1)[:, 8].mean()
    assert diversity(pictures) == pytest.approx(naive, rel=1e-5)
    assert diversity(pictures[:6].repeat(11, 1, 1, 1)[:64]) == 0
    assert distance_to_real(pictures[:5], pictures) == 0
    assert distance_to_real(pictures[:5] + 100, pictures) > 700  # 8 by 8 pixels, 100 each


GOOD, ALIKE, FAR, FEW = Check(0.9, 0.5), Check(0.1, 0.5), Check(0.9, 5.0), Check(0.9, 0.5, 0.3)


@pytest.mark.parametrize(
    ("looks", "progress", "told"),
    [
        ([GOOD] * 9, 0.9, None),
        ([ALIKE] * 5, 0.1, None),
        ([ALIKE] * 5, 0.3, "Mode collapse: the diversity of generated images is 10 %"),
        ([GOOD] * 3 + [ALIKE] * 2, 0.5, None),
        ([GOOD] * 3 + [ALIKE] * 3, 0.1, "Mode collapse"),
        ([GOOD] * 3 + [FAR] * 3, 0.1, "has diverged: generated images are 5.0 times as far"),
        ([FEW] * 3, 0.5, "generated images show 30 % of the classes"),
    ],
    ids=["well", "young", "never", "for a while", "fell", "far", "classes"],
)
def test_what_is_wrong_is_said_when_it_lasts(looks: list[Check], progress: float, told: str | None) -> None:
    monitor = Monitor()
    for look in looks:
        monitor.add(look)
    found = monitor.trouble(progress)
    assert found is None if told is None else told in str(found)


def test_looks_are_told_and_classes_counted() -> None:
    class Halves(torch.nn.Module):
        """Two classes of four: the brighter and the darker half of what it is shown."""

        last = torch.nn.Linear(1, 4)

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            bright = pictures.mean(dim=(1, 2, 3))
            return torch.nn.functional.one_hot((bright > bright.median()).long(), 4)

    pictures = bars(100)
    task = GanTask(pictures, None, states.GanConfig(8, 8, 1, 8, 2), plan(), CPU, Halves())
    told = task.judge()
    assert told["modes"] == 2 and {"score_of_shown", "score_of_held_out"} <= told.keys()
    assert told["diversity"] > 0 and told["strangeness"] > 0 and task.trouble(0.9) is None
    task.judge()
    task.judge()
    assert "50 % of the classes. Try --gradient-penalty 4, --lr 0.001" in str(task.trouble(0.9))


def test_same_seed_same_bytes_and_the_state_survives() -> None:
    pictures = bars(70, channels=3)
    pairs = []
    for seed in (0, 0, 1):
        task = new_task(pictures, steps=4, seed=seed, augmentations=AUGMENTATIONS)
        train(task, TrainOptions(seed=seed), device=CPU, report=silent)
        pairs.append(task.trained())
    made = [states.generate(pair.generator, task.preview_codes.numpy()).tobytes() for pair in pairs]
    assert made[0] == made[1] != made[2]
    again = states.networks_of(states.state_of(pairs[0]))
    assert states.generate(again.generator, task.preview_codes.numpy()).tobytes() == made[0]
    found = states.features(again.discriminator, pictures, CPU)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5) and found.dtype == np.float32
