"""The little language: Python's arithmetic, within bounds, and honest about what is unknown."""

import math
import warnings

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelspec.expressions import BUILTINS, MAX_DEPTH, MAX_LENGTH, MAX_VALUE, ExpressionError, Value, parse
from modelspec.shape import UNKNOWN, Unknown
from tests.pace import at_once

KNOWN = {"a": 3, "b": 0, "c": -7, "width": 64}
DEPTHS = (2, 3, 6)


def make_divisible(v, divisor=8):
    """As torchvision.models._utils has it."""
    new_v = max(divisor, int(v + divisor / 2) // divisor * divisor)
    return new_v + divisor if new_v < 0.9 * v else new_v


PYTHON = {
    "__builtins__": {},
    "true": True,
    "false": False,
    "null": None,
    **{name: getattr(math, name) for name in ("ceil", "floor", "sqrt", "log2")},
    "min": min,
    "max": max,
    "abs": abs,
    "int": int,
    "round": round,
    "make_divisible": make_divisible,
}


def refusal(text: str, **names: Value) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text).evaluate(names)
    return caught.value


def outcome(text: str, names: dict[str, Value], size=None) -> Value | ExpressionError:
    try:
        return parse(text).evaluate(names, size)
    except ExpressionError as error:
        return error


# Random expressions in the grammar. Numbers and conditions are kept apart, as the language does and Python does not.

LEAVES = st.sampled_from(["0", "1", "2", "8", "0.5", "1e-3", "a", "b", "c", "width", "depths[1]", "depths[-1]"])


def extend(numbers):
    conditions = st.one_of(
        st.builds("{} {} {}".format, numbers, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), numbers),
        st.builds("{} < {} <= {}".format, numbers, numbers, numbers),
        st.sampled_from(["true", "false", "width == null", "null == null"]),
    )
    conditions = st.one_of(
        conditions,
        st.builds("not ({})".format, conditions),
        st.builds("{} {} {}".format, conditions, st.sampled_from(["and", "or"]), conditions),
    )
    return st.one_of(
        st.lists(numbers, min_size=2, max_size=4).flatmap(
            lambda parts: st.lists(
                st.sampled_from([" + ", "-", " * ", "/", " // ", "%"]), min_size=len(parts) - 1, max_size=len(parts) - 1
            ).map(lambda signs: parts[0] + "".join(sign + part for sign, part in zip(signs, parts[1:], strict=True)))
        ),
        st.builds("({})".format, numbers),
        st.builds("-{}".format, numbers),
        st.builds("({}) ** {}".format, numbers, st.sampled_from(["0", "2", "3", "-1", "0.5"])),
        st.builds("({} {} {})".format, numbers, st.sampled_from(["and", "or"]), numbers),
        st.builds("({} if {} else {})".format, numbers, conditions, numbers),
        st.builds("({} if {} else {} if {} else {})".format, numbers, conditions, numbers, conditions, numbers),
        st.builds("{}({})".format, st.sampled_from(["abs", "int", "ceil", "floor", "round", "sqrt", "log2"]), numbers),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), numbers, numbers),
        st.builds("make_divisible({})".format, numbers),
        st.builds("make_divisible({}, divisor=4)".format, numbers),
        st.builds("round({}, {})".format, numbers, st.integers(-3, 3)),
    )


NUMBERS = st.recursive(LEAVES, extend, max_leaves=8)
EXPRESSIONS = st.one_of(NUMBERS, st.builds("{} > {}".format, NUMBERS, NUMBERS)).filter(lambda t: len(t) <= MAX_LENGTH)


@settings(deadline=None, max_examples=400)
@given(EXPRESSIONS)
def test_a_value_is_the_one_that_python_gives(text):
    names = {**KNOWN, "depths": DEPTHS}
    try:
        expected = eval(text, PYTHON, names)
        impossible = isinstance(expected, complex)
    except (ZeroDivisionError, ValueError):
        impossible = True
    except (OverflowError, TypeError):  # a complex number in between, or one past Python's own bounds
        return
    value = outcome(text, names)
    if isinstance(value, ExpressionError):
        in_between = value.code == "MS404" or (value.code == "MS405" and "root of a negative" in value.message)
        assert impossible or (in_between and "**" in text), value.message
    else:
        assert not impossible
        assert (value, type(value)) == (expected, type(expected))
        assert abs(value) <= MAX_VALUE


