"""What a build hears from a builder: how far it is, curves, pictures, and checkpoints to go on from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from semsearch.arrays import ByteArray
from semsearch.errors import InputError
from semsearch.images import png
from semsearch.records import Checkpoint, Report
from semsearch.storage import checkpoints


class RunJournal:
    """A Journal (training) that keeps curves and pictures for the run, and checkpoints in a file.

    `curve` holds (step, numbers), `shown` (step, PNG), `resumed` the step that was gone on from. `made_with` is what a
    checkpoint must have been made with to be gone on from: builder, options, seed and what was read.
    """

    def __init__(
        self,
        progress: Report,
        path: Path | None = None,
        made_with: Mapping[str, Any] | None = None,
        *,
        resume: bool = False,
    ) -> None:
        self.progress, self.path, self.made_with = progress, path, made_with or {}
        self.curve: list[tuple[int, dict[str, float]]] = []
        self.shown: list[tuple[int, bytes]] = []
        self.resumed: int | None = None
        self.unkept: str | None = None  # why a checkpoint could not be written
        self._kept = self._read() if resume else None

    def __call__(self, step: int, total: int, **metrics: float) -> None:
        if metrics:
            self.curve.append((step, metrics))
        self.progress(step, total, **metrics)

    def pictures(self, step: int, pixels: ByteArray) -> None:
        self.shown.append((step, png.encode(pixels)))

    def keep(self, checkpoint: Checkpoint) -> bool:
        """Replace the file; the curve so far goes with it. Pictures do not: those of a resumed run begin anew.

        A file that cannot be written is no reason to stop a training.
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
        kept, self._kept = self._kept, None  # its arrays are not needed twice
        if kept is not None:
            self.resumed = int(kept.facts["number"])
        return kept

    def done(self) -> None:
        """The run is written: nothing is left to go on from."""
        if self.path is not None:
            checkpoints.remove(self.path)

    def _read(self) -> Checkpoint | None:
        found = None if self.path is None else checkpoints.read(self.path)
        if found is None:
            return None
        told, checkpoint = found
        self.curve = [(step, metrics) for step, metrics in told.pop("curve")]
        for name, value in self.made_with.items():
            if told.get(name) != value:
                raise InputError(
                    f"The training to go on with had {_said(name, told.get(name))}, this one has {_said(name, value)}:"
                    " give the same, or leave out --resume to start anew"
                )
        return checkpoint


def _said(name: str, value: Any) -> str:
    """An option and its value; of rows, what tells them from others."""
    return f"rows with the digest {str(value)[:6]}" if name == "rows" else f"{name} {value}"
