"""Backbones take pictures of all sizes; changes by chance do what they say; a game on planted pictures is learned."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from semsearch.nets import augment, rotation, selfsupervised
from semsearch.nets.backbone import Backbone, BackboneConfig, MapDecoder, pool_map, recalibrate_batch_norm
from semsearch.nets.loop import TrainOptions, train
from semsearch.records import silent
from tests.nets.training import CPU, Notebook, draw, trained
from tests.planted_images import lamps


@pytest.mark.parametrize("resnet", [False, True], ids=["small", "resnet18"])
@pytest.mark.parametrize(
    "shape",
    [(8, 8, 1), (9, 23, 3), (28, 28, 1), (32, 32, 3), (128, 96, 3)],
    ids=lambda shape: "x".join(map(str, shape)),
)
def test_a_backbone_takes_pictures_of_any_size_and_paints_them_back(shape: tuple[int, int, int], resnet: bool) -> None:
    config = BackboneConfig(resnet, shape[2], max(shape), 8)
    backbone = Backbone(config)
    x = torch.rand(2, shape[2], *shape[:2], generator=draw())
    maps = backbone(x)
    assert maps.shape[:2] == (2, config.out) and (maps >= 0).all()
    assert all(abs(side - length / config.shrink) <= 1 for side, length in zip(maps.shape[2:], shape, strict=False))
    assert pool_map(maps).shape == backbone.features(x).shape == (2, config.features)
    assert MapDecoder(config, shape[:2], 5)(maps).shape == (2, 5, *shape[:2])


def test_features_of_whole_pictures_depend_on_no_other_picture() -> None:
    backbone = Backbone(BackboneConfig(False, 3, 16, 8))
    x = torch.rand(12, 3, 16, 16, generator=draw())
    recalibrate_batch_norm(backbone, [x[:6], x[6:]])
    with torch.no_grad():
        assert torch.allclose(backbone.features(x)[3:4], backbone.features(x[3:4]), atol=1e-5)  # sums in another order
        middle = backbone.layers[1](backbone.layers[0]((x - 0.5) / 0.25))
    assert middle.mean((0, 2, 3)).abs().max() < 1e-4  # the first layer's numbers are at mean 0 over these pictures


def test_a_crop_of_all_is_the_picture_and_others_are_parts_of_it() -> None:
    x = torch.rand(20, 3, 12, 18, generator=draw())
    whole = augment.crops(x, draw(), (12, 18), stretch=1.0, mirror=False)
    assert torch.allclose(whole, x, atol=1e-5)
    mirrored = augment.crops(x, draw(), (12, 18), stretch=1.0)
    flips = [bool(torch.allclose(one, other.flip(2), atol=1e-5)) for one, other in zip(mirrored, x, strict=True)]
    assert 3 <= sum(flips) <= 17 and all(
        flip or torch.allclose(one, other, atol=1e-5) for flip, one, other in zip(flips, mirrored, x, strict=True)
    )
    ramp = torch.arange(18.0).expand(40, 1, 12, 18) / 18
    parts = augment.crops(ramp, draw(1), (8, 8), min_crop=0.2)
    steps = (parts[..., 1:] - parts[..., :-1]).mean((1, 2, 3)).abs() * 18  # pixels between two of the crop's
    least = (0.2 * 12 * 18 / (4 / 3) ** 1) ** 0.5 / 8  # the width of the smallest, narrowest crop
    assert least * 0.9 < steps.min() < steps.max() < 2.3 and steps.std() > 0.1


def test_windows_are_cut_out_as_they_are() -> None:
    x = torch.rand(3, 2, 9, 11, generator=draw())
    top, left = torch.tensor([0, 4, 2]), torch.tensor([6, 0, 3])
    found = augment.windows(x, top, left, (5, 5))
    for one, picture, y, z in zip(found, x, top.tolist(), left.tolist(), strict=True):
        assert (one == picture[:, y : y + 5, z : z + 5]).all()


def test_colours_turn_about_grey_and_grey_is_grey() -> None:
    third = augment.hue_rotations(torch.tensor([2 * torch.pi / 3]))[0]
    assert torch.allclose(third @ torch.tensor([1.0, 0, 0]), torch.tensor([0.0, 1, 0]), atol=1e-6)  # red to green
    x = torch.rand(50, 3, 6, 6, generator=draw())
    all_grey = augment.color_jittered(x, draw(), strength=0.0, hue=0.0, grey=1.0)
    luma = (x * torch.tensor(augment.LUMA)[:, None, None]).sum(1, keepdim=True)
    assert torch.allclose(all_grey, luma.expand_as(x), atol=1e-5)
    some_grey = augment.color_jittered(x, draw(), grey=0.3)
    share = float(((some_grey[:, 0] - some_grey[:, 1]).abs().amax((1, 2)) < 1e-5).float().mean())
    assert 0.1 < share < 0.5
    grey = augment.color_jittered(x[:, :1], draw())
    assert grey.shape == (50, 1, 6, 6) and grey.min() >= 0 and grey.max() <= 1
    assert torch.equal(augment.color_jittered(x, draw(7)), augment.color_jittered(x, draw(7)))


@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])
def test_how_far_a_picture_is_turned_is_learned_and_can_be_shown(channels: int) -> None:
    task = trained(rotation.Rotation, lamps(300, channels=channels), 16, 16, 0.8)
    judged = task.judge()
    assert judged["held_out_accuracy"] > 0.9 and judged["held_out"] < 0.4  # chance is .25, and ln 4
    quizzes = selfsupervised.quiz(task.net, lamps(20, channels=channels, seed=9), 3)
    for quiz in quizzes:
        if quiz.correct:
            assert quiz.predicted == quiz.actual and (quiz.output == quiz.target).all()
        else:
            assert quiz.predicted != quiz.actual and (quiz.output != quiz.target).any()
        assert (quiz.input == quiz.target).all() == (quiz.actual == "upright")
    assert sum(bool(quiz.correct) for quiz in quizzes) >= 16
    assert task.picture().shape == (48, 8 * 16, channels)


def test_turns_are_numpys_own() -> None:
    x = torch.rand(4, 3, 5, 5, generator=draw())
    found = rotation.rotated(x, torch.arange(4))
    for quarter, (one, picture) in enumerate(zip(found, x, strict=True)):
        assert (one.numpy() == np.rot90(picture.numpy(), quarter, (1, 2))).all()


def test_a_state_gives_the_same_features_and_the_same_answers() -> None:
    pictures = lamps(60)
    task = trained(rotation.Rotation, pictures, 2, 16, 0.8)
    asked = selfsupervised.quiz(task.net.eval(), pictures, 1)
    arrays = selfsupervised.state_of(task.net, pictures, CPU)
    found = selfsupervised.features(task.net.backbone, pictures, CPU)
    again = selfsupervised.features(selfsupervised.backbone_of(arrays), pictures, CPU)
    assert (found == again).all() and found.shape == (60, task.net.backbone.config.features)
    net = selfsupervised.net_of(arrays, lambda: rotation.Rotation(task.net.backbone.config, 16, 0.8))
    assert [quiz.predicted for quiz in selfsupervised.quiz(net, pictures, 1)] == [quiz.predicted for quiz in asked]


def test_an_interrupted_training_goes_on_to_the_same_weights() -> None:
    """Means and variances of batches are part of where it was."""
    pictures, config = lamps(80), BackboneConfig(False, 3, 16, 4)

    def task() -> selfsupervised.PretextTraining:
        net = selfsupervised.new_net(config, lambda: rotation.Rotation(config, 16, 0.8), 0)
        return selfsupervised.PretextTraining(pictures, net, selfsupervised.PretextPlan(3, 32, 0.004, 0), CPU)

    whole = task()
    train(whole, TrainOptions(seed=0), device=CPU, report=silent)
    with pytest.raises(KeyboardInterrupt):
        train(task(), TrainOptions(seed=0), device=CPU, report=(book := Notebook(stop_at=5)))
    rest = task()
    train(rest, TrainOptions(seed=0), device=CPU, report=Notebook(book.last))
    ours, theirs = (one.net.state_dict() for one in (whole, rest))
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())
