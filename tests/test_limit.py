"""Limits: what is written is what is meant, exactly, or it is refused with a way out."""

import re
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelspec.budget import holds
from modelspec.limit import MAX_LENGTH, MAX_LIMIT, Limit, LimitKind, Share
from modelspec.refusal import Refused
from modelspec.shape import UNKNOWN

COUNT, BYTE = LimitKind("count"), LimitKind("byte")
DECIMAL = {"": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
BINARY = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}
POWERS = {COUNT: {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "G": 10**9, "T": 10**12}, BYTE: DECIMAL | BINARY}
KINDS = st.sampled_from([COUNT, BYTE])


def outcome(kind, value):
    """The limit, or the refusals: nothing else may come of any value."""
    try:
        return kind.read(value)
    except Refused as refused:
        told = list(refused.each())
        assert told
        assert all(one.message and one.hint and one.code in ("MS203", "MS204", "MS205", "MS206") for one in told)
        return told


def group(digits, places):
    """Underscores before some of the digits, never first."""
    return "".join("_" * (at in places and at > 0) + digit for at, digit in enumerate(digits))


@given(
    KINDS.flatmap(lambda kind: st.tuples(st.just(kind), st.sampled_from(list(POWERS[kind])))),
    st.integers(0, 10**20).map(str),
    st.none() | st.from_regex(r"[0-9]{1,13}", fullmatch=True),
    st.sets(st.integers(1, 20)),
    st.tuples(*[st.sampled_from(["", " ", "  ", "\t"])] * 3),
)
@example((COUNT, "M"), "25", "6", set(), ("", "", ""))
@example((BYTE, "KiB"), "0", "5", set(), ("", " ", ""))
def test_a_number_with_a_unit_is_exact_decimal_arithmetic(unit, whole, part, places, blanks):
    kind, name = unit
    digits = group(whole, places) + ("" if part is None else "." + group(part, places))
    exact = Fraction(whole if part is None else f"{whole}.{part}") * POWERS[kind][name]
    told = outcome(kind, blanks[0] + digits + blanks[1] + name + blanks[2])
    if exact.denominator == 1 and exact <= MAX_LIMIT:
        assert told == Limit(max=int(exact))
    else:
        assert [one.code for one in told] == ["MS206"]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80)
NEAR_MISSES = st.from_regex(r"[-+0-9_., eE½٣]{0,6} ?[kKmMgGiIbB%s]{0,4}", fullmatch=True)
TREES = st.recursive(
    SCALARS | NEAR_MISSES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["max", "min", "exactly", "mix", ""]), inner, max_size=4)
    ),
    max_leaves=6,
)


@given(KINDS, TREES)
@example(COUNT, "9" * 10_000_000)
@example(COUNT, float("nan"))
@example(COUNT, float("inf"))
@example(COUNT, 1e300)
@example(BYTE, "\ud800")
def test_whatever_stands_there_is_a_limit_or_refused(kind, value):
    told = outcome(kind, value)
    if isinstance(told, Limit):
        assert told.shares == ()
        sides = [side for side in told[:3] if side is not None]
        assert sides
        assert all(type(side) is int and 0 <= side <= MAX_LIMIT for side in sides)


@given(KINDS, NEAR_MISSES | st.text(max_size=12))
@example(COUNT, "1__0")
@example(COUNT, "1_.5K")
@example(COUNT, "5_K")
@example(COUNT, "\u00a05K")
@example(COUNT, "٣")
@example(COUNT, "1" + " " * MAX_LENGTH)
def test_the_schema_takes_what_is_taken(kind, text):
    schema = next(each for each in kind.schema({})["anyOf"] if each["type"] == "string")
    taken = re.search(schema["pattern"], text) is not None and len(text) <= schema["maxLength"]
    told = outcome(kind, text)
    # The schema cannot see that a number is not whole, or too large.
    assert taken == (isinstance(told, Limit) or "whole" in told[0].message or (taken and told[0].code == "MS206"))


@given(KINDS, NEAR_MISSES)
def test_what_a_hint_offers_is_taken(kind, text):
    told = outcome(kind, text)
    if not isinstance(told, Limit) and (told[0].hint or "").partition("did you mean ")[2]:
        for offer in told[0].hint.partition("did you mean ")[2].rstrip("?").split(" or "):
            taken = outcome(kind, offer)
            assert isinstance(taken, Limit) or "whole" in taken[0].message or "got" in taken[0].message
            assert isinstance(taken, Limit) or "unit" not in taken[0].message


