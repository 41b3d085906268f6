"""Expressions: values, the arithmetic of Python itself, bounds, places of errors, hostile texts."""

import builtins
import keyword

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcost.errors import ConvcostError
from convcost.expressions import Expression, ExpressionError, round8

SCOPE = {"alpha": 0.75, "c0": 16, "c1": 64, "out": 128, "s": 2, "deep": True, "word": "relu"}


def value(text, *, condition=False, **scope):
    return Expression(text, condition=condition).value({**SCOPE, **scope})


def refused(text, *, condition=False, **scope):
    with pytest.raises(ExpressionError) as caught:
        value(text, condition=condition, **scope)
    return caught.value


def read(text, *, condition):
    """The expression of a text, or its error."""
    try:
        return Expression(text, condition=condition)
    except ExpressionError as error:
        return error


# --- Values ---------------------------------------------------------------------------------------------------------

VALUES = {
    "42": 42,
    "1.5": 1.5,
    ".5 + 1.": 1.5,
    "1e3": 1000,
    "1.5e3": 1500,
    "25e-2": 0.25,
    "2 + 3*4": 14,
    "(2 + 3)*4": 20,
    "10 - 4 - 3": 3,
    "48 / 4 / 3": 4,
    "7 / 2": 3.5,
    "7 // 2": 3,
    "-7 // 2": -4,
    "-7 % 3": 2,
    "2 * -3": -6,
    "2 - -3": 5,
    "--2": 2,
    "-(2 + 3)": -5,
    "+2": 2,
    "c1 // 4": 16,
    "c1 - c1//3": 43,
    " out*s\n+\t1 ": 257,
    "min(3, 1, 2)": 1,
    "max(8, c1//4)": 16,
    "max(1, min(c0, c1) - 20)": 1,
    "ceil(c1*0.3)": 20,
    "floor(c1*0.3)": 19,
    "floor(-0.5)": -1,
    "round(2.5) + round(3.5)": 6,
    "round8(c1*alpha)": 48,
    "round8(c0*alpha)": 16,
    "round8(100.5)": 104,
    "round8(1)": 8,
}


@pytest.mark.parametrize("text", VALUES)
def test_values(text):
    assert value(text) == VALUES[text]


@pytest.mark.parametrize(
    ("text", "kind"), [("6/3", int), ("1e3", int), ("7/2", float), ("2.0", float), ("round(2.5)", int), ("c1/4", int)]
)
def test_whole_numbers_stay_whole(text, kind):
    assert type(value(text)) is kind


@pytest.mark.parametrize(
    ("channels", "factor", "known"),
    # The MobileNets' own: make_divisible(channels * factor, 8), as torchvision has it.
    [
        (32, 1.4, 48),
        (32, 0.75, 24),
        (32, 0.5, 16),
        (16, 0.35, 8),
        (24, 0.35, 8),
        (1280, 1.4, 1792),
        (38, 0.25, 16),
        (35, 0.25, 8),
    ],
)
def test_round8_is_the_papers(channels, factor, known):
    assert value(f"round8({channels}*{factor})") == round8(channels * factor) == known


@given(st.one_of(st.floats(0, 100), st.floats(0, 1e6)))
def test_round8_is_a_multiple_and_never_under_90_percent(number):
    found = round8(number)
    assert found % 8 == 0
    assert found >= max(8, 0.9 * number)
    assert found <= max(8, number + 8)


CONDITIONS = {
    "s > 1": True,
    "s > 1 or c1 != out": True,
    "s == 1 and c1 == out": False,
    "s = 2": True,
    "s <= 1.5": False,
    "not s == 1": True,
    "not s == 1 and not s == 2": False,
    "s == 1 or s == 2 and c1 == 0": False,
    "(s == 1 or s == 2) and c1 >= c0": True,
    "deep": True,
    "not deep": False,
    "not not deep": True,
    "deep == true and not false": True,
    "word == word and word != 3": True,
    "c1 % 2 == 0 and c1 // 3 * 3 != c1": True,
    "false and 1/0 == 1": False,
    "true or 1/0 == 1": True,
    "c1 < 50k and c1 < 1.5M and c1 < 1Ki": True,
    "256Ki == 262144 and 2G == 2000000000": True,
    "max(c0, c1) == 64": True,
}


@pytest.mark.parametrize("text", CONDITIONS)
def test_conditions(text):
    assert value(text, condition=True) is CONDITIONS[text]


