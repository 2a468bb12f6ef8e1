"""Random edits of specs with a store, as an author makes them: most of them keep rows loadable, and
some do not. They work on models, so that every edited spec can be generated."""
from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from berthc.diff.renames import renamed
from berthc.model import (
    NOWHERE, Assigned, AssignedKind, Field, FormatText, Manager, Ref, Resource, Row, State, Target,
    Type,
)

Edit = Callable[[Manager, random.Random], tuple[str, Manager] | None]


def _with(manager: Manager, resource: Resource) -> Manager:
    return replace(manager, resources=tuple(resource if r.name == resource.name else r
                                            for r in manager.resources))


def _one(manager: Manager, rng: random.Random) -> Resource:
    return rng.choice(manager.resources)


def _was(rng: random.Random, before: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Most authors tell."""
    return () if rng.random() < 0.25 else (*before, name)


def rename_state(m: Manager, rng: random.Random) -> tuple[str, Manager]:
    r = _one(m, rng)
    state = rng.choice(r.states)
    new = renamed(m, {("state", r.name, state.name): state.name + "_now"})
    r = new.resource(r.name)
    was = _was(rng, state.was, state.name)
    states = tuple(replace(s, was=was) if s.name == state.name + "_now" else s for s in r.states)
    return (f"state {r.name}.{state.name}, was {was}", _with(new, replace(r, states=states)))


def rename_resource(m: Manager, rng: random.Random) -> tuple[str, Manager]:
    r = _one(m, rng)
    new = renamed(m, {("resource", r.name): r.name + "_now"})
    was = _was(rng, r.was, r.name)
    return f"resource {r.name}, was {was}", _with(new, replace(new.resource(r.name + "_now"),
                                                               was=was))


def rename_field(m: Manager, rng: random.Random) -> tuple[str, Manager] | None:
    r = _one(m, rng)
    if not r.fields:
        return None
    field = rng.choice(r.fields)
    new = renamed(m, {("field", r.name, field.name): field.name + "_now"})
    r = new.resource(r.name)
    was = _was(rng, field.was, field.name)
    fields = tuple(replace(f, was=was) if f.name == field.name + "_now" else f for f in r.fields)
    return f"field {r.name}.{field.name}, was {was}", _with(new, replace(r, fields=fields))


def rename_value(m: Manager, rng: random.Random) -> tuple[str, Manager] | None:
    """An assigned value, or a part of a pool."""
    r = _one(m, rng)
    if not r.assigned:
        return None
    value = rng.choice(r.assigned)
    leaf = rng.choice(value.leaves)
    names = {("leaf", r.name, leaf): leaf + "_now"}
    if value.kind is not AssignedKind.POOL:
        names[("assigned", r.name, leaf)] = leaf + "_now"
    new = renamed(m, names)
    r = new.resource(r.name)
    told = rng.random() < 0.75
    assigned = []
    for a in r.assigned:
        parts = tuple(replace(p, was=(*p.was, leaf)) if p.name == leaf + "_now" and told else p
                      for p in a.parts)
        was = (*a.was, leaf) if a.name == leaf + "_now" and told else a.was
        assigned.append(replace(a, parts=parts, was=was))
    return f"value {r.name}.{leaf}, told {told}", _with(new, replace(r, assigned=tuple(assigned)))


def rename_event(m: Manager, rng: random.Random) -> tuple[str, Manager] | None:
    r = _one(m, rng)
    if not r.events:
        return None
    event = rng.choice(r.events)
    new = renamed(m, {("event", r.name, event): event + "_now"})
    r = new.resource(r.name)
    was = tuple((event + "_now" if name == event else name, old) for name, old in r.was_events)
    if rng.random() < 0.75:
        was = (*was, (event + "_now", event))
    return f"event {r.name}.{event}, was {was}", _with(new, replace(r, was_events=was))


def rename_hook(m: Manager, rng: random.Random) -> tuple[str, Manager] | None:
    if not m.hooks:
        return None
    hook = rng.choice(m.hooks)
    new = renamed(m, {("hook", hook.name): hook.name + "_now"})
    was = _was(rng, hook.was, hook.name)
    hooks = tuple(replace(h, was=was) if h.name == hook.name + "_now" else h for h in new.hooks)
    return f"hook {hook.name}, was {was}", replace(new, hooks=hooks)


def rename_option(m: Manager, rng: random.Random) -> tuple[str, Manager] | None:
    if not m.options:
        return None
    option = rng.choice(m.options)
    new = renamed(m, {("option", option.name): option.name + "_now"})
    was = _was(rng, option.was, option.name)
    options = tuple(replace(o, was=was) if o.name == option.name + "_now" else o
                    for o in new.options)
    return f"option {option.name}, was {was}", replace(new, options=options)


def _in_use(m: Manager, resource: str, name: str) -> bool:
    """Does a condition, a format, or a result name it?"""
    def here(ref: Ref, own: str) -> bool:
        return ref.name == name and (own if ref.scope == "field" else ref.scope) == resource

    for r in m.resources:
        guards = [row.guard for s in r.states for row in s.rows if row.guard is not None]
        if any(here(ref, r.name) for guard in guards for ref in guard.refs()):
            return True
        if any(isinstance(part, Ref) and here(part, r.name)
               for a in r.assigned for text in a.texts for part in text.parts):
            return True
    return any(here(ref, o.target) for o in m.operations
               for ref in (*o.returns, *(ref for d in o.deny for ref in d.guard.refs()))) or any(
                   o.target == resource and name in (o.by, o.at) for o in m.operations)


def rename_enum_value(m: Manager, rng: random.Random) -> tuple[str, Manager] | None:
    r = _one(m, rng)
    enums = [f for f in r.fields if f.type is Type.ENUM and not _in_use(m, r.name, f.name)]
    if not enums:
        return None
    field = rng.choice(enums)
    word = rng.choice(field.values)
    was = tuple((word + "_now" if name == word else name, old) for name, old in field.was_values)
    if rng.random() < 0.75:
        was = (*was, (word + "_now", word))
    values = tuple(word + "_now" if v == word else v for v in field.values)
    default = word + "_now" if field.default == word else field.default
    new = replace(field, values=values, default=default, was_values=was)
    fields = tuple(new if f is field else f for f in r.fields)
    return f"word {r.name}.{field.name}.{word}, was {was}", _with(m, replace(r, fields=fields))


def _free(resource: Resource, word: str) -> str:
    names = {*(f.name for f in resource.fields), *(n for a in resource.assigned for n in a.leaves),
             *(a.name for a in resource.assigned)}
    return next(f"{word}{n}" for n in range(100) if f"{word}{n}" not in names)


def add_field(m: Manager, rng: random.Random) -> tuple[str, Manager]:
    r = _one(m, rng)
    name = _free(r, "extra")
    field = rng.choice((
        Field(name, Type.U16, "", NOWHERE, default=7), Field(name, Type.BOOL, "", NOWHERE,
                                                             default=True),
        Field(name, Type.STRING, "", NOWHERE, default=""),
        Field(name, Type.ENUM, "", NOWHERE, values=("low", "high"), default="high"),
        Field(name, Type.I32, "", NOWHERE, default=-3, range=(-5, -1)),
        Field(name, Type.LIST, "", NOWHERE, default=()),
        Field(name, Type.UUID, "", NOWHERE, default=""),
        Field(name, Type.STRING, "", NOWHERE, default="", required=True)))
    is_key = rng.random() < 0.15 and bool(r.key)
    at = rng.randint(0, len(r.fields))
    fields = (*r.fields[:at], field, *r.fields[at:])
    key = (*r.key, name) if is_key else r.key
    return (f"new field {r.name}.{name}, key {is_key}, {field.type}",
            _with(m, replace(r, fields=fields, key=key)))


def remove_field(m: Manager, rng: random.Random) -> tuple[str, Manager] | None:
    r = _one(m, rng)
    fields = [f for f in r.fields if not _in_use(m, r.name, f.name)]
    if not fields:
        return None
    field = rng.choice(fields)
    forgets = (*r.forgets, field.name, *field.was) if rng.random() < 0.6 else r.forgets
    new = replace(r, fields=tuple(f for f in r.fields if f is not field), forgets=forgets,
                  key=tuple(name for name in r.key if name != field.name))
    return f"no field {r.name}.{field.name}, forgets {forgets}", _with(m, new)


def retype_field(m: Manager, rng: random.Random) -> tuple[str, Manager] | None:
    r = _one(m, rng)
    fields = [f for f in r.fields if not _in_use(m, r.name, f.name)]
    if not fields:
        return None
    field = rng.choice(fields)
    new = field
    if field.type.bits:
        new = replace(field, type=rng.choice((Type.U8, Type.U16, Type.U64, Type.I32, Type.I64)),
                      range=rng.choice((None, None, (0, 1))), default=0)
    elif field.type is Type.ENUM:
        new = rng.choice((replace(field, values=(*field.values, "brandnew")),
                          replace(field, values=field.values[:-1] or field.values,
                                  default=field.values[0]),
                          replace(field, type=Type.STRING, values=(), default="")))
    elif field.type is Type.STRING:
        new = rng.choice((replace(field, max_length=1, default=""),
                          replace(field, required=True),
                          replace(field, ignore_case=not field.ignore_case),
                          replace(field, type=Type.ENUM, values=("a", "b", "x"), default="a",
                                  max_length=None, required=False, ignore_case=False)))
    elif field.type in (Type.LIST, Type.SET):
        new = replace(field, type=rng.choice((Type.LIST, Type.SET)), max_length=rng.choice((1, 9)))
    if new == field:
        return None
    return (f"field {r.name}.{field.name} is {new.type} {new.range} {new.values} "
            f"{new.max_length} {new.required} {new.ignore_case}",
            _with(m, replace(r, fields=tuple(new if f is field else f for f in r.fields))))


def change_key(m: Manager, rng: random.Random) -> tuple[str, Manager] | None:
    r = _one(m, rng)
    if not r.fields:
        return None
    name = rng.choice(r.fields).name
    key = tuple(k for k in r.key if k != name) if name in r.key else (*r.key, name)
    return f"key of {r.name} is {key}", _with(m, replace(r, key=key))


def add_value(m: Manager, rng: random.Random) -> tuple[str, Manager]:
    r = _one(m, rng)
    name = _free(r, "value")
    hooks = [h.name for h in m.hooks if h.on == r.name and not h.asks]
    kinds = [Assigned(name, AssignedKind.UUID, Type.UUID, "", NOWHERE),
             Assigned(name, AssignedKind.COUNTER, Type.U64, "", NOWHERE, start=3)]
    numbers = [f.name for f in r.fields if f.type.bits]
    parts: tuple[str | Ref, ...] = ("x-", *(Ref("field", n, NOWHERE) for n in numbers[:1]))
    kinds.append(Assigned(name, AssignedKind.FORMAT, Type.STRING, "", NOWHERE,
                          texts=(FormatText(parts, NOWHERE),)))
    if hooks:
        kinds.append(Assigned(name, AssignedKind.HOOK, Type.U32, "", NOWHERE, hook=hooks[0]))
    value = rng.choice(kinds[2:] if rng.random() < 0.6 else kinds)
    return (f"new value {r.name}.{name}: {value.kind}",
            _with(m, replace(r, assigned=(*r.assigned, value))))


def remove_value(m: Manager, rng: random.Random) -> tuple[str, Manager] | None:
    r = _one(m, rng)
    values = [a for a in r.assigned
              if not any(_in_use(m, r.name, n) for n in (a.name, *a.leaves))]
    if not values:
        return None
    value = rng.choice(values)
    forgets = (*r.forgets, *value.leaves) if rng.random() < 0.6 else r.forgets
    new = replace(r, assigned=tuple(a for a in r.assigned if a is not value), forgets=forgets)
    return f"no value {r.name}.{value.name}, forgets {forgets}", _with(m, new)


def shrink_pool(m: Manager, rng: random.Random) -> tuple[str, Manager] | None:
    r = _one(m, rng)
    pools = [a for a in r.assigned if a.kind is AssignedKind.POOL]
    if not pools:
        return None
    pool = rng.choice(pools)
    parts = tuple(replace(p, size=rng.choice((1, p.size, p.size + 300))) if p.size else p
                  for p in pool.parts)
    assigned = tuple(replace(a, parts=parts) if a is pool else a for a in r.assigned)
    return (f"pool {r.name}.{pool.name}: {[p.size for p in parts]}",
            _with(m, replace(r, assigned=assigned)))


def reorder(m: Manager, rng: random.Random) -> tuple[str, Manager]:
    """Numbers of everything change, and names do not."""
    def mixed(some: tuple[State, ...]) -> tuple[State, ...]:
        return tuple(rng.sample(some, len(some)))

    resources = tuple(replace(r, states=mixed(r.states),
                              fields=tuple(rng.sample(r.fields, len(r.fields))))
                      for r in m.resources)
    roots = [r for r in resources if r.parent is None]
    if len(roots) == len(resources):
        resources = tuple(rng.sample(resources, len(resources)))
    return "another order", replace(m, resources=resources,
                                    options=tuple(rng.sample(m.options, len(m.options))),
                                    hooks=tuple(rng.sample(m.hooks, len(m.hooks))))


def add_state(m: Manager, rng: random.Random) -> tuple[str, Manager]:
    r = _one(m, rng)
    rows = tuple(Row("newstate", e, NOWHERE, ok=Target("newstate", None, NOWHERE))
                 for e in r.events)
    state = State("newstate", "", NOWHERE, rows=rows)
    if any(s.name == state.name for s in r.states):
        return "nothing", m
    return f"new state of {r.name}", _with(m, replace(r, states=(state, *r.states)))


def other_call(m: Manager, rng: random.Random) -> tuple[str, Manager] | None:
    """A row calls another hook, or none."""
    r = _one(m, rng)
    rows = [row for s in r.states for row in s.rows if row.call is not None]
    hooks = [h.name for h in m.hooks if h.on == r.name and not h.asks]
    if not rows or not hooks:
        return None
    row = rng.choice(rows)
    new = (replace(row, call=rng.choice(hooks)) if rng.random() < 0.5 else
           replace(row, call=None, fail=None, uncertain=None))
    states = tuple(replace(s, rows=tuple(new if one is row else one for one in s.rows))
                   for s in r.states)
    return (f"{r.name}.{row.state} on {row.event} calls {new.call}, not {row.call}",
            _with(m, replace(r, states=states)))


def other_target(m: Manager, rng: random.Random) -> tuple[str, Manager] | None:
    """Where an uncertain call leads, which is where an open intent leads."""
    r = _one(m, rng)
    rows = [row for s in r.states for row in s.rows if row.call is not None]
    goals = [s.name for s in r.states if not s.final]
    if not rows:
        return None
    row = rng.choice(rows)
    new = replace(row, uncertain=Target(rng.choice(goals), None, NOWHERE))
    states = tuple(replace(s, rows=tuple(new if one is row else one for one in s.rows))
                   for s in r.states)
    return (f"{r.name}.{row.state} on {row.event}: uncertain leads elsewhere",
            _with(m, replace(r, states=states)))


def no_reservation(m: Manager, rng: random.Random) -> tuple[str, Manager] | None:
    """Nobody reserves any more."""
    if rng.random() < 0.7 or not m.reservation_path:
        return None
    left = tuple(o for o in m.operations if not o.gives and o.form.value != "with")
    return ("no reservations", replace(m, operations=left)) if left else None


EDITS: tuple[Edit, ...] = (
    rename_state, rename_resource, rename_field, rename_value, rename_event, rename_hook,
    rename_option, rename_enum_value, add_field, remove_field, retype_field, change_key, add_value,
    remove_value, shrink_pool, reorder, add_state, other_call, other_target, no_reservation,
)


def edited(manager: Manager, rng: random.Random, first: int) -> tuple[list[str], Manager]:
    """What was done, and the spec after it. `first` numbers the edit that comes first."""
    told: list[str] = []
    for edit in (EDITS[first % len(EDITS)], *rng.sample(EDITS, rng.randint(0, 2))):
        done = edit(manager, rng)
        if done is not None:
            told.append(done[0])
            manager = done[1]
    return told, manager

