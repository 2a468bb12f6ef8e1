"""The page of a manager: one HTML file that needs nothing else, with a simulator in it.

    content, words, data   what the page and its scripts say
    picture                diagrams that can be clicked
    source                 the lines of the spec
    findings, coverage     what berthc check and the generated tests say
    tables                 what the simulator needs
    bundle                 the modules of engine/ and view/ as one script
    gallery                the page that leads to several others

`page.html.j2` and `gallery.html.j2` lay it out; `page.css` says how it looks.
"""
from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from berthc import __version__
from berthc.diag import has_errors
from berthc.emit import diagram
from berthc.emit.diagram import Warn, to_stderr
from berthc.emit.diagram import style
from berthc.emit.diagram.sequence import sequences
from berthc.emit.diagram.text import state_diagram as text_diagram
from berthc.emit.docs.markdown import sentence
from berthc.emit.docs.store import store_words
from berthc.emit.html import content
from berthc.emit.html.bundle import bundle, modules
from berthc.emit.html.coverage import Coverage
from berthc.emit.html.data import as_script, data
from berthc.emit.html.findings import Checked
from berthc.emit.html.picture import plain_picture, states_picture
from berthc.emit.html.source import painted
from berthc.emit.html.tables import tables
from berthc.emit.html.words import html
from berthc.model import Manager
from berthc.pipeline import Result

INDEX = "index.html"
ALSO = "the table of the page has all"
MOST_STATES = 20  # of a resource, in a card of that page
_SVG = re.compile(r"(<!-- made from \S+, sha256 [0-9a-f]{64} -->)<svg.*?</svg>", re.S)


def files(
    manager: Manager, lines: Sequence[str], checked: Checked, coverage: Coverage | None = None,
    warn: Warn = to_stderr, program: str = "dot", live: str = "", gallery: bool = False,
) -> dict[str, str]:
    """The page of a manager: its file name, to its text.

    `lines` is the text of the spec. Without graphviz (`program`) the states are shown as text, and
    the page says so. `live` is the version of a page that listens for news of its spec, else "";
    `gallery`: the page leads back to that of all.
    """
    notes: list[str] = []

    def heard(message: str) -> None:
        notes.append(message)
        warn(message)

    wanted = {name for name in diagram.names(manager) if name.endswith(".svg")}
    drawn = {name.partition("/")[2]: text for name, text in
             diagram.files(manager, heard, program, wanted, also=ALSO).items()}
    covered, runs = coverage or {}, sequences(manager)
    view = {
        "manager": manager, "brief": sentence(manager.brief), "version": __version__,
        "resources": [content.resource_view(manager, r, covered) for r in manager.resources],
        "troubles": list(content.troubles(manager)),
        "harmless": list(content.harmless(manager)),
        "operations": [content.operation_view(manager, o, runs[o.name].note)
                       for o in manager.operations],
        "hooks": list(content.hook_views(manager)),
        "store": [html(words) for words in store_words(manager)],
        "options": content.options(manager),
        "pictures": _pictures(manager, drawn),
        "texts": {r.name: text_diagram(manager, r) for r in manager.resources
                  if f"states-{r.name}.svg" not in drawn},
        "notes": notes, "legend": style.LEGEND, "checked": checked,
        "coverage": coverage is not None, "lines": [painted(line) for line in lines],
        "untested": [name for name, one in covered.items() if not one.full],
        "live": live, "gallery": gallery,
        "data": as_script(data(manager, lines, checked) | {"live": live}),
        "tables": as_script(tables(manager)),
    }
    return {f"{manager.name}.html": _rendered("page.html.j2", view, "view/main.js", live)}


def _pictures(manager: Manager, drawn: Mapping[str, str]) -> dict[str, Markup]:
    made: dict[str, Markup] = {}
    for resource in manager.resources:
        svg = drawn.get(f"states-{resource.name}.svg")
        if svg is not None:
            made[f"states-{resource.name}"] = states_picture(
                svg, manager, resource,
                f"States of {resource.name}; the table below has the same rows")
    if "ownership.svg" in drawn:
        made["ownership"] = plain_picture(drawn["ownership.svg"],
                                          f"Who holds what in {manager.name}")
    for operation in manager.operations:
        svg = drawn.get(f"sequence-{operation.name}.svg")
        if svg is not None:
            made[f"sequence-{operation.name}"] = plain_picture(svg, f"Runs of {operation.name}")
    return made


def index(managers: Sequence[tuple[Manager, Checked]], live: str = "",
          missing: Sequence[Result] = ()) -> dict[str, str]:
    """The page that leads to those of several managers, and names the specs without a page."""
    shown = [{
        "manager": manager, "brief": sentence(manager.brief), "checked": checked,
        "resources": [content.resource_view(manager, r, {}) for r in manager.resources],
        "hooks": content.hook_count(manager),
    } for manager, checked in managers]
    pageless = [{"name": Path(result.source.file).name,
                 "errors": [d for d in result.diagnostics if has_errors([d])]}
                for result in missing]
    view = {"managers": shown, "missing": pageless, "most": MOST_STATES,
            "version": __version__, "live": live,
            "data": as_script({"live": live})}
    return {INDEX: _rendered("gallery.html.j2", view, "view/gallery.js", live)}


def _rendered(template: str, view: Mapping[str, object], entry: str, live: str) -> str:
    script = _without_ends(bundle(modules(), entry))
    css = _without_ends(_environment().get_template("page.css").render(style=style))
    if re.search(r"</script|<!--", script, re.I) or re.search(r"</style", css, re.I):
        raise AssertionError("a script or style of the page would end itself")
    policy = "; ".join([
        "default-src 'none'", f"script-src {_hash(script)}", f"style-src {_hash(css)}",
        "img-src data:", "base-uri 'none'", "form-action 'none'",
        *(["connect-src 'self'"] if live else [])])
    text = _environment().get_template(template).render(
        **view, script=Markup(script), css=Markup(css), policy=policy)
    return _without_ends(text) + "\n"


def _without_ends(text: str) -> str:
    """Without blanks at the ends of lines: a policy counts each character of a script."""
    return "\n".join(line.rstrip() for line in text.strip().split("\n"))


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


@cache
def _environment() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=True)
    return found


def same(_name: str, committed: str, fresh: str) -> bool:
    """Whether an old page says what a fresh one does: pictures count by what they were made from,
    because versions of graphviz differ in where things stand."""
    return _SVG.sub(r"\1", committed) == _SVG.sub(r"\1", fresh)


__all__ = ["INDEX", "files", "index", "same"]
