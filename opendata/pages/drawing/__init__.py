"""Pictures of amounts as plain geometry: what a template writes out as SVG.

A picture is decoration for a table that says the same: its sizes are floats, its words are not.
"""

import unicodedata


def fit(text: str, width: float, size: float) -> str:
    """A text cut to a width, of letters as high as `size`; empty where hardly one fits.

    >>> fit("城乡社区支出", 100, 12), fit("城乡社区支出", 50, 12), fit("城乡社区支出", 10, 12)
    ('城乡社区支出', '城乡社…', '')
    """
    if measure(text, size) <= width:
        return text
    kept, room = "", width - size * 0.8
    for letter in text:
        room -= measure(letter, size)
        if room < 0:
            break
        kept += letter
    return f"{kept}…" if kept else ""


def measure(text: str, size: float) -> float:
    """About how wide a text is: a Chinese letter is as wide as high, a Latin one half of that."""
    return sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.58 for c in text) * size
