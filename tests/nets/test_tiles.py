"""Patches lie where they are said to, tiles go back where they belong; both are learned; orders are far apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from semsearch.nets import augment, selfsupervised, tiles
from semsearch.nets.backbone import Plan
from tests.nets.test_selfsupervised import draw, lamps, taught

PLAN = Plan(False, 3, 32, 4)


def places(height: int, across: int, n: int) -> torch.Tensor:
    """Pictures (n, 3, height, across) whose pixels say where they lie: down, along, and 0."""
    down, along = torch.meshgrid(torch.arange(float(height)), torch.arange(float(across)), indexing="ij")
    return torch.stack([down, along, torch.zeros_like(down)]).expand(n, 3, height, across)


@pytest.mark.parametrize("directions", [4, 8])
def test_the_second_patch_lies_where_the_answer_says(directions: int) -> None:
    cut = tiles.Cut(9, 3, 2, 0.0)
    parts, right = tiles.Patches(PLAN, cut, directions).ask(places(30, 41, 600), draw())
    first, second = parts[:, 0, :2, 0, 0], parts[:, 1, :2, 0, 0]
    ways = torch.tensor(list(tiles.WHERE.values()))[right]
    assert ((second - first) - 12 * ways).abs().max() == 2  # it strays by up to two pixels
    assert set(right.tolist()) == set(range(directions))
    assert (parts[:, :, 0, 8, 8].max(), parts[:, :, 1, 8, 8].max()) == (29, 40)  # from anywhere, and never beyond
    assert parts[:, :, 0, 0, 0].min() == parts[:, :, 1, 0, 0].min() == 0
    assert (parts[:, :, 0, 8, 0] - parts[:, :, 0, 0, 0] == 8).all()  # nothing is resampled


def test_tiles_in_the_right_order_are_the_picture_again() -> None:
    game = tiles.Jigsaw(PLAN, tiles.Cut(16, 0, 0, 0.0), 2, 24)
    pictures = torch.rand(30, 3, 32, 32, generator=draw())
    parts, right = game.ask(pictures, draw())
    put = game.solved(parts, right)
    whole = [augment.levelled(pictures[..., y : y + 16, x : x + 16]) for y in (0, 16) for x in (0, 16)]
    assert torch.allclose(put, torch.cat([torch.cat(whole[:2], 3), torch.cat(whole[2:], 3)], 2), atol=1e-6)
    moved = [bool((one != other).any()) for one, other in zip(game.given(parts), put, strict=True)]
    assert moved == [answer != 0 for answer in right.tolist()]  # the first order is the picture's own
    assert game.words(0) == "1 2 3 4"


def test_tiles_come_from_anywhere_in_their_cells() -> None:
    game = tiles.Jigsaw(PLAN, tiles.Cut(8, 0, 0, 0.0), 3, 10)
    parts, right = game.ask(torch.rand(1, 3, 33, 39, generator=draw()).expand(600, 3, 33, 39), draw())
    assert parts.shape == (600, 9, 3, 8, 8) and set(right.tolist()) == set(range(10))
    corners = game.solved(parts, right)[..., :8, :8].flatten(1)
    assert len(torch.unique(corners, dim=0)) == 4 * 6  # cells are 11 × 13 pixels


def test_orders_are_far_apart_and_the_same_for_everybody() -> None:
    for things, count, least in ((4, 24, 2), (4, 4, 4), (9, 40, 7)):
        found = tiles.far_apart(things, count)
        apart = (found[:, None] != found[None]).sum(axis=2)
        assert (np.sort(found, axis=1) == np.arange(things)).all() and len(
            {tuple(row) for row in found.tolist()}
        ) == count
        assert apart[~np.eye(count, dtype=bool)].min() == least  # chance pairs of nine agree in three places or more
    assert (tiles.far_apart(4, 10) == tiles.far_apart(4, 24)[:10]).all()
    with pytest.raises(ValueError, match="4 things have 24 orders, not 25"):
        tiles.far_apart(4, 25)


def test_a_patch_without_colour_is_one_of_its_channels() -> None:
    x = torch.rand(200, 3, 5, 5, generator=draw())
    found = augment.drained(x, draw(), 1.0)
    which = [[bool(torch.equal(one[0], channel)) for channel in picture] for one, picture in zip(found, x, strict=True)]
    assert (found[:, 0] == found[:, 1]).all() and (found[:, 0] == found[:, 2]).all()
    assert all(sum(row) == 1 for row in which) and min(np.sum(which, axis=0)) > 40
    assert augment.drained(x, draw(), 0.0) is x and augment.drained(x[:, :1], draw(), 1.0).shape == (200, 1, 5, 5)


@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])
@pytest.mark.parametrize("what", ["four", "eight", "jigsaw"])
def test_what_is_above_what_is_learned(what: str, channels: int) -> None:
    cut = tiles.Cut(9, 3, 1, 1.0)
    games = {"four": (tiles.Patches, cut, 4), "eight": (tiles.Patches, cut, 8), "jigsaw": (tiles.Jigsaw, cut, 2, 24)}
    task = taught(games[what][0], lamps(400, 24, channels), 16, *games[what][1:])
    assert task.judge()["held_out_accuracy"] > 0.8
    quizzes = selfsupervised.quiz(task.net, lamps(20, 24, channels, seed=8), 5)
    assert sum(bool(quiz.correct) for quiz in quizzes) >= 14
    for quiz in quizzes:
        assert (quiz.predicted_class == quiz.true_class) == quiz.correct and bool(quiz.correct) <= bool(
            (quiz.prediction == quiz.truth).all()
        )
