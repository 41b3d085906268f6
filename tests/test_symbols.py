"""The algebra of symbols, worked by hand, and how it is written."""

from fractions import Fraction

import pytest

from convcost import formulas
from convcost.symbols.axis import Axis
from convcost.symbols.notation import latex_name
from convcost.symbols.polynomial import Polynomial, Quotient, Symbol, as_polynomial, symbols
from convcost.symbols.written import Written

Dk, Dkh, Dkw, De, M, N, m, t, g, H, W = symbols("Dk", "Dkh", "Dkw", "De", "M", "N", "m", "t", "g", "H", "W")


# --- Written as text ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("polynomial", "text"),
    [
        (M, "M"),
        (M - M, "0"),
        (as_polynomial(0), "0"),
        (as_polynomial(1), "1"),
        (as_polynomial(-3), "-3"),
        (as_polynomial(Fraction(2, 3)), "2/3"),
        (as_polynomial(Fraction(-2, 3)), "-2/3"),
        (M / M, "1"),
        (M * 1, "M"),
        (M * -1, "-M"),
        (-M + 1, "-M + 1"),
        (M * N * 2, "2·M·N"),
        (N * M, "M·N"),
        (M * Dk * Dk, "Dk²·M"),
        (M**10 * N**3, "M¹⁰·N³"),
        (1 // N, "1/N"),
        (2 // N, "2/N"),
        (M // N, "M/N"),
        (M // (N * g), "M/(N·g)"),
        (1 // (M * N**2), "1/(M·N²)"),
        (M // 2, "M/2"),
        (M * 3 // 2, "3·M/2"),
        (1 // (N * 2), "1/(2·N)"),
        (M * Fraction(-3, 2), "-3·M/2"),
        (M - N, "M - N"),
        (M - N * 2 + 3, "M - 2·N + 3"),
        (M * Fraction(1, 2) - 1 // N, "M/2 - 1/N"),
    ],
)
def test_a_polynomial_as_text(polynomial, text):
    assert polynomial.text() == str(polynomial) == repr(polynomial) == text


@pytest.mark.parametrize(
    ("polynomial", "latex"),
    [
        (M - M, "0"),
        (M, "M"),
        (Dk**2 * M * N, r"D_k^{2} \cdot M \cdot N"),
        (Dkh * Dkw * M, r"D_{kh} \cdot D_{kw} \cdot M"),
        (1 // N + 1 // Dk**2, r"\frac{1}{N} + \frac{1}{D_k^{2}}"),
        (m // N, r"\frac{m}{N}"),
        (M * 3 // (N * g * 2), r"\frac{3 \cdot M}{2 \cdot N \cdot g}"),
        (M**12, "M^{12}"),
        (-M - 2, "-M - 2"),
        (as_polynomial(Fraction(-1, 9)), r"-\frac{1}{9}"),
    ],
)
def test_a_polynomial_as_latex(polynomial, latex):
    assert polynomial.latex() == latex


def test_letters_behind_the_first_of_a_name_are_its_index():
    assert [latex_name(name) for name in ("M", "Dk", "c1", "Dkh", "Hi")] == ["M", "D_k", "c_1", "D_{kh}", "H_i"]


def test_numbers_stand_where_the_symbols_stood():
    values = {"Dk": 3, "M": 64, "N": 256}
    assert (Dk**2 * M * N).text(values) == "3²·64·256"
    assert (Dk**2 * M * N).latex(values) == r"3^{2} \cdot 64 \cdot 256"
    assert (1 // N + 1 // Dk**2).text(values) == "1/256 + 1/3²"
    assert (1 // N + 1 // Dk**2).latex(values) == r"\frac{1}{256} + \frac{1}{3^{2}}"
    assert (Dk**2 * M * H * 2).text(values) == "2·3²·64·H"


def test_products_are_written_in_the_order_of_the_symbols_and_sums_in_that_of_adding():
    assert str(N * Dk * M) == "Dk·M·N"
    assert str(M * N + Dk**2 * M) == "M·N + Dk²·M"
    last, first = Symbol("a", 2), Symbol("z", 1)
    assert str(last * first) == "z·a"


# --- Algebra --------------------------------------------------------------------------------------------------------


def test_equal_terms_are_added_up():
    assert str(M * N + M * N + N * M) == "3·M·N"
    assert (M + N) * (M - N) == M * M - N * N
    assert str((M + N) ** 2) == "M² + 2·M·N + N²"
    assert M**0 == 1


def test_order_of_adding_does_not_matter_for_equality():
    assert M + N == N + M
    assert hash(M + N) == hash(N + M)
    assert M + N != M
    assert M != "M"


def test_numbers_on_either_side():
    assert 2 * M == M * 2 == M + M
    assert 1 + M == M + 1
    assert 1 - M == -(M - 1)
    assert M - 1 + 1 == M
    assert sum([M, N], start=0) == M + N


def test_a_constant_polynomial_is_the_number():
    assert as_polynomial(3) == 3
    assert M * 0 + Fraction(1, 2) == Fraction(1, 2)
    assert as_polynomial(M) is M


def test_what_is_equal_has_one_hash():
    assert hash(as_polynomial(3)) == hash(3)


def test_exact_division_divides_coefficients_and_powers():
    assert Dk**2 * M * N // N == Dk**2 * M
    assert M // M == 1
    assert (M * 6 + N * 4) // 2 == M * 3 + N * 2
    assert M * Fraction(1, 3) == M // 3
    assert str(M // 3 * 3) == "M"


def test_negative_powers():
    assert N**-1 == 1 // N
    assert (2 * N) ** -2 * 4 == N**-2
    assert str(N**-2) == "1/N²"


def test_only_a_single_term_divides_exactly():
    with pytest.raises(ArithmeticError):
        M // (M + N)


@pytest.mark.parametrize("numerator", [M, M + N, as_polynomial(0)])
def test_nothing_is_divided_by_zero(numerator):
    with pytest.raises(ArithmeticError):
        numerator / (M - M)
    with pytest.raises(ArithmeticError):
        numerator // (M - M)


def test_evaluation_is_exact():
    assert (1 // N + 1 // Dk**2).evaluate({"N": 256, "Dk": 3}) == Fraction(265, 2304)
    assert (M * N - 1).evaluate({"M": 10**12, "N": 10**12}) == 10**24 - 1
    assert as_polynomial(0).evaluate({}) == 0


def test_a_missing_value_is_named():
    with pytest.raises(KeyError, match="no value for M, N"):
        (M * N + H).evaluate({"H": 1})


def test_substitution_leaves_the_other_symbols():
    left = (Dk**2 * M * N * H * W).substitute({"Dk": 3, "M": 3, "N": 256})
    assert str(left) == "6912·H·W"
    assert left.names() == {"H", "W"}
    assert str((H // N).substitute({"N": 4})) == "H/4"


def test_names_are_those_that_occur():
    assert (M * N // Dk).names() == {"M", "N", "Dk"}
    assert (M - M + 1).names() == frozenset()


# --- Quotients ------------------------------------------------------------------------------------------------------


def test_the_papers_ratio_of_a_separable_convolution():
    ratio = (Dk**2 * M + M * N) / (Dk**2 * M * N)
    assert isinstance(ratio, Polynomial)
    assert str(ratio) == "1/N + 1/Dk²"
    assert ratio.evaluate({"N": 256, "Dk": 3}) == Fraction(795, 6912)


def test_the_same_with_a_depth_multiplier():
    assert str((Dk**2 * M * m + M * m * N) / (Dk**2 * M * N)) == "m/N + m/Dk²"


def test_a_rectangular_kernel_prints_its_own_factors():
    separable = formulas.conv_weights(M, M, (Dkh, Dkw), M) + formulas.conv_weights(M, N, (1, 1), 1)
    assert str(separable) == "Dkh·Dkw·M + M·N"
    ratio = separable / formulas.conv_weights(M, N, (Dkh, Dkw), 1)
    assert str(ratio) == "1/N + 1/(Dkh·Dkw)"
    assert ratio.latex() == r"\frac{1}{N} + \frac{1}{D_{kh} \cdot D_{kw}}"


def test_the_formula_of_grouped_weights():
    assert str(formulas.conv_weights(M, N, (Dk, Dk), g)) == "Dk²·M·N/g"
    assert str(formulas.conv_macs(M, N, (Dk, Dk), g, (H, W))) == "Dk²·M·N·H·W/g"


def test_a_denominator_of_several_terms_stays():
    ratio = (M + N) / (Dk + g)
    assert isinstance(ratio, Quotient)
    assert str(ratio) == "(M + N)/(Dk + g)"
    assert ratio.latex() == r"\frac{M + N}{D_k + g}"
    assert ratio.evaluate({"M": 1, "N": 2, "Dk": 3, "g": 4}) == Fraction(3, 7)
    assert ratio.names() == {"M", "N", "Dk", "g"}
    assert ratio.text({"M": 1, "N": 2, "Dk": 3}) == "(1 + 2)/(3 + g)"


def test_a_single_term_above_needs_no_parentheses():
    assert str(Dk**2 * M * N / (Dk**2 * M + M * N)) == "Dk²·N/(Dk² + N)"
    assert str(1 * M / (M + N)) == "M/(M + N)"
    assert str(-M / (M + N)) == "-M/(M + N)"


def test_the_common_monomial_is_cancelled_with_its_number():
    ratio = (M**2 * 4 + M * N * 6) / (M**3 * 2 + M * Dk * 8)
    assert str(ratio) == "(2·M + 3·N)/(M² + 4·Dk)"


def test_fractions_are_cleared_from_a_quotient():
    ratio = (M // 2 + 1 // N) / (M // 3 + 1)
    assert str(ratio) == "(3·M·N + 6)/(2·M·N + 6·N)"
    assert ratio.evaluate({"M": 2, "N": 3}) == Fraction(4, 3) / Fraction(5, 3)


@pytest.mark.parametrize(
    ("above", "below", "text"),
    [
        (M + N, M + N, "1"),
        (M * 2 + N * 2, M + N, "2"),
        (M + N, M * 3 + N * 3, "1/3"),
        (M * t + N * t, M + N, "t"),
        (M * g + N * g, (M + N) * t * 2, "g/(2·t)"),
        (N + M, M + N, "1"),
        (-M - N, M + N, "-1"),
        (M - N, N - M, "-1"),
        (M * 0, M + N, "0"),
    ],
)
def test_a_multiple_of_the_denominator_is_the_factor(above, below, text):
    ratio = above / below
    assert isinstance(ratio, Polynomial)
    assert str(ratio) == text


def test_terms_alike_in_number_but_not_in_proportion_stay_a_quotient():
    assert str((M + N * 2) / (M + N)) == "(M + 2·N)/(M + N)"


def test_equal_quotients_may_be_written_in_two_ways():
    assert Quotient(M - N, M + N) == (M * M - N * N) / (M * M + M * N * 2 + N * N)
    assert M / (M + N) != N / (M + N)
    assert M / (M + N) != 1


# --- Formulas written as they are computed --------------------------------------------------------------------------

n, k, s, p, d = (Written.symbol(name) for name in ("Hi", "Dk", "s", "P", "d"))


def test_the_output_size_is_written_as_it_is_computed():
    written = formulas.conv_output(n, k, s, p, d)
    assert written.text == "⌊(Hi + P - d·(Dk - 1) - 1)/s⌋ + 1"
    assert written.latex == r"\left\lfloor \frac{H_i + P - d \cdot (D_k - 1) - 1}{s} \right\rfloor + 1"


def test_the_output_size_with_numbers_put_in():
    assert formulas.conv_output(*map(Written.number, (56, 3, 2, 2, 1))).text == "⌊(56 + 2 - 1·(3 - 1) - 1)/2⌋ + 1"
    assert formulas.conv_output(*map(Written.number, (7, 3, 1, 0, 2))).text == "⌊(7 + 0 - 2·(3 - 1) - 1)/1⌋ + 1"


def test_the_transposed_output_size_is_written_as_it_is_computed():
    written = formulas.conv_transpose_output(n, k, s, p, d, Written.symbol("op"))
    assert written.text == "(Hi - 1)·s - P + d·(Dk - 1) + op + 1"
    assert written.latex == r"(H_i - 1) \cdot s - P + d \cdot (D_k - 1) + o_p + 1"


def test_parentheses_stand_only_where_they_are_needed():
    a, b, c = (Written.symbol(name) for name in "abc")
    assert (a + b + c).text == "a + b + c"
    assert (a - (b + c)).text == "a - (b + c)"
    assert (a - (b - c)).text == "a - (b - c)"
    assert (a + (b - c)).text == "a + b - c"
    assert (a - b * c).text == "a - b·c"
    assert ((a + b) * (b - c)).text == "(a + b)·(b - c)"
    assert (a * b * c).text == "a·b·c"
    assert (a // (b + c)).text == "⌊a/(b + c)⌋"
    assert (a // (b * c)).text == "⌊a/(b·c)⌋"
    assert (a * b // c).text == "⌊a·b/c⌋"
    assert ((a + b) // c * 2).text == "⌊(a + b)/c⌋·2"
    assert (a // (b + c)).latex == r"\left\lfloor \frac{a}{b + c} \right\rfloor"


def test_negative_numbers_stand_in_parentheses():
    a = Written.symbol("a")
    assert (a + -2).text == "a + (-2)"
    assert (a * -2).latex == r"a \cdot (-2)"
    assert Written.number(0).text == "0"


def test_a_group_is_a_sum_unless_it_is_an_atom():
    assert (Written.group("Hi + 1", "H_i + 1", atom=False) * 2).text == "(Hi + 1)·2"
    assert (Written.group("⌊Hi/2⌋", r"\lfloor H_i/2 \rfloor", atom=True) * 2).text == "⌊Hi/2⌋·2"


# --- Axes of unknown size -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("axis", "text"),
    [
        (Axis(), "n"),
        (Axis() + 3, "n + 3"),
        (Axis() - 3, "n - 3"),
        (Axis() + 3 - 3, "n"),
        (Axis() * 2, "2·n"),
        (Axis() * 2 - 1, "2·n - 1"),
        (Axis() // 2, "⌊n/2⌋"),
        (Axis() // 2 // 3, "⌊n/6⌋"),
        ((Axis() + 1) // 2, "⌊(n + 1)/2⌋"),
        (-(-Axis() // 2), "⌊(n + 1)/2⌋"),
        ((Axis() - 3) // 2 + 1, "⌊(n - 1)/2⌋"),
        (((Axis() - 1) // 2 + 1) // 2, "⌊(n + 1)/4⌋"),
        (Axis() * 3 // 2, "⌊3·n/2⌋"),
        ((Axis() * 3 + 1) // 2, "⌊(3·n + 1)/2⌋"),
        (Axis() * 4 // 2, "2·n"),
        ((Axis() * 2 + 4) // 2, "n + 2"),
        ((Axis() * 2 + 4) // 4, "⌊(n + 2)/2⌋"),
    ],
)
def test_an_axis_as_text(axis, text):
    assert axis.text() == str(axis) == text


def test_an_axis_takes_the_name_of_its_size():
    assert ((Axis() + 1) // 2).text("Hi") == "⌊(Hi + 1)/2⌋"


def test_sizes_that_agree_for_every_input_are_equal():
    same = formulas.conv_output(Axis(), 3, 2, 2, 1)
    assert same == formulas.conv_output(Axis(), 1, 2, 0, 1) == formulas.conv_output(Axis(), 5, 2, 4, 1)
    assert len({same, -(-Axis() // 2)}) == 1
    assert same != formulas.conv_output(Axis(), 3, 2, 0, 1)
    assert Axis() != 1


def test_up_by_a_stride_and_down_again_is_the_same_size():
    up = formulas.conv_transpose_output(Axis(), 4, 2, 2, 1, 0)
    assert str(up) == "2·n"
    assert formulas.conv_output(up, 4, 2, 2, 1) == Axis()


def test_a_divided_axis_is_not_multiplied():
    with pytest.raises(ArithmeticError):
        Axis() // 2 * 2
