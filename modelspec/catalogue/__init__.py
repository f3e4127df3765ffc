"""The layer types by dialect and name. A class is imported when a spec first names it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from modelspec.catalogue.index import TYPES
from modelspec.layer import Layer

__all__ = ["dialects", "find", "list_common", "list_layers", "list_names", "list_names_of"]

COMMON = {"Custom": "custom"}
"""The layer types of every dialect, with their modules."""

ALIASES: dict[str, dict[str, str]] = {
    "keras": {
        "AvgPool1D": "AveragePooling1D",
        "AvgPool2D": "AveragePooling2D",
        "AvgPool3D": "AveragePooling3D",
        "Convolution1D": "Conv1D",
        "Convolution1DTranspose": "Conv1DTranspose",
        "Convolution2D": "Conv2D",
        "Convolution2DTranspose": "Conv2DTranspose",
        "Convolution3D": "Conv3D",
        "Convolution3DTranspose": "Conv3DTranspose",
        "GlobalAvgPool1D": "GlobalAveragePooling1D",
        "GlobalAvgPool2D": "GlobalAveragePooling2D",
        "GlobalAvgPool3D": "GlobalAveragePooling3D",
        "GlobalMaxPool1D": "GlobalMaxPooling1D",
        "GlobalMaxPool2D": "GlobalMaxPooling2D",
        "GlobalMaxPool3D": "GlobalMaxPooling3D",
        "GroupedQueryAttention": "GroupQueryAttention",
        "MaxPool1D": "MaxPooling1D",
        "MaxPool2D": "MaxPooling2D",
        "MaxPool3D": "MaxPooling3D",
        "SeparableConvolution1D": "SeparableConv1D",
        "SeparableConvolution2D": "SeparableConv2D",
    },
}
"""Other names that a framework has for its layers; a report says the first one."""


def dialects() -> tuple[str, ...]:
    """The dialects that a spec can be written in."""
    return tuple(TYPES)


def list_names(dialect: str) -> tuple[str, ...]:
    """The type names of a dialect, in alphabetical order."""
    return tuple(TYPES[dialect])


def find(dialect: str, name: str) -> type[Layer] | None:
    """The class of a layer type, or None if the dialect has none of this name."""
    family = TYPES[dialect].get(name)
    if family is None and name in ALIASES.get(dialect, ()):
        return find(dialect, ALIASES[dialect][name])
    if family is None:
        return getattr(import_module(f"modelspec.catalogue.{COMMON[name]}"), name) if name in COMMON else None
    layer: type[Layer] = getattr(import_module(f"modelspec.catalogue.{dialect}.{family}"), name)
    return layer


def list_names_of(layer: type[Layer]) -> tuple[str, ...]:
    """Every name by which a spec can call this type, its own before all."""
    name = layer.type_name()
    return (name, *[alias for alias, of in ALIASES.get(layer.dialect, {}).items() if of == name])


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
