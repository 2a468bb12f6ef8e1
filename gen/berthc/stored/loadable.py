"""Which stores of an old spec load into a manager of the new one, by the two specs alone.

Each condition covers what `upgrade` may find in rows: a store is refused only for a reason that is
told here. The old spec is compared under the names of today that the new one tells (`was`), and no
others: the runtime does not guess.
"""
from __future__ import annotations

from collections.abc import Iterator

from berthc.diff.loadable import Bar, Condition, Loadable
from berthc.diff.renames import renamed
from berthc.lower import expr
from berthc.lower.identity import spec_hash
from berthc.model import (
    AssignedKind, Field, Manager, Naming, PoolPart, Resource, Row, Type,
)
from berthc.names import shape
from berthc.semantics.values import default
from berthc.stored.tables import Cell, Column, columns
from berthc.stored.upgrade import Names


def loadable(old: Manager, new: Manager) -> Loadable | None:
    """None: the old manager has no store."""
    if old.store is None:
        return None
    if new.store is None:
        return Loadable("the new spec has no store")
    names = Names(new)
    if names.today(Naming.MANAGER, old.name) != new.name:
        return Loadable(f"the manager was called {old.name}, which no was tells")
    if spec_hash(old) == spec_hash(new):
        return Loadable()
    alike = renamed(old, _today(old, new, names))
    return Loadable(unless=tuple(_conditions(alike, new, names)))


def _today(old: Manager, new: Manager, names: Names) -> dict[tuple[str, ...], str]:
    """How `renamed` makes today's names of the old ones."""
    found: dict[tuple[str, ...], str] = {}

    def note(kind: str, naming: Naming, name: str, known: list[str], scope: str = "",
             owner: str = "") -> str | None:
        was = names.find(naming, name, known, owner)
        if was is not None and was != name:
            found[(kind, scope, was) if scope else (kind, was)] = name
        return was

    for option in new.options:
        note("option", Naming.OPTION, option.name, [o.name for o in old.options])
    for hook in new.hooks:
        note("hook", Naming.HOOK, hook.name, [h.name for h in old.hooks])
    for resource in new.resources:
        source = note("resource", Naming.RESOURCE, resource.name, list(old.by_name))
        if source is not None:
            _members(old.resource(source), resource, names, found)
    return found


def _members(old: Resource, new: Resource, names: Names,
             found: dict[tuple[str, ...], str]) -> None:
    scope = old.name
    known = [*(f.name for f in old.fields), *(n for a in old.assigned for n in a.leaves)]
    fields = {f.name for f in old.fields}
    for name in (*(f.name for f in new.fields), *(n for a in new.assigned for n in a.leaves)):
        was = names.find(Naming.COLUMN, name, known, new.name)
        if was is None or was == name:
            continue
        if was in fields:
            found["field", scope, was] = name
        else:
            found["leaf", scope, was] = name
            found["assigned", scope, was] = name
    for state in new.states:
        was = names.find(Naming.STATE, state.name, [s.name for s in old.states], new.name)
        if was not in (None, state.name):
            found["state", scope, str(was)] = state.name
    for event in new.events:
        was = names.find(Naming.EVENT, event, old.events, new.name)
        if was not in (None, event):
            found["event", scope, str(was)] = event


def _conditions(old: Manager, new: Manager, names: Names) -> Iterator[Condition]:
    yield from _options(old, new, names)
    for before in old.hooks:
        hook = next((h for h in new.hooks if h.name == before.name), None)
        if hook is not None and before.optional and not hook.optional:
            yield Condition(Bar.WITHOUT, f"the backend lacked {hook.name}, which it must have now",
                            name=hook.name, loc=hook.loc)
    optional = {h.name: h.optional for h in old.hooks}
    for together in new.left_out:
        then = [name for name in together if name in optional]
        if any(optional[name] for name in then) and not any(
                set(then) <= set(one) for one in old.left_out):
            yield Condition(Bar.WITHOUT, f"the backend lacked some of {', '.join(then)}, and not "
                            "all", name=then[0], loc=new.hook(then[0]).loc)
    for gone in old.resources:
        if gone.name not in new.by_name:
            yield Condition(Bar.RESOURCE, f"there is {_a(gone.name)}", gone.name)
    for resource in new.resources:
        if resource.name in old.by_name:
            yield from _resource(old, new, old.resource(resource.name), resource, names)
    yield from _reservations(old, new)
    for name in old.named_references:
        if name in new.by_name and new.resource(name).drop is None:
            yield Condition(Bar.DROPPED, f"somebody has a reference to {_a(name)}", name,
                            loc=new.resource(name).loc)


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _options(old: Manager, new: Manager, names: Names) -> Iterator[Condition]:
    for option in new.options:
        before = next((o for o in old.options if o.name == option.name), None)
        if before is None:
            continue
        values = {names.today(Naming.OPTION_VALUE, v, of=option.name) for v in before.values}
        then = default(before)
        if isinstance(then, str) and option.type is Type.ENUM:
            then = names.today(Naming.OPTION_VALUE, then, of=option.name)
        lost = values - set(option.values) if before.type is option.type else {"another type"}
        narrower = before.type.bits > 0 and option.type.bits > 0 and (
            _bounds(before)[0] < _bounds(option)[0] or _bounds(before)[1] > _bounds(option)[1])
        if narrower or (lost and option.type is Type.ENUM) or before.type is not option.type:
            yield Condition(Bar.OPTION, f"option {option.name} had a value that it cannot have now",
                            name=option.name, loc=option.loc)
        if then != default(option):
            yield Condition(Bar.OPTION, f"option {option.name} was left out then and now: its "
                            "default is another one", name=option.name, loc=option.loc)


