"""Autoencoders compared with PCA at the same latent dimension: error, probes, repair, compression and sampling.

    python benchmarks/autoencoder.py --data FOLDER --keep FOLDER

--data holds mnist/ and fashion-mnist/ as idx files. --keep holds trained nets, so that a second run, or another figure,
does not train them again. Each net is `build autoencoder` with its defaults except for what its line says. All figures
are of the test images of the sets. PCA goes through the same code in the same way.
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import results

from semsearch.builders.autoencoder import Autoencoder, AutoencoderOptions
from semsearch.builders.pca import Pca, PcaOptions
from semsearch.images.generate import Damage, Reconstruction, error, holes, reconstruct
from semsearch.maths.latent_prior import fit_prior
from semsearch.maths.packing import fit_quantiser
from semsearch.records import Device, Images, State, silent

DIMS = (16, 32)
SOME = 1_000  # test pictures that are mended
SIDE = 10  # pixels of a hole
MARGIN = 4  # pixels around it that an interpolation reads
SAMPLES = 5_000  # and as many test pictures
FASHION, DIGITS = "fashion-mnist", "mnist"
TRAIN, TEST = "train", "t10k"
Measured = dict[str, Any]


class Way:
    """A fitted builder: pictures to codes and back, as generate.py asks it."""

    ordered = False

    def __init__(self, builder: Any, arrays: dict[str, np.ndarray]) -> None:
        self.builder, self.state, self.shape = builder, State(arrays), tuple(arrays["shape"].tolist())

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Codes (n, dim)."""
        return np.asarray(self.builder.encode(self.state, Images([str(n) for n in range(len(pixels))], pixels)))

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Pictures (n, 28, 28, 1) uint8."""
        return np.asarray(self.builder.decode(self.state, codes))

    def reconstruct(self, pixels: np.ndarray, k: int | None = None) -> np.ndarray:
        """There and back."""
        return self.decode(self.encode(pixels))


class Bench:
    """The sets, and the nets that are trained of them, kept in a folder."""

    def __init__(self, data: Path, keep: Path, epochs: int | None = None) -> None:
        self.data, self.keep, self.epochs = data, keep, epochs
        self.pictures, self.labels = cache(self._pictures), cache(self._labels)
        self.net, self.pca = cache(self._net), cache(self._pca)

    def _pictures(self, name: str, part: str) -> np.ndarray:
        """(n, 28, 28, 1) uint8."""
        content = gzip.decompress((self.data / name / f"{part}-images-idx3-ubyte.gz").read_bytes())
        return np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28, 1)

    def _labels(self, name: str, part: str) -> np.ndarray:
        content = gzip.decompress((self.data / name / f"{part}-labels-idx1-ubyte.gz").read_bytes())
        return np.frombuffer(content, np.uint8, offset=8)

    def _net(self, name: str, dim: int, noise: float = 0.0, mask: float = 0.0) -> Way:
        """An autoencoder with default options, trained unless it is kept already."""
        options = AutoencoderOptions(latent_dim=dim, epochs=self.epochs, noise=noise, mask=mask)
        said = "_".join(f"{key}{value}" for key, value in asdict(options).items() if key != "linear")
        path = self.keep / f"{name}_{said}.npz"
        if not path.exists():
            wall, work = time.perf_counter(), time.process_time()
            arrays, metrics = self._fit(Autoencoder(), name, options)
            wall, work = time.perf_counter() - wall, time.process_time() - work
            self.keep.mkdir(parents=True, exist_ok=True)
            np.savez(path, **arrays)
            print(f"trained {path.stem}: {wall:.0f} s, {work:.0f} s of a processor, {metrics['steps']:,.0f} steps")
        return Way(Autoencoder(), dict(np.load(path)))

    def _pca(self, name: str, dim: int) -> Way:
        return Way(Pca(), self._fit(Pca(), name, PcaOptions(dim=dim))[0])

    def _fit(self, builder: Any, name: str, options: Any) -> tuple[dict[str, np.ndarray], Any]:
        pixels = self.pictures(name, TRAIN)
        images = Images([str(n) for n in range(len(pixels))], pixels)
        fitted = builder.fit(images, options, rng=np.random.default_rng(0), device=Device(), report=silent)
        return dict(fitted.arrays), fitted.metrics


def loss(bench: Bench) -> Measured:
    """Test MSE."""
    kept: Measured = {}
    print("\nTest MSE on Fashion-MNIST, pixels 0..1 (target: at most .75 of PCA's)")
    test = bench.pictures(FASHION, TEST)
    for dim in DIMS:
        ours, peer = (
            error(test, way.reconstruct(test))["mse"] for way in (bench.net(FASHION, dim), bench.pca(FASHION, dim))
        )
        print(f"  dim {dim}  autoencoder {ours:.5f}  PCA {peer:.5f}  ratio {ours / peer:.3f}")
        kept[f"dim {dim}"] = {"autoencoder": ours, "PCA": peer}
    return kept


def probe(bench: Bench) -> Measured:
    """A logistic regression on 32 codes, each at variance 1."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    print("\nLinear probe on 32 codes, test accuracy (target: at most a point below PCA)")
    kept: Measured = {}
    for name in (DIGITS, FASHION):
        found = []
        for way in (bench.net(name, 32), bench.pca(name, 32)):
            model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
            model.fit(way.encode(bench.pictures(name, TRAIN)), bench.labels(name, TRAIN))
            found.append(model.score(way.encode(bench.pictures(name, TEST)), bench.labels(name, TEST)))
        print(f"  {name:>13}  autoencoder {found[0]:.4f}  PCA {found[1]:.4f}  difference {found[0] - found[1]:+.4f}")
        kept[name] = {"autoencoder": found[0], "PCA": found[1]}
    return kept