# --- Against Python's own arithmetic --------------------------------------------------------------------------------

numbers = st.sampled_from(["0", "1", "2", "3", "7", "8", "20", "0.25", "1.5", "x", "y"])
PYTHON = {"min": min, "max": max, "round": round, "x": 5, "y": 0.75}


def longer(parts):
    spaces = st.sampled_from(["", " "])
    return st.one_of(
        st.builds(lambda a, space, op, b: f"{a}{space}{op} {b}", parts, spaces, st.sampled_from("+-*/%"), parts),
        st.builds("{}//{}".format, parts, parts),
        st.builds("({})".format, parts),
        st.builds("-{}".format, parts),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), parts, parts),
        st.builds("round({})".format, parts),
    )


def compared(parts):
    comparisons = st.builds("{} {} {}".format, parts, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), parts)
    return st.recursive(
        comparisons,
        lambda inner: st.one_of(
            st.builds("{} {} {}".format, inner, st.sampled_from(["and", "or"]), inner),
            st.builds("not {}".format, inner),
            st.builds("({})".format, inner),
        ),
        max_leaves=4,
    )


arithmetic = st.recursive(numbers, longer, max_leaves=6)


def agrees_with_python(text, *, condition):
    try:
        # The text is made of what stands above and nothing else.
        known = eval(text, {"__builtins__": {}, **PYTHON})  # noqa: S307
    except ZeroDivisionError:
        assert "division by zero" in refused(text, condition=condition, x=5, y=0.75).message
    else:
        assert value(text, condition=condition, x=5, y=0.75) == known


@settings(max_examples=150, deadline=None)
@given(arithmetic)
def test_arithmetic_is_pythons(text):
    agrees_with_python(text, condition=False)


@settings(max_examples=80, deadline=None)
@given(compared(arithmetic))
def test_conditions_are_pythons(text):
    agrees_with_python(text, condition=True)


texts = st.one_of(st.text(max_size=60), st.text("0123456789.+-*/%()<>=!, eEkKMGTiandotrcmx_", max_size=60))


@settings(max_examples=200, deadline=None)
@given(texts, st.booleans())
def test_any_text_is_read_or_refused_with_its_place(text, condition):
    found = read(text, condition=condition)
    if isinstance(found, ExpressionError):
        assert 0 <= found.start <= len(text)
        assert found.length >= 1
        assert found.message
    else:
        found.require([name.text for name in found.names])
        assert all(text[name.start :].startswith(name.text) for name in found.names)


# --- Errors, with where they start and how long they are ------------------------------------------------------------

ERRORS = {
    "": (0, 1, "an empty expression"),
    " \t": (0, 1, "an empty expression"),
    "c1 +": (4, 1, "the expression ends too soon"),
    "-": (1, 1, "the expression ends too soon"),
    "c1 c1": (3, 2, "`c1` cannot stand here"),
    "* c1": (0, 1, "`*` cannot stand here"),
    "(c1": (3, 1, "a bracket is not closed"),
    "c1)": (2, 1, "`)` cannot stand here"),
    "()": (1, 1, "`)` cannot stand here"),
    "max(8, )": (7, 1, "`)` cannot stand here"),
    "1, 2": (1, 1, "`,` cannot stand here"),
    "2**3": (1, 2, "`**` cannot stand here"),
    "c1 // (s - 2)": (3, 2, "a division by zero"),
    "c1 % 0": (3, 1, "a division by zero"),
    "1 + foo(2)": (4, 3, "no function `foo`"),
    "round(1, 2)": (0, 5, "`round` takes 1 number, got 2"),
    "8 + alhpa": (4, 5, "unknown name `alhpa`"),
    "8 + ALPHA": (4, 5, "unknown name `ALPHA`"),
    "c1 + word": (3, 1, "`+` needs numbers, got `relu`"),
    "min(c1, word)": (0, 3, "`min` needs numbers, got `relu`"),
    "-word": (0, 1, "`-` needs numbers, got `relu`"),
    "2k * 3": (0, 2, "`2k` is no number"),
    "8 * 2c1": (4, 3, "`2c1` is no number"),
    "8 * 1_000": (4, 5, "`1_000` is no number"),
    "8 * 0x10": (4, 4, "`0x10` is no number"),
    "8 * 12.5.3": (4, 6, "`12.5.3` is no number"),
    "1e": (0, 2, "`1e` is no number"),
    "true*4": (4, 1, "`*` needs numbers, got `true`"),
    "4 + deep": (2, 1, "`+` needs numbers, got `true`"),
    "-false": (0, 1, "`-` needs numbers, got `false`"),
    "min(true, 3)": (0, 3, "`min` needs numbers, got `true`"),
    "c1 ; 2": (3, 1, "`;` cannot stand in an expression"),
    "c1.real": (2, 1, "`.` cannot stand in an expression"),
    "c1 < 3": (3, 1, "`<` cannot stand here"),
    "c1 = 3": (3, 1, "`=` cannot stand here"),
    "not c1": (0, 3, "`not` cannot stand here"),
    "1e24 * 10": (5, 1, "the result is too large"),
    "2 + 1e25": (4, 4, "a number that is too large"),
    "1 + 1e999": (4, 5, "a number that is too large"),
}


