"""The generated conformance suite: `<m>/<m>-conformance.c`, data and thin typed glue for the engine in runtime/testing.

What must come of each step is decided in `scenarios`; here it is written down in C.
"""
from __future__ import annotations

from dataclasses import dataclass

from jinja2 import Environment as Jinja
from jinja2 import PackageLoader, StrictUndefined

from berthc import model
from berthc.emit import ctext
from berthc.emit.c import banner
from berthc.inputs.values import NO_SUCH_VALUE, Value, edges, limits, zero
from berthc.lower import C_TYPES, expr, lower
from berthc.model import AssignedKind, Form, Type
from berthc.names import Names, hook_member, member, outs
from berthc.scenarios import inputs
from berthc.scenarios.cycles import (
    THREADS, Phase, Pool, Sharing, fewest_slots, many_keys, phases, pools, sharings,
)
from berthc.scenarios.inputs import Config, Environment
from berthc.scenarios.edges import DISCARD, DRAIN, slot_of
from berthc.scenarios.select import Script, Step, declared_rows, scripts
from berthc.scenarios.text import members
from berthc.semantics import Outcome
from berthc.semantics.values import NO_ITEMS

NUMBER_BITS = {"ok": "1u << BERTH_OK", "fail": "1u << BERTH_FAILED", "uncertain": "1u << BERTH_UNSURE", "rejected": "1u << BERTH_REJECTED",
               "left out": "BERTH_SUITE_LEFT_OUT", "yes": "1u << BERTH_ANSWERED_YES", "no": "1u << BERTH_ANSWERED_NO",
               "unknown": "1u << BERTH_ANSWERED_UNKNOWN"}
ENDS = {"fail": "fails with", "uncertain": "ends uncertain with", "yes": "answers yes", "no": "answers no", "unknown": "cannot tell:"}
WRITES = {"last": "BERTH_SUITE_LAST", "zero": "BERTH_SUITE_ZEROS", "nothing": "BERTH_SUITE_NOTHING"}
WRITTEN = {"last": "what its hook gave last", "zero": "zeros", "nothing": "nothing"}
KINDS = {"ok": "BERTH_SUITE_OK", "fail": "BERTH_SUITE_FAIL", "uncertain": "BERTH_SUITE_UNCERTAIN", "yes": "BERTH_SUITE_OK",
         "no": "BERTH_SUITE_NO", "unknown": "BERTH_SUITE_FAIL"}
LONGEST_LITERAL = 100
SLOT = "call->no_slot ? NULL : &lent->slot"  # a slot as an argument
POINTERS = {SLOT, "call->by_text", "call->by_uuid"}  # arguments that may be NULL


