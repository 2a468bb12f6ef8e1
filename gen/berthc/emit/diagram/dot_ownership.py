"""The ownership diagram as DOT."""
from __future__ import annotations

from berthc.model import Manager

from berthc.emit.diagram.dot import head, quote, rich, table_rows
from berthc.emit.diagram.ownership import Box, Link, ownership
from berthc.emit.diagram.style import FILL_FINAL, FILL_PLAIN, FILL_STATE, GOOD, INK, QUIET, wrap

_FILL = {
    "caller": FILL_PLAIN,
    "reservation": FILL_FINAL,
    "resource": FILL_STATE,
    "store": FILL_FINAL,
    "hooks": FILL_PLAIN,
}
_SHAPE = {"caller": "ellipse", "reservation": "note", "resource": "box", "store": "cylinder",
          "hooks": "component"}
_LOOK = {
    "holds": f'penwidth=2.0, color="{GOOD}", fontcolor="{GOOD}"',
    "asks": f'color="{INK}", fontcolor="{INK}"',
    "calls": f'style="dashed", color="{QUIET}", fontcolor="{QUIET}"',
}


def _box(box: Box) -> str:
    lines = [part for line in box.lines for part in wrap(line, 50)]
    rule = "<HR/>" if lines else ""
    label = (
        '<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0"'
        f' CELLPADDING="2"><TR><TD><B>{rich(box.title)}</B></TD></TR>'
        f'{rule}{table_rows(lines, QUIET, 9)}</TABLE>>'
    )
    look = f'shape={_SHAPE[box.kind]}, style="filled", fillcolor="{_FILL[box.kind]}", color="{INK}"'
    return f"{quote(box.id)} [label={label}, {look}, tooltip={quote(box.title)}];"


def _link(link: Link) -> str:
    label = quote("\n".join(f" {line}" for line in link.label.split("\n")))
    tip = quote(f"{link.source} {link.label} {link.target}".replace("\n", "; "))
    return (
        f"{quote(link.source)} -> {quote(link.target)} [label={label}, {_LOOK[link.kind]},"
        f" tooltip={tip}, labeltooltip={tip}];"
    )


def ownership_diagram(manager: Manager) -> str:
    """Callers above, what they hold below, the backend at the bottom."""
    picture = ownership(manager)
    lines = head(f"{manager.name} ownership")
    lines += ["  " + _box(box) for box in picture.boxes]
    lines += ["  " + _link(link) for link in picture.links]
    hooks = [box.id for box in picture.boxes if box.kind == "hooks"]
    if hooks:
        lines.append("  { rank=sink; " + " ".join(quote(h) + ";" for h in hooks) + " }")
    return "\n".join([*lines, "}", ""])
