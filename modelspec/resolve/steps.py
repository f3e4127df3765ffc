"""Entries that are more than a layer in its turn: conditions, repeats, and what they read by its path."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from modelspec.diagnostics import Finding, Related, Where
from modelspec.entry import SPOILT, Entry, Step, Tie, What, names_of, what_refers
from modelspec.fitting import Fitted, Value
from modelspec.graph import GONE, Gone, Group, Incoming, Inside, Item, Leaf, Of, Part, Run, Source
from modelspec.kinds import Deferred
from modelspec.language import MAX_LAYERS
from modelspec.refusal import Refused, find_near
from modelspec.resolve.fingerprint import Fingerprint
from modelspec.resolve.frames import Choice, Frame, Unresolved, done_at, value_at
from modelspec.resolve.levels import binds_index, inner_index, is_in_spoilt, level_of, list_paths
from modelspec.resolve.lookup import Pending, look_up
from modelspec.resolve.notes import ARRIVING, Enough
from modelspec.resolve.walk import Walk
from modelspec.shape import Shape, Unknown
from modelspec.spot import show_name
from modelspec.template import Reference, Template

__all__ = ["Steps", "show_label"]

MAX_SILENCED = 1_000
"""References that are looked for in what an error has spoilt; those beyond are taken to be in it."""


MAX_ROUNDS = 10_000
"""Rounds of one repeat that differ from one another."""
MAX_OFFERS = 2_000
"""Names among which a near one is sought."""


class Steps(Walk):
    """A walk over entries of every kind. What containers are, `containers` knows."""

    def read_step(self, frame: Frame, index: int, step: Step) -> Fitted | Leaf | Group | Gone | None:
        """An entry: as often as it stands there, if it does."""
        where = frame.part.where(index)
        value = frame.value
        shape = value.shape if isinstance(value, Value) else None
        arriving = step.inputs is not None or value is not None or frame.last is None
        if step.repeat is None:
            if not self.holds(frame, index, step, frame.names, shape, arriving, where):
                return GONE
            found = self.find_inputs(frame, index, step, frame.names, where)
            return self.read_once(frame, index, step, found[0], found[1], where)
        count = step.repeat
        if isinstance(count, Deferred):
            there = where._replace(route=(*where.route, "repeat"))
            names = self.add_arriving(frame.names, shape)
            count = self.reader.fill(count, there, names, shape=shape, arriving=arriving)
        if isinstance(count, Unknown):
            there = where._replace(route=(*where.route, "repeat"))
            self.refuse_unknown(frame, index, "how often it is repeated", count, there)
            count = SPOILT
        if count is SPOILT:
            return None
        return self.read_rounds(frame, index, step, count, where) if count else GONE

    def holds(
        self,
        frame: Frame,
        index: int,
        step: Step,
        names: Mapping[str, Any],
        shape: Shape | None,
        arriving: bool,
        where: Where,
    ) -> bool:
        """Whether an entry is left in. What cannot be decided is, and is told."""
        when = step.when
        if not isinstance(when, Deferred):
            return bool(when)
        if step.inputs is not None and not ARRIVING.isdisjoint(names_of(when)):
            # What arrives is what it says that it reads.
            found = self.find_inputs(frame, index, step, names, where, quiet=True)[1]
            shape = found[0].shape if found and isinstance(found[0], Value) else None
            arriving = found is not None
        there = where._replace(route=(*where.route, "when"))
        holds = self.reader.fill(when, there, self.add_arriving(names, shape), shape=shape, arriving=arriving)
        if isinstance(holds, Unknown):
            self.refuse_unknown(frame, index, "its `when`", holds, there)
            holds = SPOILT
        if holds is SPOILT:
            if index not in frame.part.undecided:
                frame.part.undecided = (*frame.part.undecided, index)
            return True
        return bool(holds)

    def read_once(
        self,
        frame: Frame,
        index: int,
        step: Step,
        sources: tuple[Source, ...],
        values: tuple[Any, ...] | None,
        where: Where,
    ) -> Fitted | Leaf | Group | None:
        """An entry that stands there once."""
        what = step.what
        if isinstance(what, Entry):
            fitted = self.read_layer(frame, index, what, sources, values, where)
            if fitted is None:
                return None
            return Leaf(fitted, sources, self.read_ties(frame, index, step.ties, fitted, frame.names, where))
        group = Group(what, frame.names, frame.context)
        item = self.read_what(frame, index, what, group, sources, values, frame.names, frame.index, where)
        if isinstance(item, Leaf):
            return item
        if item is None:
            return None
        group.runs.append(Run(item[0], 0, 1, 1, item[1]))
        group.value = item[0].value
        return group

    def read_rounds(self, frame: Frame, index: int, step: Step, count: int, where: Where) -> Group | Gone | None:
        """An entry that is repeated: round after round, up to where they are all the same."""
        label = frame.part.labels[index]
        named = label is not None
        group = Group(
            step.what,
            frame.names,
            frame.context,
            indexed=named and not step.indexed and not step.shared,
            repeated=True,
            shared=step.shared,
            chained=step.inputs is None,
        )
        frame.part.pending = group
        names = {name: value for name, value in frame.names.items() if name != "index"}
        pending = Pending(group, index, label if isinstance(label, str) else None, {})
        sources: tuple[Source, ...] = () if frame.last is None else (frame.last,)
        flow: Any = frame.value
        reads = Fingerprint(step) if step.counts and not step.shared else None
        refers = bool(step.inputs or step.ties or tuple(what_refers(step.what)))
        before: Any = None
        number = 0
        while number < count:
            if number >= MAX_LAYERS or len(group.runs) >= MAX_ROUNDS or self.distinct > MAX_LAYERS:
                self.refuse_rounds(where)
            round_names = names if reads is None else {**names, "index": number}
            if reads is not None:
                taken = reads.take(round_names, self.notes, where)
                if taken is not None and taken == before:
                    # The index comes to what it came to in the round before, at which nothing has changed.
                    if group.runs and group.runs[-1].start + group.runs[-1].length == number:
                        run = group.runs[-1]
                        group.runs[-1] = run._replace(length=run.length + 1, active=run.active + 1)
                    number += 1
                    continue
                before = None
            shape = flow.shape if isinstance(flow, Value) else None
            if not self.holds(frame, index, step, round_names, shape, flow is not None, where):
                if not step.counts and not group.runs:
                    return GONE
                # Left out, it changes nothing; but what arrives after a round that is left in is something else.
                before = taken if reads is not None and step.counts else None
                number += 1
                continue
            found = self.find_inputs(frame, index, step, round_names, where, standing=(sources, flow), pending=pending)
            item = self.read_round(frame, index, step, group, found[0], found[1], round_names, number, where, pending)
            if item is None:
                return None
            own = self.add_round(group, item, number, index, len(found[0]))
            if refers:
                _take_names(frame, pending, label, names, number)
            value = item[0].fitted.output if isinstance(item[0], Leaf) else item[0].value
            if isinstance(item[0], Leaf) and item[0].fitted.layer.chooses:
                value = Choice(item[0].fitted)
            group.value = value
            # In the first round a name may mean what stands outside, and in the next one what this round has given.
            settled = not refers or len(group.runs) > 1 or group.runs[0].length > 1
            same = settled and (not group.chained or value == flow)
            if same and not step.counts and not own:
                # Nothing changes any more: all further rounds are this one.
                run = group.runs[-1]
                group.runs[-1] = run._replace(length=count - run.start, active=count - run.start)
                break
            before = taken if same and reads is not None and not own else None
            if group.chained:
                sources, flow = (Inside(index, *group.last),), value
            number += 1
        if group.shared and not self.check_shared(frame, index, group, where):
            return None
        if count > MAX_LAYERS and not group.shared and _names_each(frame, label, group):
            self.refuse_names(where)
        return group if group.runs else GONE

    def add_round(
        self, group: Group, item: tuple[Item, tuple[Source, ...]], number: int, step: int, direct: int
    ) -> bool:
        """Take a round into a group; tell whether it reads one before it by its path.

        `direct` is how much comes into it that is not for a reference to the outside.
        """
        done, reads = item
        meant = _list_meant(done, reads, direct)
        further = meant[1:] if group.chained else meant
        own = any(isinstance(source, Inside) and source.step == step for source in further)
        run = group.runs[-1] if group.runs else None
        follows = run is not None and run.start + run.length == number
        if run is not None and follows and _is_same(run.item, done) and not own:
            before = _list_meant(run.item, run.reads, direct)
            alike = (before[1:] if group.chained else before) == further
        else:
            alike = False
        if run is not None and alike:
            group.runs[-1] = run._replace(length=run.length + 1, active=run.active + 1)
            return own
        group.runs.append(Run(done, number, 1, 1, reads))
        return own

    def read_round(
        self,
        frame: Frame,
        index: int,
        step: Step,
        group: Group,
        sources: tuple[Source, ...],
        values: tuple[Any, ...] | None,
        names: Mapping[str, Any],
        number: int,
        where: Where,
        pending: Pending,
    ) -> tuple[Item, tuple[Source, ...]] | None:
        """One round of a repeat: a layer that reads what comes into the round, or a part."""
        if isinstance(step.what, Entry):
            inner = frame.within(names, None if step.shared else number)
            fitted = self.read_layer(inner, index, step.what, sources, values, where)
            if fitted is None:
                return None
            ties = self.read_ties(inner, index, step.ties, fitted, names, where, pending)
            return Leaf(fitted, tuple(Incoming(n) for n in range(len(sources))), ties), sources
        at = None if step.shared else number
        item = self.read_what(frame, index, step.what, group, sources, values, names, at, where, pending)
        if isinstance(item, Leaf):
            return Leaf(item.fitted, tuple(Incoming(n) for n in range(len(sources))), item.owners), sources
        return item

    def refuse_names(self, where: Where) -> None:
        """Refuse a repeat in which more layers have a name of their own than can be told apart."""
        message = f"more than {MAX_LAYERS:,} rounds whose names are made of the index, the bound"
        hint = "name what is repeated: its index is added to the path, however many rounds there are"
        self.notes.note(Finding("MS310", message, where._replace(route=(*where.route, "repeat")), hint))
        raise Enough

    def bound_reads(self, found: Any, where: Where) -> None:
        """Hold what is read of every round of repeats against the bound: each of them may read all those before it."""
        self.gathered += len(found) if found.__class__ is tuple else 0
        if self.gathered > MAX_LAYERS:
            message = f"more than {MAX_LAYERS:,} results are read by references to every round, the bound"
            self.notes.note(Finding("MS310", message, where, "join them round by round, and read what the last gives"))
            raise Enough

    def refuse_rounds(self, where: Where) -> None:
        """Refuse a repeat whose rounds are too many to be resolved one by one."""
        message = f"more than {MAX_ROUNDS:,} rounds that differ from one another, the bound"
        hint = "rounds that are the same cost nothing: leave `index` out of them, or repeat it less often"
        there = where._replace(route=(*where.route, "repeat"))
        self.notes.note(Finding("MS310", message, there, hint))
        raise Enough

    # What arrives

    def find_inputs(
        self,
        frame: Frame,
        index: int,
        step: Step,
        names: Mapping[str, Any],
        where: Where,
        *,
        standing: tuple[tuple[Source, ...], Any] | None = None,
        pending: Pending | None = None,
        quiet: bool = False,
    ) -> tuple[tuple[Source, ...], tuple[Any, ...] | None]:
        """What an entry reads, and the values of that; None for them where an error has spoilt one."""
        if step.inputs is None:
            return self.find_standing(frame, index, step, where, standing)
        sources: list[Source] = []
        values: list[Any] = []
        good = True
        for number, reference in enumerate(step.inputs):
            # Of a single reference that is no list, this is the place, too.
            there = Where((*where.route, "inputs", number), file=where.file)
            found = self.find_sources(frame, index, reference, names, there, pending, quiet=quiet)
            if found is None:
                # Something arrives there, of which nothing is known.
                good = False
                sources.append(Incoming(0) if frame.last is None else frame.last)
                continue
            for source in found:
                try:
                    value = value_at(frame.part, frame.values, source, reference.result)
                except Unresolved:
                    self.refuse_result(frame, reference, source, there, quiet=quiet)
                    value = None
                if isinstance(value, Choice):
                    if not quiet:
                        self.refuse_choice(frame, index, value, there, reference.text)
                    value = None
                if reference.result is not None and not isinstance(source, Incoming):
                    source = source._replace(result=reference.result)
                sources.append(source)
                values.append(value)
                good = good and value is not None
        return tuple(sources), tuple(values) if good else None

    def find_standing(
        self,
        frame: Frame,
        index: int,
        step: Step,
        where: Where,
        standing: tuple[tuple[Source, ...], Any] | None,
    ) -> tuple[tuple[Source, ...], tuple[Any, ...] | None]:
        """What an entry reads that does not say so: what comes before it."""
        sources, flow = standing or (() if frame.last is None else (frame.last,), frame.value)
        if isinstance(step.what, Entry) and step.what.layer.arity[1] == 0:
            return (), ()
        if isinstance(flow, Choice):
            self.refuse_choice(frame, index, flow, where)
            flow = None
        if frame.is_top and sources == (Incoming(0),) and len(self.spec.inputs) > 1:
            self.refuse_several(frame, index, where)
            flow = None
        return sources, None if flow is None else (flow,)

    def find_sources(
        self,
        frame: Frame,
        index: int,
        reference: Reference,
        names: Mapping[str, Any],
        where: Where,
        pending: Pending | None,
        *,
        quiet: bool = False,
    ) -> tuple[Source, ...] | None:
        """What a reference to a value means; None if it means nothing, which is then told."""
        path = self.render(reference, names, where, quiet=quiet)
        if path is None:
            return None
        if path == "input" and not reference.every:
            if frame.is_top and "input" not in self.spec.inputs and len(self.spec.inputs) > 1:
                if not quiet:
                    self.refuse_several(frame, index, where)
                return None
            return (Incoming(0),)
        label = show_label(frame.part.labels[index], names, frame.index)
        found = look_up(frame, "value", path, label, pending)
        self.bound_reads(found, where)
        if found is None:
            if not quiet:
                self.refuse_reference(frame, index, reference, path, where)
            return None
        if not reference.every and path in frame.inputs and found != Incoming(frame.inputs[path]):
            if not quiet:
                self.refuse_ambiguous(frame, path, where)
            return None
        return found if isinstance(found, tuple) and not isinstance(found, (Incoming, Of, Inside)) else (found,)

    def render(
        self, reference: Reference, names: Mapping[str, Any], where: Where, *, quiet: bool = False
    ) -> str | None:
        """The path that a reference says; None if it has none, which is then told."""
        if not isinstance(reference.path, Template):
            return reference.path
        if any(names.get(name) is SPOILT for name in reference.path.names):
            return None
        try:
            return reference.path.render(names)
        except Refused as refused:
            if not quiet:
                self.reader.tell(refused, where, None)
        except ValueError as error:
            code, hint = getattr(error, "code", "MS402"), getattr(error, "hint", None)
            if not quiet:
                self.notes.note(Finding(code, str(error), where, hint))
        return None

    # What an entry is: in `containers`

    def read_what(
        self,
        frame: Frame,
        index: int,
        what: What,
        group: Group,
        sources: tuple[Source, ...],
        values: tuple[Any, ...] | None,
        names: Mapping[str, Any],
        at: int | None,
        where: Where,
        pending: Pending | None = None,
    ) -> Leaf | tuple[Part, tuple[Source, ...]] | None:
        """A container, the call of a block, or shared weights, on what arrives; with what it reads."""
        raise NotImplementedError

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
        raise NotImplementedError

    def check_shared(self, frame: Frame, index: int, group: Group, where: Where) -> bool:
        """Whether the rounds of a shared repeat can be one layer; what is wrong is told."""
        raise NotImplementedError

    def refuse_unknown(self, frame: Frame, index: int, what: str, value: Unknown, where: Where) -> None:
        """Refuse what has to be known before anything can be resolved, and is not."""
        path, causes = self.path(frame, index), sorted(value.causes)
        cause, hint = "an axis has no size", "give every axis a size in `input`"
        if causes:
            cause = f"{' and '.join(causes)} {'have' if len(causes) > 1 else 'has'} no value"
            settings = " ".join(f"--set {name}=…" for name in causes)
            hint = f"give {' and '.join(causes)} a value in `variables`, or for this run: {settings}"
        self.notes.note(Finding("MS307", f"{path}: {what} must be known, but {cause}", where, hint, path))

    # What a reference cannot mean

    def refuse_ambiguous(self, frame: Frame, path: str, where: Where) -> None:
        """Refuse a name that an input and a layer bear."""
        message = f"'{path}' is the name of an input and of a layer"
        self.notes.note(Finding("MS315", message, where, "rename one of the two"))

    def refuse_result(
        self, frame: Frame, reference: Reference, source: Source, where: Where, *, quiet: bool = False
    ) -> None:
        """Refuse a result that a layer does not have."""
        if quiet:
            return
        path = reference.text.rpartition(":")[0]
        results: list[str] = []
        if not isinstance(source, Incoming):
            done = done_at(frame.part, source)
            item = done.runs[-1].item if isinstance(done, Group) else done
            fitted = item.fitted if isinstance(item, Leaf) else item
            results = list(fitted.outputs) if isinstance(fitted, Fitted) else []
        near = find_near(str(reference.result), results)
        message = f"'{path}' has no result '{reference.result}'"
        hint = f"its results are {', '.join(results[:8])}" if len(results) > 1 else f"it has one: write {path}"
        self.notes.note(Finding("MS302", message, where, f"did you mean '{near}'?" if near else hint))

    def refuse_reference(self, frame: Frame, index: int, reference: Reference, path: str, where: Where) -> None:
        """Refuse a reference that means nothing here: what stands further down, what is left out, or nothing at all."""
        layer = self.path(frame, index)
        part = frame.part
        for number, label in enumerate(part.labels):
            shown = show_label(label, frame.names, frame.index)
            if shown is None or (path != shown and not path.startswith(f"{shown}.")):
                continue
            related = (Related(part.where(number), f"'{shown}' stands here"),)
            code = "MS314"
            if number == index:
                message = f"{layer}: it would read its own result"
                hint = "name something that stands before it"
            elif number > index:
                message = f"{layer}: '{path}' stands further down, and only what stands before can be read"
                hint = "move it up; a circle cannot be computed"
            elif part.steps[number] is GONE:
                code = "MS302"
                message = f"{layer}: '{path}' is left out here: its `when` does not hold"
                hint = "refer to what is left in, or leave this entry out, too"
            else:
                continue
            self.notes.note(Finding(code, message, where, hint, layer, related))
            return
        self.silenced += 1
        if self.silenced > MAX_SILENCED or is_in_spoilt(frame.spot, path):
            return
        known = [*frame.inputs, *islice(frame.level.read(), MAX_OFFERS)]
        inside = list_paths(frame.level)
        near = next((name for name in inside if name.endswith(f".{path}")), None)
        near = near or find_near(path, [name for name in [*known, *inside] if name != path])
        if "-" in path and path.rpartition("-")[2].isdigit():
            hint = "a layer that is called by its type and number cannot be referred to: give it a name"
        elif any(label is None and _kind(done) == path for label, done in zip(part.labels, part.steps, strict=False)):
            hint = f"the {path} before has no name, and only what has one can be referred to: give it one"
        elif near is not None:
            hint = f"did you mean '{near}'?"
        else:
            hint = f"known here: {', '.join(known[:8])}{', …' * (len(known) > 8)}"
            hint += "; a block sees no layer around its call: bring it in by `inputs`" * frame.part.isolated
        what = "every round of " if reference.every else ""
        self.notes.note(Finding("MS302", f"{layer}: nothing before is called {what}'{path}'", where, hint, layer))


def _take_names(frame: Frame, pending: Pending, label: Any, names: Mapping[str, Any], number: int) -> None:
    """Take the names down that the last round has of its own: further rounds may refer to them."""
    group, step = pending.group, pending.step
    run, turn = group.last
    if isinstance(label, Template) and "index" in label.names:
        pending.names[show_name(label, names, number)] = Inside(step, run, turn)
    elif label is None and not frame.part.numbered and not group.shared:
        item = group.runs[run].item
        if isinstance(item, Part):
            for name, source in level_of(item, inner_index(group, item, frame.index, run, turn)).read().items():
                pending.names[name] = Inside(step, run, turn, source)


def _list_meant(item: Item, reads: tuple[Source, ...], direct: int) -> list[Source]:
    """What comes into a round, without what is there for references that mean something inside."""
    used = item.used if isinstance(item, Part) else set()
    return [source for number, source in enumerate(reads) if number < direct or number in used]


def _kind(done: Any) -> str | None:
    """The type of a layer; None for anything else."""
    fitted = done.fitted if isinstance(done, Leaf) else done
    return fitted.layer.type_name() if isinstance(fitted, Fitted) else None


def show_label(label: Any, names: Mapping[str, Any], index: int | None = None) -> str | None:
    """A name with its expressions' values put in; None where there is none."""
    if isinstance(label, Template):
        return show_name(label, names, index)
    return label if isinstance(label, str) else None


def _names_each(frame: Frame, label: Any, group: Group) -> bool:
    """Whether each round of a repeat has names of its own, made of the index."""
    if label is not None:
        return isinstance(label, Template) and "index" in label.names
    items = [run.item for run in group.runs]
    return frame.part.numbered or any(isinstance(item, Part) and binds_index(item) for item in items)


def _is_same(one: Item, other: Item) -> bool:
    if isinstance(one, Leaf) and isinstance(other, Leaf):
        return one.fitted is other.fitted and one.owners == other.owners
    return one is other
