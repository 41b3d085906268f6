"""How wide text is on a terminal."""


def width(text: str) -> int:
    r"""Columns that a text takes: two for wide letters, none for marks that combine.

    >>> width("conv"), width("层"), width("e\u0301")
    (4, 2, 1)
    """
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)
