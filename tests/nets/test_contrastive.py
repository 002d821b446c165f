"""Contrast: both losses beside slow ones, twins found, and what colours give away where they are let be."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from semsearch.nets import contrastive, selfsupervised
from tests.nets.training import draw, trained
from tests.planted_images import lamps

SMALL = (16, 16)


def settings(temperature: float | None, color_jitter: float) -> dict[str, float | None]:
    return {"temperature": temperature, "min_crop": 0.5, "color_jitter": color_jitter}


def test_simclr_is_the_cross_entropy_of_finding_each_twin_pair_by_pair() -> None:
    one, other = (torch.randn(5, 7, generator=draw(seed)) for seed in (0, 1))
    both = [vector / vector.norm() for vector in (*one, *other)]
    total = 0.0
    for row, vector in enumerate(both):
        alike = {at: math.exp(float(vector @ against) / 0.3) for at, against in enumerate(both) if at != row}
        total -= math.log(alike[(row + 5) % 10] / sum(alike.values()))
    assert float(contrastive.simclr(one, other, 0.3)) == pytest.approx(total / 10, rel=1e-5)


def test_vicreg_is_the_sum_of_its_three_terms_number_by_number() -> None:
    views = [0.5 * torch.randn(6, 4, generator=draw(seed)) for seed in (0, 1)]
    alike = ((views[0] - views[1]) ** 2).mean()
    spread = apart = 0.0
    for z in views:
        covariance = np.cov(z.numpy().T)
        spread += sum(max(0.0, 1 - math.sqrt(covariance[at, at] + 1e-4)) for at in range(4)) / 4 / 2
        apart += sum(covariance[a, b] ** 2 for a in range(4) for b in range(4) if a != b) / 4
    assert float(contrastive.vicreg(*views)) == pytest.approx(float(25 * alike + 25 * spread + apart), rel=1e-5)


def test_vicreg_is_lowest_where_twins_are_one_and_numbers_are_apart() -> None:
    apart = torch.linalg.qr(torch.randn(64, 8, generator=draw()))[0] * 8
    apart = apart - apart.mean(0)
    one_point = torch.ones(64, 8)
    assert float(contrastive.vicreg(apart, apart)) < 1.5 < 20 < float(contrastive.vicreg(one_point, one_point))


@pytest.mark.parametrize("temperature", [0.5, None], ids=["simclr", "vicreg"])
def test_twins_are_found_among_pictures_that_were_not_learned_from(temperature: float | None) -> None:
    tinted = np.clip(lamps(400) * np.random.default_rng(2).uniform(0.2, 1, (400, 1, 1, 3)), 0, 255).astype(np.uint8)
    task = trained(contrastive.Contrastive, tinted, 8, SMALL, **settings(temperature, 0.0))
    judged = task.judge()
    assert judged["chance"] == pytest.approx(1 / 40) and judged["held_out_accuracy"] > 8 / 40
    quizzes = selfsupervised.quiz(task.net, tinted[:10], 2)
    for row, quiz in enumerate(quizzes):
        assert quiz.actual == f"of image {row + 1}" and quiz.correct == (quiz.predicted == quiz.actual)
        assert bool(quiz.correct) == bool((quiz.output == quiz.target).all())


def test_twins_that_only_colours_tell_are_not_found_where_colours_change() -> None:
    """The known shortcut: noise of one tint each. Left alone the tint finds the twin; changed, it hardly does."""
    tints = np.random.default_rng(3).uniform(60, 200, (400, 1, 1, 3))
    noise = np.random.default_rng(4).normal(0, 20, (400, 16, 16, 3))
    pictures = np.clip(tints + noise, 0, 255).astype(np.uint8)
    found = {
        colour: trained(contrastive.Contrastive, pictures, 6, SMALL, **settings(0.5, colour)).judge()[
            "held_out_accuracy"
        ]
        for colour in (0.0, 0.8)
    }
    assert found[0.0] > 0.6 and found[0.8] < found[0.0] / 2
