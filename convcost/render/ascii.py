"""Text for terminals that know only ASCII."""

_ASCII = str.maketrans(
    {
        "×": "x",
        "·": "*",
        "→": "->",
        "−": "-",
        "–": "-",
        "—": "-",
        "─": "-",
        "…": "...",
        "≈": "~",
        "≤": "<=",
        "≥": ">=",
        "⌊": "floor(",
        "⌋": ")",
        "⌈": "ceil(",
        "⌉": ")",
        **{digit: f"^{i}" for i, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    }
)


def to_ascii(text: str) -> str:
    """Text for a terminal that knows only ASCII; what has no likeness becomes a question mark."""
    return text.translate(_ASCII).encode("ascii", "replace").decode()
