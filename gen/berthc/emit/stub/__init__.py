"""The start of a backend: the hooks of a manager as functions that answer -EOPNOTSUPP, each below
its contract. The user goes on from there, and owns the files."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from berthc import model
from berthc.emit.ctext import WIDTH, columns, signature, wrap
from berthc.emit.header.hooks import Hooks
from berthc.emit.header.members import block
from berthc.emit.header.operations import listed
from berthc.emit.layout import environment
from berthc.emit.words import target_words
from berthc.lower import ir, lower
from berthc.model import Type
from berthc.names import RESERVED, Names, called, flat, free_name, library, member, upper

NOTE = WIDTH - 3  # behind " * "


@dataclass(frozen=True)
class Function:
    """One hook: the lines of its comment and of its prototype, and its parameters."""

    name: str
    member: str
    notes: tuple[str, ...]
    prototype: tuple[str, ...]
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """A group of hooks: a member of the backend."""

    member: str
    functions: tuple[Function, ...]


def files(manager: model.Manager, include: str | None = None) -> dict[str, str]:
    """Source and header of the backend. `include` is what the manager's header is called."""
    name = f"{manager.name}-backend"
    found = texts(manager, include or Names(manager.name).include, f"{name}.h")
    return {f"{name}.c": found[0], f"{name}.h": found[1]}


def texts(manager: model.Manager, include: str, own: str, says: str = "") -> tuple[str, str]:
    """The same, as the texts of source and header. `own` is what the source calls its header;
    `says` is a statement that each hook has instead of the answer -EOPNOTSUPP: then it prints, and
    answers 0."""
    tables = lower(manager)
    groups = list(_groups(manager, tables))
    taken = tables.file_scope | {f.name for g in groups for f in g.functions}
    names = Names(manager.name)
    fill = free_name(f"{manager.name}_backend_fill", taken)
    backend, ctx = (free_name(word, taken | {fill}) for word in ("backend", "ctx"))
    shared: dict[str, object] = {
        "m": manager, "names": names, "include": include, "own": own, "groups": groups,
        "guard": upper(*(flat(own.removesuffix(".h")).replace("-", "_").split("_")), "h"),
        "asks": any(h.asks for h in manager.hooks), "outs": any(h.outs for h in tables.hooks),
        "says": says, "backend": backend, "ctx": ctx,
        "fill": signature(f"void {fill}", [f"{names.backend} *{backend}", f"void *{ctx}"]),
    }
    made = environment()
    source, header = (made.get_template(f"stub/backend.{kind}.j2").render(shared) for kind in "ch")
    return source, header


def _groups(manager: model.Manager, tables: ir.Manager) -> Iterator[Group]:
    words = Hooks(manager, tables)
    found: dict[str, list[Function]] = {}
    taken = set(tables.file_scope)

    def free(hook: str) -> str:
        name = flat(hook)
        while name in taken or name in library.names() or name in RESERVED:
            name += "_"
        taken.add(name)
        return name

    for hook, table in zip(manager.hooks, tables.hooks, strict=True):
        name = free(hook.name)
        view = tables.resource(table.resource)
        parameter = free_name(view.name, {"ctx", "call", "out"} | tables.file_scope)
        given = [("ctx", "void *ctx"), ("call", "berth_call *call"),
                 (parameter, f"const {view.view} *{parameter}")]
        given += [("out", f"{table.out} *out")] if table.out else []
        prototype = signature(f"static int {name}", [declared for _, declared in given])
        found.setdefault(hook.group, []).append(Function(
            name, called(hook.short), block(_notes(words, manager, tables, hook, table)),
            prototype, tuple(parameter for parameter, _ in given)))
    if manager.store is not None and manager.store.settle is not None:
        name, (group, _, short) = free(manager.store.settle), manager.store.settle.partition(".")
        prototype = signature(f"static int {name}", ["void *ctx", "uint64_t epoch"])
        found.setdefault(group, []).append(Function(
            name, called(short), block(words.settling(NOTE)), prototype, ("ctx", "epoch")))
    for group, functions in found.items():
        yield Group(member(group), tuple(functions))


def _notes(
    words: Hooks, manager: model.Manager, tables: ir.Manager, hook: model.Hook, table: ir.Hook
) -> list[str]:
    """The contract of the header; then where each outcome leads, and the out-values."""
    contract = words.contract(hook, table, NOTE, where=False)
    rows = [(f"{state} on {event}", leads) for state, event, leads in _rows(tables, table)]
    where = ["", "Called in these states on these events; each outcome leads to:",
             *(f"  {line}" for line in columns(rows, NOTE - 2))] if rows else []
    gives = wrap(f"Gives {listed(map(_out, table.outs))}.", "", "", NOTE)
    return [*contract, *where, *(["", *gives] if table.outs else [])]


def _rows(tables: ir.Manager, hook: ir.Hook) -> Iterator[tuple[str, str, str]]:
    """State, event, and where each outcome leads, of each row that calls the hook."""
    owner = tables.resource(hook.resource)
    number = tables.hooks.index(hook) + 1
    for row in owner.rows:
        if row.hook == number:
            leads = "; ".join(f"{w}: {target_words(owner, t)}" for w, t in row.outcomes)
            yield owner.states[row.state - 1].id.name, owner.events[row.event - 1].name, leads


def _out(found: ir.Out) -> str:
    """An out-value and its bounds."""
    name = f"out->{member(found.name)}"
    if found.type is Type.STRING:
        return f"{name} (a string of fewer than {found.size_macro} bytes)"
    return name
