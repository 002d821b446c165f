"""Methods of collections whose builder decodes images: reconstruct, sample, interpolate."""

from __future__ import annotations

from semsearch.arrays import ByteArray
from semsearch.images import generate, samples
from semsearch.images.generate import Damage
from semsearch.images.reconstruct import Packing, ReconstructionGrid, reconstruct
from semsearch.session import Opened
from semsearch.storage.collections import open_collection


class Imaging(Opened):
    """Reconstructed and generated images."""

    def reconstruct(
        self,
        collection: str,
        *ids: str | int,
        count: int = 16,
        components: int | None = None,
        noise: float | None = None,
        mask: int | None = None,
        from_size: int | None = None,
        bits: int | None = None,
        seed: int = 0,
    ) -> ReconstructionGrid:
        """Images encoded and decoded again, with the error: those with these ids, else `count` random ones.

        `components` keeps the first of a code; `bits` quantises each. Damage before encoding: `noise` (standard
        deviation, pixels 0 to 1), `mask` (pixels of a square), or `from_size` (pixels). Raises InputError for a
        collection that cannot decode images and for values out of range, NotFoundError for an unknown id.
        """
        with self._reading() as db:
            return reconstruct(
                db,
                open_collection(db, collection),
                [str(id) for id in ids],
                count=count,
                damage=Damage(noise, mask, from_size),
                packing=Packing(bits, components),
                seed=seed,
            )

    def sample(
        self,
        collection: str,
        count: int = 64,
        *,
        seed: int = 0,
        prior: str | None = None,
        label: str | None = None,
        into: str | None = None,
    ) -> ByteArray:
        """Generated images, (count, height, width, channels) uint8; with `into` they are written to that table too.

        `prior` is the distribution of the codes: "mixture", "gaussian", "normal" or "own". `label` is the class, for a
        collection built with `conditional`. Raises InputError for a collection that cannot generate images, and for
        values out of range.
        """
        with self._writing() if into else self._reading() as db:
            model = generate.open_model(db, open_collection(db, collection))
            drawing = samples.drawing_of(model, seed=seed, prior=prior, label=label)
            if into:
                return samples.write_samples(db, model, into, count, drawing)
            return samples.sample(model, count, drawing)

    def interpolate(
        self,
        collection: str,
        one: str | int,
        other: str | int,
        *,
        steps: int = 9,
        seed: int | None = None,
        prior: str | None = None,
    ) -> ByteArray:
        """Images between two images, (steps, height, width, channels) uint8, both included.

        `one` and `other` are ids of images. With a seed, and always for a gan, they are numbers of generated images.
        Raises what `sample` raises, NotFoundError for an unknown id.
        """
        with self._reading() as db:
            model = generate.open_model(db, open_collection(db, collection))
            return samples.interpolate(model, str(one), str(other), steps, seed=seed, prior=prior)
