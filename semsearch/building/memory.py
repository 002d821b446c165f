"""The memory that a build may take: what is free, what was allowed, and what a builder needs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from semsearch.builders.base import Builder, EstimatesMemory
from semsearch.errors import MAX_SHOWN, BuildError, InputError
from semsearch.records import Corpus

_UNITS = {"M": 10**6, "G": 10**9, "T": 10**12}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([MGT])B?", re.IGNORECASE)
_PROCESS = 250 * 10**6  # bytes of the interpreter, its libraries and the corpus of a small dataset


def parse_size(text: str) -> int:
    """The bytes of a size such as "4G", "1.5 GB" or "500M". Raises InputError for anything else."""
    match = _SIZE.fullmatch(text.strip())
    size = int(float(match[1]) * _UNITS[match[2].upper()]) if match else 0
    if size <= 0:
        raise InputError(f"--memory must be a size with its unit, such as 500M or 4G, not {text[:MAX_SHOWN]!r}")
    return size


def free_bytes() -> int | None:
    """The memory in bytes that this process can still take: the machine's, its control group's and its own limit.

    None where the system says nothing about it.
    """
    known = [*_machine_free(), *_group_free(), *_limit_free()]
    return max(0, min(known)) if known else None


@contextmanager
def bounded(builder: Builder, corpus: Corpus, options: Any, allowed: str | None) -> Iterator[None]:
    """Inside, the builder fits. Raises BuildError, with what helps, where it would need, or needs, too much memory.

    `allowed` is the size that was given, None for half of what is free. A builder that cannot estimate its need is not
    bounded.
    """
    if not isinstance(builder, EstimatesMemory):
        yield
        return
    need = builder.memory_need(corpus, options)
    most = parse_size(allowed) if allowed is not None else (free_bytes() or 0) // 2
    bytes_needed = need.bytes + _PROCESS
    if most and bytes_needed > most:
        which = "--memory" if allowed is not None else "half of the free memory"
        raise BuildError(
            f"{builder.name} would need about {_written(bytes_needed)} of memory for {len(corpus):,} items, but {which}"
            f" is {_written(most)}: {need.advice}{'' if allowed is not None else ', or allow more with --memory'}"
        )
    try:
        yield
    except MemoryError as error:
        raise BuildError(f"Out of memory, nothing was written: {need.advice}") from error


def _written(size: int) -> str:
    return f"{size / 10**9:,.1f} GB" if size >= 10**9 else f"{size / 10**6:,.0f} MB"


def _machine_free() -> Iterator[int]:
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                yield int(line.split()[1]) * 1024
                return
    with suppress(OSError, ValueError, AttributeError):  # elsewhere half of all memory counts as free
        yield os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _group_free() -> Iterator[int]:
    """What a container's control group (version 2 or 1) leaves; the pages of files that were read can be dropped."""
    for folder, most, used in (
        ("", "memory.max", "memory.current"),
        ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        group = Path("/sys/fs/cgroup") / folder
        with suppress(OSError, ValueError):  # "max" is no number
            limit = int((group / most).read_text())
            stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
            yield limit - int((group / used).read_text()) + int(stat.get("inactive_file", 0))


def _limit_free() -> Iterator[int]:
    """What `ulimit -v` leaves."""
    try:
        import resource
    except ImportError:  # Windows
        return
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most != resource.RLIM_INFINITY:
        with suppress(OSError, ValueError):
            used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            yield most - used * os.sysconf("SC_PAGE_SIZE")
