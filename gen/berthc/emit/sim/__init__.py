"""The glue of a manager's simulator: `<m>/<m>-sim.c`, which joins the typed API to
libberth-testing.

All that can be done from the descriptor is done there; what is generated only calls typed functions
and is called by typed hooks.
"""
from __future__ import annotations

from dataclasses import dataclass

from berthc import model
from berthc.emit.c import banner, tables
from berthc.emit.ctext import cast_number
from berthc.emit.layout import environment
from berthc.lower import C_TYPES, ir, lower
from berthc.model import Form, Type
from berthc.names import Names, flat, free_name, hook_member, member

# Parameters and members that the glue declares; a manager may be called by one of these words.
WORDS = (
    "manager", "sim", "options", "without", "backend", "visit", "arg", "item", "error", "view",
    "out", "call", "rc", "with", "given", "slot", "result",
)


@dataclass(frozen=True)
class OutMember:
    """A member of a hook's out struct, as C expressions."""

    name: str
    member: str
    type: str
    size: str


@dataclass(frozen=True)
class HookGlue:
    """One hook of the scripted backend."""

    id: str
    function: str
    table: str  # of its out-values
    member: str  # of the backend struct: vm.add_disk
    view: str  # C type
    resource: str  # enumerator
    optional: bool
    out: str  # C type; "" where it has no out-values
    outs: tuple[OutMember, ...]


@dataclass(frozen=True)
class SlotGlue:
    """A slot that is passed on: its C type, and the members with their types."""

    type: str
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class OperationGlue:
    id: str
    function: str  # typed
    slot: SlotGlue | None
    arguments: tuple[str, ...]  # C expressions between the manager and the error
    result: str  # C type of what it returns; "" where that is at most one value
    values: tuple[str, ...]  # its members


@dataclass(frozen=True)
class ResourceGlue:
    name: str
    member: str  # of an item
    id: str
    config: str  # C type
    default: str  # macro
    parent: str  # member of an item, "" for a root


@dataclass(frozen=True)
class Glue:
    """Everything the template says."""

    banner: str
    header: str
    manager: str
    names: Names
    has_options: bool
    resources: tuple[ResourceGlue, ...]
    hooks: tuple[HookGlue, ...]
    operations: tuple[OperationGlue, ...]
    words: dict[str, str]
    has_store: bool
    settle: str | None  # member of the backend struct


INTEGERS = {Type.U8: "uint8_t", Type.U16: "uint16_t", Type.U32: "uint32_t"}


def files(manager: model.Manager, include: str | None = None) -> dict[str, str]:
    """The one file, below the output folder. `include` is what it calls the manager's header."""
    text = environment().get_template("sim/sim.c.j2").render(g=_glue(manager, include))
    return {f"{manager.name}/{manager.name}-sim.c": text}


def _glue(manager: model.Manager, include: str | None) -> Glue:
    tables_ = lower(manager)
    names = Names(manager.name)
    return Glue(
        banner=banner(tables_),
        header=include or names.include,
        manager=manager.name,
        names=names,
        has_options=bool(manager.options),
        resources=tuple(_resource(tables_, names, r) for r in tables_.resources),
        hooks=tuple(_hook(tables_, h) for h in tables_.hooks),
        operations=tuple(_operation(tables_, names, o) for o in tables_.operations),
        has_store=manager.store is not None,
        settle=hook_member(manager.store.settle)
        if manager.store is not None and manager.store.settle is not None else None,
        words={word: free_name(word, tables_.file_scope) for word in WORDS},
    )


def _resource(manager: ir.Manager, names: Names, resource: ir.Resource) -> ResourceGlue:
    parent = member(manager.resource(resource.parent).name) if resource.parent else ""
    return ResourceGlue(
        resource.name,
        member(resource.name),
        resource.c,
        resource.config,
        names.config_default(resource.name),
        parent,
    )


def _hook(manager: ir.Manager, hook: ir.Hook) -> HookGlue:
    resource = manager.resource(hook.resource)
    outs = tuple(
        OutMember(
            o.name, member(o.name), tables.leaf_type(o.type), tables.size(o.type, o.size_macro)
        )
        for o in hook.outs
    )
    word = flat(hook.name)
    return HookGlue(
        hook.c,
        f"berth_hook_{word}",
        f"berth_outs_{word}",
        hook_member(hook.name),
        resource.view,
        resource.c,
        hook.optional,
        hook.out,
        outs,
    )


def _operation(manager: ir.Manager, names: Names, operation: ir.Operation) -> OperationGlue:
    given, word, several = (free_name(w, manager.file_scope) for w in ("given", "slot", "result"))
    target = manager.resource(operation.path[-1])
    arguments: list[str] = []
    slot = None
    if operation.form is Form.WITH:
        arguments.append(f"{given}->reservation")
    elif operation.by:
        by = target.assigned[operation.by - 1]
        slot = _slot(by)
        arguments.append(
            f"&{word}"
            if slot is not None
            else {Type.UUID: f"{given}->by_uuid", Type.STRING: f"{given}->by_text"}.get(
                by.type or Type.U64,
                cast_number(f"{given}->by_number", C_TYPES[by.type or Type.U64]),
            )
        )
    else:
        arguments += [f"{given}->config[{level}]" for level in range(len(operation.path))]
    if operation.at:
        slot = _slot(target.assigned[operation.at - 1])
        arguments.append(f"&{word}")
    if operation.gives:
        arguments.append(f"{given}->gives")
    if operation.owned or (operation.gives and manager.store is not None):
        arguments.append(f"{given}->owner")
    if operation.result:
        arguments.append(f"&{several}")
    elif operation.returns:
        arguments.append(f"{given}->results[0]")
        if operation.returns[0].type is Type.STRING:
            arguments.append(f"{given}->result_sizes[0]")
    return OperationGlue(
        operation.c,
        names.function(operation.name),
        slot,
        tuple(arguments),
        operation.result,
        tuple(member(result.leaf) for result in operation.returns),
    )


def _slot(assigned: ir.Assigned) -> SlotGlue | None:
    if not assigned.slot:
        return None
    return SlotGlue(
        assigned.slot, tuple((member(part.name), INTEGERS[part.type]) for part in assigned.parts)
    )
