"""The journal of a build: progress, metrics by step, sample images, and checkpoints to resume from."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from semsearch.arrays import ByteArray
from semsearch.errors import InputError
from semsearch.images import png
from semsearch.records import Checkpoint, Report
from semsearch.storage import checkpoints

PROGRESS_SECONDS = 5.0  # between two writings of the progress
MAX_TOLD_POINTS = 2_000  # of the curves, which have 400 steps and some epochs


class RunJournal:
    """A Journal (records.Journal) that collects metrics and images for the run, and writes checkpoints to a file.

    `told_as` says what is trained, for the file of its progress.

    `curve` holds (step, metrics by name), `shown` (step, PNG), `resumed` the step of the checkpoint that was resumed,
    `made_with` the builder, options, seed and digest of the corpus. A checkpoint can be resumed only with the same.
    """

    def __init__(
        self,
        progress: Report,
        path: Path | None = None,
        made_with: Mapping[str, Any] | None = None,
        *,
        resume: bool = False,
        told_as: Mapping[str, Any] | None = None,
    ) -> None:
        self.progress, self.path, self.made_with = progress, path, made_with or {}
        self.curve: list[tuple[int, dict[str, float]]] = []
        self.shown: list[tuple[int, bytes]] = []
        self.resumed: int | None = None
        self.unkept: str | None = None  # why a checkpoint could not be written
        self._checkpoint = self._read() if resume else None
        self._told_as, self._told_at = told_as or {}, monotonic()

    def __call__(self, step: int, total: int, **metrics: float) -> None:
        if metrics:
            self.curve.append((step, metrics))
        self.progress(step, total, **metrics)
        if self.path is not None and monotonic() - self._told_at >= PROGRESS_SECONDS:
            self._told_at = monotonic()
            self._tell(self.path, step, total)

    def _tell(self, path: Path, step: int, total: int) -> None:
        """Write the curves so far for the page that shows them. A file that cannot be written stops nothing."""
        with suppress(OSError):
            checkpoints.write_progress(
                path, {**self._told_as, "step": step, "total": total, "curve": self.curve[-MAX_TOLD_POINTS:]}
            )

    def pictures(self, step: int, pixels: ByteArray) -> None:
        self.shown.append((step, png.encode(pixels)))

    def keep(self, checkpoint: Checkpoint) -> bool:
        """Replace the checkpoint file, which includes the curve so far but not the images.

        A file that cannot be written does not stop the training: see `unkept`.
        """
        if self.path is None:
            return False
        try:
            checkpoints.write(self.path, {**self.made_with, "curve": self.curve}, checkpoint)
        except OSError as error:
            self.unkept = f"{self.path} cannot be written ({error.strerror})"
            return False
        return True

    def kept(self) -> Checkpoint | None:
        checkpoint, self._checkpoint = self._checkpoint, None  # frees the arrays
        if checkpoint is not None:
            self.resumed = int(checkpoint.facts["number"])
        return checkpoint

    def done(self) -> None:
        """Delete the checkpoint: the run is stored."""
        if self.path is not None:
            checkpoints.remove(self.path)

    def _read(self) -> Checkpoint | None:
        stored = None if self.path is None else checkpoints.read(self.path)
        if stored is None:
            return None
        facts, checkpoint = stored
        self.curve = [(step, metrics) for step, metrics in facts.pop("curve")]
        for name, value in self.made_with.items():
            if facts.get(name) != value:
                raise InputError(
                    f"The checkpoint has {_described(name, facts.get(name))}, this build has {_described(name, value)}:"
                    " use the value of the checkpoint, or leave out --resume to start again"
                )
        return checkpoint


def _described(name: str, value: Any) -> str:
    """An option and its value, for messages; for `rows` the beginning of the digest."""
    return f"rows with the digest {str(value)[:6]}" if name == "rows" else f"{name} {value}"
