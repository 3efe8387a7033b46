"""Colours of the plots: stand-ins while drawing, variables of the page's style in the finished report."""

from __future__ import annotations

import re

TEXT = "#010203"
"""Stands for the colour of the page's text."""
FAINT = "#010204"
"""Stands for grid lines."""

SERIES = tuple(f"#0102{number:02x}" for number in range(0x10, 0x18))
"""Stand for the colours of up to eight series; shapes and dashes differ as well, so that no colour is needed."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (7, 3)))

LIGHT = ("#0b62a4", "#b34700", "#00724f", "#9a3b7f", "#7a5c00", "#4a4ac8", "#a11d33", "#3f4a54")
"""On white; each has a contrast of 4.5 or more."""
DARK = ("#6db6f2", "#ff9a5c", "#4fd1a5", "#e59fd0", "#e3c04d", "#a9a9ff", "#ff8fa0", "#c3cdd6")
"""On the dark page; each has a contrast of 4.5 or more."""

_STANDS_FOR = {
    TEXT: "var(--text)",
    FAINT: "var(--faint)",
    **{color: f"var(--series-{number})" for number, color in enumerate(SERIES)},
}


def with_page_colours(svg: str) -> str:
    """Put the page's variables where the stand-ins are."""
    return re.sub("|".join(_STANDS_FOR), lambda found: _STANDS_FOR[found.group()], svg)


def style_variables(dark: bool) -> str:
    """Give the series' colours as declarations of a style sheet."""
    return " ".join(f"--series-{number}: {color};" for number, color in enumerate(DARK if dark else LIGHT))
