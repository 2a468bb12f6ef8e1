"""The lines inside the box of a state: what does not leave it."""
from __future__ import annotations

from berthc.emit.diagram.graph import Arrow, Label, Node


def stay_text(label: Label) -> str:
    """`claim: stay`, `detach / guest.eject fails: stay`"""
    if label.outcomes:
        call = label.call if label.obvious else label.trigger
        return f"{call} {' or '.join(label.outcomes)}: " + (
            f"{label.raises} runs" if label.raises else "stay"
        )
    return f"{label.trigger}: {label.raises} runs" if label.raises else f"{label.trigger}: stay"


def reject_text(label: Label) -> str:
    """`claim, attach: EBUSY`"""
    return f"{label.trigger}: {label.error}"


def exit_text(arrow: Arrow) -> str:
    """`→ failed: attach / vm.add fails; died`, for an arrow that is not drawn"""
    return f"→ {arrow.target}: " + "; ".join(label.text for label in arrow.labels)


def node_lines(node: Node) -> list[str]:
    """Everything the state does without leaving, good news first."""
    quiet = [x for x in node.stays if not x.outcomes]
    loud = [x for x in node.stays if x.outcomes]
    return (
        [stay_text(x) for x in quiet]
        + [reject_text(x) for x in node.rejects]
        + [stay_text(x) for x in loud]
        + list(node.exits)
    )
