"""Where a builder's matrix products are computed: in memory, or on a GPU if the build was given one."""

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
    """A function that makes an Operator of a dense or sparse matrix. torch is imported for a GPU only."""
    if device.name == "cpu":
        return Matrix
    from semsearch.nets.operator import MatrixOnDevice

    return partial(MatrixOnDevice, device=device)


def centred_on(device: Device) -> Callable[[npt.NDArray[Any], float], CentredRows]:
    """A function that makes an Operator of (rows - mean) * unit. torch is imported for a GPU only."""
    if device.name == "cpu":
        return Centred
    from semsearch.nets.operator import CentredOnDevice

    return partial(CentredOnDevice, device=device)