@pytest.mark.parametrize("text", ERRORS)
def test_errors_have_their_place(text):
    error = refused(text)
    assert (error.start, error.length, error.message) == ERRORS[text]


@pytest.mark.parametrize(
    ("text", "start", "message"),
    [
        ("c1 < ", 5, "the expression ends too soon"),
        ("c1 and", 6, "the expression ends too soon"),
        ("or c1", 0, "`or` cannot stand here"),
        ("1 < c1 < 9", 7, "`<` cannot stand here"),
        ("c1 === 3", 5, "`=` cannot stand here"),
        ("s == 2 && c1 == 3", 7, "`&` cannot stand in an expression"),
        ("!deep", 0, "`!` cannot stand in an expression"),
        ("word < 3", 5, "`<` needs numbers, got `relu`"),
        ("deep < 3", 5, "`<` needs numbers, got `true`"),
        ("c1 + (1 < 2) > 3", 3, "`+` needs numbers, got `true`"),
        ("not c1", 0, "`not` needs conditions, got `64`"),
        ("c1 and 3", 3, "`and` needs conditions, got `64`"),
        ("true and c1", 5, "`and` needs conditions, got `64`"),
        ("word or true", 5, "`or` needs conditions, got `relu`"),
        ("c1 < 50kk", 5, "`50kk` is no number"),
        ("s == 2 and nope", 11, "unknown name `nope`"),
        ("s == 2 and c1 / 0 > 1", 14, "a division by zero"),
    ],
)
def test_errors_of_conditions_have_their_place(text, start, message):
    error = refused(text, condition=True)
    assert (error.start, error.message) == (start, message)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("8 * alhpa", "did you mean `alpha`?"),
        ("8 * qqq", "known here: alpha, c0, c1, out, s, deep, word"),
        ("2**3", "there are no powers: write a product"),
        ("ciel(3.5)", "did you mean `ceil`?"),
        ("max(8", "in flow style an expression with a comma needs quotes"),
        ("8 * (c1 > 3)", "a number is wanted here, not a condition"),
        ("max", "it is a function: max(…)"),
    ],
)
def test_errors_say_what_to_do(text, hint):
    assert refused(text).hint == hint


@pytest.mark.parametrize("text", ["1 < c1 < 9", "c1 => 3", "c1 === 3"])
def test_errors_of_conditions_say_what_to_do(text):
    assert refused(text, condition=True).hint == "two numbers are compared by one of < <= > >= == !="


def test_only_the_first_of_many_known_names_are_shown():
    error = refused("qqq", **{f"v{number}": 1 for number in range(1000)})
    assert error.hint.startswith("known here: alpha, c0, c1, out, s, deep, word, v0, v1")
    assert error.hint.endswith(" …")
    assert len(error.hint) < 200


@pytest.mark.parametrize("text", ["not a", "a and true", "a*2", "min(a, 3)", "a == 3"])
def test_a_list_is_neither_a_number_nor_a_condition(text):
    assert refused(text, condition=True, a=(3, 5)).message.endswith(", got a list")


def test_names_are_required_before_anything_is_computed():
    found = Expression("a/0 + b*a")
    assert [(name.text, name.start) for name in found.names] == [("a", 0), ("b", 6), ("a", 8)]
    found.require(("a", "b"))
    with pytest.raises(ExpressionError, match="unknown name `b`"):
        found.require({"a": 1})


def test_errors_are_errors_of_convcost():
    with pytest.raises(ConvcostError, match="unknown name `nope`"):
        value("nope")


# --- Bounds ---------------------------------------------------------------------------------------------------------

