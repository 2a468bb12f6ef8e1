"""How the pictures look, in one place: every form takes its words and colours from here.

Nothing is said by colour alone. A failure is also dashed, the happy path also thick, a final state
also has a second border, trouble also a dashed one, and `resident` is written out: the pictures
survive a black and white printer.
"""
from __future__ import annotations

import textwrap

FONT = "DejaVu Sans,Verdana,Helvetica,sans-serif"
INK = "#1b1f24"
GOOD = "#1a5fb4"  # the happy path
BAD = "#b3261e"  # calls that fail or are uncertain
QUIET = "#57606a"  # what is only said once, small
FRAME = "#b6c2cf"  # around states that belong together
FILL_STATE = "#eef4fb"
FILL_TROUBLE = "#fdf0ef"
FILL_FINAL = "#f1f3f5"
FILL_PLAIN = "#ffffff"
LEGEND = (
    "Thick arrows are the happy path, thin ones other moves, dashed ones what a failure leads to."
    " A dashed box is a state of failure, a double box a final state. The lines in a box are the"
    " events that do not leave it."
)


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns; a longer word is cut rather than allowed to stick out."""
    return textwrap.wrap(text, width, break_on_hyphens=False) or [""]
