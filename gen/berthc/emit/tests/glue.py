"""The thin typed glue between a generated suite and the engine: the scripted hooks, what an
instance shows, and the calls of the operations."""
from __future__ import annotations

from dataclasses import dataclass

from berthc import model
from berthc.emit import ctext
from berthc.inputs.values import limits
from berthc.lower import C_TYPES, expr
from berthc.model import AssignedKind, Form, Type
from berthc.names import Names, hook_member, member, outs
from berthc.scenarios.cycles import many_keys
from berthc.scenarios.edges import DISCARD, Action
from berthc.scenarios.text import members

SLOT = "call->no_slot ? NULL : &lent->slot"  # a slot as an argument
POINTERS = {SLOT, "call->by_text", "call->by_uuid"}  # arguments that may be NULL


@dataclass(frozen=True)
class HookGlue:
    id: str
    name: str
    function: str
    member: str
    view: str
    args: str
    out: str
    sets: tuple[str, ...]  # statements that set the out-values
    end: str  # what the engine is told of them at the end


@dataclass(frozen=True)
class ResourceGlue:
    name: str
    id: str
    view: str
    config: str
    member: str  # of an item
    parent: str  # member of an item; "" for a root
    parent_id: str
    state_name: str  # function
    state_enum: str
    shows: tuple[str, ...]  # statements
    args: tuple[str, ...]  # statements that show what the parents add
    key: tuple[str, ...]  # statements that give a config its n-th key
    lends: tuple[str, ...]  # statements that copy what a config points to


@dataclass(frozen=True)
class FunctionGlue:
    name: str
    id: str
    function: str
    start_function: str
    struct: str  # what the arguments point to: the results, then a slot; "" where there is neither
    members: tuple[str, ...]  # declarations
    sets: tuple[str, ...]  # statements that set what is no result
    call: tuple[str, ...]  # lines of the call without a deadline,
    until: tuple[str, ...]  # with one,
    start: tuple[str, ...]  # and started
    tell: str  # function that writes down the results; "" where there are none
    tells: tuple[str, ...]
    line: tuple[str, ...]  # of the table of functions


