"""Reports that Hypothesis draws, with names that are markup, commands or formulas somewhere."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from modelspec.report import (
    Against,
    BudgetLine,
    Change,
    Comparison,
    Diagnostic,
    GrowthLine,
    Layer,
    LimitValues,
    Measure,
    Model,
    RelatedPlace,
    Report,
    TensorType,
    Totals,
)

briefly = settings(max_examples=60, deadline=None)

METRICS = [*Totals.model_fields]
counts = st.none() | st.integers(0, 10**7) | st.integers(10**24, 10**30)
sizes = st.none() | st.integers(1, 10**6)
NASTY = [
    "\x1b[31mred",
    "a\nb",
    "| x | y",
    "`code`",
    "<img src=x>",
    "[a](javascript:b)",
    "\u202egnp",
    "層" * 20,
    "@someone",
    "\\|",
    "**b**",
    "~~~",
    "# h",
    "&amp;",
    "http://a.b",
    "\r",
    "\t",
    "\u2028",
    "e\u0301" * 10,
    "\ud800",
    "``` `",
    "<script>alert(1)</script>",
    "%0A::error::x",
    "x\n::error::y",
    "::set-output name=a::b",
    "##[add-path]x",
    "a,b:c=d",
    "=cmd()",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\uff1d1",
    'a"b',
    "'",
    "]]>",
    "<!--",
    "--> x",
    '"] --> n1["',
    "#quot;",
    "fa:fa-ban",
    "$$x$$",
    "%%{init: {}}%%",
    "ﬂ°°60¶ß",
    "end",
    "\x9b31m",
    "\x00",
    "\x7f",
    "\ufffe",
    "\U0010ffff",
    "{0}",
    "a%20b?c#d",
    "</details>",
]
nasty = st.sampled_from(NASTY)
names = nasty | st.text(min_size=1, max_size=40)


def tensor_type(shape: list[int | None]) -> TensorType:
    return TensorType(shape=shape, dtype="float32")


@st.composite
def layers(draw: st.DrawFn, name: st.SearchStrategy[str]) -> Layer:
    shape = draw(st.lists(sizes, max_size=5))
    return Layer(
        path=draw(name),
        type=draw(st.sampled_from(["Linear", "GlobalAveragePooling2D"])),
        line=1,
        repeat=draw(st.sampled_from([1, 12])),
        inputs=["input"],
        output_shape=shape,
        outputs={"output": tensor_type(shape)},
        arguments={},
        inferred=[],
        tensors=[],
        **{metric: draw(counts) for metric in METRICS if metric != "peak_activation_bytes"},
    )


@st.composite
def budget_lines(draw: st.DrawFn, name: st.SearchStrategy[str]) -> BudgetLine:
    limit: Any = draw(
        st.builds(LimitValues, max=st.integers(0, 10**7) | st.integers(10**24, 10**30))
        | st.builds(LimitValues, exactly=st.integers(0, 10**9))
        | st.builds(LimitValues, min=st.integers(0, 99), max=st.integers(100, 10**8))
    )
    actual = draw(counts)
    ok = draw(st.booleans()) if actual is not None else draw(st.sampled_from([False, None]))
    metric = draw(st.sampled_from(METRICS))
    return BudgetLine(metric=metric, scope=draw(st.none() | name), limit=limit, actual=actual, ok=ok)


@st.composite
def models(draw: st.DrawFn, name: st.SearchStrategy[str] = names) -> Model:
    return Model(
        path=draw(name),
        name=draw(name),
        variant=draw(st.none() | name),
        dialect=draw(st.sampled_from(["torch", "keras"])),
        ok=draw(st.booleans()),
        conventions=draw(st.lists(name, max_size=2)),
        inputs={draw(name): tensor_type(draw(st.lists(sizes, max_size=4))) for _ in range(draw(st.integers(0, 2)))},
        layers=draw(st.lists(layers(name), max_size=4)),
        totals=Totals(**{metric: draw(counts) for metric in METRICS}),
        budget=draw(st.lists(budget_lines(name), max_size=3)),
    )


@st.composite
def diagnostics(draw: st.DrawFn, name: st.SearchStrategy[str] = names) -> Diagnostic:
    place = st.integers(1, 200)
    return Diagnostic(
        code="MS304",
        severity=draw(st.sampled_from(["error", "warning"])),
        message=draw(name),
        hint=draw(st.none() | name),
        path=draw(name),
        line=draw(place),
        column=draw(place),
        end_line=draw(place),
        end_column=draw(place),
        layer=None,
        models=[],
        related=[RelatedPlace(path=draw(name), line=1, column=1, message=draw(name))] * draw(st.integers(0, 1)),
        excerpt=draw(name | name.map(lambda part: part * 30)),
    )


@st.composite
def comparisons(draw: st.DrawFn, name: st.SearchStrategy[str] = names) -> Comparison:
    old, new = draw(counts), draw(counts)
    known = old is not None and new is not None
    change = Change(
        metric=draw(st.sampled_from(METRICS)),
        old=old,
        new=new,
        difference=new - old if known else None,
        percent=draw(st.none() | st.floats(-100, 1e6, allow_nan=False)),
    )
    growth = GrowthLine(metric=change.metric, limit="5%", allowed=5, growth=change.difference, ok=None)
    return Comparison(
        path=draw(st.none() | name),
        old_path=draw(st.none() | name),
        name=draw(name),
        variant=draw(st.none() | name),
        status=draw(st.sampled_from(["added", "removed", "changed", "unchanged", "not compared"])),
        reason=draw(st.none() | name),
        ok=draw(st.booleans()),
        metrics=[change],
        layers=[],
        growth=[growth],
    )


@st.composite
def reports(draw: st.DrawFn, name: st.SearchStrategy[str] = names) -> Report:
    """Reports whose findings concern their models, other files, or both."""
    described = draw(st.lists(models(name), max_size=3))
    found = []
    for one in draw(st.lists(diagnostics(name), max_size=4)):
        changes: dict[str, Any] = {"layer": draw(st.none() | name)}
        if described and draw(st.booleans()):
            model = draw(st.sampled_from(described))
            told = model.name if model.variant is None else f"{model.name}/{model.variant}"
            changes["models"] = [told]
            changes["path"] = draw(st.sampled_from([model.path, one.path]))
            if draw(st.booleans()):
                kind = draw(st.sampled_from(["max", "growth"]))
                metric = draw(st.sampled_from(METRICS))
                changes["measure"] = Measure(metric=metric, scope=None, kind=kind, actual=draw(counts))
                changes["code"] = "MS501"
        found.append(one.model_copy(update=changes))
    compared = draw(st.none() | st.lists(comparisons(name), max_size=2))
    against = None if compared is None else Against(revision=draw(name), commit=draw(st.none() | name))
    ok = not any(one.severity == "error" for one in found)
    return Report(ok=ok, models=described, diagnostics=found, comparisons=compared, against=against)
