"""The hooks of a header: the backend's members, their written contracts, and the out-values."""
from __future__ import annotations

from dataclasses import dataclass

from berthc import model
from berthc.emit.ctext import WIDTH, signature, wrap
from berthc.emit.header.members import Member, Struct, block, declare, note
from berthc.emit.header.operations import listed
from berthc.lower import C_TYPES, ir
from berthc.model import Manager, Type
from berthc.names import called, free_name, member


@dataclass(frozen=True)
class Group:
    """A group of hooks: a member of the backend."""

    name: str
    hooks: tuple[Member, ...]


class Hooks:
    """Writes the hooks of one manager."""

    def __init__(self, manager: Manager, tables_ir: ir.Manager) -> None:
        self.m = manager
        self.ir = tables_ir

    def out(self, hook: ir.Hook) -> Struct:
        members = [
            Member(
                (),
                f"char {member(o.name)}[{o.size_macro}];"
                if o.type is Type.STRING
                else declare(C_TYPES[o.type], o.name),
            )
            for o in hook.outs
        ]
        return Struct(
            hook.out,
            note(
                f"What {hook.name} gives when it ends ok or uncertain. Begins with what the view"
                " has."
            ),
            tuple(members),
        )

    def groups(self) -> list[Group]:
        found: dict[str, list[Member]] = {}
        for hook, tables in zip(self.m.hooks, self.ir.hooks):
            view = self.ir.resource(tables.resource)
            parameter = free_name(view.name, {"ctx", "call", "out"} | self.ir.file_scope)
            given = ["void *ctx", "berth_call *call", f"const {view.view} *{parameter}"]
            given += [f"{tables.out} *out"] if tables.out else []
            declaration = signature(f"int (*{called(hook.short)})", given, ";", WIDTH - 8)
            notes = block(self.contract(hook, tables), " " * 8)
            found.setdefault(hook.group, []).append(Member(notes, "\n        ".join(declaration)))
        if self.m.store is not None and self.m.store.settle is not None:
            group, _, short = self.m.store.settle.partition(".")
            found.setdefault(group, []).append(self.settle(short))
        return [Group(member(name), tuple(hooks)) for name, hooks in found.items()]

    def settle(self, short: str) -> Member:
        """The hook that settles."""
        declaration = f"int (*{called(short)})(void *ctx, uint64_t epoch);"
        return Member(block(self.settling(WIDTH - 11), " " * 8), declaration)

    def settling(self, width: int) -> list[str]:
        """The written contract of that hook."""
        assert self.m.store is not None
        brief = self.m.store.brief
        words = (
            "Must be provided. Ends ok when no call of an earlier epoch can take effect any more"
            " (berth_call_epoch()). Called first in recovery. BERTH_PENDING is not allowed."
        )
        return (wrap(brief, "", "", width) + [""] if brief else []) + wrap(words, "", "", width)

    def contract(
        self, hook: model.Hook, tables: ir.Hook, width: int = WIDTH - 11, where: bool = True
    ) -> list[str]:
        """The written contract of one hook; with `where`, also the rows that call it."""
        lines = wrap(hook.brief, "", "", width) + [""] if hook.brief else []
        if not hook.optional:
            must = "Must be provided."
        elif hook.absent is None:
            must = (
                "May be NULL: then nobody can tell, and what asks it fails with -EOPNOTSUPP."
                if hook.asks
                else "May be NULL: then it counts as ended ok without a call."
            )
        else:
            must = f"May be NULL: then what needs it is refused with -{hook.absent}."
        words = [must]
        if hook.together:
            others = [h.name for h in self.m.hooks if h.together == hook.together and h is not hook]
            if others:
                words.append(f"To be left out only together with {listed(others)}.")
        if hook.asks:
            words.append(f"Asks whether the effect of {listed(hook.asks, 'or')} is there.")
        if hook.needs:
            words.append(f"Called only while the effect of {listed(hook.needs)} is in place.")
        if hook.undoes:
            undoes = listed(hook.undoes)
            words.append(f"Takes back the effect of {undoes}, also where that may have failed.")
        undone = [h.name for h in self.m.hooks if hook.name in h.undoes]
        if undone:
            words.append(f"Its effect is taken back by {listed(undone, 'or')}.")
        if hook.repeatable:
            words.append("Repeatable.")
        if where and (called_in := self.called_in(tables)):
            words.append(f"Called in {called_in}.")
        return [*lines, *wrap(" ".join(words), "", "", width)]

    def called_in(self, hook: ir.Hook) -> str:
        """The states and events whose rows call it."""
        owner = self.ir.resource(hook.resource)
        number = self.ir.hooks.index(hook) + 1
        found: dict[str, list[str]] = {}
        for row in owner.rows:
            if row.hook == number:
                states = found.setdefault(owner.events[row.event - 1].name, [])
                states.append(owner.states[row.state - 1].id.name)
        return "; ".join(f"{listed(dict.fromkeys(s))} on {event}" for event, s in found.items())
