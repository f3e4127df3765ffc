"""From the spec to the graph: one walk over the layers, carrying what flows.

A layer whose entry, expressions' values and input have been seen before is not worked out again. What an error has
spoilt is carried as None: nothing that depends on it is held against anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from modelspec.diagnostics import Finding, Related, Route, Where
from modelspec.expressions import Expression, ExpressionError
from modelspec.fitting import Fitted, Value, Written, fit
from modelspec.kinds import Deferred, refuse_expression
from modelspec.layer import Broken, keeps_shape
from modelspec.refusal import Refused, name_value
from modelspec.shape import Shape, Unknown, show_dim, show_shape
from modelspec.source import MAX_FAULTS
from modelspec.spec import PASSING, SPOILT, Entry, Input, Spec, Spoilt

__all__ = ["Graph", "Node", "resolve"]


MAX_EVALUATED = 2_000_000
"""Characters of expressions that are evaluated for one document: a microsecond each at worst."""


class Node(NamedTuple):
    """A layer in its place: its path, the way to its entry, what it reads, and what it resolved to."""

    path: str
    route: Route
    inputs: tuple[str, ...]
    entry: Entry
    fitted: Fitted


class Graph:
    """The resolved model: the layers in order. `fitted` holds None for a layer that an error has spoilt."""

    __slots__ = ("_nodes", "fitted", "inputs", "spec", "variables")

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.variables: dict[str, Any] = {}
        self.inputs: dict[str, Value] = {}
        self.fitted: list[Fitted | None] = []
        self._nodes: list[Node] | None = None

    def paths(self) -> list[str]:
        """The layers' paths: a name, or the type and the number in its level."""
        return [name_layer(self.spec, index) for index in range(len(self.spec.entries))]

    def nodes(self) -> list[Node]:
        """The layers that are known, in order. The graph must be resolved."""
        if self._nodes is not None:
            return self._nodes
        nodes: list[Node] = []
        reads = tuple(self.inputs)
        for index, (path, entry, fitted) in enumerate(zip(self.paths(), self.spec.entries, self.fitted, strict=True)):
            if fitted is not None and not isinstance(entry, Spoilt):
                nodes.append(Node(path, ("layers", index), reads, entry, fitted))
            reads = (path,)
        self._nodes = nodes
        return nodes


def name_layer(spec: Spec, index: int) -> str:
    """A layer's path: its name, or its type and its number in the level."""
    name, entry = spec.names[index], spec.entries[index]
    if isinstance(name, str):
        return name
    return f"?-{index + 1}" if isinstance(entry, Spoilt) else f"{entry.layer.type_name()}-{index + 1}"


def resolve(spec: Spec) -> tuple[Graph, list[Finding]]:
    """Resolve a spec: shapes, inferred arguments, tensors and MACs of every layer, and what does not fit together."""
    walk = _Walk(spec)
    try:
        walk.read_variables()
        walk.read_input()
        walk.read_layers()
        walk.check_names()
    except _Enough:
        pass
    walk.graph.fitted += [None] * (len(spec.entries) - len(walk.graph.fitted))
    return walk.graph, walk.findings


class _Enough(Exception):
    """So much is wrong that nothing more is told."""


