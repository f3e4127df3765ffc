"""Weights that stand there already: shared layers and containers, tied tensors, shared repeats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelspec.diagnostics import Finding, Related, Where
from modelspec.entry import (
    SPOILT,
    Share,
    Tie,
)
from modelspec.fitting import Fitted, Written, fit
from modelspec.graph import Graph, Group, Incoming, Inside, Item, Leaf, Of, Part, Source
from modelspec.kinds import Deferred
from modelspec.refusal import find_near
from modelspec.resolve.calls import Calls
from modelspec.resolve.frames import Frame, Target
from modelspec.resolve.lookup import Pending, look_up
from modelspec.resolve.notes import Notes, Reader
from modelspec.resolve.site import Resolved, Site, at
from modelspec.resolve.weights import Scales, compare, show_sizes, sizes_of
from modelspec.shape import Unknown
from modelspec.spot import show_label

__all__ = ["Sharing"]


class Sharing(Calls):
    """A walk that knows what is shared."""

    def __init__(self, graph: Graph, notes: Notes, reader: Reader, assumed: frozenset[int]) -> None:
        super().__init__(graph, notes, reader, assumed)
        self.scales = Scales()

    def read_share(self, site: Site, what: Share) -> Leaf | Resolved | None:
        """The weights of an earlier layer or container once more."""
        frame, there = site.frame, at(site.where, "share")
        path = self.render(what.to, site.names, there)
        if path is None:
            return None
        found = look_up(
            frame, "layer", path, show_label(frame.part.labels[site.index], site.names, site.at), site.pending
        )
        if found is None:
            from modelspec.resolve.misled import refuse_reference

            refuse_reference(self, frame, site.index, what.to, path, there)
            return None
        source, target = (found, frame.values[found.number]) if isinstance(found, Incoming) else (found.source, found)
        done = target.done
        if isinstance(done, Leaf):
            done = done.fitted
        if isinstance(done, Fitted):
            return self.share_layer(site, done, source, path)
        group = target.group
        if group is None or done is None or None in site.values:
            return None
        if isinstance(done, Group) and done.repeated and not done.shared:
            message = f"'{path}' is repeated: it has weights of its own in every round"
            self.notes.note(Finding("MS316", message, there, f"name one round, such as {path}.0"))
            return None
        item = group.runs[-1].item if isinstance(done, Group) else done
        if isinstance(item, Leaf):
            return self.share_layer(site, item.fitted, source, path)
        # The weights are as they are declared there, whatever holds here.
        around, frame.context = frame.context, group.context
        names = _names_of_round(group, source)
        try:
            again = self.read_what(
                frame, site.index, group.what, site.group, site.sources, site.values, names, site.at, site.where
            )
        finally:
            frame.context = around
        if again is None or isinstance(again, Leaf):
            return again
        if not _means_the_same(group, source, item, again):
            message = f"'{path}' reads layers outside of it by their names, which mean something else here"
            hint = "make a block of it that takes them as `inputs`, and share a call of that"
            self.notes.note(Finding("MS316", message, there, hint))
            return None
        difference = compare(self.scales.weigh(item), self.scales.weigh(again[0]), "there", "here")
        if difference is not None and again[0].value is not None and item.value is not None:
            message = f"the weights of '{path}' do not fit here: {difference}"
            home = frame.spot.find(source)
            assert home.parent is not None
            related = (Related(home.parent.part.where(home.step), "they are declared here"),)
            self.notes.note(Finding("MS316", message, there, _FIT, None, related))
            return None
        site.group.share = source
        return again

    def share_layer(self, site: Site, fitted: Fitted, source: Source, path: str) -> Leaf | None:
        """A layer with the weights of another, at `path`: its arguments are complete already."""
        if None in site.values:
            return None
        layer = type(fitted.layer)
        given = {name: value for name, value in _rewrite(fitted.layer.arguments()).items() if value is not None}
        sources, values = site.sources, site.values
        if layer.arity[1] == 0 and sources == (site.frame.last,):
            # A tensor of the model's own reads nothing of what comes before it.
            sources, values = (), ()
        again, broken = fit(layer, given, values, self.graph.activation_dtype, fitted.dtype)
        for problem in broken:
            if problem.code == "MS304":
                # The size is not written here: the weights have it.
                message = f"the weights of '{path}' do not fit here: {problem.message}"
                problem = problem._replace(code="MS316", message=message, field="share", hint=_FIT)
            self.refuse_layer(site.frame, site.index, layer, problem, sources, values, site.where)
        if again is None:
            return None
        again.trainable = fitted.trainable
        return Leaf(again, sources, {tensor.name: (source, tensor.name) for tensor in again.tensors})

    def read_ties(
        self,
        frame: Frame,
        index: int,
        ties: tuple[Tie, ...],
        fitted: Fitted,
        names: Mapping[str, Any],
        where: Where,
        pending: Pending | None = None,
    ) -> dict[str, tuple[Source, str]]:
        """The tensors of a layer that are others."""
        owners: dict[str, tuple[Source, str]] = {}
        for tie in ties:
            if not self.has_tensor(frame, index, tie, fitted, where):
                continue
            when = tie.when
            if isinstance(when, Deferred):
                when = self.reader.fill(when, at(where, "tie", "when"), names)
            if when is SPOILT or isinstance(when, Unknown) or not when:
                continue
            there = at(where, "tie", tie.tensor)
            path = self.render(tie.to, names, there)
            if path is None:
                continue
            label = show_label(frame.part.labels[index], names, frame.index)
            found = look_up(frame, "tensor", path, label, pending)
            if found is None:
                self.refuse_tensor(frame, index, tie, path, there)
                continue
            captured = isinstance(found, Incoming)
            target = frame.values[found.number] if captured else found
            source = found if captured else target.source
            if self.can_tie(frame, index, tie, fitted, target._replace(source=source), path, there):
                owners[tie.tensor] = (source, target.tensor)
        return owners

    def refuse_tensor(self, frame: Frame, index: int, tie: Tie, path: str, there: Where) -> None:
        """Refuse the tie to a tensor that is not there."""
        head, _, tensor = path.rpartition(".")
        layer = self.find_layer(frame, path)
        if layer is not None:
            known = [each.name for each in layer.tensors]
            hint = f"its tensors are {', '.join(f'{path}.{name}' for name in known)}" if known else "it has none"
            message = f"'{path}' is a layer: it is not said which of its tensors is meant"
            self.notes.note(Finding("MS302", message, there, hint, self.path(frame, index)))
            return
        done = self.find_layer(frame, head) if head else None
        if done is not None:
            known = [each.name for each in done.tensors]
            message = f"'{head}' has no tensor '{tensor}'"
            near = find_near(tensor, known)
            hint = f"its tensors are {', '.join(known)}" if known else "it has none"
            hint = f"did you mean '{head}.{near}'?" if near else hint
            self.notes.note(Finding("MS302", message, there, hint, self.path(frame, index)))
        else:
            from modelspec.resolve.misled import refuse_reference

            refuse_reference(self, frame, index, tie.to, path, there)

    def find_layer(self, frame: Frame, path: str) -> Fitted | None:
        """The layer with a path, if there is one."""
        found = look_up(frame, "layer", path, None)
        target = frame.values[found.number] if isinstance(found, Incoming) else found
        done = None if target is None else target.done
        done = done.fitted if isinstance(done, Leaf) else done
        return done if isinstance(done, Fitted) else None

    def has_tensor(self, frame: Frame, index: int, tie: Tie, fitted: Fitted, where: Where) -> bool:
        """Whether a layer has the tensor that is to be another one; what is wrong is told."""
        known = [each.name for each in fitted.tensors]
        if tie.tensor in known:
            return True
        layer = self.path(frame, index, fitted.layer.type_name())
        near = find_near(tie.tensor, [*known, "when"])
        hint = f"did you mean '{near}'?" if near else f"its tensors are {', '.join(known)}" if known else "it has none"
        message = f"{layer}: a {fitted.layer.type_name()} has no tensor '{tie.tensor}'"
        there = at(where, "tie", tie.tensor)._replace(part="key")
        self.notes.note(Finding("MS302", message, there, hint, layer))
        return False

    def can_tie(
        self, frame: Frame, index: int, tie: Tie, fitted: Fitted, target: Target, path: str, there: Where
    ) -> bool:
        """Whether a tensor can be another one; what is wrong is told."""
        layer = self.path(frame, index, fitted.layer.type_name())
        own = next(each for each in fitted.tensors if each.name == tie.tensor)
        done = target.done
        assert isinstance(done, Fitted)
        other = next(each for each in done.tensors if each.name == target.tensor)
        mine, theirs = sizes_of(own), sizes_of(other)
        message: str | None = None
        if mine != theirs:
            message = f"{tie.tensor} is {show_sizes(mine)}, but '{path}' is {show_sizes(theirs)}"
            hint = "tied tensors are one tensor: their sizes must agree, axis by axis"
        elif (own.dtype or fitted.dtype) != (other.dtype or done.dtype):
            message = f"{tie.tensor} is {own.dtype or fitted.dtype}, but '{path}' is {other.dtype or done.dtype}"
            hint = "tied tensors are one tensor: give both layers one dtype"
        elif (own.trainable and fitted.trainable) != (other.trainable and done.trainable):
            frozen, trained = (path, f"{layer}.{tie.tensor}") if fitted.trainable else (f"{layer}.{tie.tensor}", path)
            message = f"'{frozen}' is frozen, and '{trained}' is trained"
            hint = "tied tensors are one tensor: freeze both layers or none"
        if message is not None:
            home = frame.spot.find(target.source)
            assert home.parent is not None
            related = (Related(home.parent.part.where(home.step), f"'{path}' is declared here"),)
            self.notes.note(Finding("MS316", f"{layer}: {message}", there, hint, layer, related))
        return message is None

    def check_shared(self, frame: Frame, index: int, group: Group, where: Where) -> bool:
        """Whether the rounds of a shared repeat can be one layer; what is wrong is told."""
        if len(group.runs) < 2 or any(_is_spoilt(run.item) for run in group.runs):
            return True
        first = self.scales.weigh(group.runs[0].item)
        for run in group.runs[1:]:
            difference = compare(first, self.scales.weigh(run.item), "in round 0", f"in round {run.start}")
            if difference is not None:
                message = f"{self.path(frame, index)}: its rounds are to be one layer, but {difference}"
                hint = "what a shared repeat gives must have the sizes that it takes"
                self.notes.note(Finding("MS316", message, at(where, "shared"), hint, self.path(frame, index)))
                return False
        return True


_FIT = "what arrives must have the sizes that arrive at the first; or give this one weights of its own"


def _is_spoilt(item: Item) -> bool:
    """Whether an error has spoilt anything in a round, or what comes out of it."""
    waiting, seen = [item], {id(item)}
    while waiting:
        at = waiting.pop()
        if not isinstance(at, Part):
            continue
        if at.value is None or any(done is None for done in at.steps):
            return True
        for done in at.steps:
            inside = [run.item for run in done.runs] if isinstance(done, Group) else []
            waiting += [each for each in inside if id(each) not in seen]
            seen.update(map(id, inside))
    return False


def _names_of_round(group: Group, source: Source) -> Mapping[str, Any]:
    """The names that hold in the round of a group that a source names."""
    while isinstance(source, Inside) and source.source is not None:
        source = source.source
    if not isinstance(source, Inside) or not group.repeated or group.shared:
        return group.names
    return {**group.names, "index": group.runs[source.run].start + source.round}


def _means_the_same(group: Group, source: Source, item: Part, again: Resolved) -> bool:
    """Whether the references of a shared container to what stands outside of it mean the same at the new place."""
    part, reads = again
    if not item.used and not part.used:
        return True
    if not isinstance(source, Of) or item.used != part.used:
        return False
    before = group.runs[-1].reads
    return all(number < len(before) and before[number] == reads[number] for number in item.used)


def _rewrite(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Complete arguments as they are given: a layer inside as a type with its arguments."""
    written: dict[str, Any] = {}
    for name, value in arguments.items():
        if isinstance(value, Fitted):
            value = Written(type(value.layer), _rewrite(value.layer.arguments()))
        written[name] = value
    return written
