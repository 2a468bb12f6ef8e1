"""The state graphs of a resource in two specs as one: what both have stands in it once."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from berthc.diff.report import Comparison
from berthc.emit.diagram.life import OUTCOMES
from berthc.model import Manager, Resource, Row, State
from berthc.names import shape

SAME, ADDED, REMOVED, CHANGED = "", "+", "−", "~"
MOST_BOXES, MOST_LINKS = 100, 250


@dataclass(frozen=True)
class Line:
    """What an event does; `mark` says in which spec: ADDED is only in the new one."""

    events: tuple[str, ...]
    rest: str
    mark: str = SAME

    @property
    def text(self) -> str:
        return f"{self.mark} " * bool(self.mark) + ", ".join(self.events) + self.rest


@dataclass(frozen=True)
class Box:
    """A state. CHANGED: it is in both, and something of it is another."""

    name: str
    mark: str
    lines: tuple[Line, ...]
    final: bool
    was: str = ""

    @property
    def title(self) -> str:
        old = f" (was {self.was})" if self.was else ""
        return f"{self.mark} " * bool(self.mark) + self.name + old


@dataclass(frozen=True)
class Link:
    source: str
    target: str
    mark: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Union:
    """`start` are the states in which instances begin, with the mark of that. `left_out`: what a
    large graph does not show."""

    resource: str
    boxes: tuple[Box, ...]
    links: tuple[Link, ...]
    start: tuple[tuple[str, str], ...]
    left_out: str = ""
    is_changed: bool = True


@dataclass(frozen=True)
class _Move:
    """One outcome of a row, which has `outcomes` of them."""

    source: str
    target: str
    event: str
    does: str
    outcome: str
    then: str
    outcomes: int = field(compare=False)


def unions(one: Comparison) -> list[Union]:
    """Those of the resources whose states or rows changed."""
    if one.old is None or one.new is None:
        return []
    old = one.old.by_name
    renamed = {c.name: c.was.split(".")[-1] for c in one.changes
               if c.kind == "renamed" and c.what == "state"}
    names = [*one.new.by_name, *(name for name in old if name not in one.new.by_name)]
    found = [_union(name, old.get(name), one.new.by_name.get(name), renamed,
                    (_begins(one.old, name), _begins(one.new, name))) for name in names]
    return [_smaller(each) for each in found if each.is_changed]


def _begins(manager: Manager, resource: str) -> list[str]:
    """The states in which instances of a resource are made."""
    if resource not in manager.by_name:
        return []
    return [manager.by_name[resource].initial, *dict.fromkeys(
        o.enter for o in manager.operations
        if o.enter is not None and o.path[-1:] == (resource,))]


def _union(name: str, old: Resource | None, new: Resource | None, renamed: dict[str, str],
           begins: tuple[list[str], list[str]]) -> Union:
    texts = _guards(new)
    then, now = dict.fromkeys(_moves(old, texts)), dict.fromkeys(_moves(new, texts))
    marks = {move: SAME if move in then and move in now else ADDED if move in now else REMOVED
             for move in (*now, *then)}
    alike: dict[tuple[_Move, str], list[_Move]] = {}
    for move, mark in marks.items():
        alike.setdefault((replace(move, outcome=""), mark), []).append(move)
    ends: dict[tuple[str, str], list[Line]] = {}
    for (move, mark), moves in alike.items():
        ends.setdefault((move.source, move.target), []).append(
            Line((move.event,), f"{move.does}{_ended(moves)}{move.then}", mark))
    before = {s.name: s for s in old.states} if old is not None else {}
    after = {s.name: s for s in new.states} if new is not None else {}
    boxes = []
    for state in _order(list(before), list(after)):
        lines = _joined(ends.pop((state, state), []))
        called = renamed.get(f"{name}.{state}", "")
        mark = (ADDED if state not in before else REMOVED if state not in after else CHANGED
                if called or any(line.mark for line in lines)
                or _look(before[state]) != _look(after[state]) else SAME)
        boxes.append(Box(state, mark, lines, (after.get(state) or before[state]).final, called))
    links = []
    for (source, target), every in ends.items():
        lines = _joined(every)
        kinds = {line.mark for line in lines}
        links.append(Link(source, target, kinds.pop() if len(kinds) == 1 else CHANGED, lines))
    was, is_ = begins
    start = [(at, SAME if at in was and at in is_ else ADDED if at in is_ else REMOVED)
             for at in dict.fromkeys((*is_, *was))]
    changed = any([*(b.mark for b in boxes), *(li.mark for li in links), *(m for _, m in start)])
    return Union(name, tuple(boxes), tuple(links), tuple(start), is_changed=changed)


def _look(state: State) -> tuple[bool, bool]:
    return state.final, state.resident


def _order(old: list[str], new: list[str]) -> list[str]:
    """The states of today in their order, each that is gone behind the one that it stood behind."""
    known = set(new)
    behind: dict[str, list[str]] = {}
    last = ""
    for name in old:
        if name in known:
            last = name
        else:
            behind.setdefault(last, []).append(name)
    return [*behind.get("", []), *(n for name in new for n in (name, *behind.get(name, [])))]


def _guards(resource: Resource | None) -> dict[object, str]:
    """How the new spec writes a condition."""
    return {} if resource is None else {
        shape(row.guard): row.guard.text for s in resource.states for row in s.rows
        if row.guard is not None}


def _moves(resource: Resource | None, texts: dict[object, str]) -> Iterator[_Move]:
    for state in resource.states if resource is not None else ():
        for row in state.rows:
            case = ""
            if row.guard is not None:
                case = f" [{texts.get(shape(row.guard), row.guard.text)}]"
            elif resource is not None and len(resource.rows(state.name, row.event)) > 1:
                case = " [else]"
            yield from _row(state.name, row, case)


def _row(state: str, row: Row, case: str) -> Iterator[_Move]:
    if row.reject is not None:
        yield _Move(state, state, row.event, f"{case}: {row.reject}", "ok", "", 1)
        return
    call = f" / {row.hook}" if row.hook is not None else ""
    targets = list(row.targets())
    for outcome, target in targets:
        stays = ": stay" if target.state == state else ""
        then = f", then {target.raise_event}" if target.raise_event else stays
        yield _Move(state, target.state, row.event, f"{case}{call}", outcome, then, len(targets))


def _ended(moves: list[_Move]) -> str:
    """How the call ends that leads there; nothing where that is only ok, or does not matter."""
    outcomes = [move.outcome for move in moves]
    if outcomes == ["ok"] or len(outcomes) == moves[0].outcomes:
        return ""
    return " " + " or ".join(OUTCOMES[o] for o in outcomes)


def _joined(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Those that differ only in the event are one."""
    found: dict[tuple[str, str], Line] = {}
    for line in lines:
        key = (line.rest, line.mark)
        first = found.get(key)
        found[key] = line if first is None else replace(first, events=first.events + line.events)
    return tuple(found.values())


def _smaller(union: Union) -> Union:
    """Of a large graph what changed, and what it touches."""
    if len(union.boxes) <= MOST_BOXES and len(union.links) <= MOST_LINKS:
        return union
    links = [link for link in union.links if link.mark][:MOST_LINKS]
    names = {b.name for b in union.boxes if b.mark} | {
        end for link in links for end in (link.source, link.target)}
    boxes = [b for b in union.boxes if b.name in names][:MOST_BOXES]
    shown = {b.name for b in boxes}
    links = [link for link in links if {link.source, link.target} <= shown]
    return replace(union, boxes=tuple(boxes), links=tuple(links),
                   start=tuple(s for s in union.start if s[0] in shown),
                   left_out=f"{len(boxes)} of {len(union.boxes)} states and {len(links)} of "
                            f"{len(union.links)} arrows: what changed, and where it leads")
