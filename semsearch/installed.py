"""The plugins that are installed beside semsearch: entry points of the group `semsearch`, imported once."""

from __future__ import annotations

from functools import cache
from importlib.metadata import Distribution, distributions
from typing import Any

from semsearch.errors import PluginError

GROUP = "semsearch"


@cache
def plugins() -> tuple[tuple[str, Any], ...]:
    """Each plugin with its origin, as messages name it, in a stable order.

    Raises PluginError, which names the distribution, for one that fails to import.
    """
    loaded = []
    for distribution, point in _entry_points():
        origin = f"the plugin {distribution.metadata['Name']} {distribution.version}"
        try:
            loaded.append((origin, point.load()))
        except Exception as error:  # an import can raise anything
            raise PluginError(f"{origin} cannot be loaded: {error}; fix it or `pip uninstall` it") from error
    return tuple(loaded)


def _entry_points() -> list[tuple[Distribution, Any]]:
    """Entry points of the group, each with the distribution that declares it."""
    points = {}
    for distribution in distributions():
        for point in distribution.entry_points:
            if point.group == GROUP:
                points[(distribution.metadata["Name"], point.name)] = (distribution, point)
    return [points[key] for key in sorted(points)]
