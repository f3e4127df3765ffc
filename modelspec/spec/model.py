"""What a document says, as far as it is right: the parts of a spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelspec.diagnostics import Route
from modelspec.entry import Block, Body, Spoilt
from modelspec.limit import Limit, Share
from modelspec.record import NamedTuple
from modelspec.source import Document
from modelspec.template import Reference

__all__ = ["Budget", "Demands", "Input", "Library", "Spec", "Variant"]


class Input:
    """An input of the model: the shape of one sample, and its dtype if that is stated."""

    __slots__ = ("dtype", "route", "shape")

    def __init__(self, shape: Any, dtype: str | None, route: Route) -> None:
        self.shape = shape
        self.dtype = dtype
        self.route = route


class Budget:
    """Limits by metric for the whole model, and by path pattern for its layers (`each`: each on its own).

    `growth` says by how much a metric may grow. `route` leads to it. `over` is the budget of a variant, where that
    says more than the model's own. `home` is the configuration that sets it, "" for the spec itself.
    """

    __slots__ = ("growth", "home", "layers", "model", "over", "route")

    def __init__(
        self,
        model: dict[str, Limit],
        layers: dict[str, tuple[dict[str, Limit], bool]],
        growth: dict[str, int | Share],
        route: Route = ("budget",),
        over: Budget | None = None,
        home: str = "",
    ) -> None:
        self.model = model
        self.layers = layers
        self.growth = growth
        self.route = route
        self.over = over
        self.home = home

    def route_of(self, *steps: str) -> Route:
        """The way to a limit: on the model by its metric, on layers by their pattern, on growth by its metric."""
        if self.over is not None:
            parts: dict[str, Mapping[str, Any]] = {"layers": self.over.layers, "growth": self.over.growth}
            own = parts.get(steps[0])
            if steps[0] in self.over.model if own is None else steps[1] in own:
                return (*self.over.route, *steps)
        return (*self.route, *steps)


class Demands(NamedTuple):
    """What a configuration demands of a file: its budgets, and the document that they stand in."""

    document: Document
    budgets: tuple[Budget, ...]


class Variant:
    """What a variant sets otherwise. None for what it leaves as it is."""

    __slots__ = ("activation_dtype", "budget", "dtype", "variables")

    def __init__(
        self, variables: dict[str, Any], dtype: str | None, activation_dtype: str | None, budget: Budget | None
    ) -> None:
        self.variables = variables
        self.dtype = dtype
        self.activation_dtype = activation_dtype
        self.budget = budget


class Library:
    """A file whose blocks are used by another: its document, its variables, and the blocks that are seen in it."""

    __slots__ = ("blocks", "document", "variables")

    def __init__(self, document: Document) -> None:
        self.document = document
        self.variables: dict[str, Any] = {}
        self.blocks: dict[str, Block] = {}


class Spec:
    """One document. A part that is wrong is `SPOILT`.

    `inputs` are by name, in order; a single `input` is called so. `libraries` are the imported files, by their path.
    """

    __slots__ = (
        "activation_dtype",
        "blocks",
        "body",
        "budget",
        "dialect",
        "document",
        "dtype",
        "inputs",
        "libraries",
        "name",
        "outputs",
        "refers",
        "unread",
        "variables",
        "variants",
    )

    def __init__(self, document: Document) -> None:
        self.document = document
        self.name: str | None = None
        self.dialect = "torch"
        self.dtype = "float32"
        self.activation_dtype = "float32"
        self.variables: dict[str, Any] = {}
        self.unread = False
        """Whether there are variables that cannot be read: a name that is not known may be one of them."""
        self.inputs: dict[str, Input | Spoilt] = {}
        self.blocks: dict[str, Block] = {}
        self.libraries: dict[str, Library] = {}
        self.body: Body | None = None
        self.outputs: tuple[Reference, ...] | Spoilt | None = None
        self.variants: dict[str, Variant | Spoilt] = {}
        self.budget: Budget | None = None
        self.refers = False
        """Whether anything in it refers to a layer by its path."""