@settings(deadline=None, max_examples=400)
@given(EXPRESSIONS, st.sets(st.sampled_from(sorted(KNOWN)), min_size=1), st.data())
@example("c if a > 0 else c", {"a"}, None)
@example("a == null and b or a and 0", {"a"}, None)
@example("5 if a < 3 < b else 5", {"a"}, None)
def test_what_is_known_in_spite_of_an_unknown_holds_whatever_it_is(text, hidden, data):
    expression = parse(text)
    names = {**KNOWN, "depths": DEPTHS}
    try:
        result = expression.evaluate({**names, **{name: Unknown(name) for name in hidden}})
    except ExpressionError:
        return
    if isinstance(result, Unknown):
        assert result.causes <= hidden
        return
    for guess in (-7, 0, 1, 3, 64, 10**6) if data is None else data.draw(st.lists(st.integers(-99, 99), max_size=6)):
        try:
            value = expression.evaluate({**names, **dict.fromkeys(hidden, guess)})
        except ExpressionError:
            continue  # no value is no other value
        assert (value, type(value)) == (result, type(result))


def test_an_unknown_absorbs_what_is_computed_from_it():
    seq, names = (
        Unknown("seq"),
        {"seq": Unknown("seq"), "w": Unknown("w"), "anon": UNKNOWN, "n": None, "depths": DEPTHS},
    )
    assert parse("seq").evaluate(names) == seq
    for text in ("n or seq", "seq if n == null else 3", "1 and seq"):
        assert parse(text).evaluate(names) == seq
    for text in ("seq * 0", "-seq", "not seq", "seq < 3", "max(4, seq)", "sqrt(seq)", "depths[seq]", "2 if seq else 3"):
        assert parse(text).evaluate(names) == Unknown(None, frozenset({"seq"}))
    for text in (
        "seq + w",
        "seq and w",
        "1 if seq else w",
        "seq < 4 < w",
        "min(seq, 2, w)",
        "1 if seq else 2 if w else 3",
    ):
        assert parse(text).evaluate(names) == Unknown(None, frozenset({"seq", "w"}))
    assert parse("anon + 1").evaluate(names) == UNKNOWN
    known: dict[str, Value] = {
        "4 if seq else 4 if true else 5": 4,
        "0 and seq": 0,
        "5 or seq": 5,
        "4 if seq else 4": 4,
        "seq == null": False,
        "seq != null": True,
    }
    for text, value in {**known, "seq < 4 < 3": False, "(3 // 0 if seq else 1) == null": False}.items():
        assert parse(text).evaluate(names) is value or parse(text).evaluate(names) == value
    for text in (
        "null if seq > 3 else 5",
        "seq and null",
        "n if seq else 0",
        "seq or n",
        "(null if seq else 1) if w else 2",
    ):
        error = refusal(text, **names)
        assert (error.code, error.hint) == ("MS405", "give seq a value")
    assert refusal("seq // 0", **names).code == "MS405"


# Whatever the text

SIGNS = list("()[],:.+-*/%<>=!?&^~@#;{}\\\n\t\x00\ud800ü١Ａ×é12")
WORDS = ["a", "b", "width", "depths", "in_channels", "true", "null", "not", "and", "or", "if", "else", "lambda", "in"]
PIECES = [
    "size(",
    "max(",
    "round(",
    "make_divisible(",
    "divisor=",
    "==",
    "//",
    "**",
    "0.5",
    "1e9",
    "9**9",
    "1if",
    "1.if",
]
TOKENS = st.sampled_from([*SIGNS, *WORDS, *PIECES, "0x1for", '"\\d"', "'\\z'", "f'{a}'"])
TEXTS = st.one_of(
    st.text(max_size=60),
    st.builds(str.join, st.sampled_from(["", " "]), st.lists(TOKENS, max_size=40)),
    st.builds(lambda text, times: (text * times)[: MAX_LENGTH + 5], st.text(min_size=1, max_size=5), st.just(1005)),
    st.builds(
        lambda parts, times: ("".join(parts) * times)[:MAX_LENGTH],
        st.lists(TOKENS, min_size=1, max_size=4),
        st.just(500),
    ),
)


