"""Who holds what: the facts that the ownership diagram shows, whatever its form."""
from __future__ import annotations

from dataclasses import dataclass

from berthc.model import Assigned, AssignedKind, Form, Manager, Operation, Resource


@dataclass(frozen=True)
class Box:
    """A resource, a reservation or a group of hooks, with lines of facts."""

    id: str
    title: str
    kind: str  # "caller", "reservation", "resource", "store", "hooks"
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Link:
    """`kind`: "holds" (the holder keeps the held one in use), "calls" (hooks), "asks" (callers)."""

    source: str
    target: str
    label: str  # may have several lines
    kind: str


@dataclass(frozen=True)
class Ownership:
    manager: Manager
    boxes: tuple[Box, ...]
    links: tuple[Link, ...]


def value_text(value: Assigned) -> str:
    """`address: controller (option controllers) x lun (64)`"""
    if value.kind is AssignedKind.POOL:
        parts = " x ".join(
            f"{p.name} ({p.size if p.option is None else 'option ' + p.option})"
            for p in value.parts
        )
        return f"{value.name}: {parts}"
    if value.kind is AssignedKind.COUNTER:
        return f"{value.name}: counter from {value.start}"
    if value.kind is AssignedKind.UUID:
        return f"{value.name}: UUID"
    if value.kind is AssignedKind.HOOK:
        return f"{value.name}: from {value.hook}"
    return f"{value.name}: text"


def _resource_lines(resource: Resource) -> tuple[str, ...]:
    above = f"at most one for each {resource.parent}" if resource.parent else "at most one"
    same = [f.name for f in resource.fields if f.name not in resource.key]
    if resource.key and not same:
        lines = ["key: " + ("all fields" if len(resource.key) > 2 else ", ".join(resource.key))]
    else:
        lines = ["key: " + ", ".join(resource.key) if resource.key else above]
    if same:
        lines.append("must match: " + ", ".join(same))
    lines += [value_text(v) for v in resource.assigned]
    residents = [s.name for s in resource.states if s.resident]
    return (*lines, *(["may rest unheld: " + ", ".join(residents)] if residents else []))


def _references(manager: Manager, resource: Resource) -> tuple[list[Operation], list[Operation]]:
    """Operations that take an anonymous reference and those that drop one."""
    free = [o for o in manager.operations if o.form is not Form.WITH]
    takes = [
        o
        for o in free
        if any((s.resource, s.event) == (resource.name, resource.take) for s in o.steps)
    ]
    drops = [
        o
        for o in free
        if any((s.resource, s.event) == (resource.name, resource.drop) for s in o.steps)
    ]
    return takes, drops


def ownership(manager: Manager) -> Ownership:
    """Callers and reservations first, then resources, parents before children, then the store and
    the hooks."""
    boxes = [Box("caller", "callers", "caller", ())]
    links: list[Link] = []
    reserved = manager.reservation_path
    if reserved:
        gives = [o.name for o in manager.operations if o.gives]
        uses = [o.name for o in manager.operations if o.form is Form.WITH and not o.ends]
        ends = [o.name for o in manager.operations if o.ends]
        facts = (("given by", gives), ("used by", uses), ("ended by", ends))
        boxes.append(Box("reservation", "reservation", "reservation",
                         tuple(f"{word} {', '.join(names)}" for word, names in facts if names)))
        links.append(Link("caller", "reservation", "own", "asks"))
        links += [
            Link("reservation", f"resource.{name}", "holds", "holds") for name in reversed(reserved)
        ]
    for resource in manager.resources:
        me = f"resource.{resource.name}"
        boxes.append(Box(me, resource.name, "resource", _resource_lines(resource)))
        if resource.parent is not None:
            links.append(
                Link(
                    me, f"resource.{resource.parent}", f"each holds its {resource.parent}", "holds"
                )
            )
        takes, drops = _references(manager, resource)
        if takes:
            counted = (("take a reference: ", takes), ("drop it: ", drops))
            label = "\n".join(
                word + ", ".join(o.name for o in names) for word, names in counted if names
            )
            links.append(Link("caller", me, label, "holds"))
        asks = [o.name for o in manager.operations
                if o.target == resource.name and o.form is not Form.WITH and not o.gives
                and not (takes and o in takes + drops)]
        if asks:
            links.append(Link("caller", me, ", ".join(asks), "asks"))
    settle = ""
    if manager.store is not None:
        boxes.append(Box("store", "store", "store", ("keeps what is tracked",)))
        settle = manager.store.settle or ""
    settling = settle.partition(".")[0]
    for group in dict.fromkeys([*(h.group for h in manager.hooks), *filter(None, [settling])]):
        hooks = [h for h in manager.hooks if h.group == group]
        lines = [f"{h.short}({h.on})" + (" optional" if h.optional else "") for h in hooks]
        if group == settling:
            lines.append(f"{settle.partition('.')[2]}(store)")
            links.append(Link("store", f"hooks.{group}", "recovery calls", "calls"))
        boxes.append(Box(f"hooks.{group}", f"backend {group}", "hooks", tuple(lines)))
        links += [
            Link(f"resource.{name}", f"hooks.{group}", "calls", "calls")
            for name in dict.fromkeys(h.on for h in hooks)
        ]
    return Ownership(manager, tuple(boxes), tuple(links))
