"""Arrays to bytes and back, without pickle."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray
from semsearch.errors import DatabaseError

_KINDS = "biuf"  # booleans, integers and floats: what a state may hold


def vector_to_blob(vector: FloatArray) -> bytes:
    """(dim,) to little-endian float32, which is what sqlite-vec and llm store."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def blob_to_vector(blob: bytes) -> FloatArray:
    """The inverse of `vector_to_blob`, (dim,) float32; ValueError if the length is no multiple of four."""
    return np.frombuffer(blob, dtype="<f4")


def describe(array: npt.NDArray[Any]) -> tuple[str, str]:
    """dtype and shape as text, little-endian. TypeError for anything but numbers."""
    if array.dtype.kind not in _KINDS:
        raise TypeError(f"a state holds arrays of numbers, not {array.dtype}")
    return array.dtype.newbyteorder("<").str, json.dumps(array.shape)


def array_to_bytes(array: npt.NDArray[Any]) -> memoryview:
    """The array's values in C order, little-endian, as flat bytes."""
    flat = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(-1)
    return flat.view(np.uint8).data


def bytes_to_array(dtype: str, shape: str, parts: Sequence[bytes]) -> npt.NDArray[Any]:
    """The inverse; DatabaseError if what is stored is not what its description says."""
    try:
        wanted = np.dtype(dtype)
        if wanted.kind not in _KINDS:
            raise DatabaseError(f"a stored array says it holds {dtype}: the file is damaged; rebuild the collection")
        return np.frombuffer(b"".join(parts), dtype=wanted).reshape(json.loads(shape))
    except (ValueError, TypeError) as error:
        raise DatabaseError(f"a stored array is damaged ({error}): rebuild the collection") from error