def _mend(bench: Bench, damage: Damage, nets: dict[str, Way]) -> Measured:
    """PSNR of the baseline, and of each net."""
    test = bench.pictures(FASHION, TEST)[:SOME]
    found: dict[str, Reconstruction] = {
        said: reconstruct(way, test, damage=damage, rng=np.random.default_rng(0)) for said, way in nets.items()
    }
    one = next(iter(found.values()))
    assert one.baseline is not None
    kept = {"noisy" if damage.noise else "smooth filling": error(test, one.baseline)["psnr"]}
    kept |= {said: error(test, made.output)["psnr"] for said, made in found.items()}
    print("  " + "  ".join(f"{said} {psnr:.2f} dB" for said, psnr in kept.items()))
    return kept


def denoising(bench: Bench) -> Measured:
    """PSNR of pictures with noise of deviation .3, and through the code."""
    print("\nDenoising, sigma .3, Fashion-MNIST, dim 32 (target: above PCA's)")
    nets = {"trained with --noise .3": bench.net(FASHION, 32, 0.3), "autoencoder": bench.net(FASHION, 32)}
    return _mend(bench, Damage(noise=0.3), nets | {"PCA": bench.pca(FASHION, 32)})


def repair(bench: Bench) -> Measured:
    """PSNR with a hole of 10 × 10 filled, over whole pictures."""
    print("\nInpainting a hole of 10 × 10, Fashion-MNIST, dim 32 (target: above PCA's and bicubic)")
    test = bench.pictures(FASHION, TEST)[:SOME]
    hole = holes(len(test), 28, 28, SIDE, np.random.default_rng(0))
    cubic = error(test, bicubic(test, hole))["psnr"]
    print(f"  bicubic {cubic:.2f} dB")
    nets = {"trained with --mask .36": bench.net(FASHION, 32, 0.0, 0.36), "autoencoder": bench.net(FASHION, 32)}
    return {"bicubic": cubic} | _mend(bench, Damage(mask=SIDE), nets | {"PCA": bench.pca(FASHION, 32)})


