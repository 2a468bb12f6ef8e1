"""Every identifier that a manager needs, with the scope it lives in and the word that causes it."""
from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass

from berthc.model import (
    NOWHERE, Assigned, AssignedKind, Field, Form, Hook, Loc, Manager, Operation, Ref, Resource,
    Type,
)
from berthc.names.spelling import Names
from berthc.names.words import OWN_PREFIX, RESERVED, called, flat, member, of_kind, upper

# Where a name lives. What the header declares is in every file; the others are files of their own.
HEADER, SOURCE, SUITE = "", "the source", "the conformance suite"
FILE_SCOPES = (HEADER, SOURCE, SUITE)
ARGUMENTS = "the arguments of "  # begins the scope of an operation's
RESULTS = "the results of "  # likewise; all of these are members of views, too

# What the generated source declares for itself.
STATIC_NAMES = (
    "resource_table operation_table hook_table option_table option_defaults limit_table "
    "given_limits has_hook call_hook preset_out accept_out visit_item visitor"
).split()
STORED_STATICS = ("has_settle", "call_settle")  # of specs with a store
RESOURCE_STATICS = ("fields", "assigned", "states", "marks", "events", "rows", "cells")
FIELD_FUNCTIONS = ("check", "hash", "equal", "differs", "size", "copy")
OPERATION_STATICS = ("steps", "returns", "rules")

# What the generated conformance suite declares for itself, and how its names of resources and
# operations begin.
SUITE_NAMES = (
    "create destroy drain drain_start discard cancel poll_ visit for_each for_each_reservation "
    "functions hooks resources environments rows steps scripts phases sharings pools creations "
    "COUNT RUN_DRAIN RUN_DISCARD"
).split()
SUITE_RESOURCE = ("show", "set_key", "lend")
SUITE_OPERATION = ("run", "start", "tell", "lent")

FIXED_FUNCTIONS = ("create", "destroy", "drain", "drain_start", "discard", "cancel", "poll",
                   "for_each", "for_each_reservation", "dump")
STORED_FUNCTIONS = ("open", "recover", "save", "for_each_reference")  # of specs with a store
NAME_FUNCTIONS = ("resource", "operation", "hook")


@dataclass(frozen=True)
class Identifier:
    """One name that the generated files declare. Names of one scope must differ; `scope` is one of
    the FILE_SCOPES, or says which struct or function. Members must differ from the header's types,
    too, or C++ refuses them."""

    text: str
    what: str
    loc: Loc
    scope: str = HEADER
    is_type: bool = False


def free_name(wanted: str, taken: Set[str]) -> str:
    """A parameter or variable: `wanted`, with underscores after it where it would be a reserved
    word, or hide what is `taken`, a library's or Berth's."""
    hidden = of_kind("macro", "type", "constant", "object", "included function")
    if wanted in RESERVED or wanted in hidden or wanted.startswith(OWN_PREFIX):
        wanted += "_"
    while wanted in taken:
        wanted += "_"
    return wanted


def arguments(manager: Manager, operation: Operation) -> list[tuple[str, str, Loc]]:
    """(name, what it is, place) of the parameters that the user's words name."""
    found: list[tuple[str, str, Loc]] = []
    if operation.form is not Form.WITH and operation.by is None:
        found += [(name, f"resource {name}", operation.loc) for name in operation.path]
    if operation.by is not None:
        found.append((operation.by, f"assigned value {operation.by}", operation.loc))
    if operation.at is not None:
        found.append((operation.at, f"pool {operation.at}", operation.loc))
    for ref in () if operation.returns_several else operation.returns:
        found.append((ref.name, f"result {ref}", ref.loc))
        if is_text(leaf_type(manager, ref)):
            found.append((f"{ref.name}_size", f"size of the result {ref}", ref.loc))
    return found


def is_text(leaf: Type | None) -> bool:
    return leaf is Type.STRING


def leaf_type(manager: Manager, ref: Ref) -> Type | None:
    """Type of a leaf of an assigned value; None for a part of a pool (an unsigned integer), or
    where there is no such leaf."""
    for resource in manager.resources:
        if resource.name == ref.scope:
            for assigned in resource.assigned:
                if ref.name in assigned.leaves:
                    return assigned.type
    return None