def _bounds(field: Field) -> tuple[int, int]:
    return field.range or field.type.limits


def _resource(old: Manager, new: Manager, before: Resource, now: Resource,
              names: Names) -> Iterator[Condition]:
    then = {c.name: c for c in columns(old, before)}
    today = {c.name: c for c in columns(new, now)}
    a = _a(now.name)
    for name in then:
        if name in today or name == "_names" or names.is_forgotten(name, now.name):
            continue
        if name == "_parent":
            yield Condition(Bar.PARENT_GONE, f"there is {a}: it has no parent now", now.name,
                            loc=now.loc)
        else:
            yield Condition(Bar.LOST, f"{a} has a value in {name}, which is gone", now.name, name,
                            now.loc)
    for name, column in today.items():
        if name not in then:
            yield from _new_column(now, column)
        else:
            yield from _column(now, then[name], column, names)
    if now.parent != before.parent and now.parent is not None and before.parent is not None:
        yield Condition(Bar.PARENT, f"there is {a}: its parent is another one", now.name,
                        loc=now.loc)
    yield from _together(old, new, before, now, names)
    final = {s.name: s.final for s in now.states}
    for state in before.states:
        goal = names.today(Naming.STATE, state.name, now.name)
        if goal not in final:
            yield Condition(Bar.STATE, f"{a} is in state {state.name}, which is gone", now.name,
                            state.name, now.loc)
        elif final[goal] and not state.final:
            yield Condition(Bar.FINAL, f"{a} is in state {state.name}, which is final now",
                            now.name, state.name, now.state(goal).loc)
    yield from _intents(before, now, names)


def _new_column(now: Resource, column: Column) -> Iterator[Condition]:
    name, a = column.name, _a(now.name)
    if name == "_parent":
        yield Condition(Bar.PARENT_NEW, f"there is {a}: it has a parent now", now.name,
                        loc=now.loc)
    elif column.field is not None:
        if name in now.key:
            yield Condition(Bar.KEY_NEW, f"there is {a}: key field {name} is new", now.name, name,
                            column.field.loc)
        elif column.field.required:
            yield Condition(Bar.REQUIRED_NEW, f"there is {a}: required field {name} is new",
                            now.name, name, column.field.loc)
    elif column.value is not None and column.value.kind not in (AssignedKind.HOOK,
                                                                AssignedKind.FORMAT):
        yield Condition(Bar.ASSIGNED_NEW, f"there is {a}: {column.value.name} is new, and only a "
                        "new one is assigned it", now.name, name, column.value.loc)


_NUMBERS = (Cell.UNSIGNED, Cell.SIGNED)


def _column(now: Resource, then: Column, today: Column, names: Names) -> Iterator[Condition]:
    """A column that both have."""
    a, name = _a(now.name), today.name
    loc = today.field.loc if today.field is not None else now.loc
    if then.cell is not today.cell:
        both = then.cell in _NUMBERS and today.cell in _NUMBERS
        what = f"{a} has a value in {name} that its type cannot have now" if both else \
            f"there is {a}: {name} has another type"
        yield Condition(Bar.TYPE, what, now.name, name, loc)
        if not both:
            return
    if today.field is not None:
        if _may_refuse(then, today.field, now.name, names):
            yield Condition(Bar.FIELD, f"{a} has a value in {name} that it may not have now",
                            now.name, name, loc)
    elif today.value is not None and _may_not_fit(then, today):
        yield Condition(Bar.ASSIGNED, f"{a} has a value in {name} that does not fit now", now.name,
                        name, today.value.loc)


def _limits(column: Column) -> tuple[int, int] | None:
    if column.field is not None and column.field.type.bits:
        return _bounds(column.field)
    return column.type.limits if column.type is not None and column.type.bits else None


def _may_refuse(then: Column, field: Field, owner: str, names: Names) -> bool:
    was = then.field
    before = _limits(then)
    if field.type.bits:
        low, high = _bounds(field)
        return before is None or before[0] < low or before[1] > high
    if field.type is Type.ENUM:
        if was is None or was.type is not Type.ENUM:
            return True
        return not {names.today(Naming.VALUE, v, owner, field.name)
                    for v in was.values} <= set(field.values)
    if field.required and (was is None or not was.required):
        return True
    if field.max_length is None:
        return False
    most = then.size if was is None else was.max_length
    if was is not None and was.type is Type.ENUM:
        most = max(len(v.encode()) for v in was.values)
    return most is None or most > field.max_length


