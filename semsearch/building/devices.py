"""Choose the device of a build. torch is imported only if the machine seems to have a GPU."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

from semsearch.errors import CapabilityError
from semsearch.records import Device

CHOICES = ("auto", "cpu", "cuda")


def choose(name: str) -> Device:
    """The device for `auto`, `cpu` or `cuda`. Raises CapabilityError with the reason if `cuda` is not possible."""
    if name == "cpu":
        return Device("cpu", "as requested")
    missing = _missing()
    if missing is None:
        return Device("cuda", "as requested" if name == "cuda" else "a GPU is available")
    if name == "cuda":
        raise CapabilityError(f"--device cuda is not possible: {missing}. Use --device cpu")
    return Device("cpu", missing)


def _missing() -> str | None:
    """Why no GPU can be used; None if one can."""
    if not (Path("/dev/nvidia0").exists() or Path("/dev/dxg").exists() or shutil.which("nvidia-smi")):
        return "no NVIDIA GPU was found"
    if find_spec("torch") is None:
        return "a GPU needs torch, which is not installed (pip install 'datasette-semsearch[torch]')"
    import torch

    if torch.version.cuda is None:
        return "the installed torch is a CPU-only build"
    if not torch.cuda.is_available():
        return "torch cannot use the GPU (its driver is too old, or no GPU is free)"
    return None
