"""The registered builders and readers: built-in ones and those of installed plugins, through the same hooks.

Nothing is loaded on import; `load()` does it once. `load(entry_points=False)` loads the built-in ones only.
"""

from __future__ import annotations

import importlib
from functools import cache, lru_cache, partial
from typing import Any

import pluggy

from semsearch import hookspecs, installed
from semsearch.builders.base import Builder, LimitsDefault
from semsearch.errors import InputError, NotFoundError, PluginError, did_you_mean

BUILTINS = (
    "semsearch.builders.lsa",
    "semsearch.builders.contrast",
    "semsearch.builders.pmi",
    "semsearch.builders.glove",
    "semsearch.builders.sgns",
    "semsearch.builders.wordmean",
    "semsearch.builders.masked",
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
    """The plugin manager, and the `builders` and `readers` that its plugins registered, by name."""

    def __init__(self) -> None:
        self.plugins = pluggy.PluginManager(hookspecs.PROJECT)
        self.plugins.add_hookspecs(hookspecs)
        self.builders: dict[str, Builder] = {}
        self.readers: dict[str, Any] = {}
        self.origin: dict[str, str] = {}

    def add(self, plugin: Any, origin: str) -> None:
        """Register one plugin of the distribution `origin`. Raises PluginError if it registers a name that is taken."""
        self.plugins.register(plugin)
        for hook, registered in (("register_builders", self.builders), ("register_readers", self.readers)):
            implementation = getattr(plugin, hook, None)
            if implementation is not None:
                implementation(register=partial(self._register, registered, origin))

    def _register(self, registered: dict[str, Any], origin: str, plugin_object: Any) -> None:
        name = plugin_object.name
        if name in registered:
            raise PluginError(
                f"{origin} registers {name!r}, which {self.origin[name]} already has: uninstall one of them"
            )
        registered[name] = plugin_object
        self.origin[name] = origin

    def builder(self, name: str) -> Builder:
        """The builder of this name. Raises NotFoundError, which lists the installed ones."""
        if name not in self.builders:
            raise NotFoundError(
                f"No builder {name!r}: there are {', '.join(sorted(self.builders))}{did_you_mean(name, self.builders)}"
            )
        return self.builders[name]

    def default_builder(self, kind: str, items: int = 0) -> Builder:
        """The builder used by default: the first registered one that reads this kind of dataset.

        A builder that LimitsDefault is skipped if the dataset has more items than its limit. Raises InputError if no
        builder reads this kind.
        """
        for builder in self.builders.values():
            too_many = isinstance(builder, LimitsDefault) and items > builder.most_items
            if builder.reads == kind and not too_many:
                return builder
        raise InputError(f"No installed builder reads {kind}: see `semsearch builders`")


@cache
def builder(name: str) -> Builder:
    """The builder of this name; a built-in one in a module of its name is found without importing the others.

    Raises NotFoundError, which lists the installed builders.
    """
    dotted = f"semsearch.builders.{name}"
    if dotted in BUILTINS:
        alone = Registry()
        alone.add(importlib.import_module(dotted), "semsearch")
        if name in alone.builders:
            return alone.builders[name]
    return load().builder(name)


@lru_cache(maxsize=2)
def load(entry_points: bool = True) -> Registry:
    """The registry. Raises PluginError, which names the distribution that fails to import or registers a taken name."""
    registry = Registry()
    for dotted in BUILTINS:
        registry.add(importlib.import_module(dotted), "semsearch")
    for origin, plugin in installed.plugins() if entry_points else ():
        registry.add(plugin, origin)
    return registry