@settings(deadline=None, max_examples=500)
@given(TEXTS)
@example("(" * MAX_LENGTH)
@example("a if " * 200)
@example("((a if b else " * 40)
@example("(" * 60 + "2 * not 3" + ")" * 60)
@example("max(" * 60 + "divisor=1, 2" + ")" * 60)
@example("a if b if c else d else " * 40 + "e")
@example("max(" * 60 + ")" * 60)
@example("not " * 240 + "a")
@example("2**" * 330 + "2")
@example("1 if 0 else " * 80 + "1")
@example("round(a, -10**29)")
@example("a" * 900 + "\ud800 + 1")
@example("0 * (" * 60 + "b" + ")" * 60 + " 1")
def test_whatever_the_text_it_has_a_value_or_a_finding_at_once(text):
    with warnings.catch_warnings(), at_once(0.2):
        warnings.simplefilter("error")
        value = outcome(text, {**KNOWN, "depths": DEPTHS}, lambda _axis: 5)
    if isinstance(value, ExpressionError):
        start, end = value.span
        assert 0 <= start <= end <= len(text)
        assert start < end or not text
        assert value.code in {"MS401", "MS402", "MS403", "MS404", "MS405"}
        assert len(value.message) < 200
    else:
        assert value is None or isinstance(value, int | float | tuple)


BY_HAND: dict[str, Value] = {
    "make_divisible(19)": 24,
    "make_divisible(35)": 32,
    "make_divisible(1)": 8,
    "make_divisible(19, 4)": 20,
    "ceil(8)": 8,
    "ceil(-2.5)": -2,
    "floor(-2.5)": -3,
    "int(-2.5)": -2,
    "round(2.5)": 2,
    "max(depths)": 6,
    "min(depths)": 2,
    "sqrt(16)": 4.0,
    "log2(8)": 3.0,
    "2 * 3 ** 2 - 7 // 2": 15,
    "n_inner or 4 * d": 48,
    "1 < 2 < 2": False,
    "true == 1": True,
    "0x10 + 1_000": 1016,
    "null": None,
}


@pytest.mark.parametrize(("text", "value"), BY_HAND.items(), ids=BY_HAND)
def test_values_worked_out_by_hand(text, value):
    result = parse(text).evaluate({"depths": DEPTHS, "n_inner": None, "d": 12})
    assert (result, type(result)) == (value, type(value))


def test_texts_are_not_kept_for_ever():
    first = parse("a + 1")
    assert parse("a + 1") is first
    for number in range(100):
        parse("a + " * 240 + str(number))
    assert parse("a + 1") is not first