class _Walk:
    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.graph = Graph(spec)
        self.names = self.graph.variables
        self.findings: list[Finding] = []
        self.filled: dict[Any, tuple[dict[str, Any], str]] = {}
        self.evaluated = 0
        self.is_spoilt = not all(map(str.isidentifier, spec.variables))
        """Whether there is a variable that cannot be read, which is told where it is declared."""
        self.is_unknown = False
        """Whether an unknown size has been told to be in the way: whatever else it is in the way of has that cause."""

    # Expressions

    def fill(
        self,
        deferred: Deferred,
        route: Route,
        names: Mapping[str, Any],
        shape: Shape | None = None,
        arriving: bool = True,
        index: int | None = None,
    ) -> Any:
        """The complete value of what holds expressions; SPOILT if it has none, which is then told."""
        values: list[Any] = []
        good = True
        for inner, expression in deferred.expressions:
            if (self.is_spoilt and self.reads_spoilt(expression)) or (not arriving and expression.names & _ARRIVING):
                good = False
                continue
            self.evaluated += len(expression.text)
            if self.evaluated > MAX_EVALUATED:
                message = f"more than {MAX_EVALUATED:,} characters of expressions are worked out here, the bound"
                hint = "compute what they have in common in variables"
                self.note(Finding("MS404", message, Where(route), hint))
                raise _Enough
            try:
                values.append(expression.evaluate(names, None if shape is None else _Sizes(shape)))
            except ExpressionError as error:
                good = False
                refused = refuse_expression(error, inner, expression.text, deferred.kind.options)
                self.tell(refused, route, index, self.name_later(expression, names, route))
        if not good:
            return SPOILT
        try:
            return deferred.fill(values)
        except Refused as refused:
            for part in refused.each():
                for (inner, expression), computed in zip(deferred.expressions, values, strict=True):
                    # A bad literal is the schema's business; a bad value of an expression is told at the expression.
                    if part.code in ("MS205", "MS206") and part.route[: len(inner)] == inner:
                        part.code, part.route = "MS406", inner
                        part.hint = _offer(expression, computed, names) or part.hint
                        break
                self.tell(part, route, index)
            return SPOILT

    def reads_spoilt(self, expression: Expression) -> bool:
        """Whether an expression reads a variable that has been told to be wrong."""
        unusable = not expression.text.isidentifier() and expression.text in self.spec.variables
        return unusable or any(self.names.get(name) is SPOILT for name in expression.names)

    def name_later(self, expression: Expression, names: Mapping[str, Any], route: Route) -> str | None:
        """The variable that an expression reads before it is there, if that is what is wrong."""
        late = [name for name in expression.names if name in self.spec.variables and name not in names]
        return late[0] if route[0] == "variables" and late else None

    def tell(self, refused: Refused, route: Route, index: int | None, later: str | None = None) -> None:
        layer = None if index is None else name_layer(self.spec, index)
        where = Where((*route, *refused.route), span=refused.span)
        if later is not None:
            related = Related(Where(("variables", later), "key"), f"'{later}' stands here")
            if later == route[1]:
                message, hint = f"'{later}' is made of itself", "give it a value, or make it of other variables"
            else:
                message = f"'{later}' is not there yet: it stands further down"
                hint = f"move '{later}' above '{route[1]}'"
            self.note(Finding("MS402", message, where, hint, None, (related,)))
            return
        message = f"{layer}: {refused.message}" if layer else refused.message
        self.note(Finding(refused.code, message, where, refused.hint, layer))

    def note(self, finding: Finding) -> None:
        """Take a finding down. After `MAX_FAULTS` of them the walk ends."""
        if len(self.findings) + 1 >= MAX_FAULTS:
            hint = f"{finding.hint or 'mend this'}; nothing more is told after {MAX_FAULTS} faults"
            self.findings.append(finding._replace(hint=hint))
            raise _Enough
        self.findings.append(finding)

    # The top of the document

    def read_variables(self) -> None:
        for name, value in self.spec.variables.items():
            if isinstance(value, Deferred):
                self.names[name] = self.fill(value, ("variables", name), self.names)
            elif value is None:
                self.names[name] = Unknown(name)
            else:
                self.names[name] = value
            self.is_spoilt = self.is_spoilt or self.names[name] is SPOILT

    def read_input(self) -> None:
        given = self.spec.input
        if not isinstance(given, Input):
            return
        shape = given.shape
        if isinstance(shape, Deferred):
            tree = self.spec.document.tree
            assert isinstance(tree, dict)
            route: Route = ("input", "shape") if isinstance(tree["input"], dict) else ("input",)
            shape = self.fill(shape, route, self.names)
            if shape is SPOILT:
                return
        dtype = given.dtype or ("int64" if self.holds_indices() else self.spec.activation_dtype)
        self.graph.inputs["input"] = Value(shape, dtype)

    def holds_indices(self) -> bool:
        """Whether the input flows into a layer that looks its elements up."""
        for entry in self.spec.entries:
            if isinstance(entry, Spoilt):
                return False
            if entry.layer.result != "view":
                return entry.layer.input_dtype == "integer"
        return False

    # The layers

    def read_layers(self) -> None:
        value = self.graph.inputs.get("input")
        append = self.graph.fitted.append
        for index, entry in enumerate(self.spec.entries):
            fitted: Fitted | None = None
            if entry.__class__ is Entry:
                if value is not None and not entry.deferred:
                    fitted = entry.memo.get(value)
                if fitted is None:
                    fitted = self.read_layer(index, entry, value)
            append(fitted)
            if fitted is not None:
                value = fitted.output
            elif self.is_unknown or not (entry is PASSING or (isinstance(entry, Entry) and keeps_shape(entry.layer))):
                value = None

    def read_layer(self, index: int, entry: Entry, value: Value | None) -> Fitted | None:
        given: Mapping[str, Any] | None = entry.given
        key: Any = value
        if entry.deferred:
            asks = value is not None and not entry.names.isdisjoint(_ARRIVING)
            filled = (entry, value.shape) if asks and value is not None else entry
            given, told = self.filled.get(filled) or self.fill_arguments(index, entry, value, filled)
            key = (value, told)
        if value is None or given is None:
            return None
        fitted: Fitted | None = entry.memo.get(key)
        if fitted is None:
            fitted, broken = fit(entry.layer, given, (value,), self.spec.activation_dtype)
            for problem in broken:
                self.is_unknown = self.is_unknown or problem.code == "MS307"
                self.note(self.explain(index, entry, problem, value))
            if fitted is not None:
                fitted.trainable = entry.trainable
                fitted.dtype = entry.dtype or self.spec.dtype
                if not broken:
                    entry.memo[key] = fitted
        return fitted

    def fill_arguments(
        self, index: int, entry: Entry, value: Value | None, filled: Any
    ) -> tuple[dict[str, Any] | None, str]:
        """An entry's arguments with the values of its expressions, and the same written out; None if one has none.

        They are kept under `filled`: the entry, and what arrives if they ask for that.
        """
        names = self.names
        shape = None
        if value is not None and filled is not entry:
            shape = value.shape
            if shape:
                channels = shape[0] if self.spec.dialect == "torch" else shape[-1]
                names = {**names, "in_channels": channels, "in_features": shape[-1]}
        given: dict[str, Any] | None = dict(entry.given)
        for path, deferred in entry.deferred:
            route: Route = ("layers", index, *path)
            complete = self.fill(deferred, route, names, shape, value is not None, index)
            if complete is SPOILT:
                given = None
            elif given is not None:
                given = _put(given, path, complete)
        if given is None:
            return None, ""
        # Written out, 1 is told from 1.0 and from true.
        kept = self.filled[filled] = (given, repr(given))
        return kept

    # What does not fit

    def explain(self, index: int, entry: Entry, problem: Broken, value: Value) -> Finding:
        path = name_layer(self.spec, index)
        message = f"{path}: {problem.message}"
        if problem.constraint is not None:
            message += f" ({entry.layer.type_name()} {problem.constraint})"
        steps = tuple(problem.field.split(".")) if problem.field is not None else ()
        related: tuple[Related, ...] = ()
        hint = problem.hint
        if problem.code == "MS308":
            source = self.find_dtype(index, value.dtype)
            related = (Related(self.origin_of(source), f"{value.dtype} comes from here"),)
            if source is not None and entry.layer.input_dtype == "integer":
                hint = "indices come from the input: remove this layer, or move it to the front"
        elif problem.axis is not None and value.shape:
            source = self.find_axis(index, problem.axis, len(value.shape))
            size = show_dim(value.shape[problem.axis])
            told = f"the axis of size {size} comes from here" if size != "?" else "the unknown axis comes from here"
            if problem.code == "MS303":
                told = f"{show_shape(value.shape)} comes from here"
                hint = self.mend_rank(source, entry, value.shape) or hint
            related = (Related(self.origin_of(source), told),)
        return Finding(problem.code, message, self.point(index, steps), hint, path, related)

    def mend_rank(self, source: int | None, entry: Entry, shape: Shape) -> str | None:
        """The way out where the wrong number of axes arrives, if it can be told from where they come from."""
        if source is None:
            too_many = not entry.layer.takes.fits(len(shape)) and entry.layer.takes.fits(len(shape) - 1)
            return f"leave the batch out of `input`: {show_shape(shape[1:])}" if too_many and len(shape) > 1 else None
        fitted = self.graph.fitted[source]
        way = None if fitted is None or not entry.layer.takes.fits(len(shape) + 1) else fitted.layer.mend_missing_axis()
        return None if way is None else f"{way} in {name_layer(self.spec, source)}"

    def point(self, index: int, steps: Route) -> Where:
        """Where an argument stands; the layer's type where it was not written."""
        tree: Any = self.spec.document.tree
        route: Route = ("layers", index)
        at = tree["layers"][index]
        for step in steps:
            if not isinstance(at, dict) or step not in at:
                break
            route, at = (*route, step), at[step]
        if isinstance(at, dict) and "type" in at:
            route = (*route, "type")
        return Where(route)

    def origin_of(self, source: int | None) -> Where:
        """Where a layer stands, or (None) the input."""
        return Where(("input",) if source is None else ("layers", source))

    def find_dtype(self, index: int, dtype: str) -> int | None:
        """The layer that gave what arrives at a layer its dtype; None for the input."""
        for earlier in range(index - 1, -1, -1):
            fitted = self.graph.fitted[earlier]
            if fitted is not None and fitted.inputs[0].dtype != dtype:
                return earlier
        return None

    def find_axis(self, index: int, axis: int, rank: int) -> int | None:
        """The layer that gave an axis of what arrives at a layer its size; None for the input."""
        axis = axis - rank if axis >= 0 else axis
        unknown = False
        for earlier in range(index - 1, -1, -1):
            fitted = self.graph.fitted[earlier]
            if fitted is None:
                # What is wrong with this layer does not bear on the shape.
                continue
            unknown = unknown or isinstance(fitted.output_shape[axis], Unknown)
            if unknown:
                # It comes from where the first unknown size does, whatever has become of the axes since.
                if not any(isinstance(size, Unknown) for size in fitted.inputs[0].shape):
                    return earlier
            elif not _passes(fitted, axis):
                return earlier
        return None

    def check_names(self) -> None:
        """Two layers with one path are an error, at the second."""
        named = [name for name in self.spec.names if isinstance(name, str)]
        if len(set(named)) == len(named) and not any(map(_is_type_and_number, named)):
            return
        seen: dict[str, int] = {}
        for index, path in enumerate(self.graph.paths()):
            if path in seen:
                first = seen[path]
                related = Related(self.point(first, ("name",)), "the first one is here")
                hint = "give one of them another name"
                if self.spec.names[index] is None:
                    hint = f"rename the first: '{path}' is what this layer is called without a name"
                message = f"two layers are called '{path}'"
                self.note(Finding("MS301", message, self.point(index, ("name",)), hint, path, (related,)))
            else:
                seen[path] = index