WITHIN = {
    "500 characters": "1" + " " * 499,
    "40 operations": "1" + "+1" * 40,
    "39 brackets": "(" * 39 + "1" + ")" * 39,
    "39 signs": "-" * 39 + "1",
    "24 digits": "9" * 24,
    "20 numbers": f"max({', '.join('1' * 20)})",
    "operations in brackets": "(" * 5 + "1" + ("+1" * 40 + ")") * 5,
}
BEYOND = {
    "an expression of more than 500 characters": "1" + " " * 500,
    "more than 40 operations in a row": "1" + "*1" * 41,
    "nested deeper than 40 levels": "(" * 40 + "1" + ")" * 40,
    "a number that is too large": "9" * 25,
    "a number of too many digits": "0." + "1" * 400,
    "`max` takes 1 to 20 numbers, got 21": f"max({', '.join('1' * 21)})",
    "the result is too large": "*".join(["1e12"] * 3),
}


@pytest.mark.parametrize("name", WITHIN)
def test_within_the_bounds(name):
    assert value(WITHIN[name])


@pytest.mark.parametrize("message", BEYOND)
def test_beyond_the_bounds(message):
    assert refused(BEYOND[message]).message == message


@pytest.mark.parametrize("opening", ["-", "+", "- ", "(", "(-", "max(", "max(1, ", "not ", "not(", "(1 == 1 and ("])
def test_deep_nesting_is_refused(opening):
    text = (opening * 500)[:480]
    assert "nested deeper than 40 levels" in refused(text, condition=True).message


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), 10**25, -(10**25)])
def test_what_a_scope_holds_is_bounded_too(number):
    assert refused("x * 2", x=number).message == "the result is too large"


# --- Hostile texts --------------------------------------------------------------------------------------------------

HOSTILE = {
    "powers": ["9**9**9", "10**10**10", "(9**9)**9", "9" * 480 + "**9", "2^99999", "1<<9999999", "pow(9, 9)"],
    "length": ["*".join(["9" * 24] * 19), "-" * 500, "(" * 500, "1+" * 250, "max(" * 125, "." * 500, "1" * 10**6],
    "attributes": ["c1.__class__", "().__class__.__bases__[0]", "c1.__init__.__globals__", "c1.real", "c1 . real"],
    "calls": [
        "__import__('os').system('x')",
        "exec(c1)",
        "eval(1)",
        "open(1)",
        "__import__(1)",
        "getattr(c1, c1)",
        "dir()",
    ],
    "names": ["__builtins__", "__class__", "__name__", "True", "None", "nan", "inf", "_", "self", "Ellipsis", "..."],
    "lambdas": ["lambda: 3", "lambda x: x", "(lambda: 3)()", "x if c1 else y", "[x for x in c1]", "c1 := 3", "yield"],
    "statements": [
        "c1; c1",
        "c1\n;c1",
        "c1 # x",
        "c1 \\ 2",
        "import os",
        "await c1",
        "*c1",
        "**c1",
        "@c1",
        "c1!",
        "~c1",
    ],
    "lists": ["[c1]", "{c1}", "{1: 2}", "(1, 2)", "c1[0]", "[]", "()"],
    "strings": ["'a'*9", '"a"', "'''a'''", "b'a'", "f'{c1}'", "`ls`", "$(ls)", "${c1}", "%c1"],
    "digits": [
        "²",
        "٣",
        "３",
        "𝟏",
        "1²",
        "c1²",
        "½",
        "∞",
        "c１",
        "ｃ1",
        "c1\u0301",
        "c1\u200b",
        "\ufeff1",
        "−1",
        "1×2",
    ],
    "controls": ["\0", "c1\0", "\0c1", "c1 \0 + 1", "\x1b[31m", "\ud800", "\x7f", "1\b2", "1\u202e2"],
    "numbers": [
        "0x10",
        "0b1",
        "1_000",
        "1j",
        "2c1",
        "1e",
        "1.2.3",
        "1..2",
        "..",
        ".",
        "e5",
        "1e5e5",
        "1e99999",
        "1ee5",
    ],
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_texts_are_refused(kind):
    for text in HOSTILE[kind]:
        for condition in (False, True):
            error = refused(text, condition=condition)
            assert 0 <= error.start <= len(text)
            assert len(error.message) < 120


def test_names_of_python_are_none():
    for name in {*dir(builtins), *keyword.kwlist} - {"and", "or", "not", "min", "max", "round"}:
        assert refused(name).message == f"unknown name `{name}`"
