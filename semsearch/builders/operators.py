"""Where the matrix that a builder factors is multiplied: in memory, or on a GPU where its build was given one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy.typing as npt

from semsearch.maths.factor import Matrix
from semsearch.maths.operator import Operator
from semsearch.maths.pca import Centred, CentredRows
from semsearch.records import Device


def matrix_on(device: Device) -> Callable[[Any], Operator]:
    """What makes an Operator of a dense or sparse matrix. Without a GPU torch is not imported."""
    if device.name == "cpu":
        return Matrix
    from semsearch.nets.operator import MatrixOnDevice

    return partial(MatrixOnDevice, device=device)


def centred_on(device: Device) -> Callable[[npt.NDArray[Any], float], CentredRows]:
    """What makes an Operator of rows less their mean, in a unit. Without a GPU torch is not imported."""
    if device.name == "cpu":
        return Centred
    from semsearch.nets.operator import CentredOnDevice

    return partial(CentredOnDevice, device=device)
