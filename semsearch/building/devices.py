"""Which device a build runs on, and why. Where there is no GPU that is found out without loading torch."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

from semsearch.errors import CapabilityError
from semsearch.records import Device

CHOICES = ("auto", "cpu", "cuda")


def choose(asked: str) -> Device:
    """The device for `auto`, `cpu` or `cuda`. CapabilityError, with the reason, where cuda is not there."""
    if asked == "cpu":
        return Device("cpu", "as asked")
    missing = _missing()
    if missing is None:
        return Device("cuda", "as asked" if asked == "cuda" else "there is one")
    if asked == "cuda":
        raise CapabilityError(f"--device cuda: {missing}; --device cpu runs without")
    return Device("cpu", missing)


def _missing() -> str | None:
    """Why there is no GPU to run on, None if there is one."""
    if not (Path("/dev/nvidia0").exists() or Path("/dev/dxg").exists() or shutil.which("nvidia-smi")):
        return "no NVIDIA GPU is found here"
    if find_spec("torch") is None:
        return "torch is not installed, which a GPU needs (pip install 'semsearch[torch]')"
    import torch

    if torch.version.cuda is None:
        return "the installed torch is a build for CPUs"
    if not torch.cuda.is_available():
        return "torch cannot use the GPU (driver too old, or none free)"
    return None
