"""Words of Markdown as HTML.

`emit/docs` says what a hook, a value or an operation does, in one line of Markdown. The page says
the same, so these lines are turned into HTML. Everything that is not one of their few forms is
escaped.
"""
from __future__ import annotations

import re

from markupsafe import Markup, escape

_FORMS = re.compile(
    r"``\s(?P<ticked>.+?)\s``"
    r"|`(?P<code>[^`]*)`"
    r"|\\(?P<escaped>[\\|*<>`\[\]~$_#+.)-])"
    r"|&amp;(?=[#A-Za-z])(?P<amp>)"
    r"|(?P<line><br>)"
    r"|\*\*(?P<strong>[A-Z0-9]+)\*\*")


def html(markdown: str) -> Markup:
    """One line of Markdown, as emit/docs writes it."""
    out = []
    at = 0
    for found in _FORMS.finditer(markdown):
        out.append(escape(markdown[at:found.start()]))
        at = found.end()
        words = found["ticked"] if found["ticked"] is not None else found["code"]
        if words is not None:
            out.append(Markup("<code>{}</code>").format(words.replace("\\|", "|")))
        elif found["escaped"] is not None:
            out.append(escape(found["escaped"]))
        elif found["amp"] is not None:
            out.append(Markup("&amp;"))
        elif found["line"] is not None:
            out.append(Markup("<br>"))
        else:
            out.append(Markup("<strong>{}</strong>").format(found["strong"]))
    out.append(escape(markdown[at:]))
    return Markup("").join(out)