def from_words(manager: Manager) -> Iterator[Identifier]:
    """Identifiers that cannot be called otherwise."""
    names = Names(manager.name)
    # a type, but of no member
    yield Identifier(manager.name, f"manager {manager.name}", manager.loc)
    yield Identifier(names.descriptor, "the descriptor", NOWHERE)
    for word in FIXED_FUNCTIONS:
        yield Identifier(names.function(word), f"the function {names.function(word)}", NOWHERE)
    yield from _store(manager, names)
    for text in STATIC_NAMES:
        yield Identifier(text, f"{text} of the generated source", NOWHERE, SOURCE)
    for text in SUITE_NAMES:
        yield Identifier(text, f"{text} of the conformance suite", NOWHERE, SUITE)
    yield Identifier(f"suite_of_{manager.name}", "the conformance suite", NOWHERE, SUITE)
    for word in NAME_FUNCTIONS:
        yield from _id_enum(names, (word,), NOWHERE)
    for text, what in (
        (names.options, "the options"),
        (names.op, "the block of a started operation"),
        (names.backend, "the backend"),
        (names.item, "the type of items"),
        (names.visit, "the type of visitors"),
    ):
        yield Identifier(text, what, NOWHERE, is_type=True)
    for text, what in (
        (names.options_default, "the options' default"),
        (names.backend_version, "the backend's version"),
        (names.arena_size, "the size of an arena"),
    ):
        yield Identifier(text, what, NOWHERE)
    yield from _options(manager, names)
    yield from _backend(manager, names)
    yield from _item(manager)
    for resource in manager.resources:
        yield from _resource(manager, resource, names)
    for operation in manager.operations:
        yield from _operation(manager, operation, names)


def _store(manager: Manager, names: Names) -> Iterator[Identifier]:
    if manager.store is None:
        return
    loc = manager.store.loc
    yield Identifier(names.stored_type, "the descriptor of the store", loc)
    for word in STORED_FUNCTIONS:
        yield Identifier(names.function(word), f"the function {names.function(word)}", loc)
    for text in STORED_STATICS:
        yield Identifier(text, f"{text} of the generated source", loc, SOURCE)
    if manager.store.settle is not None:
        group, _, short = manager.store.settle.partition(".")
        if all(hook.group != group for hook in manager.hooks):
            yield Identifier(member(group), f"group {group}", loc, "the backend")
        yield Identifier(called(short), f"hook {manager.store.settle}", loc, f"group {group}")


def _id_enum(names: Names, words: tuple[str, ...], loc: Loc) -> Iterator[Identifier]:
    enum = names.id_enum(*words)
    yield Identifier(enum, f"the type {enum}", loc, is_type=True)
    yield Identifier(names.none_id(*words), "the id 0", loc)
    yield Identifier(f"{enum}_name", f"the function {enum}_name", loc)


def _enum(enum: str, table: str, field: Field, value_of: dict[str, str],
          what: str) -> Iterator[Identifier]:
    yield Identifier(enum, f"the type of {what}", field.loc, is_type=True)
    yield Identifier(f"{enum}_name", f"the function {enum}_name of {what}", field.loc)
    yield Identifier(f"{table}_values", f"the table {table}_values", field.loc, SOURCE)
    for value, text in value_of.items():
        yield Identifier(text, f"value {value} of {what}", field.loc)


def _options(manager: Manager, names: Names) -> Iterator[Identifier]:
    for option in manager.options:
        yield Identifier(member(option.name), f"option {option.name}", option.loc, "options")
        if option.type is Type.ENUM:
            values = {v: names.option_value(option.name, v) for v in option.values}
            yield from _enum(names.option_enum(option.name), f"option_{option.name}", option,
                             values, f"option {option.name}")


def _backend(manager: Manager, names: Names) -> Iterator[Identifier]:
    for word in ("version", "ctx"):
        yield Identifier(word, f"the backend's member {word}", NOWHERE, "the backend")
    for group in dict.fromkeys(h.group for h in manager.hooks):
        first = next(h for h in manager.hooks if h.group == group)
        yield Identifier(member(group), f"group {group}", first.loc, "the backend")
    for hook in manager.hooks:
        yield Identifier(called(hook.short), f"hook {hook.name}", hook.loc, f"group {hook.group}")
        yield Identifier(names.hook_id(hook.name), f"hook {hook.name}", hook.loc)
        yield Identifier(f"hook_{flat(hook.name)}", f"hook {hook.name}", hook.loc, SUITE)
        if outs(manager, hook):
            yield Identifier(names.out(hook.name), f"out-values of {hook.name}", hook.loc,
                             is_type=True)


def outs(manager: Manager, hook: Hook) -> tuple[Assigned, ...]:
    """The assigned values that a hook yields, in the order of the spec."""
    return tuple(a for r in manager.resources for a in r.assigned if a.kind is AssignedKind.HOOK
                 and a.hook == hook.name)


