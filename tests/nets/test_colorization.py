"""Colours of known values; classes near a colour; and that things' colours are learned from their shapes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from semsearch.nets import cielab, selfsupervised
from semsearch.nets.backbone import BackboneConfig
from semsearch.nets.colorization import SIGMA, SOFT_CLASSES, Colorization
from tests.nets.training import draw, trained
from tests.planted_images import painted


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [  # as Lindbloom's calculator and scikit-image have them, white D65
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((119, 119, 119), (50.03, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((255, 255, 0), (97.14, -21.55, 94.48)),
        ((0, 0, 10), (0.198, 1.391, -3.784)),  # the straight part, by hand: L = 903.3 Y, a = 3893.5 (X - Y) ...
    ],
    ids=str,
)
def test_known_colours(rgb: tuple[int, int, int], lab: tuple[float, float, float]) -> None:
    pictures = (torch.tensor(rgb) / 255.0)[None, :, None, None]
    found = cielab.lab(pictures)
    assert torch.allclose(found[0, :, 0, 0], torch.tensor(lab, dtype=torch.float32), atol=0.02)
    assert torch.allclose(cielab.lightness(pictures), found[:, :1] / 100, atol=1e-5)
    assert torch.allclose(cielab.rgb(found), pictures, atol=2e-4)


def test_colours_go_there_and_back() -> None:
    x = torch.rand(4, 3, 16, 16, generator=draw())
    assert torch.allclose(cielab.rgb(cielab.lab(x)), x, atol=2e-4)
    beyond = torch.tensor([50.0, 120, -120])[None, :, None, None]
    assert cielab.rgb(beyond).min() >= 0 and cielab.rgb(beyond).max() <= 1


def test_classes_are_squares_that_hold_a_colour_of_the_screen() -> None:
    bins = cielab.squares()
    assert 250 < len(bins) < 265  # 260 with finer levels; Zhang et al. count 313, those at the rim included
    x = torch.rand(500, 3, 1, 1, generator=draw())
    apart = torch.cdist(cielab.lab(x)[:, 1:, 0, 0], bins).amin(1)
    assert apart.max() <= cielab.SQUARE_SIDE  # half the diagonal, but for corners that the levels step over
    assert (bins % cielab.SQUARE_SIDE == 0).all() and [0.0, 0.0] in bins.tolist()


def new_task(side: int = 16) -> Colorization:
    return selfsupervised.new_net(
        BackboneConfig(False, 1, side, 8), lambda: Colorization(BackboneConfig(False, 1, side, 8), (side, side), 0.8)
    ).game


def test_a_colour_is_shared_among_the_squares_near_it() -> None:
    task = new_task()
    colours = torch.tensor([[0.0, 0.0], [13.0, -22.0]])[:, :, None, None]
    near, share = task._soft_classes(colours)
    assert near.shape == share.shape == (2, SOFT_CLASSES, 1, 1) and torch.allclose(share.sum(1), torch.ones(2, 1, 1))
    for at, exact in enumerate([(0.0, 0.0), (14.0, -22.0)]):  # the table's steps are 2 wide
        apart = ((task.squares - torch.tensor(exact)) ** 2).sum(1)
        nearest = apart.argsort()[:SOFT_CLASSES]
        assert set(near[at, :, 0, 0].tolist()) == set(nearest.tolist()) and near[at, 0, 0, 0] == nearest[0]
        gauss = torch.exp(-apart[near[at, :, 0, 0]] / (2 * SIGMA**2))
        assert torch.allclose(share[at, :, 0, 0], gauss / gauss.sum(), atol=1e-5)


def test_rare_colours_count_more_and_all_together_as_if_none_did() -> None:
    task = new_task()
    assert torch.equal(task.class_weights(), torch.ones(len(task.squares)))
    grey, red = (int(((task.squares - torch.tensor(ab)) ** 2).sum(1).argmin()) for ab in ((0.0, 0.0), (70.0, 50.0)))
    task.met[grey], task.met[red] = 9900, 100
    weights = task.class_weights()
    often = task.met / task.met.sum() @ task.kernel
    assert weights[red] > 5 * weights[grey] and abs(float(weights @ often) - 1) < 1e-5


def test_what_a_thing_is_tells_its_colour() -> None:
    task = trained(Colorization, painted(300), 24, (16, 16), 0.8, channels=1)
    judged = task.judge()
    assert judged["held_out_error"] < 0.5 * judged["held_out_mean"]
    others = painted(20, seed=9)
    for quiz, picture in zip(selfsupervised.quiz(task.net.eval(), others, 3), others, strict=True):
        assert quiz.correct is None and quiz.error < quiz.baseline_error and (quiz.target == picture).all()
        assert np.ptp(quiz.input.astype(int), axis=2).max() <= 1 and np.ptp(quiz.output.astype(int), axis=2).max() > 40
        light = [
            cielab.lightness(torch.from_numpy(some / 255.0).float().permute(2, 0, 1)[None])
            for some in (quiz.input, picture)
        ]
        assert torch.allclose(*light, atol=0.01)


def test_features_are_of_lightness_alone() -> None:
    net = selfsupervised.new_net(
        BackboneConfig(False, 1, 16, 4), lambda: Colorization(BackboneConfig(False, 1, 16, 4), (16, 16), 0.8)
    )
    coloured = torch.rand(6, 3, 16, 16, generator=draw())
    net.eval()
    with torch.no_grad():
        assert torch.equal(net.backbone(coloured), net.backbone(cielab.lightness(coloured)))