def _may_not_fit(then: Column, today: Column) -> bool:
    before, limits = _limits(then), _limits(today)
    if limits is not None:
        return before is None or before[0] < limits[0] or before[1] > limits[1]
    if today.size is None:
        return False
    most = then.size if then.field is None else then.field.max_length
    return most is None or most > today.size


def _together(old: Manager, new: Manager, before: Resource, now: Resource,
              names: Names) -> Iterator[Condition]:
    """What may be true of one instance only."""
    a = _a(now.name)
    fields = {f.name: f for f in before.fields}
    lost = [name for name in before.key if name not in now.key]
    other = [name for name in now.key if name in fields and name in before.key
             and (_compares_more(fields[name], now.field(name))
                  or _merges(fields[name], now.name, names))]
    if lost or other:
        yield Condition(Bar.KEY, f"two of {now.name} differ only in {', '.join((*lost, *other))}",
                        now.name, loc=now.loc)
    pools = {value.name: value for value in before.assigned if value.kind is AssignedKind.POOL}
    for value in now.assigned:
        if value.kind is AssignedKind.COUNTER and not any(
                v.kind is AssignedKind.COUNTER and v.name == value.name for v in before.assigned):
            yield Condition(Bar.COUNTER, f"there is {a}: {value.name} was no counter", now.name,
                            loc=value.loc)
        if value.kind is not AssignedKind.POOL:
            continue
        was = next((p for p in pools.values() if set(p.leaves) == set(value.leaves)), None)
        if was is None:
            yield Condition(Bar.SLOT, f"two of {now.name} have the same {value.name}", now.name,
                            loc=value.loc)
        sizes = {} if was is None else {p.name: p for p in was.parts}
        if any(part.name not in sizes or _is_smaller(old, new, sizes[part.name], part)
               for part in value.parts):
            yield Condition(Bar.OUTSIDE, f"{a} is in a slot of {value.name} that is gone",
                            now.name, loc=value.loc)
    for value in now.assigned:
        if value.kind is AssignedKind.HOOK and any(
                v.name == value.name and v.type is not value.type for v in before.assigned):
            yield Condition(Bar.NAME, f"two of {now.name} have the same {value.name}", now.name,
                            loc=value.loc)


def _is_smaller(old: Manager, new: Manager, was: PoolPart, now: PoolPart) -> bool:
    """May the part have fewer numbers? With an option, the opening says how many."""
    if was.option is not None and was.option == now.option:
        return False
    if now.option is not None:
        return True
    return expr.part_limit(old, was.size, was.option) > expr.part_limit(new, now.size, now.option)


def _compares_more(was: Field, now: Field) -> bool:
    """Are values equal now that differed?"""
    return ((now.ignore_case and not was.ignore_case)
            or (now.type is Type.SET and was.type is Type.LIST))


def _merges(was: Field, owner: str, names: Names) -> bool:
    """Have two values of an enum one name now?"""
    today = {names.today(Naming.VALUE, value, owner, was.name) for value in was.values}
    return len(today) < len(was.values)


def _reservations(old: Manager, new: Manager) -> Iterator[Condition]:
    target = next((o.target for o in old.operations if o.gives), None)
    if target is None or target not in new.by_name:
        return
    if not any(o.gives and o.target == target for o in new.operations):
        yield Condition(Bar.RESERVED, f"there is a reservation of {_a(target)}",
                        loc=new.resource(target).loc)
    elif not set(old.path(target)) <= set(new.path(target)):
        yield Condition(Bar.PATH, "there is a reservation: its path is another one",
                        loc=new.resource(target).loc)


def _intents(before: Resource, now: Resource, names: Names) -> Iterator[Condition]:
    """Calls that may have been under way, and that today's table makes no more, or not always."""
    states = {s.name for s in now.states}
    for state in before.states:
        calls: dict[tuple[str, str], None] = {}
        for row in state.rows:
            if row.hook is not None:
                calls[row.event, row.hook] = None
        goal = names.today(Naming.STATE, state.name, now.name)
        for event, hook in calls:
            rows = now.rows(goal, names.today(Naming.EVENT, event, now.name)) if (
                goal in states) else ()
            called = names.today(Naming.HOOK, hook)
            if _same_calls(before.rows(state.name, event), rows) or (
                    rows and all(row.hook == called for row in rows)):
                continue
            if goal in states:
                yield Condition(
                    Bar.INTENT, f"{hook} was under way at {event} of {_a(now.name)} in "
                    f"{state.name}", now.name, hook, rows[0].loc if rows else now.loc, event)


def _same_calls(before: tuple[Row, ...], now: tuple[Row, ...]) -> bool:
    def cases(rows: tuple[Row, ...]) -> list[tuple[object, str | None]]:
        return [(None if row.guard is None else shape(row.guard), row.hook) for row in rows]

    return cases(before) == cases(now)


def covers(found: Loadable, bar: Bar, resource: str, word: str) -> bool:
    """Is a refusal for this reason told? `word`: of a field, state or value, where there is one."""
    return any(one.bar is bar and (not one.resource or not resource or one.resource == resource)
               and (not one.name or not word or one.name == word) for one in found.unless)


__all__ = ["covers", "loadable"]