def bicubic(pixels: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Holes filled by SciPy's cubic interpolation of the pixels around them, its nearest where one meets the edge."""
    from scipy.interpolate import griddata

    filled = pixels.copy()
    for row, missing in enumerate(hole[..., 0]):
        known, wanted = np.argwhere(~missing), np.argwhere(missing)
        low, high = wanted.min(axis=0) - MARGIN, wanted.max(axis=0) + MARGIN
        near = known[((known >= low) & (known <= high)).all(axis=1)]
        values = pixels[row][tuple(near.T)][:, 0].astype(float)
        made = griddata(near, values, wanted, method="cubic")
        made = np.where(np.isnan(made), griddata(near, values, wanted, method="nearest"), made)
        filled[row][tuple(wanted.T)] = np.rint(np.clip(made, 0, 255))[:, None]
    return filled


def enlarging(bench: Bench) -> Measured:
    """PSNR of pictures known at 14 × 14."""
    print("\nSuper-resolution 14 -> 28, Fashion-MNIST (target: above bicubic and PCA's)")
    kept: Measured = {}
    for dim in DIMS:
        print(f"  dim {dim}", end="")
        nets = {"autoencoder": bench.net(FASHION, dim), "PCA": bench.pca(FASHION, dim)}
        kept[f"dim {dim}"] = _mend(bench, Damage(from_size=14), nets)
    return kept


def packing(bench: Bench) -> Measured:
    """PSNR of codes of 8 bits a number, steps by the training codes' least and most."""
    print("\nCompression, one byte per number, Fashion-MNIST (target: PSNR above PCA's)")
    train, test = (bench.pictures(FASHION, part) for part in (TRAIN, TEST))
    kept: Measured = {}
    for dim in DIMS:
        found = []
        for way in (bench.net(FASHION, dim), bench.pca(FASHION, dim)):
            steps = fit_quantiser(way.encode(train), 8)
            found.append(error(test, way.decode(steps.unpack(steps.pack(way.encode(test)))))["psnr"])
        print(f"  {dim} bytes  autoencoder {found[0]:.2f} dB  PCA {found[1]:.2f} dB  gain {found[0] - found[1]:+.2f}")
        kept[f"{dim} bytes"] = {"autoencoder": found[0], "PCA": found[1]}
    return kept


def sampling(bench: Bench) -> Measured:
    """Samples of fitted priors, judged in the features of a classifier of the same training pictures."""
    from semsearch.evaluate.features import Features, learn_features, spread_scores

    print("\nSampling, MNIST, dim 32: Frechet distance in own features (target: the mixture 1.5 times lower)")
    train, test = (bench.pictures(DIGITS, part) for part in (TRAIN, TEST))
    features: Features = learn_features(train, bench.labels(DIGITS, TRAIN), seed=0, device=Device(), report=silent)
    print(f"  the classifier's test accuracy {features.accuracy(test, bench.labels(DIGITS, TEST)):.4f}")
    rng = np.random.default_rng(0)
    test = test[rng.permutation(len(test))[:SAMPLES]]
    real = features.of(test)
    noise = rng.integers(0, 256, test.shape, dtype=np.uint8)
    rows: dict[str, np.ndarray] = {"train (the floor)": train[rng.permutation(len(train))[:SAMPLES]], "noise": noise}
    way = bench.net(DIGITS, 32)
    codes = way.encode(train)
    rows["reconstructions"] = way.reconstruct(test)
    for prior in ("gaussian", "mixture"):
        rows[prior] = way.decode(fit_prior(codes[:8_000], prior, seed=0).draw(SAMPLES, rng))
    found = {said: spread_scores(real, features.of(pixels)) for said, pixels in rows.items()}
    for said, scores in found.items():
        print(f"  {said:>18}  " + "  ".join(f"{key} {value:.3f}" for key, value in scores.items()))
    print(f"  ratio gaussian / mixture {found['gaussian']['frechet'] / found['mixture']['frechet']:.2f}")
    return dict(found)


FIGURES: tuple[Callable[[Bench], Measured], ...] = (loss, probe, denoising, repair, enlarging, packing, sampling)


def main() -> None:
    """Run all, or some."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--keep", type=Path, help="folder to keep trained nets in (default: none)")
    parser.add_argument("--epochs", type=int, help="epochs of every net (default: that of the builder)")
    parser.add_argument("--only", nargs="*", choices=[work.__name__ for work in FIGURES], help="run only these")
    results.add_option(parser, __file__)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        bench = Bench(asked.data, asked.keep or Path(passing), asked.epochs)
        for work in FIGURES:
            if not asked.only or work.__name__ in asked.only:
                found = work(bench)
                if asked.json:
                    results.write(asked.json, {work.__name__: found}, asked)


if __name__ == "__main__":
    main()
