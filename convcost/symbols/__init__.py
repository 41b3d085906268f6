"""Symbols that stand where numbers stand, so that a formula gives its own closed form.

A guest of the house: no formula and no layer knows these types; they are passed where an ``int`` would be.
"""

from convcost.symbols.axis import Axis
from convcost.symbols.polynomial import Polynomial, Quotient, Symbol, divide, symbols
from convcost.symbols.written import Written

__all__ = ["Axis", "Polynomial", "Quotient", "Symbol", "Written", "divide", "symbols"]