class Glue:
    """Makes the glue of one manager."""

    def __init__(self, manager: model.Manager) -> None:
        self.m = manager
        self.names = Names(manager.name)

    def hook(self, hook: model.Hook) -> HookGlue:
        sets = []
        for out in outs(self.m, hook):
            name = member(out.name)
            if out.type is Type.UUID:
                sets.append(f"berth_suite_hook_uuid(suite, out->{name});")
            elif out.type is Type.STRING:
                sets.append(
                    f"berth_suite_hook_text(suite, {ctext.string(out.name)}, out->{name}, sizeof"
                    f" out->{name});"
                )
            elif out.type is Type.BOOL:
                sets.append(f"out->{name} = berth_suite_hook_number(suite) % 2 == 1;")
            else:
                assert out.type is not None
                sets.append(
                    f"out->{name} = ({self.integer(out.type)})berth_suite_hook_number(suite);"
                )
        return HookGlue(
            self.names.hook_id(hook.name),
            hook.name,
            "hook_" + hook.name.replace(".", "_"),
            hook_member(hook.name),
            self.names.view(hook.on),
            f"show_{hook.on}",
            self.names.out(hook.name) if sets else "",
            tuple(sets),
            "out, sizeof *out" if sets else "NULL, 0",
        )

    def hook_line(self, hook: model.Hook) -> list[str]:
        parts = [f".name = {ctext.string(hook.name)}"]
        parts += [".required = true"] if not hook.optional else []
        parts += (
            [".undone = true"] if any(hook.name in other.undoes for other in self.m.hooks) else []
        )
        parts += [f".undoes = {self.hook_list(hook.undoes)}"] if hook.undoes else []
        parts += [f".asks = {self.hook_list(hook.asks)}"] if hook.asks else []
        return ctext.braces(f"[{self.names.hook_id(hook.name)}] = ", parts)

    def hook_list(self, hooks: tuple[str, ...]) -> str:
        """Hooks as the engine takes them: a list that 0 ends."""
        return f"(const uint8_t[]){{{', '.join([*(self.names.hook_id(h) for h in hooks), '0'])}}}"

    def resource_line(self, resource: model.Resource) -> list[str]:
        parts = [f".name = {ctext.string(resource.name)}"]
        parts += (
            [f".parent = {self.names.resource_id(resource.parent)}"]
            if resource.parent is not None
            else []
        )
        parts.append(f".config_size = sizeof({self.names.config(resource.name)})")
        parts += (
            [f".set_key = set_key_{resource.name}"]
            if many_keys(self.m, resource) is not None
            else []
        )
        parts += [f".lend = lend_{resource.name}"] if self.lends(resource) else []
        parts += [f".discard = discard_{resource.name}"] if resource.parent is None else []
        return ctext.braces(f"[{self.names.resource_id(resource.name)}] = ", parts)

    @staticmethod
    def lends(resource: model.Resource) -> tuple[str, ...]:
        """Statements that put copies in the place of what a config points to."""
        found = []
        for field in resource.fields:
            place = f"config->{member(field.name)}"
            if field.type is Type.STRING:
                found.append(f"{place} = berth_suite_lend_text(loan, {place});")
            elif field.type in (Type.LIST, Type.SET):
                found.append(f"berth_suite_lend_strings(loan, &{place});")
        return tuple(found)

    @staticmethod
    def integer(kind: Type) -> str:
        return C_TYPES[kind]

    def show(
        self,
        resource: model.Resource,
        name: str,
        field: model.Field | None,
        kind: Type | None,
        view: str,
    ) -> str:
        """The statement that writes one member of a view."""
        value, word = f"{view}->{member(name)}", ctext.string(name)
        always = "true" if field is None else "false"
        if kind is Type.ENUM:
            assert field is not None
            enum = self.names.field_enum(resource.name, field.name)
            first = self.names.field_value(resource.name, field.name, field.values[0])
            given = ("text", word, f"{enum}_name({value})", f"{value} == {first}")
            call = ctext.signature("berth_suite_enum", given, ";", ctext.WIDTH - 4)
            return "\n    ".join(call)
        if kind in (Type.LIST, Type.SET):
            return f"berth_suite_strings(text, {word}, &{value});"
        function = {Type.BOOL: "bool", Type.STRING: "string", Type.UUID: "uuid"}.get(
            kind or Type.U32
        )
        if function is None:
            function = "signed" if kind is not None and kind.signed else "unsigned"
        return f"berth_suite_{function}(text, {always}, {word}, {value});"

    def resource(self, resource: model.Resource) -> ResourceGlue:
        names = self.names
        path = self.m.path(resource.name)
        hidden = {name for name, _, _ in members(resource)}
        extra = []
        view = "view"
        for above in reversed(path[:-1]):
            view += f"->{member(above)}"
            upper = self.m.resource(above)
            extra += [
                self.show(upper, n, f, k, view) for n, f, k in members(upper) if n not in hidden
            ]
            hidden |= {name for name, _, _ in members(upper)}
        key: tuple[str, ...] = ()
        keys = many_keys(self.m, resource)
        if keys is not None:
            field = resource.field(keys[0])
            if field.type is Type.STRING:
                key = (
                    "(void)snprintf(text, size, \"key-%u\", n);",
                    f"config->{member(field.name)} = text;",
                )
            else:
                low = max(limits(field)[0], 0)
                key = (
                    "(void)text;",
                    "(void)size;",
                    f"config->{member(field.name)} = ({self.integer(field.type)})({low} + n);",
                )
        return ResourceGlue(
            name=resource.name,
            id=names.resource_id(resource.name),
            view=names.view(resource.name),
            config=names.config(resource.name),
            member=member(resource.name),
            parent=member(resource.parent) if resource.parent else "",
            parent_id=names.resource_id(resource.parent) if resource.parent else "0",
            state_name=names.id_enum(resource.name, "state") + "_name",
            state_enum=names.id_enum(resource.name, "state"),
            shows=tuple(self.show(resource, n, f, k, "view") for n, f, k in members(resource)),
            args=tuple(extra),
            key=key,
            lends=self.lends(resource))

    def function(self, operation: model.Operation) -> FunctionGlue:
        arguments, members_, tells, slot, texts = [], [], [], "", 0
        if operation.form is Form.WITH:
            arguments.append("call->reservation")
        elif operation.by is not None:
            arguments.append(self.lookup(operation))
            slot = operation.by if arguments[-1] == SLOT else ""
        else:
            arguments += [f"call->config[{level}]" for level in range(len(operation.path))]
        if operation.at is not None:
            arguments.append(SLOT)
            slot = operation.at
        arguments += ["call->gives"] if operation.gives else []
        arguments += ["berth_suite_owner(call)"] if self.m.has_owner(operation) else []
        if operation.returns_several:
            members_.append(f"{self.names.result(operation.name)} result;")
            arguments.append("&lent->result")
        for ref in operation.returns:
            kind = next(k for n, _, k in members(self.m.resource(ref.scope)) if n == ref.name)
            if operation.returns_several:
                name = f"result.{member(ref.name)}"
            else:
                name = f"result_{ref.name}"
                texts += kind is Type.STRING
                members_.append(self.result_member(ref, kind, name))
                arguments += self.result_arguments(kind, f"lent->{name}")
            tells.append(self.show_result(ref.name, kind, f"lent->{name}"))
            if any(o.by == ref.name and o.target == ref.scope for o in self.m.operations):
                cast = "(uint64_t)" if kind is not None and kind.signed else ""
                tells.append(
                    {
                        Type.STRING: (
                            "(void)snprintf(call->kept_text, sizeof call->kept_text, \"%s\","
                            f" lent->{name});"
                        ),
                        Type.UUID: f"uuid_copy(call->kept_uuid, lent->{name});",
                    }.get(kind or Type.U32, f"call->kept_number = {cast}lent->{name};")
                )
        sets = self.slot(operation, slot, members_) if slot else ()
        if self.m.store is not None and operation.gives:
            sets = (*sets, "berth_suite_any_id(call);")
        struct = f"lent_{operation.name}" if members_ else ""
        tell = f"tell_{operation.name}" if tells else ""
        return FunctionGlue(
            operation.name,
            run_id(operation.name),
            f"run_{operation.name}",
            f"start_{operation.name}",
            struct,
            tuple(members_),
            sets,
            ctext.signature(
                f"        return {self.names.function(operation.name)}",
                ["call->manager", *arguments, "call->error"],
                ";",
            ),
            ctext.signature(
                f"    return {self.names.until(operation.name)}",
                ["call->manager", *arguments, "call->deadline", "call->error"],
                ";",
            ),
            ctext.signature(
                f"    return {self.names.start(operation.name)}",
                [
                    "call->manager",
                    "call->op",
                    *arguments,
                    "call->deadline",
                    "call->error",
                    "call->done",
                    "call->arg",
                ],
                ";",
            ),
            tell,
            tuple(tells),
            self.function_line(
                operation, struct, tell, bool(slot), any(a in POINTERS for a in arguments), texts
            ),
        )

    def function_line(self, operation: model.Operation, struct: str, tell: str,
                      slot: bool, value: bool, texts: int) -> tuple[str, ...]:
        parts = [
            f".name = {ctext.string(operation.name)}",
            f".run = run_{operation.name}",
            f".start = start_{operation.name}",
        ]
        parts += [f".tell = {tell}"] if tell else []
        parts += [f".memory_size = sizeof({struct})"] if struct else []
        parts += (
            [
                f".results_size = offsetof({struct}, slot)"
                if slot
                else f".results_size = sizeof({struct})"
            ]
            if tell
            else []
        )
        if operation.form is not Form.WITH and operation.by is None:
            path = [self.names.resource_id(name) for name in operation.path]
            parts.append(f".path = (const uint8_t[]){{{', '.join([*path, '0'])}}}")
        parts += [f".value = {self.names.resource_id(operation.target)}"] if value else []
        parts += [f".n_texts = {texts}"] if texts else []
        parts += [".gives = true"] if operation.gives else []
        return tuple(ctext.braces(f"[{run_id(operation.name)}] = ", parts))

    def result_member(self, ref: model.Ref, kind: Type | None, name: str) -> str:
        """The declaration of room for the one value that an operation returns."""
        if kind is Type.STRING:
            return f"char {name}[{self.names.size(ref.scope, ref.name)}];"
        return f"{'uuid_t' if kind is Type.UUID else self.result_type(ref, kind)} {name};"

    @staticmethod
    def result_arguments(kind: Type | None, room: str) -> list[str]:
        """What the operation is given of it."""
        if kind is Type.STRING:
            return [room, f"sizeof {room} - berth_suite_short(call, 1)"]
        return [room if kind is Type.UUID else f"&{room}"]

    def result_type(self, ref: model.Ref, kind: Type | None) -> str:
        assigned = self.m.resource(ref.scope).value_with(ref.name)
        if assigned.kind is AssignedKind.POOL:
            return self.integer(self.part(assigned, ref.name))
        assert kind is not None
        return "bool" if kind is Type.BOOL else self.integer(kind)

    def part(self, assigned: model.Assigned, name: str) -> Type:
        part = next(p for p in assigned.parts if p.name == name)
        return self.part_type(part)

    def part_type(self, part: model.PoolPart) -> Type:
        return expr.part_type(expr.part_limit(self.m, part.size, part.option))

    @staticmethod
    def show_result(name: str, kind: Type | None, value: str) -> str:
        function = {Type.BOOL: "bool", Type.STRING: "string", Type.UUID: "uuid"}.get(
            kind or Type.U32
        )
        if function is None:
            function = "signed" if kind is not None and kind.signed else "unsigned"
        return f"berth_suite_{function}(call->returns, true, {ctext.string(name)}, {value});"

    def lookup(self, operation: model.Operation) -> str:
        assert operation.by is not None
        assigned = self.m.resource(operation.target).value(operation.by)
        if assigned.kind is AssignedKind.POOL:
            return SLOT
        kind = assigned.type or Type.U64
        return {Type.UUID: "call->by_uuid", Type.STRING: "call->by_text"}.get(
            kind, ctext.cast_number("call->by_number", C_TYPES[kind])
        )

    def slot(self, operation: model.Operation, pool: str, declared: list[str]) -> tuple[str, ...]:
        """Statements that set the slot, which is declared behind the results."""
        assigned = self.m.resource(operation.target).value(pool)
        declared.append(f"{self.names.slot(operation.target, pool)} slot;")
        return tuple(
            f"lent->slot.{member(p.name)} = ({self.integer(self.part_type(p))})call->at[{n}];"
            for n, p in enumerate(assigned.parts)
        )


def step_id(action: Action) -> str:
    """What a step runs, in the table of functions."""
    if action.op == DISCARD and action.config:
        return run_id(f"discard_{action.config[0].resource}")
    return run_id(action.op)


def run_id(op: str) -> str:
    return "RUN_" + op.upper()