def test_the_bounds():
    chain = "+".join(["1"] * 500)
    assert parse(chain).evaluate({}) == 500
    assert parse("(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH).evaluate({}) == 1
    assert parse("10**30").evaluate({}) == -parse("-10**30").evaluate({}) == MAX_VALUE
    assert parse("10**-400").evaluate({}) == 0.0
    beyond = [
        "1" + "+1" * 500,
        "10**30 + 1",
        "1e31",
        "1e400",
        "9**9**9",
        "2**10**9",
        "7**10**8",
        "9.0**999",
        "10**29 * 11 // 11",
    ]
    with at_once(0.2):
        for text in [*beyond, "-" * 99 + "1", "(" * 65 + "1" + ")" * 65, "0 and (10**30 * 10 or 1) or 10**31"]:
            assert refusal(text).code == "MS404", text


# What each slip is told: text, code, the stretch of text, and words of the message and hint

SLIPS = [
    ("", "MS401", "", "empty", None),
    ("hiden_dim", "MS402", "hiden_dim", "'hiden_dim' is not known here", "did you mean 'hidden_dim'?"),
    ("2 * hiden_dim", "MS402", "hiden_dim", "'hiden_dim' is not known here", "did you mean 'hidden_dim'?"),
    ("hiden_dim + wdth", "MS402", "hiden_dim", "'hiden_dim', 'wdth' are not", "did you mean 'hidden_dim' and 'width'?"),
    (
        "3 if true else zzz",
        "MS402",
        "zzz",
        "'zzz' is not known here",
        "known here: hidden_dim, width, n, flag, depths, ß",
    ),
    ("in_channels // 2", "MS402", "in_channels", "in_channels: nothing arrives here", "the number itself"),
    ("size(-1)", "MS402", "size(-1)", "size: nothing arrives here", "the number itself"),
    ("index + 1", "MS402", "index", "index: nothing is repeated here", "repeat"),
    ("width = 3", "MS401", "=", "'=' compares nothing", "'=='"),
    ("width ^ 2", "MS401", "^", "'^' is no operator", "'**'"),
    ("flag && n", "MS401", "&&", "'&&' is no operator", "'and'"),
    ("flag || n", "MS401", "||", "'||' is no operator", "'or'"),
    ("!flag", "MS401", "!", "'!' is no operator", "'not'"),
    ("width => 2", "MS401", "=>", "'=>' is no comparison", "'>='"),
    ("flag ? 1 : 2", "MS401", "?", "'?' is no operator", "a if condition else b"),
    ("2 × width", "MS401", "×", "'×' is no operator", "'*'"),
    ("width − 1", "MS401", "−", "'−' is not the minus sign", "'-'"),
    ("2 x width", "MS401", "x", "missing between '2' and 'x'", "'*'"),
    ("2 width", "MS401", "width", "missing between '2' and 'width'", "'*'"),
    ("2width", "MS401", "2width", "'2width' is neither a number nor a name", "'2 * width'"),
    ("7x7", "MS401", "7x7", "'7x7' is neither", "'7 * 7'"),
    ("10K", "MS401", "10K", "'10K' is neither", "write the number out"),
    ("007", "MS401", "007", "'007' is neither", "write 7"),
    ("1if flag else 2", "MS401", "1if", "'1if' is neither", "a blank between '1' and 'if'"),
    ("flag AND n", "MS401", "AND", "missing between 'flag' and 'AND'", "'and'"),
    ("(width + 1", "MS401", "(", "'(' is never closed", None),
    ("width + 1)", "MS401", ")", "')' closes a bracket that was not opened", None),
    ("width *", "MS401", "*", "something is missing after '*'", None),
    ("* width", "MS401", "*", "something is missing before '*'", None),
    ("ß * ß + * width", "MS401", "*", "something is missing before '*'", None),
    ("2 if flag", "MS401", "if", "an 'if' without its 'else'", "a if condition else b"),
    ("2 else 3", "MS401", "else", "'else' without an 'if'", "a if condition else b"),
    ("2 * not 3", "MS401", "n", "cannot be read from 'not 3' on", "brackets"),
    ("width;", "MS401", ";", "has no meaning here", None),
    ("True", "MS403", "True", "'True' is not in the language", "write 'true'"),
    ("width is None", "MS403", "is", "'is' is not in the language", "and or not if else"),
    ("lambda: 0", "MS403", "lambda", "'lambda' is not in the language", None),
    ("width.real", "MS403", ".", "nothing has attributes", "dots"),
    ("'same'", "MS403", "'", "no text in an expression", None),
    ("[1, 2]", "MS403", "[", "a list cannot be written", "variables"),
    ("1, 2", "MS403", ",", "a list cannot be written", "variables"),
    ("depths[0:2]", "MS403", ":", "no meaning", "depths[0]"),
    ("(n := 3)", "MS403", ":=", "':=' is not in the language", "variables"),
    ("{width}", "MS403", "{", "braces", "bare name"),
    ("width & 1", "MS403", "&", "'&' is not in the language", "comparisons"),
    ("flor(2.5)", "MS403", "flor", "'flor' is not a function", "did you mean 'floor'?"),
    ("width(3)", "MS403", "width", "'width' is not a function", "a product is written with '*'"),
    ("2(width)", "MS403", "2", "'2' is not a function", "a product is written with '*'"),
    ("size * 2", "MS403", "size", "'size' is a function", "size(...)"),
    ("min", "MS403", "min", "'min' is a function", "min(...)"),
    ("round(2.5, digits=1)", "MS403", "digits=1", "'round' has no argument 'digits'", "divisor"),
    ("sqrt(4, 2)", "MS403", "sqrt(4, 2)", "'sqrt' takes 1 argument, and 2 are given", None),
    ("ß + 9**9**9", "MS404", "9**9**9", "the value of '9**9**9' is past 10^30", None),
    ("1 // (width - 64)", "MS405", "1 // (width - 64)", "division by zero: 'width - 64' is 0", None),
    ("width % 0", "MS405", "width % 0", "division by zero", None),
    ("0 ** -1", "MS405", "0 ** -1", "division by zero", None),
    ("ß +\n  n * 2", "MS405", "n", "'n' is null where a number is wanted", "(n or 1)"),
    ("  width * n", "MS405", "n", "'n' is null where a number is wanted", "(n or 1)"),
    ("null + 1", "MS405", "null", "'null' where a number is wanted", None),
    ("flag + 1", "MS405", "flag", "'flag' is a truth value where a number is wanted", "(1 if flag else 0)"),
    ("max(width, depths)", "MS405", "depths", "'depths' is a list where a number is wanted", "depths[0]"),
    ("depths == 3", "MS405", "depths", "'depths' is a list where a number is wanted", "depths[0]"),
    ("n < 3", "MS405", "n", "'n' is null where a number is wanted", "(n or 1)"),
    ("1 + depths[3]", "MS405", "depths[3]", "'depths' has 3 entries, and no entry 3", "the last depths[2]"),
    ("depths[width / 64]", "MS405", "width / 64", "by a whole number", "//"),
    ("width[0]", "MS405", "width[0]", "'width' is not a list", None),
    ("sqrt(-width)", "MS405", "sqrt(-width)", "the square root of a negative number", None),
    ("log2(0)", "MS405", "log2(0)", "the logarithm of a number that is not positive", None),
    ("(-8) ** 0.5", "MS405", "(-8) ** 0.5", "a root of a negative number", None),
    ("make_divisible(9, 0)", "MS405", "make_divisible(9, 0)", "a positive whole number as its divisor", None),
]


@pytest.mark.parametrize(("text", "code", "stretch", "message", "hint"), SLIPS, ids=[slip[0] for slip in SLIPS])
def test_a_slip_is_told_where_it_is_and_how_to_mend_it(text, code, stretch, message, hint):
    names: dict[str, Value] = {"hidden_dim": 32, "width": 64, "n": None, "flag": True, "depths": DEPTHS, "ß": 1}
    error = refusal(text, **names)
    start, end = error.span
    assert (error.code, text[start:end]) == (code, stretch)
    assert message in error.message
    assert hint is None or hint in (error.hint or "")


def test_an_axis_is_asked_for():
    sizes: dict[int, Value] = {1: 3, -1: 224, 2: Unknown("h")}

    def size(axis: int) -> Value:
        if axis not in sizes:
            raise IndexError(f"[3, h, 224] has no axis {axis}")
        return sizes[axis]

    assert parse("size(1) * size(-1)").evaluate({}, size) == 672
    assert parse("size(2)").evaluate({}, size) == Unknown("h")
    assert parse("size(n)").evaluate({"n": Unknown("n")}, size) == Unknown(None, frozenset({"n"}))
    with pytest.raises(ExpressionError, match="has no axis 7") as caught:
        parse("1 + size(7)").evaluate({}, size)
    assert (caught.value.code, caught.value.span) == ("MS405", (4, 11))
    with pytest.raises(ExpressionError, match="whole number"):
        parse("size(1.0)").evaluate({}, size)


def test_the_names_that_an_expression_reads():
    cases: dict[str, set[str]] = {
        "hidden_dim": {"hidden_dim"},
        "in_features": {"in_features"},
        "true": set(),
        "32": set(),
        "max(4, depths[index]) if in_channels != width else size(1)": {
            "depths",
            "index",
            "in_channels",
            "width",
            "size",
        },
        "größe * größe": {"größe"},
    }
    for text, names in cases.items():
        assert parse(text).names == names, text
        assert parse(text) is parse(text)
    assert {"size", "index", "in_channels", "true", "lambda", "if"} <= BUILTINS
    for name in BUILTINS:
        assert not parse_names(name) - {"in_channels", "in_features", "index"}


def parse_names(text: str) -> frozenset[str]:
    try:
        return parse(text).names
    except ExpressionError:
        return frozenset()


def test_names_that_python_would_rewrite_stay_as_written():
    ligature = "ﬁlters"  # Python's parser reads it as filters
    assert parse(f"2 * {ligature}").evaluate({ligature: 4}) == 8
    assert parse(ligature).evaluate({ligature: 4}) == 4
