"""The walk over layers one after the other: what arrives at each, what it becomes, and what flows on.

What else an entry can be is read by `steps` and `containers`, which are loaded where there is such an entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelspec.diagnostics import Finding, Where
from modelspec.entry import PASSING, SPOILT, Body, Entry, Spoilt, Step
from modelspec.fitting import Fitted, Written, fit
from modelspec.graph import GONE, Gone, Graph, Group, Incoming, Leaf, Of, Part, Source
from modelspec.language import MAX_LAYERS
from modelspec.layer import keeps_shape
from modelspec.refusal import Refused
from modelspec.resolve.frames import Choice, Context, Flow, Frame, value_at
from modelspec.resolve.notes import ARRIVING, Enough, Notes, Reader
from modelspec.shape import Shape
from modelspec.template import Template

__all__ = ["Again", "Walk", "pin"]


class Again(Exception):
    """An input without a dtype turns out to hold indices: the walk begins anew."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Walk:
    """One walk over a model. `blocks_see` are the variables that the blocks of each file see."""

    def __init__(self, graph: Graph, notes: Notes, reader: Reader, assumed: frozenset[int]) -> None:
        self.graph = graph
        self.spec = graph.spec
        self.notes = notes
        self.reader = reader
        self.assumed = assumed
        """The inputs that state no dtype, by number."""
        self.blocks_see: dict[str, Mapping[str, Any]] = {}
        self.parts: dict[Any, Part] = {}
        self.filled: dict[Any, tuple[dict[str, Any], str]] = {}
        self.sums: dict[tuple[Any, ...], Fitted] = {}
        """The sums of forks by what arrives at them."""
        self.distinct = 0
        self.depth = 0
        self.gathered = 0
        """Results that are read by references to every round of a repeat."""
        self.silenced = 0
        """References to nothing that may mean something in what an error has spoilt."""
        self.is_unknown = False
        """Whether an unknown size has been told to be in the way: whatever else it is in the way of has that cause."""
        self.usual = Context(True, graph.dtype)
        self.is_usual = graph.dtype == self.spec.dtype and graph.activation_dtype == self.spec.activation_dtype

    # Bodies

    def read_body(self, frame: Frame, body: Body) -> None:
        """Resolve the entries of a body in order."""
        part, append = frame.part, frame.part.steps.append
        # Among several inputs none is read that is not named, so that each layer is asked what it reads.
        quick = self.is_usual and frame.context == self.usual and not (frame.is_top and len(self.spec.inputs) > 1)
        for index, entry in enumerate(body.entries):
            if entry.__class__ is Entry:
                # A layer that is known on what arrives takes no more than this look: most layers of a long chain do.
                fitted: Fitted | None = None
                if quick:
                    told = frame.told.get(entry)
                    fitted = entry.memo.get(frame.value if told is None else (frame.value, told))
                if fitted is not None:
                    append(fitted)
                    frame.value, frame.at = fitted.output, index
                    continue
                assert isinstance(entry, Entry)
                fitted = self.read_plain(frame, index, entry)
                append(fitted)
                if fitted is not None:
                    frame.value = Choice(fitted) if fitted.layer.chooses else fitted.output
                elif self.is_unknown or not keeps_shape(entry.layer) or isinstance(frame.value, Choice):
                    frame.value = None
                frame.at = index
            elif entry.__class__ is Step:
                assert isinstance(entry, Step)
                done = self.read_step(frame, index, entry)
                append(done)
                if part.rows > MAX_LAYERS:
                    self.refuse_rows()
                if done is None and part.labels[index] is None and not isinstance(entry.what, Entry):
                    part.vague = True
                if done is not GONE:
                    frame.last = Of(index)
                    frame.value = None if done is None else value_at(part, frame.values, frame.last, None)
            else:
                append(None)
                part.vague = part.vague or self.may_name(part, index)
                if entry is not PASSING:
                    frame.value = None
                frame.last = Of(index)
        for index, label in enumerate(part.labels if body.templated else ()):
            if isinstance(label, Template):
                self.check_label(frame, index, body.entries[index])
        part.result = frame.last
        part.value = frame.value

    def read_plain(self, frame: Frame, index: int, entry: Entry) -> Fitted | None:
        """A layer that reads what comes before it."""
        value: Flow = frame.value
        sources = () if frame.last is None or entry.layer.arity[1] == 0 else (frame.last,)
        where = frame.part.where(index)
        if entry.layer.arity[1] == 0:
            return self.read_layer(frame, index, entry, (), (), where)
        if isinstance(value, Choice):
            self.refuse_choice(frame, index, value, where)
            value = None
        if frame.is_top and frame.last == Incoming(0) and len(self.spec.inputs) > 1:
            self.refuse_several(frame, index, where)
            value = None
        return self.read_layer(frame, index, entry, sources, None if value is None else (value,), where)

    def path(self, frame: Frame, index: int, kind: str | None = None) -> str:
        """The path of the step that is being resolved, for messages; `kind` is its type, if that is at hand."""
        steps = frame.part.steps
        label = None
        if index < len(frame.part.labels):
            name = frame.part.labels[index]
            if isinstance(name, Template):
                from modelspec.spot import show_name

                label = show_name(name, frame.names, frame.index if frame.turn is None else frame.turn)
                # What the name is made of has no value, which is told at the name.
                label = name.text if label == "?" else label
            elif isinstance(name, str):
                label = name if frame.turn is None else f"{name}.{frame.turn}"
            elif frame.part.numbered and name is None:
                label = str(frame.part.ordinal(min(index, len(steps))) + (frame.turn or 0))
        if label is not None:
            return frame.spot.prefix + label
        kind = kind or self.name_kind(frame.part.where(index))
        number = frame.spot.base + frame.part.number(min(index, len(steps))) + (frame.turn or 0) + 1
        return f"{frame.spot.prefix}{kind}-{number}"

    def name_kind(self, where: Where) -> str:
        """The type of the layer that is written there."""
        at = self.find_written(where)
        return str(at.get("type", "Sequential") if isinstance(at, dict) else at)

    def find_written(self, where: Where) -> Any:
        """What is written there."""
        at: Any = (self.spec.libraries[where.file].document if where.file else self.spec.document).tree
        for step in where.route:
            at = at[step]
        return at

    def may_name(self, part: Part, index: int) -> bool:
        """Whether names may stand in an entry without one that is not read for what is wrong with it."""
        written = self.find_written(part.where(index))
        nests = {"layers", "branches", "shortcut", "block", "share"}
        return part.labels[index] is None and isinstance(written, dict) and not nests.isdisjoint(written)

    def check_label(self, frame: Frame, index: int, entry: Any) -> None:
        """Tell what is wrong with a name that is made of expressions."""
        template, done = frame.part.labels[index], frame.part.steps[index]
        if done is GONE:
            return
        turns: list[int | None] = [frame.index]
        if done is None and (isinstance(entry, Spoilt) or (isinstance(entry, Step) and entry.repeat is not None)):
            # An error has spoilt it, and how often it stands there is not known.
            turns = [0]
        if isinstance(done, Group) and done.repeated and not done.shared and "index" in template.names:
            bare = all(isinstance(part, str) or part.text == "index" for part in template.parts)
            turns = [run.start + turn for run in done.runs for turn in ((0,) if bare else range(run.length))]
        for number in turns:
            try:
                template.render(frame.names if number is None else {**frame.names, "index": number})
            except (Refused, ValueError) as error:
                where = frame.part.where(index)
                where = where._replace(route=(*where.route, "name"))
                refused = (
                    error if isinstance(error, Refused) else Refused(str(error), code=getattr(error, "code", "MS402"))
                )
                refused.hint = refused.hint or getattr(error, "hint", None)
                self.reader.tell(refused, where, None)
                return

    # Layers

    def read_layer(
        self,
        frame: Frame,
        index: int,
        entry: Entry,
        sources: tuple[Source, ...],
        values: tuple[Any, ...] | None,
        where: Where,
    ) -> Fitted | None:
        """Fit a layer to what arrives; `values` is None where an error has spoilt that."""
        given: Mapping[str, Any] | None = entry.given
        only = values[0] if values is not None and len(values) == 1 else values
        key: Any = only
        if entry.deferred:
            shape = values[0].shape if values else None
            given, told = self.fill_arguments(frame, index, entry, shape, values is not None, where)
            key = (only, told)
        if values is None or given is None:
            return None
        context = frame.context
        if not self.is_usual or context != self.usual:
            key = (key, context, self.graph.activation_dtype)
        fitted: Fitted | None = entry.memo.get(key)
        if fitted is None:
            dtype = entry.dtype or context.dtype
            fitted, broken = fit(entry.layer, given, values, self.graph.activation_dtype, dtype)
            for problem in broken:
                self.refuse_layer(frame, index, entry.layer, problem, sources, values, where)
            if fitted is not None:
                fitted.trainable = entry.trainable and context.trainable
                if not broken and not (entry.layer.chooses and key == only):
                    entry.memo[key] = fitted
        return fitted

    def refuse_layer(
        self,
        frame: Frame,
        index: int,
        layer: type[Any],
        problem: Any,
        sources: tuple[Source, ...],
        values: tuple[Any, ...],
        where: Where,
    ) -> None:
        """Tell a constraint that does not hold."""
        self.is_unknown = self.is_unknown or problem.code == "MS307"
        from modelspec.resolve.origins import Place, explain, find_input

        if problem.code == "MS308" and layer.input_dtype_at(problem.input) == "integer" and sources:
            number = find_input(frame.spot, sources[problem.input])
            if number is not None and number in self.assumed:
                raise Again(number)
        path = self.path(frame, index, layer.type_name())
        self.notes.note(explain(self.graph, layer, problem, Place(frame.spot, where, path, sources), values))

    def fill_arguments(
        self, frame: Frame, index: int, entry: Entry, shape: Shape | None, arriving: bool, where: Where
    ) -> tuple[dict[str, Any] | None, str]:
        """An entry's arguments with the values of its expressions, and the same written out; None if one has none."""
        asks = shape is not None and not entry.names.isdisjoint(ARRIVING)
        key = (entry, shape if asks else None, pin(frame.names, entry.names))
        known = self.filled.get(key)
        if known is not None:
            if not asks:
                frame.told[entry] = known[1]
            return known
        names = self.add_arriving(frame.names, shape) if asks else frame.names

        def layer() -> str:
            return self.path(frame, index, entry.layer.type_name())

        given: dict[str, Any] | None = dict(entry.given)
        for route, deferred in entry.deferred:
            there = Where((*where.route, *route), file=where.file)
            complete = self.reader.fill(deferred, there, names, shape=shape, arriving=arriving, layer=layer)
            if complete is SPOILT:
                given = None
            elif given is not None:
                given = _put(given, route, complete)
        if given is None:
            return None, ""
        # Written out, 1 is told from 1.0 and from true.
        kept = self.filled[key] = (given, repr(given))
        if not asks:
            frame.told[entry] = kept[1]
        return kept

    def add_arriving(self, names: Mapping[str, Any], shape: Shape | None) -> Mapping[str, Any]:
        """The names, with those of what arrives."""
        if not shape:
            return names
        channels = shape[0] if self.spec.dialect == "torch" else shape[-1]
        return {**names, "in_channels": channels, "in_features": shape[-1]}

    def read_step(self, frame: Frame, index: int, step: Step) -> Fitted | Leaf | Group | Gone | None:
        """An entry that is more than a layer in its turn."""
        raise NotImplementedError

    # What cannot be read here

    def refuse_rows(self) -> None:
        """Refuse a model with more layers than anyone reads: blocks that call blocks can have very many."""
        message = f"the model has more than {MAX_LAYERS:,} layers that differ in their path, the bound"
        hint = "repeat what is the same: rounds that are equal count as one"
        self.notes.note(Finding("MS310", message, Where(("layers",), "key"), hint))
        raise Enough

    def refuse_choice(self, frame: Frame, index: int, choice: Choice, where: Where, text: str | None = None) -> None:
        """Refuse to read from a layer that has several results and no main one."""
        layer = choice.fitted.layer
        count = len(choice.fitted.outputs)
        kind, name = layer.type_name(), text or self.name_before(frame)
        told = f"'{name}'" if name else "what comes before"
        message = f"{self.path(frame, index)}: {told} is a {kind} with {count} results, and none is chosen"
        hint = f'say which: `inputs: "{name or "parts"}:0"`'
        hint += "" if name else f", after giving the {kind} a name"
        self.notes.note(Finding("MS315", message, where, hint, self.path(frame, index)))

    def name_before(self, frame: Frame) -> str | None:
        """What the entry before is called, if it is called anything."""
        label = frame.part.labels[frame.last.step] if isinstance(frame.last, Of) else None
        return label if isinstance(label, str) else None

    def refuse_several(self, frame: Frame, index: int, where: Where) -> None:
        """Refuse to choose among several inputs of the model."""
        inputs = list(self.spec.inputs)
        message = (
            f"{self.path(frame, index)}: the model has {len(inputs)} inputs, and it is not said which is read here"
        )
        hint = f"say which: `inputs: {inputs[0]}`, or all: `inputs: [{', '.join(inputs[:4])}]`"
        self.notes.note(Finding("MS315", message, where, hint, self.path(frame, index)))


def pin(names: Mapping[str, Any], read: frozenset[str]) -> Any:
    """The values that expressions read, written so that 1 is told from 1.0 and from true."""
    return tuple([(name, repr(names[name])) for name in read if name in names])


def _put(given: Mapping[str, Any], path: Any, value: Any) -> dict[str, Any]:
    step, *rest = path
    if not rest:
        return {**given, step: value}
    inner: Written = given[step]
    return {**given, step: Written(inner.layer, _put(inner.arguments, rest, value))}
