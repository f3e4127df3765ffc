"""Holds a report against a baseline: what it accepts passes, what is worse is told, and what is better is counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeVar

from modelspec.baseline.entry import (
    NAME,
    Baseline,
    Entry,
    Excess,
    Fault,
    Key,
    Paths,
    is_acceptable,
    list_models,
    simplify,
    weigh,
    write_entries,
)
from modelspec.description import diagnose
from modelspec.diagnostics import Finding, Where
from modelspec.report import BaselineUse, Comparison, Diagnostic, Measure, Model, RelatedPlace, Report

__all__ = ["apply", "ratchet"]

Judged = TypeVar("Judged", Model, Comparison)


def apply(
    baseline: Baseline,
    report: Report,
    checked: Collection[str],
    *,
    renamed: Mapping[str, str] | None = None,
    variant: str | None = None,
) -> Report:
    """Take out of a report what a baseline accepts; of what is worse, say what would be accepted.

    `checked` are the paths of all files that the run has looked at, called as in the report, and `variant` is the only
    one that it has looked at in each: of others nothing is said to be better. `renamed` leads from a path to the one
    before.
    """
    scan = _Scan(baseline, report, checked, renamed or {}, variant)
    told = [rest for diagnostic in report.diagnostics if (rest := scan.take(diagnostic)) is not None]
    better, gone = scan.list_better(), scan.list_gone()
    judgement = _Judgement(report, scan.accepted, told)
    accepted = len(report.diagnostics) - len(told)
    if better or gone:
        told.append(_advise(baseline, better, gone))
    comparisons = report.comparisons
    if comparisons is not None:
        comparisons = [judgement.renew(one, one.path) for one in comparisons]
    changes = {
        "ok": not any(one.severity == "error" for one in told),
        "models": [judgement.renew(one, one.path) for one in report.models],
        "diagnostics": told,
        "comparisons": comparisons,
        "baseline": BaselineUse(
            path=baseline.document.path,
            accepted=accepted,
            better=len(better) + len(gone),
        ),
    }
    return report.model_copy(update=changes)


def ratchet(
    baseline: Baseline,
    report: Report,
    checked: Collection[str],
    *,
    renamed: Mapping[str, str] | None = None,
    variant: str | None = None,
) -> str:
    """A baseline that accepts no more than this one, and no more than there is. What is new does not come in.

    The entries of files that were not checked stay as they are, unless the file is gone. The rest is as for `apply`.
    """
    scan = _Scan(baseline, report, checked, renamed or {}, variant)
    for diagnostic in report.diagnostics:
        scan.take(diagnostic)
    gone = set(scan.list_gone())
    kept = [number for number in range(len(baseline.entries)) if number not in gone]
    return write_entries(scan.now.get(number, baseline.entries[number]) for number in kept)


class _Scan:
    """The findings of a report beside the entries of a baseline, one after the other.

    `now` has the entries that were met, by their number, as they would be now: no looser than they are. `accepted` are
    the findings that are, each with those of its models for which it is.
    """

    def __init__(
        self,
        baseline: Baseline,
        report: Report,
        checked: Collection[str],
        renamed: Mapping[str, str],
        variant: str | None,
    ) -> None:
        self.baseline = baseline
        self.compared = report.comparisons is not None
        self.entries = baseline.entries
        self.numbers: dict[Key, int] = {entry.key: number for number, entry in enumerate(self.entries)}
        self.now: dict[int, Entry] = {}
        self.accepted: list[Diagnostic] = []
        self.paths = Paths(baseline.folder)
        self.renamed = {self.paths.name(new): self.paths.name(old) for new, old in renamed.items()}
        names = {self.paths.name(path) for path in checked}
        self.checked = names | {self.renamed[name] for name in names if name in self.renamed}
        self.variant = variant

    def take(self, diagnostic: Diagnostic) -> Diagnostic | None:
        """What is left to tell of a finding; None if all of it is accepted."""
        if not is_acceptable(diagnostic):
            return diagnostic
        if diagnostic.measure is None:
            return self._take_fault(diagnostic)
        return self._take_excess(diagnostic, diagnostic.measure)

    def _take_fault(self, diagnostic: Diagnostic) -> Diagnostic | None:
        path, message = self.paths.name(diagnostic.path), simplify(diagnostic.message)
        for name, _ in self._list_names(path, None):
            number = self.numbers.get((name, diagnostic.code, diagnostic.layer, message))
            if number is None:
                continue
            entry = self.entries[number]
            met = self.now[number].times if number in self.now else 0
            if met == entry.times:
                told = f"the baseline accepts {entry.times:,} of these: this is one more"
                return self._relate(diagnostic, number, told)
            self.now[number] = Fault(path, diagnostic.code, diagnostic.layer, message, met + 1)
            self.accepted.append(diagnostic)
            return None
        return diagnostic

    def _take_excess(self, diagnostic: Diagnostic, measure: Measure) -> Diagnostic | None:
        accepted: list[str | None] = []
        left: list[str | None] = []
        worse: dict[int, str] = {}
        path = self.paths.name(diagnostic.path)
        for model in list_models(diagnostic):
            number = self._find_excess(path, model, measure)
            if number is None:
                left.append(model)
                continue
            entry = self.entries[number]
            assert isinstance(entry, Excess)
            gap = weigh(entry.actual, measure)
            is_better = gap is not None and gap < 0
            self.now[number] = entry._replace(
                path=path, model=model, actual=measure.actual if is_better else entry.actual
            )
            if gap is None or gap > 0:
                worse[number] = _tell_worse(entry, measure, gap)
                left.append(model)
            else:
                accepted.append(model)
        if accepted:
            self.accepted.append(_narrow(diagnostic, accepted))
        if not left:
            return None
        rest = _narrow(diagnostic, left) if accepted else diagnostic
        for number, told in worse.items():
            rest = self._relate(rest, number, told)
        return rest

    def _find_excess(self, path: str, model: str | None, measure: Measure) -> int | None:
        for name, called in self._list_names(path, model):
            number = self.numbers.get((name, called, measure.metric, measure.scope, measure.kind))
            if number is not None:
                return number
        return None

    def _list_names(self, path: str, model: str | None) -> Iterator[tuple[str, str | None]]:
        """What a file and a model in it may be called in the baseline: as they are now, or were called before.

        A model that bears no name of its own bears that of its file.
        """
        yield path, model
        old = self.renamed.get(path)
        if old is None:
            return
        yield old, model
        stem = _stem(path)
        if model is not None and (model == stem or model.startswith(f"{stem}/")):
            yield old, _stem(old) + model.removeprefix(stem)

    def _relate(self, diagnostic: Diagnostic, number: int, message: str) -> Diagnostic:
        """The finding with a pointer to an entry of the baseline."""
        document = self.baseline.document
        place = document.place(Where(("accepted", number)))
        there = RelatedPlace(path=document.path, line=place.line, column=place.column, message=message)
        return diagnostic.model_copy(update={"related": [*diagnostic.related, there]})

    def list_better(self) -> list[int]:
        """The entries that accept more than there is."""
        return [number for number, entry in self.now.items() if _amount(entry) != _amount(self.entries[number])]

    def list_gone(self) -> list[int]:
        """The entries of which there is nothing left, as far as that was looked at."""
        there: dict[str, bool] = {}
        gone = []
        for number, entry in enumerate(self.entries):
            if entry.path not in there:
                there[entry.path] = self.paths.has(entry.path)
            looked = entry.path in self.checked and self._is_chosen(entry)
            if number not in self.now and (looked or not there[entry.path]):
                gone.append(number)
        return gone

    def _is_chosen(self, entry: Entry) -> bool:
        """Whether the call has looked at what an entry is about: its variant, and growth if it is that."""
        if isinstance(entry, Excess) and entry.kind == "growth" and not self.compared:
            return False
        if self.variant is None:
            return True
        model = entry.model if isinstance(entry, Excess) else None
        return model is not None and model.endswith(f"/{self.variant}")


def _amount(entry: Entry) -> tuple[int | None, int]:
    return entry.actual if isinstance(entry, Excess) else None, entry.times


def _stem(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name


def _narrow(diagnostic: Diagnostic, models: list[str | None]) -> Diagnostic:
    """A finding as it concerns some of its models alone."""
    kept = [model for model in models if model is not None]
    if len(kept) == len(diagnostic.models):
        return diagnostic
    # Of one file, so what differs is the variant.
    variants = [model.rpartition("/")[2] for model in kept]
    if len(diagnostic.variants) == len(diagnostic.models):
        known = dict(zip(diagnostic.models, diagnostic.variants, strict=True))
        variants = [known[model] for model in kept]
    return diagnostic.model_copy(update={"models": kept, "variants": variants})


def _tell_worse(entry: Excess, measure: Measure, gap: int | None) -> str:
    accepts = "that it is not known" if entry.actual is None else f"{entry.actual:,}"
    if measure.actual is None:
        return f"the baseline accepts {accepts}: now it is not known"
    if gap is None:
        return f"the baseline accepts {accepts}"
    how = {"min": "less", "exactly": "further off"}.get(measure.kind, "more")
    return f"the baseline accepts {accepts}: this is {gap:,} {how}"


def _advise(baseline: Baseline, better: list[int], gone: list[int]) -> Diagnostic:
    """The one warning that a baseline can be ratcheted, at the first of its entries that can."""
    first = better or gone
    are = f"{len(first):,} {'entry' if len(first) == 1 else 'entries'} of the baseline {_are(first)}"
    message = f"{are} gone"
    if better:
        message = f"{are} better now" + (f", and {len(gone):,} {_are(gone)} gone" if gone else "")
    path = baseline.document.path
    hint = "take that in: modelspec baseline --ratchet" + ("" if path == NAME else f" -o {path}")
    where = Where(("accepted", min([*better, *gone]), "path"))
    return diagnose({"": baseline.document}, Finding("MS509", message, where, hint, severity="warning"), [], {})


def _are(some: list[int]) -> str:
    return "is" if len(some) == 1 else "are"


class _Judgement:
    """Whether a model is well with a baseline: if something of it was accepted, and nothing else is wrong."""

    def __init__(self, report: Report, accepted: Iterable[Diagnostic], told: Iterable[Diagnostic]) -> None:
        self.own = {model.path for model in report.models}
        self.accepted = self._by_model(accepted)
        self.told = self._by_model(one for one in told if one.severity == "error")

    @staticmethod
    def _by_model(diagnostics: Iterable[Diagnostic]) -> Mapping[str, set[str]]:
        """The paths in which something is found that concerns a model, by its name."""
        found = defaultdict(set)
        for diagnostic in diagnostics:
            for name in diagnostic.models:
                found[name].add(diagnostic.path)
        return found

    def _concerns(self, found: Mapping[str, set[str]], path: str, name: str) -> bool:
        # Two files may give their models one name; what is found in a library is of all that import it.
        return any(there == path or there not in self.own for there in found.get(name, ()))

    def renew(self, judged: Judged, path: str | None) -> Judged:
        """A model, or its comparison, with `ok` as it is now."""
        name = judged.name if judged.variant is None else f"{judged.name}/{judged.variant}"
        if judged.ok or path is None or not self._concerns(self.accepted, path, name):
            return judged
        return judged.model_copy(update={"ok": not self._concerns(self.told, path, name)})