_ARRIVING = frozenset({"in_channels", "in_features", "size"})


class _Sizes:
    """`size(n)`: the axis n of what arrives, counted as the framework does, in which 0 is the batch."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def __call__(self, axis: int) -> Any:
        rank = len(self.shape) + 1
        if axis in (0, -rank):
            raise IndexError("axis 0 is the batch, which has no size here", "the first axis of a sample is size(1)")
        if not -rank < axis < rank:
            axes = "size(1)" if rank == 2 else f"size(1) to size({rank - 1})"
            hint = f"its axes are {axes}; negative ones count from the end"
            raise IndexError(f"{show_shape(self.shape)} has no axis {axis}", hint)
        return self.shape[axis - 1] if axis > 0 else self.shape[axis]


def _offer(expression: Expression, computed: Any, names: Mapping[str, Any]) -> str | None:
    """The way out where an expression's value does not fit: a whole division, one entry, or what it was made of."""
    if isinstance(computed, float):
        text = expression.text
        slashed = text.replace("/", "//") if text.count("/") == 1 else ""
        if slashed:
            return f"write {slashed}"
        return "int(…), round(…) and ceil(…) give whole numbers" if expression.names else None
    if isinstance(computed, tuple):
        return f"take one entry of the list: {expression.text}[0]"
    known = [name for name in sorted(expression.names) if name in names]
    if not known or computed is None:
        return None
    return ", ".join(f"{name} is {name_value(names[name])}" for name in known[:4])


def _passes(fitted: Fitted, axis: int) -> bool:
    """Whether a layer passes an axis on: it comes out as it went in, and would if it were longer."""
    before, after = fitted.inputs[0].shape, fitted.output_shape
    if len(before) != len(after) or before[axis] != after[axis]:
        return False
    longer = list(before)
    longer[axis] = before[axis] + 1
    (shape, *_) = fitted.layer.outputs(tuple(longer)).values()
    return bool(shape[axis] == longer[axis])


def _put(given: Mapping[str, Any], path: Iterable[str], value: Any) -> dict[str, Any]:
    step, *rest = path
    if not rest:
        return {**given, step: value}
    inner: Written = given[step]
    return {**given, step: Written(inner.layer, _put(inner.arguments, rest, value))}


def _is_type_and_number(name: str) -> bool:
    return name.rpartition("-")[2].isdigit()
