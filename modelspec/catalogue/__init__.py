"""The layer types by dialect and name. A class is imported when a spec first names it.

A name that is not known here may be that of a type which an installed package brings: then, and only then, the
packages are looked through, which takes longer than the check of a spec.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from modelspec.catalogue.index import TYPES
from modelspec.language import CONTAINERS
from modelspec.layer import Layer

__all__ = ["dialects", "find", "list_common", "list_layers", "list_names"]

COMMON = {"Custom": "custom"}
"""The layer types of every dialect, with their modules."""


def dialects() -> tuple[str, ...]:
    """The dialects that a spec can be written in."""
    return tuple(TYPES)


def list_names(dialect: str) -> tuple[str, ...]:
    """The type names of a dialect, in alphabetical order."""
    return tuple(TYPES[dialect])


def find(dialect: str, name: str) -> type[Layer] | None:
    """The class of a layer type, or None if the dialect has none of this name."""
    family = TYPES[dialect].get(name)
    if family is None:
        return _find_elsewhere(dialect, name)
    layer: type[Layer] = getattr(import_module(f"modelspec.catalogue.{dialect}.{family}"), name)
    return layer


def _find_elsewhere(dialect: str, name: str) -> type[Layer] | None:
    if name in CONTAINERS:
        return None
    if name in COMMON:
        common: type[Layer] = getattr(import_module(f"modelspec.catalogue.{COMMON[name]}"), name)
        return common
    from modelspec.catalogue import plugins

    return plugins.find(dialect, name)


def list_layers(dialect: str) -> Iterator[type[Layer]]:
    """Every class of a dialect, in the order of `list_names`. Imports them all."""
    for name in TYPES[dialect]:
        layer = find(dialect, name)
        assert layer is not None
        yield layer


def list_common() -> Iterator[type[Layer]]:
    """The classes that every dialect has."""
    for name, module in COMMON.items():
        yield getattr(import_module(f"modelspec.catalogue.{module}"), name)