def _item(manager: Manager) -> Iterator[Identifier]:
    for word in ("resource", "state", "refs", "children"):
        yield Identifier(word, f"the item's member {word}", NOWHERE, "items")
    for resource in manager.resources:
        yield Identifier(member(resource.name), f"resource {resource.name}", resource.loc, "items")


def _resource(manager: Manager, resource: Resource, names: Names) -> Iterator[Identifier]:
    name, loc = resource.name, resource.loc
    yield Identifier(names.view(name), f"the view of {name}", loc, is_type=True)
    yield Identifier(names.resource_id(name), f"resource {name}", loc)
    yield Identifier(names.config(name), f"the config of {name}", loc, is_type=True)
    yield Identifier(names.config_default(name), f"the config's default of {name}", loc)
    for word in RESOURCE_STATICS:
        yield Identifier(f"{name}_{word}", f"the table {name}_{word}", loc, SOURCE)
    for word in SUITE_RESOURCE:
        yield Identifier(f"{word}_{name}", f"the function {word}_{name} of the conformance suite",
                         loc, SUITE)
    if any(name in operation.path for operation in manager.operations if operation.deny):
        yield Identifier(f"{name}_config", f"the variable {name}_config of the generated source",
                         loc, SOURCE)
    if resource.parent is None:
        function = names.discard(name)
        yield Identifier(function, f"the function {function}", loc)
        for text in (f"discard_{name}", upper("run_discard", name)):
            yield Identifier(text, f"{text} of the conformance suite", loc, SUITE)
    yield from _id_enum(names, (name, "state"), loc)
    yield from _id_enum(names, (name, "event"), loc)
    for state in resource.states:
        yield Identifier(names.state_id(name, state.name), f"state {name}.{state.name}", state.loc)
    for event in resource.events:
        yield Identifier(names.event_id(name, event), f"event {name}.{event}", loc)
    view = f"the view of {name}"
    if resource.parent is not None:
        yield Identifier(member(resource.parent), f"parent {resource.parent}",
                         manager.resource(resource.parent).loc, view)
    for field in resource.fields:
        yield Identifier(member(field.name), f"field {name}.{field.name}", field.loc, view)
        if field.type is Type.ENUM:
            values = {v: names.field_value(name, field.name, v) for v in field.values}
            yield from _enum(names.field_enum(name, field.name), f"{name}_{field.name}", field,
                             values, f"field {name}.{field.name}")
    for assigned in resource.assigned:
        if assigned.kind is AssignedKind.POOL:
            yield Identifier(names.slot(name, assigned.name), f"the slot {name}.{assigned.name}",
                             assigned.loc, is_type=True)
            yield Identifier(f"{name}_{assigned.name}_parts",
                             f"the parts of {name}.{assigned.name}", assigned.loc, SOURCE)
        if assigned.kind is AssignedKind.FORMAT:
            yield Identifier(f"format_{name}_{assigned.name}",
                             f"the format of {name}.{assigned.name}", assigned.loc, SOURCE)
        for leaf in assigned.leaves:
            yield Identifier(member(leaf), f"assigned value {name}.{leaf}", assigned.loc, view)
        if is_text(assigned.type):
            yield Identifier(names.size(name, assigned.name), f"the size of {name}.{assigned.name}",
                             assigned.loc)


def _operation(manager: Manager, operation: Operation, names: Names) -> Iterator[Identifier]:
    what = f"operation {operation.name}"
    yield Identifier(names.function(operation.name), what, operation.loc)
    yield Identifier(names.until(operation.name), f"{what} with a deadline", operation.loc)
    yield Identifier(names.start(operation.name), f"{what} started", operation.loc)
    yield Identifier(names.operation_id(operation.name), what, operation.loc)
    for word in OPERATION_STATICS:
        yield Identifier(f"{operation.name}_{word}", f"the table {operation.name}_{word}",
                         operation.loc, SOURCE)
    for word in SUITE_OPERATION:
        yield Identifier(f"{word}_{operation.name}", f"{what} in the conformance suite",
                         operation.loc, SUITE)
    yield Identifier(upper("run", operation.name), f"{what} in the conformance suite",
                     operation.loc, SUITE)
    if operation.returns_several:
        results = f"{RESULTS}{operation.name}"
        yield Identifier(names.result(operation.name), f"the struct of {results}", operation.loc,
                         is_type=True)
        for ref in operation.returns:
            yield Identifier(member(ref.name), f"result {ref}", ref.loc, results)
    for text, meaning, loc in arguments(manager, operation):
        yield Identifier(member(text), meaning, loc, f"{ARGUMENTS}{operation.name}")