def files(manager: model.Manager, include: str | None = None) -> dict[str, str]:
    """The one file, below the output folder. `include` is what it calls the manager's header."""
    environment = Jinja(loader=PackageLoader("berthc"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                        keep_trailing_newline=True, autoescape=False)
    text = environment.get_template("tests.c.j2").render(s=_Suite(manager).build(include))
    return {f"{manager.name}/{manager.name}-conformance.c": text}


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


@dataclass(frozen=True)
class SuiteData:
    """Everything the template says; blocks of C are lists of lines."""

    banner: str
    header: str
    manager: str
    limited: bool
    few_slots: bool
    names: Names
    unsearched: int  # outcomes
    hooks: tuple[HookGlue, ...]
    resources: tuple[ResourceGlue, ...]
    functions: tuple[FunctionGlue, ...]
    hook_lines: tuple[str, ...]
    resource_lines: tuple[str, ...]
    configs: tuple[str, ...]
    options: tuple[str, ...]
    environments: tuple[str, ...]
    rows: tuple[str, ...]
    steps: tuple[str, ...]
    scripts: tuple[str, ...]
    phases: tuple[str, ...]
    sharings: tuple[str, ...]
    pools: tuple[str, ...]
    creations: tuple[str, ...]


def literal(text: str, indent: int) -> str:
    """A string literal, cut at separators into several lines where it is long."""
    pieces: list[str] = []
    current = ""
    for word in _words(text):
        if current and len(current) + len(word) > LONGEST_LITERAL:
            pieces.append(current)
            current = ""
        current += word
    pieces.append(current)
    if len(pieces) == 1:
        return ctext.string(pieces[0])
    pad = "\n" + " " * indent
    return pad + pad.join(ctext.string(p) for p in pieces)


def _words(text: str) -> list[str]:
    """The text in pieces that end behind spaces; very long words are cut."""
    found = []
    for word in text.split(" "):
        while len(word) > LONGEST_LITERAL:
            found.append(word[:LONGEST_LITERAL])
            word = word[LONGEST_LITERAL:]
        found.append(word + " ")
    found[-1] = found[-1][:-1]
    return found


def number(value: int, kind: Type) -> str:
    """An integer constant of a type."""
    if kind is Type.U64:
        return f"UINT64_C({value})"
    if kind is Type.I64:
        return "INT64_MIN" if value == kind.limits[0] else f"INT64_C({value})"
    if kind is Type.I32:
        return "INT32_MIN" if value == kind.limits[0] else str(value)
    return f"UINT32_C({value})" if kind is Type.U32 else str(value)


class _Suite:
    """Collects what the template needs for one manager."""

    def __init__(self, manager: model.Manager) -> None:
        self.m = manager
        self.names = Names(manager.name)
        self.environments = inputs.environments(manager)
        self.configs: dict[tuple[str, tuple[tuple[str, Value], ...]], tuple[str, Config]] = {}
        self.steps: dict[Step, int] = {}
        choice = scripts(manager)
        self.scripts = choice.scripts
        self.unreachable = choice.unreachable
        self.unsearched = choice.unsearched

    def build(self, include: str | None = None) -> SuiteData:
        step_numbers = [[self.steps.setdefault(step, len(self.steps)) for step in script.steps] for script in self.scripts]
        steps = [line for step in self.steps for line in self.step(step)]
        found_phases = phases(self.m)
        found_pools = pools(self.m)
        pool_lines = tuple(line for pool in found_pools for line in self.pool(pool))
        script_lines = tuple(line for script, numbers in zip(self.scripts, step_numbers) for line in self.script(script, numbers))
        phase_lines = tuple(line for phase in found_phases for line in self.phase(phase))
        return SuiteData(
            banner=banner(lower(self.m)),
            header=include or self.names.include,
            manager=self.m.name,
            limited=self.m.limits is not None,
            few_slots=(fewest_slots(self.m) or THREADS) < THREADS,
            names=self.names,
            unsearched=len(self.unsearched),
            hooks=tuple(self.hook(h) for h in self.m.hooks),
            resources=tuple(self.resource(r) for r in self.m.resources),
            functions=tuple(self.function(o) for o in self.m.operations),
            hook_lines=tuple(line for h in self.m.hooks for line in self.hook_line(h)),
            resource_lines=tuple(line for r in self.m.resources for line in self.resource_line(r)),
            configs=tuple(self.config(*found) for found in self.configs.values()),
            options=tuple(self.option_block(e.name, dict(e.options)) for e in self.environments if e.options),
            environments=tuple(self.environment(e) for e in self.environments),
            rows=tuple(self.rows()),
            steps=tuple(steps),
            scripts=script_lines,
            phases=phase_lines,
            sharings=tuple(self.sharing(s) for s in sharings(self.m)),
            pools=pool_lines,
            creations=tuple(self.creations()),
        )

    # Glue

    def hook(self, hook: model.Hook) -> HookGlue:
        sets = []
        for out in outs(self.m, hook):
            name = member(out.name)
            if out.type is Type.UUID:
                sets.append(f"berth_suite_hook_uuid(suite, out->{name});")
            elif out.type is Type.STRING:
                sets.append(f"berth_suite_hook_text(suite, {ctext.string(out.name)}, out->{name}, sizeof out->{name});")
            elif out.type is Type.BOOL:
                sets.append(f"out->{name} = berth_suite_hook_number(suite) % 2 == 1;")
            else:
                assert out.type is not None
                sets.append(f"out->{name} = ({self.integer(out.type)})berth_suite_hook_number(suite);")
        return HookGlue(self.names.hook_id(hook.name), hook.name, "hook_" + hook.name.replace(".", "_"), hook_member(hook.name),
                        self.names.view(hook.on), f"show_{hook.on}", self.names.out(hook.name) if sets else "", tuple(sets),
                        "out, sizeof *out" if sets else "NULL, 0")

    def hook_line(self, hook: model.Hook) -> list[str]:
        parts = [f".name = {ctext.string(hook.name)}"]
        parts += [".required = true"] if not hook.optional else []
        parts += [".undone = true"] if any(hook.name in other.undoes for other in self.m.hooks) else []
        parts += [f".undoes = {self.hook_list(hook.undoes)}"] if hook.undoes else []
        parts += [f".asks = {self.hook_list(hook.asks)}"] if hook.asks else []
        return ctext.braces(f"[{self.names.hook_id(hook.name)}] = ", parts)

    def hook_list(self, hooks: tuple[str, ...]) -> str:
        """Hooks as the engine takes them: a list that 0 ends."""
        return f"(const uint8_t[]){{{', '.join([*(self.names.hook_id(h) for h in hooks), '0'])}}}"

    def resource_line(self, resource: model.Resource) -> list[str]:
        parts = [f".name = {ctext.string(resource.name)}"]
        parts += [f".parent = {self.names.resource_id(resource.parent)}"] if resource.parent is not None else []
        parts.append(f".config_size = sizeof({self.names.config(resource.name)})")
        parts += [f".set_key = set_key_{resource.name}"] if many_keys(self.m, resource) is not None else []
        parts += [f".lend = lend_{resource.name}"] if self.lends(resource) else []
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

    def show(self, resource: model.Resource, name: str, field: model.Field | None, kind: Type | None, view: str) -> str:
        """The statement that writes one member of a view."""
        value, word = f"{view}->{member(name)}", ctext.string(name)
        always = "true" if field is None else "false"
        if kind is Type.ENUM:
            assert field is not None
            enum = self.names.field_enum(resource.name, field.name)
            first = self.names.field_value(resource.name, field.name, field.values[0])
            return f"berth_suite_enum(text, {word}, {enum}_name({value}), {value} == {first});"
        if kind in (Type.LIST, Type.SET):
            return f"berth_suite_strings(text, {word}, &{value});"
        function = {Type.BOOL: "bool", Type.STRING: "string", Type.UUID: "uuid"}.get(kind or Type.U32)
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
            extra += [self.show(upper, n, f, k, view) for n, f, k in members(upper) if n not in hidden]
            hidden |= {name for name, _, _ in members(upper)}
        key: tuple[str, ...] = ()
        keys = many_keys(self.m, resource)
        if keys is not None:
            field = resource.field(keys[0])
            if field.type is Type.STRING:
                key = ("(void)snprintf(text, size, \"key-%u\", n);", f"config->{member(field.name)} = text;")
            else:
                low = max(limits(field)[0], 0)
                key = ("(void)text;", "(void)size;", f"config->{member(field.name)} = ({self.integer(field.type)})({low} + n);")
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
        for ref in operation.returns:
            kind = next(k for n, _, k in members(self.m.resource(ref.scope)) if n == ref.name)
            name = f"result_{ref.name}"
            if kind is Type.STRING:
                members_.append(f"char {name}[{self.names.size(ref.scope, ref.name)}];")
                texts += 1
                short = f"berth_suite_short(call, {texts})"
                arguments += [f"lent->{name}", f"sizeof lent->{name} - {short}"]
            elif kind is Type.UUID:
                members_.append(f"uuid_t {name};")
                arguments.append(f"lent->{name}")
            else:
                members_.append(f"{self.result_type(ref, kind)} {name};")
                arguments.append(f"&lent->{name}")
            tells.append(self.show_result(ref.name, kind, f"lent->{name}"))
            if any(o.by == ref.name and o.target == ref.scope for o in self.m.operations):
                cast = "(uint64_t)" if kind is not None and kind.signed else ""
                tells.append({Type.STRING: f"(void)snprintf(call->kept_text, sizeof call->kept_text, \"%s\", lent->{name});",
                              Type.UUID: f"uuid_copy(call->kept_uuid, lent->{name});"}.get(
                                  kind or Type.U32, f"call->kept_number = {cast}lent->{name};"))
        sets = self.slot(operation, slot, members_) if slot else ()
        struct = f"lent_{operation.name}" if members_ else ""
        tell = f"tell_{operation.name}" if tells else ""
        return FunctionGlue(
            operation.name, run_id(operation.name), f"run_{operation.name}", f"start_{operation.name}", struct, tuple(members_), sets,
            ctext.signature(f"        return {self.names.function(operation.name)}", ["call->manager", *arguments, "call->error"], ";"),
            ctext.signature(f"    return {self.names.until(operation.name)}",
                            ["call->manager", *arguments, "call->deadline", "call->error"], ";"),
            ctext.signature(f"    return {self.names.start(operation.name)}",
                            ["call->manager", "call->op", *arguments, "call->deadline", "call->error", "call->done", "call->arg"], ";"),
            tell, tuple(tells),
            self.function_line(operation, struct, tell, bool(slot), any(a in POINTERS for a in arguments), texts))

    def function_line(self, operation: model.Operation, struct: str, tell: str,
                      slot: bool, value: bool, texts: int) -> tuple[str, ...]:
        parts = [f".name = {ctext.string(operation.name)}", f".run = run_{operation.name}", f".start = start_{operation.name}"]
        parts += [f".tell = {tell}"] if tell else []
        parts += [f".memory_size = sizeof({struct})"] if struct else []
        parts += [f".results_size = offsetof({struct}, slot)" if slot else f".results_size = sizeof({struct})"] if tell else []
        if operation.form is not Form.WITH and operation.by is None:
            path = [self.names.resource_id(name) for name in operation.path]
            parts.append(f".path = (const uint8_t[]){{{', '.join([*path, '0'])}}}")
        parts += [f".value = {self.names.resource_id(operation.target)}"] if value else []
        parts += [f".n_texts = {texts}"] if texts else []
        parts += [".gives = true"] if operation.gives else []
        return tuple(ctext.braces(f"[{run_id(operation.name)}] = ", parts))

    def result_type(self, ref: model.Ref, kind: Type | None) -> str:
        assigned = next(a for a in self.m.resource(ref.scope).assigned if ref.name in a.leaves)
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
        function = {Type.BOOL: "bool", Type.STRING: "string", Type.UUID: "uuid"}.get(kind or Type.U32)
        if function is None:
            function = "signed" if kind is not None and kind.signed else "unsigned"
        return f"berth_suite_{function}(call->returns, true, {ctext.string(name)}, {value});"

    def lookup(self, operation: model.Operation) -> str:
        assert operation.by is not None
        assigned = next(a for a in self.m.resource(operation.target).assigned if a.name == operation.by)
        if assigned.kind is AssignedKind.POOL:
            return SLOT
        kind = assigned.type or Type.U64
        return {Type.UUID: "call->by_uuid", Type.STRING: "call->by_text"}.get(kind, ctext.cast_number("call->by_number", C_TYPES[kind]))

    def slot(self, operation: model.Operation, pool: str, declared: list[str]) -> tuple[str, ...]:
        """Statements that set the slot, which is declared behind the results."""
        assigned = next(a for a in self.m.resource(operation.target).assigned if a.name == pool)
        declared.append(f"{self.names.slot(operation.target, pool)} slot;")
        return tuple(f"lent->slot.{member(p.name)} = ({self.integer(self.part_type(p))})call->at[{n}];"
                     for n, p in enumerate(assigned.parts))

    # What callers give

    def value(self, field: model.Field, value: Value, enum: str, word: str) -> str:
        """An initialiser. `enum` is the C type of an enum's value, `word` the prefix of its enumerators."""
        if field.type is Type.BOOL:
            return "true" if value else "false"
        if field.type.bits:
            assert isinstance(value, int)
            return number(value, field.type)
        if field.type is Type.ENUM:
            if value == NO_SUCH_VALUE:
                return f"({enum}){len(field.values)}"
            return f"{word}_{value}".upper()
        if field.type is Type.UUID:
            return f"BERTH_SUITE_UUID({str(value)[1:]})" if value != "nil" else "{0}"
        if value == NO_ITEMS:
            return "{NULL, 1}"
        if isinstance(value, tuple):
            return f"{{(const char *const[]){{{', '.join(ctext.string(v) for v in value)}}}, {len(value)}}}"
        return literal(str(value), 8)

    def config(self, name: str, config: Config) -> str:
        """The definition of one config, with the defaults that are not zero in C written out."""
        resource = self.m.resource(config.resource)
        given = config.mapping()
        parts = []
        for field in resource.fields:
            value = given.get(field.name, zero(field))
            first = field.values[0] if field.type is Type.ENUM else None
            if value in (False, 0, "", (), "nil", first):
                continue
            enum = self.names.field_enum(resource.name, field.name)
            parts.append(f".{member(field.name)} = {self.value(field, value, enum, enum)}")
        head = f"static const {self.names.config(resource.name)} {name} = "
        return "\n".join(ctext.braces(head, parts or self.empty(resource), 0, ";"))

    def empty(self, resource: model.Resource) -> list[str]:
        """The initialiser of a config in which everything is zero: a braced list needs at least one member."""
        if not resource.fields:
            return ["0"]
        first = resource.fields[0]
        name = f".{member(first.name)} = "
        if first.type in (Type.LIST, Type.SET):
            return [name + "{NULL, 0}"]
        if first.type is Type.UUID:
            return [name + "{0}"]
        if first.type is Type.ENUM:
            return [name + self.names.field_value(resource.name, first.name, first.values[0])]
        return [name + {Type.BOOL: "false", Type.STRING: "NULL"}.get(first.type, "0")]

    def config_name(self, config: Config) -> str:
        """The C name of a config; equal ones share a name, and no two different ones do."""
        key = (config.resource, config.fields)
        if key not in self.configs:
            name = "given_" + config.name
            taken = {n for n, _ in self.configs.values()}
            unique, n = name, 2
            while unique in taken:
                unique, n = f"{name}_{n}", n + 1
            self.configs[key] = (unique, config)
        return self.configs[key][0]

    def option_block(self, name: str, given: dict[str, Value]) -> str:
        parts = []
        for option in self.m.options:
            value = given.get(option.name, zero(option))
            enum = self.names.option_enum(option.name)
            parts.append(f".{member(option.name)} = {self.value(option, value, enum, enum)}")
        return "\n".join(ctext.braces(f"static const {self.names.options} options_{name} = ", parts, 0, ";"))

    def environment(self, environment: Environment) -> str:
        parts = [f".name = {ctext.string(environment.name)}"]
        if environment.options:
            parts.append(f".options = &options_{environment.name}")
        if environment.without:
            parts.append(f".without = {self.hook_list(environment.without)}")
        return "\n".join(ctext.braces("", parts))

    def environment_number(self, environment: Environment) -> int:
        if environment not in self.environments:
            self.environments.append(environment)
        return self.environments.index(environment)

    # Scripts

    def step(self, step: Step) -> list[str]:
        action = step.action
        parts = [f".text = {literal(describe(step), 12)}", f".operation = {run_id(action.op)}"]
        if action.reservation is not None:
            words = {"nil": "BERTH_SUITE_NIL", "r254": "BERTH_SUITE_FOREIGN"}
            parts.append(f".reservation = {words.get(action.reservation, action.reservation[1:])}")
        if action.config:
            names = ["NULL" if n == step.missing else "&" + self.config_name(c) for n, c in enumerate(action.config)]
            parts.append(f".config = {{{', '.join(names)}}}")
        parts += self.by(step)
        if action.at:
            parts.append(f".at = {{{', '.join(str(v) for _, v in action.at)}}}")
        if action.outcomes:
            words_ = [outcome(o) for o in action.outcomes]
            parts.append("\n".join(ctext.braces(".outcomes = (const berth_suite_outcome[])", words_, 8, "")).strip())
            parts.append(f".n_outcomes = {len(words_)}")
        parts += [".shrink = 1"] if step.shrink else []
        parts += [f".error = {step.error}"] if step.error else []
        parts += [".without_where = true"] if step.without_where else []
        if any(step.where):
            last = max(n for n, word in enumerate(step.where) if word)
            parts.append(
                f".where = {{{', '.join(ctext.string(w) for w in step.where[:last + 1])}}}")
        parts += [f".rejects = {step.rejects}"] if step.rejects else []
        for name, text in (("returns", step.returns), ("calls", step.calls), ("trace", step.trace)):
            parts += [f".{name} = {literal(text, 12)}"] if text else []
        parts.append(f".state = {literal(step.state, 12)}")
        lines = [f"    [{self.steps[step]}] = {{"]
        return lines + [f"        {part}," for part in parts] + ["    },"]

    def by(self, step: Step) -> list[str]:
        value = step.action.by
        if value is None:
            return []
        if isinstance(value, tuple):
            return [f".at = {{{', '.join(str(v) for _, v in slot_of(step.action))}}}"]
        operation = self.m.operation(step.action.op)
        assigned = next(a for a in self.m.resource(operation.target).assigned if a.name == operation.by)
        if assigned.type is Type.STRING:
            return [f".by_text = {literal(str(value), 12)}"]
        if assigned.type is Type.UUID:
            return [".by_uuid = BERTH_SUITE_NIL" if value == "nil" else f".by_uuid = {str(value)[1:]}"]
        return [f".by_number = UINT64_C({int(value) % (1 << 64)})"]

    def script(self, script: Script, numbers: list[int]) -> list[str]:
        parts = [f".name = {ctext.string(script.name)}", f".environment = {self.environment_number(script.environment)}",
                 f".n_steps = {len(numbers)}",
                 "\n        ".join(ctext.braces(".steps = (const uint32_t[])", [str(n) for n in numbers], 0, ""))]
        if script.drained is not None:
            parts += [f".destroy = {script.destroy}"] if script.destroy else []
            parts += [f".drain = {script.drain}"] if script.drain else []
            parts.append(f".drained = {literal(script.drained, 12)}")
        return ctext.braces("", parts)

    # The rest

    def rows(self) -> list[str]:
        lines = []
        for found in declared_rows(self.m):
            row = found.row
            words = (("resource", found.resource), ("state", row.state), ("event", row.event))
            parts = [f".{word} = {ctext.string(text)}" for word, text in words]
            parts += [f".hook = {ctext.string(row.hook)}"] if row.hook else []
            hidden = self.unreachable | self.unsearched
            for name, bits in (("declared", [o for o in found.outcomes if (found.number, o) not in hidden]),
                               ("unreachable", [o for o in found.outcomes if (found.number, o) in self.unreachable]),
                               ("unsearched", [o for o in found.outcomes if (found.number, o) in self.unsearched])):
                parts += [f".{name} = " + " | ".join(NUMBER_BITS[o] for o in bits)] if bits else []
            lines += ctext.braces(f"[{found.number}] = ", parts)
        return lines

    def phase(self, phase: Phase) -> list[str]:
        parts = [f".operation = {run_id(phase.operation.name)}"]
        parts += self.config_parts(phase.configs)
        parts += [".reserved = true"] if phase.operation.form is Form.WITH else []
        parts += [".kept = true"] if phase.kept else []
        for name, counts in (("alone", phase.alone), ("together", phase.together)):
            inside = ", ".join(f"[{self.names.hook_id(h)}] = {n}" for h, n in counts.items())
            parts.append(f".{name} = (const uint16_t[{len(self.m.hooks) + 1}]){{{inside or 0}}}")
        return ctext.braces("", parts)

    def config_parts(self, configs: tuple[Config, ...]) -> list[str]:
        if not configs:
            return []
        return [f".config = {{{', '.join('&' + self.config_name(c) for c in configs)}}}", f".levels = {len(configs)}",
                f".path = {{{', '.join(self.names.resource_id(c.resource) for c in configs)}}}"]

    def sharing(self, sharing: Sharing) -> str:
        parts = [f".phase = {sharing.phase}", f".hook = {self.names.hook_id(sharing.hook)}", f".error = {sharing.error}",
                 f".others = {sharing.others or 0}"]
        parts += [".ended = true"] if sharing.ended else []
        return "\n".join(ctext.braces("", parts))

    def pool(self, pool: Pool) -> list[str]:
        name = f"{pool.resource.name}.{pool.name}"
        parts = [f".name = {ctext.string(name)}", f".environment = {self.environment_number(pool.environment)}",
                 f".operation = {run_id(pool.operation.name)}", *self.config_parts(pool.configs), f".level = {pool.level}",
                 f".target = {self.names.resource_id(pool.resource.name)}", f".n_parts = {len(pool.parts)}",
                 f".parts = {{{', '.join(ctext.string(n) for n, _ in pool.parts)}}}",
                 f".sizes = {{{', '.join(str(s) for _, s in pool.parts)}}}"]
        return ctext.braces("", parts)

    def creations(self) -> list[str]:
        lines = [*ctext.braces("", ['.name = "default options"', ".usable = true"])]
        for option in self.m.options:
            if option.range is not None and not option.range[0] <= 0 <= option.range[1]:
                parts = [f".name = {ctext.string(option.name + ' zero, which stands for the default')}",
                         self.inline_options({option.name: 0}), ".usable = true"]
                lines += ctext.braces("", parts)
            for word, value in edges(option):
                if option.type is Type.BOOL or value in (0, "", "nil"):
                    continue  # zero may stand for the default
                good = word not in ("below", "above", "beyond", "too_long")
                parts = [f".name = {ctext.string(option.name + ' ' + word)}", self.inline_options({option.name: value}),
                         f".error = {'0' if good else 'EINVAL'}"]
                lines += ctext.braces("", parts)
        return lines

    def inline_options(self, given: dict[str, Value]) -> str:
        """Options where they are used."""
        block = self.option_block("x", given)
        inside = block[block.index("{"):].rstrip(";")
        return f".options = &(const {self.names.options}){' '.join(inside.split())}"


def outcome(found: Outcome) -> str:
    """The initialiser of how a call ends."""
    parts = [f".kind = {KINDS[found.kind]}"]
    parts += [f".error = {found.error}"] if found.error else []
    parts += [f".writes = {WRITES[found.writes]}"] if found.writes != "new" else []
    return f"{{{', '.join(parts)}}}"


def run_id(op: str) -> str:
    return {DRAIN: "RUN_DRAIN_ALL", DISCARD: "RUN_DISCARD_ALL"}.get(op, "RUN_" + op.upper())


def describe(step: Step) -> str:
    """One line for people: what the caller asks, and what the backend answers."""
    action = step.action
    words = ["NULL" if n == step.missing else c.name for n, c in enumerate(action.config)]
    words += [action.reservation] if action.reservation is not None else []
    if action.by is not None:
        words.append(" ".join(f"{n}={v}" for n, v in slot_of(action)) or f"by {action.by}")
    words += [" ".join(f"{n}={v}" for n, v in action.at)] if action.at else []
    text = f"{action.op}({', '.join(words)})"
    for n, outcome in enumerate(action.outcomes, 1):
        if outcome.kind != "ok":
            text += f", call {n} {ENDS[outcome.kind]}" + (f" {outcome.error}" if outcome.error else "")
        if outcome.writes != "new":
            text += f", call {n} gives {WRITTEN[outcome.writes]}"
    return text + (", buffers one byte too small" if step.shrink else "")
