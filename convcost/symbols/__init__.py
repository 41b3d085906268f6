"""Symbols that stand where numbers stand, so that a formula gives its own closed form.

A guest of the house: no formula and no layer knows these types; they are passed where an ``int`` would be.
``polynomial`` has the algebra, ``notation`` writes it, ``axis`` follows a size that is unknown, and
``written`` records a formula as it is computed.
"""
