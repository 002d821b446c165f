"""Autoencoders: the linear one is PCA, the convolutional one overfits, repairs and samples; shapes of all kinds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from semsearch.maths.pca import principal_components
from semsearch.nets import autoencoder as nets
from semsearch.nets.layers import Decoder, Encoder, halved
from semsearch.nets.loop import TrainOptions, train
from semsearch.records import silent
from tests.nets.training import CPU
from tests.planted_images import bars


def plan(epochs: int, **other: float) -> nets.AutoencoderPlan:
    facts = {"batch_size": 32, "lr": 0.005, "noise": 0.0, "mask": 0.0, "kl_weight": 0.0, "seed": 0} | other
    return nets.AutoencoderPlan(epochs=epochs, **facts)


def config(
    side: int = 8, dim: int = 4, *, linear: bool = False, variational: bool = False, channels: int = 1
) -> nets.AutoencoderConfig:
    return nets.AutoencoderConfig(side, side, channels, dim, 8, linear, variational)


def trained(images: np.ndarray, config: nets.AutoencoderConfig, plan: nets.AutoencoderPlan) -> nets.AutoencoderTask:
    task = nets.AutoencoderTask(images, config, plan, CPU)
    train(task, TrainOptions(seed=0), device=CPU, report=silent)
    return task


def error(task: nets.AutoencoderTask, pictures: np.ndarray, shown: np.ndarray | None = None) -> float:
    codes = nets.encode(task.model, pictures if shown is None else shown, CPU)
    return float(((nets.decode(task.model, codes, CPU).astype(float) - pictures) ** 2).mean() / 255**2)


@pytest.mark.parametrize(
    "shape", [(16, 16, 1), (28, 28, 1), (17, 40, 3), (112, 92, 1), (5, 5, 3), (1, 64, 1), (128, 3, 3)], ids=str
)
def test_pictures_of_any_size_go_through_and_back(shape: tuple[int, int, int]) -> None:
    x = torch.zeros(2, shape[2], *shape[:2])
    codes = Encoder(shape, 7, 4)(x)
    assert codes.shape == (2, 7) and Decoder(shape, 7, 4)(codes).shape == x.shape
    assert max(halved(*shape[:2])[-1]) <= 8


def test_the_subspace_of_a_linear_autoencoder_is_pcas() -> None:
    """Baldi & Hornik 1989: its error cannot be lower than PCA's, and where it is as low the two subspaces are one."""
    rng = np.random.default_rng(1)
    strong = rng.normal(size=(300, 3)) * [90, 60, 40] @ np.linalg.qr(rng.normal(size=(36, 3)))[0].T
    pictures = np.clip(128 + strong + 10 * rng.normal(size=(300, 36)), 0, 255).astype(np.uint8).reshape(300, 6, 6, 1)
    task = trained(pictures, config(6, 3, linear=True), plan(200, lr=0.03, batch_size=64))
    found = principal_components(pictures.reshape(300, -1), 3, rng=rng, unit=1 / 255)
    best = float(found.energy - (found.singular_values**2).sum()) / pictures.size
    held_in = nets.decode(task.model, nets.encode(task.model, pictures, CPU), CPU).astype(float)
    assert best * 0.99 <= ((held_in - pictures) ** 2).mean() / 255**2 <= best * 1.02
    back = task.model.decoder.map.weight.detach().numpy()  # its columns span what it can make
    angles = np.linalg.svd(np.linalg.qr(back)[0].T @ found.components.T, compute_uv=False)
    assert angles.min() > 0.995


def test_a_net_overfits_a_few_pictures_and_its_state_survives() -> None:
    pictures = bars(40)
    task = trained(pictures, config(dim=8), plan(300))
    shown = pictures[task.train.numpy()]  # a tenth is held out
    assert error(task, shown) < 0.1 * float(shown.var() / 255**2)
    again = nets.model_of(nets.state_of(task.model))
    codes = nets.encode(task.model, pictures, CPU)
    assert np.allclose(nets.encode(again, pictures, CPU), codes, atol=1e-5)  # the memory's layout may differ
    assert task.picture().shape == (16, 8 * min(nets.PREVIEW_IMAGES, len(task.held_out)), 1)


def test_noise_and_holes_are_spoiled_into_what_the_encoder_sees_and_learnt_to_be_undone() -> None:
    pictures, how = bars(400), plan(40, noise=0.2, mask=0.3)
    whole = nets.to_float(torch.from_numpy(pictures[:8]).permute(0, 3, 1, 2))
    seen = nets.corrupted(whole, plan(1, mask=0.3), torch.Generator().manual_seed(0))
    assert ((seen == nets.MASK_VALUE / 255).sum(dim=(1, 2, 3)) == 4).all()  # a hole of 2 by 2 in each, 0.3 of 8 rounded
    task = trained(pictures, config(dim=6), how)
    fresh = bars(100, seed=9)
    spoiled = nets.corrupted(
        nets.to_float(torch.from_numpy(fresh).permute(0, 3, 1, 2)), how, torch.Generator().manual_seed(1)
    )
    shown = nets.to_bytes(spoiled)
    assert error(task, fresh, shown) < 0.5 * float(((shown.astype(float) - fresh) ** 2).mean() / 255**2)


def test_codes_of_a_variational_net_lie_near_a_standard_gaussian() -> None:
    pictures = bars(300)
    free = nets.encode(trained(pictures, config(), plan(60)).model, pictures, CPU)
    held = trained(pictures, config(variational=True), plan(60, kl_weight=1.0))
    codes = nets.encode(held.model, pictures, CPU)
    assert np.abs(codes.mean(axis=0)).max() < 0.5 and codes.std(axis=0).max() < 1.5
    assert codes.shape == free.shape == (300, 4)
    assert error(held, pictures) < float(pictures.var() / 255**2)


def test_same_seed_same_bytes_and_no_other() -> None:
    pictures = bars(64, channels=3)
    one, two = (trained(pictures, config(channels=3), plan(2)) for _ in range(2))
    other = trained(pictures, config(channels=3), plan(2, seed=1))
    codes = [nets.encode(task.model, pictures, CPU).tobytes() for task in (one, two, other)]
    assert codes[0] == codes[1] != codes[2]
