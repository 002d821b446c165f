"""Finds builders, readers and commands: the built-in ones and those of installed plugins, through the same hooks.

Nothing is loaded on import; `load()` does it once. `load(entry_points=False)` gives the built-in ones alone.
"""

from __future__ import annotations

import importlib
from functools import lru_cache
from importlib.metadata import Distribution, distributions
from typing import Any

import pluggy

from semsearch import hookspecs
from semsearch.builders.base import Builder, LimitsDefault
from semsearch.errors import InputError, NotFoundError, PluginError

BUILTINS = (
    "semsearch.builders.lsa",
    "semsearch.builders.pmi",
    "semsearch.builders.glove",
    "semsearch.builders.sgns",
    "semsearch.builders.wordmean",
    "semsearch.builders.factorize",
    "semsearch.builders.netmf",
    "semsearch.builders.prone",
    "semsearch.builders.deepwalk",
    "semsearch.builders.pca",
    "semsearch.builders.autoencoder",
    "semsearch.builders.rotation",
    "semsearch.builders.contrastive",
    "semsearch.builders.patches",
    "semsearch.builders.jigsaw",
    "semsearch.builders.inpainting",
    "semsearch.builders.colorization",
    "semsearch.builders.gan",
    "semsearch.ingest.readers",
)


class Registry:
    """The plugin manager, with what its plugins registered: `builders` and `readers` by name."""

    def __init__(self) -> None:
        self.plugins = pluggy.PluginManager(hookspecs.PROJECT)
        self.plugins.add_hookspecs(hookspecs)
        self.builders: dict[str, Builder] = {}
        self.readers: dict[str, Any] = {}
        self.origin: dict[str, str] = {}

    def add(self, plugin: Any, origin: str) -> None:
        """Take in one plugin; PluginError names `origin` if it clashes with what is there."""
        self.plugins.register(plugin)
        for hook, kept in (("register_builders", self.builders), ("register_readers", self.readers)):
            implementation = getattr(plugin, hook, None)
            if implementation is not None:
                implementation(register=lambda thing, kept=kept: self._keep(kept, thing, origin))

    def _keep(self, kept: dict[str, Any], thing: Any, origin: str) -> None:
        name = thing.name
        if name in kept:
            raise PluginError(
                f"{origin} registers {name!r}, which {self.origin[name]} already has: uninstall one of them"
            )
        kept[name] = thing
        self.origin[name] = origin

    def builder(self, name: str) -> Builder:
        """The builder of this name, or NotFoundError that lists those there are."""
        if name not in self.builders:
            raise NotFoundError(f"No builder {name!r}: there are {', '.join(sorted(self.builders))}")
        return self.builders[name]

    def default_builder(self, kind: str, items: int = 0) -> Builder:
        """The builder used where none is named: the first registered one that reads this kind of dataset.

        One that LimitsDefault is skipped for a dataset of more items than its limit.
        """
        for builder in self.builders.values():
            too_many = isinstance(builder, LimitsDefault) and items > builder.most_items
            if builder.reads == kind and not too_many:
                return builder
        raise InputError(f"No installed builder reads {kind}: see `semsearch builders`")


def _third_party() -> list[tuple[Distribution, Any]]:
    """Entry points of the group `semsearch`, each with the distribution that declares it, in a stable order."""
    found = {}
    for distribution in distributions():
        for point in distribution.entry_points:
            if point.group == hookspecs.PROJECT:
                found[(distribution.metadata["Name"], point.name)] = (distribution, point)
    return [found[key] for key in sorted(found)]


@lru_cache(maxsize=2)
def load(entry_points: bool = True) -> Registry:
    """All that is registered. PluginError names the distribution that fails to import or takes a name twice."""
    registry = Registry()
    for dotted in BUILTINS:
        registry.add(importlib.import_module(dotted), "semsearch")
    for distribution, point in _third_party() if entry_points else []:
        origin = f"the plugin {distribution.metadata['Name']} {distribution.version}"
        try:
            plugin = point.load()
        except Exception as error:  # whatever a third party's import raises is that third party's failure to load
            raise PluginError(f"{origin} cannot be loaded: {error}; `pip uninstall` it or mend it") from error
        registry.add(plugin, origin)
    return registry