HINTS = [
    (COUNT, "200 k", "MS206", "did you mean 200K?"),
    (COUNT, "25 MB", "MS206", "this is a count, not bytes; did you mean 25M?"),
    (COUNT, "25mb", "MS206", "this is a count, not bytes; did you mean 25M?"),
    (COUNT, "10 MiB", "MS206", "that is a unit of bytes, and this is a count: units are K, M, B, G, T"),
    (COUNT, "4.1 GMACs", "MS206", "did you mean 4.1G?"),
    (COUNT, "5 million", "MS206", "did you mean 5M?"),
    (COUNT, "12Q", "MS206", "units are K, M, B, G, T"),
    (BYTE, "200K", "MS206", "did you mean 200 kB or 200 KiB?"),
    (BYTE, "4 M", "MS206", "did you mean 4 MB or 4 MiB?"),
    (BYTE, "10 KB", "MS206", "did you mean 10 kB or 10 KiB?"),
    (BYTE, "10 MIB", "MS206", "did you mean 10 MiB?"),
    (BYTE, "10 bytes", "MS206", "did you mean 10 B?"),
    (COUNT, "50%", "MS206", "a share is for layers and for growth; of the whole model, write a number"),
    (COUNT, "1.5", "MS206", "write 1 or 2"),
    (BYTE, "22.6 KiB", "MS206", "write 23_142 or 23_143"),
    (COUNT, 1.5, "MS206", "write 1 or 2"),
    (COUNT, "1e6", "MS205", "write it with a unit, as in 200K, or all of its digits"),
    (COUNT, 1e30, "MS205", "write it with a unit, or all of its digits"),
    (COUNT, "1,000,000", "MS205", "underscores may group the digits: 1_000_000; the decimal point is '.'"),
    (COUNT, ".5M", "MS205", "write 0.5M"),
    (COUNT, "-5K", "MS205", "a limit is 0 or more"),
    (COUNT, "M", "MS205", "a number is missing before 'M'"),
    (COUNT, "2 * width", "MS205", "a budget takes numbers, no expressions"),
    (COUNT, "½", "MS205", "a budget takes numbers, no expressions"),
    (COUNT, "٣", "MS205", "a budget takes numbers, no expressions"),
    (COUNT, None, "MS205", "leave it out for no limit"),
    (COUNT, {}, "MS204", "give max, min or exactly"),
    (COUNT, {"exactly": 5, "min": 1}, "MS206", "give exactly alone"),
    (COUNT, {"most": 5}, "MS203", "a limit has max, min and exactly"),
]


@pytest.mark.parametrize(("kind", "value", "code", "hint"), HINTS)
def test_a_slip_is_told_with_the_way_out(kind, value, code, hint):
    (told,) = outcome(kind, value)
    assert (told.code, told.hint) == (code, hint)


def test_sides_are_read_each_for_itself():
    assert COUNT.read({"min": "1K", "max": 2_000.0}) == Limit(max=2_000, min=1_000)
    assert BYTE.read({"exactly": "110 MiB"}) == Limit(exactly=110 * 2**20)
    told = outcome(COUNT, {"min": "1k", "max": True, "least": 3})
    assert [(one.code, one.route) for one in told] == [("MS206", ("min",)), ("MS205", ("max",)), ("MS203", ("least",))]
    (told,) = outcome(COUNT, {"min": 8, "max": "0.007K"})
    assert (told.code, told.route, told.message) == ("MS206", ("min",), "min is 8, above max, 7")


SMALL = st.integers(1, 8)
SIDES = st.one_of(
    SMALL.map(lambda most: Limit(max=most)),
    SMALL.map(lambda least: Limit(min=least)),
    SMALL.map(lambda number: Limit(exactly=number)),
    st.tuples(SMALL, st.integers(0, 8)).map(lambda pair: Limit(min=pair[0], max=sum(pair))),
)


@given(SIDES, SIDES)
def test_a_limit_is_within_another_if_all_that_it_allows_is(one, other):
    beyond = 30
    inside = all(holds(other, count) for count in range(beyond) if holds(one, count))
    assert one.is_within(other) == inside


@given(st.integers(0, 10**9), st.integers(0, 100), st.integers(0, 4))
def test_a_share_is_of_whole_numbers(whole, part, digits):
    share = Share(part, 10 ** (2 + digits))
    exact = Fraction(part, 10 ** (2 + digits)) * whole
    limit = Limit(shares=(("max", share), ("min", share))).settle(whole)
    assert limit.max == exact.__floor__()
    assert limit.min == exact.__ceil__()
    assert Limit(shares=(("max", share),)).settle(UNKNOWN).is_open()
    ((side, read),) = LimitKind("count", shares=True).read(str(share).replace(",", "")).shares
    assert (side, Fraction(*read)) == ("max", Fraction(*share))
