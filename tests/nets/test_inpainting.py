"""Holes lie where they should, a mean of surroundings is that of a plain loop, and painting is learned."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from semsearch.nets import inpainting, selfsupervised
from tests.nets.training import draw, trained
from tests.planted_images import lamps


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_holes_are_blocks_on_a_grid_of_another_place_in_each_picture(share: float) -> None:
    x = torch.zeros(200, 3, 24, 32)
    hidden = inpainting.block_mask(x, draw(), share, 6)
    assert hidden.shape == (200, 1, 24, 32) and hidden.dtype == torch.bool
    assert abs(float(hidden.float().mean()) - share) < 0.03
    edges = [set((np.flatnonzero(np.diff(one[0].any(0).numpy())) + 1).tolist()) for one in hidden[:, :, :6]]
    assert all(len({edge % 6 for edge in some}) <= 1 for some in edges)  # of one picture, on one grid
    assert len({edge % 6 for some in edges for edge in some}) == (6 if share < 0.9 else len({*range(6)}))
    assert not inpainting.block_mask(x, draw(), 0, 6).any()
    assert torch.equal(hidden, inpainting.block_mask(x, draw(), share, 6))


def test_surroundings_are_the_mean_of_what_is_seen_near_by() -> None:
    x = torch.rand(6, 3, 9, 12, generator=draw())
    hidden = inpainting.block_mask(x, draw(1), 0.7, 4)
    found = inpainting.visible_mean(x, hidden, 2)
    for picture, hole, mean in zip(x.numpy(), hidden.numpy()[:, 0], found.numpy(), strict=True):
        for down, along in np.ndindex(9, 12):
            rows, columns = (slice(max(0, at - 2), at + 3) for at in (down, along))
            seen = ~hole[rows, columns]
            near = picture[:, rows, columns][:, seen] if seen.any() else picture[:, ~hole]
            assert np.allclose(mean[:, down, along], near.mean(1), atol=1e-5)
    nothing = torch.zeros_like(hidden)
    assert torch.allclose(inpainting.visible_mean(x, nothing, 2), x.mean((2, 3), keepdim=True).expand_as(x), atol=1e-6)


@pytest.mark.parametrize("hole", [0.5, 0.0], ids=["holes", "autoencoder"])
def test_what_is_hidden_is_painted_better_than_by_the_mean_around(hole: float) -> None:
    task = trained(inpainting.Inpainting, lamps(300), 24, (16, 16), hole, 4, 0.8)
    judged = task.judge()
    assert judged["held_out"] == judged["held_out_error"] < 0.5 * judged["held_out_mean"]
    others = lamps(20, seed=9)
    for quiz, picture in zip(selfsupervised.quiz(task.net.eval(), others, 3), others, strict=True):
        assert quiz.correct is None and (quiz.target == picture).all()
        asked = (quiz.input != quiz.target).any(-1) if hole else np.ones((16, 16), bool)
        assert (quiz.output[~asked] == picture[~asked]).all()  # what was seen is left as it is
        off = ((quiz.output[asked] / 255.0 - picture[asked] / 255.0) ** 2).mean()
        assert abs(off - quiz.error) < 0.003 and quiz.error < quiz.baseline_error  # given in whole bytes
    assert task.picture().shape == (48, 8 * 16, 3)
