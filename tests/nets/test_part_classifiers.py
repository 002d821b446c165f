"""Patches and tiles are cut and put together as their class says; both tasks are learned; permutations are distant."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from semsearch.nets import augment, selfsupervised
from semsearch.nets.backbone import BackboneConfig
from semsearch.nets.jigsaw import Jigsaw, distant_permutations
from semsearch.nets.patches import DIRECTIONS, Patches, PatchLayout
from tests.nets.training import draw, trained
from tests.planted_images import lamps

CONFIG = BackboneConfig(False, 3, 32, 4)


def places(height: int, across: int, n: int) -> torch.Tensor:
    """Images (n, 3, height, across) whose pixels are their own positions: row, column, and 0."""
    down, along = torch.meshgrid(torch.arange(float(height)), torch.arange(float(across)), indexing="ij")
    return torch.stack([down, along, torch.zeros_like(down)]).expand(n, 3, height, across)


@pytest.mark.parametrize("directions", [4, 8])
def test_the_second_patch_is_where_its_class_says(directions: int) -> None:
    layout = PatchLayout(9, 3, 2, 0.0)
    parts, target = Patches(CONFIG, layout, directions).sample(places(30, 41, 600), draw())
    first, second = parts[:, 0, :2, 0, 0], parts[:, 1, :2, 0, 0]
    offsets = torch.tensor(list(DIRECTIONS.values()))[target]
    assert ((second - first) - 12 * offsets).abs().max() == 2  # shifted by up to two pixels
    assert set(target.tolist()) == set(range(directions))
    assert (parts[:, :, 0, 8, 8].max(), parts[:, :, 1, 8, 8].max()) == (29, 40)  # from anywhere, and never beyond
    assert parts[:, :, 0, 0, 0].min() == parts[:, :, 1, 0, 0].min() == 0
    assert (parts[:, :, 0, 8, 0] - parts[:, :, 0, 0, 0] == 8).all()  # nothing is resampled


def test_tiles_in_the_right_order_are_the_image_again() -> None:
    task = Jigsaw(CONFIG, 2, 24, 16, 0.0)
    images = torch.rand(30, 3, 32, 32, generator=draw())
    parts, target = task.sample(images, draw())
    put = task.solution_image(parts, target)
    whole = [augment.normalised(images[..., y : y + 16, x : x + 16]) for y in (0, 16) for x in (0, 16)]
    assert torch.allclose(put, torch.cat([torch.cat(whole[:2], 3), torch.cat(whole[2:], 3)], 2), atol=1e-6)
    moved = [bool((one != other).any()) for one, other in zip(task.input_image(parts), put, strict=True)]
    assert moved == [number != 0 for number in target.tolist()]  # the first permutation is the identity
    assert task.class_name(0) == "1 2 3 4"


def test_tiles_come_from_anywhere_in_their_cells() -> None:
    task = Jigsaw(CONFIG, 3, 10, 8, 0.0)
    parts, target = task.sample(torch.rand(1, 3, 33, 39, generator=draw()).expand(600, 3, 33, 39), draw())
    assert parts.shape == (600, 9, 3, 8, 8) and set(target.tolist()) == set(range(10))
    corners = task.solution_image(parts, target)[..., :8, :8].flatten(1)
    assert len(torch.unique(corners, dim=0)) == 4 * 6  # cells are 11 × 13 pixels


def test_permutations_are_distant_and_always_the_same() -> None:
    for length, count, least in ((4, 24, 2), (4, 4, 4), (9, 40, 7)):
        found = distant_permutations(length, count)
        apart = (found[:, None] != found[None]).sum(axis=2)
        assert (np.sort(found, axis=1) == np.arange(length)).all() and len(
            {tuple(row) for row in found.tolist()}
        ) == count
        assert apart[~np.eye(count, dtype=bool)].min() == least  # chance pairs of nine agree in three places or more
    assert (distant_permutations(4, 10) == distant_permutations(4, 24)[:10]).all()
    with pytest.raises(ValueError, match="4 tiles have 24 permutations, not 25"):
        distant_permutations(4, 25)


def test_a_patch_without_colour_is_one_of_its_channels() -> None:
    x = torch.rand(200, 3, 5, 5, generator=draw())
    found = augment.color_dropped(x, draw(), 1.0)
    which = [[bool(torch.equal(one[0], channel)) for channel in picture] for one, picture in zip(found, x, strict=True)]
    assert (found[:, 0] == found[:, 1]).all() and (found[:, 0] == found[:, 2]).all()
    assert all(sum(row) == 1 for row in which) and min(np.sum(which, axis=0)) > 40
    assert augment.color_dropped(x, draw(), 0.0) is x and augment.color_dropped(x[:, :1], draw(), 1.0).shape == (
        200,
        1,
        5,
        5,
    )


@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])
@pytest.mark.parametrize("what", ["four", "eight", "jigsaw"])
def test_the_tasks_are_learned(what: str, channels: int) -> None:
    layout = PatchLayout(9, 3, 1, 1.0)
    tasks = {"four": (Patches, layout, 4), "eight": (Patches, layout, 8), "jigsaw": (Jigsaw, 2, 24, 9, 1.0)}
    task = trained(tasks[what][0], lamps(400, 24, channels), 16, *tasks[what][1:])
    assert task.judge()["held_out_accuracy"] > 0.8
    quizzes = selfsupervised.quiz(task.net, lamps(20, 24, channels, seed=8), 5)
    assert sum(bool(quiz.correct) for quiz in quizzes) >= 14
    for quiz in quizzes:
        assert (quiz.predicted == quiz.actual) == quiz.correct
        assert bool(quiz.correct) <= bool((quiz.output == quiz.target).all())
