"""The generated conformance suite: `<m>/<m>-conformance.c`, data and thin typed glue for the engine
in runtime/testing.

What must come of each step is decided in `scenarios`; here it is written down in C.
"""
from __future__ import annotations

from dataclasses import dataclass

from berthc import model
from berthc.emit import ctext
from berthc.emit.c import banner
from berthc.emit.layout import environment
from berthc.emit.tests.glue import FunctionGlue, Glue, HookGlue, ResourceGlue, run_id, step_id
from berthc.inputs.values import NO_SUCH_VALUE, Value, edges, zero
from berthc.lower import lower
from berthc.model import Form, Type
from berthc.names import Names, hook_member, member
from berthc.scenarios import inputs
from berthc.scenarios.cycles import (
    THREADS, Phase, Pool, Sharing, fewest_slots, phases, pools, sharings,
)
from berthc.scenarios.inputs import Config, Environment
from berthc.scenarios.edges import slot_of
from berthc.scenarios.select import Script, Step, declared_rows, scripts
from berthc.semantics import Outcome
from berthc.semantics.values import NO_ITEMS

NUMBER_BITS = {
    "ok": "1u << BERTH_OK",
    "fail": "1u << BERTH_FAILED",
    "uncertain": "1u << BERTH_UNSURE",
    "rejected": "1u << BERTH_REJECTED",
    "left out": "BERTH_SUITE_LEFT_OUT",
    "yes": "1u << BERTH_ANSWERED_YES",
    "no": "1u << BERTH_ANSWERED_NO",
    "unknown": "1u << BERTH_ANSWERED_UNKNOWN",
}
ENDS = {
    "fail": "fails with",
    "uncertain": "ends uncertain with",
    "yes": "answers yes",
    "no": "answers no",
    "unknown": "cannot tell:",
}
WRITES = {"last": "BERTH_SUITE_LAST", "zero": "BERTH_SUITE_ZEROS", "nothing": "BERTH_SUITE_NOTHING"}
WRITTEN = {"last": "what its hook gave last", "zero": "zeros", "nothing": "nothing"}
KINDS = {
    "ok": "BERTH_SUITE_OK",
    "fail": "BERTH_SUITE_FAIL",
    "uncertain": "BERTH_SUITE_UNCERTAIN",
    "yes": "BERTH_SUITE_OK",
    "no": "BERTH_SUITE_NO",
    "unknown": "BERTH_SUITE_FAIL",
}
LONGEST_LITERAL = 84
SHORT = 72  # text that may begin behind its member


def files(manager: model.Manager, include: str | None = None) -> dict[str, str]:
    """The one file, below the output folder. `include` is what it calls the manager's header."""
    text = environment().get_template("tests/tests.c.j2").render(s=_Suite(manager).build(include))
    return {f"{manager.name}/{manager.name}-conformance.c": text}


@dataclass(frozen=True)
class SuiteData:
    """Everything the template says; blocks of C are lists of lines."""

    banner: str
    header: str
    manager: str
    limited: bool
    few_slots: bool
    stored: bool
    settle: str | None  # member of the backend struct
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
    if len(pieces) == 1 and len(ctext.string(text)) <= SHORT:
        return ctext.string(text)
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


class _Suite(Glue):
    """Collects what the template needs for one manager."""

    def __init__(self, manager: model.Manager) -> None:
        super().__init__(manager)
        self.environments = inputs.environments(manager)
        self.configs: dict[tuple[str, tuple[tuple[str, Value], ...]], tuple[str, Config]] = {}
        self.steps: dict[Step, int] = {}
        choice = scripts(manager)
        self.scripts = choice.scripts
        self.unreachable = choice.unreachable
        self.unsearched = choice.unsearched

    def build(self, include: str | None = None) -> SuiteData:
        step_numbers = [
            [self.steps.setdefault(step, len(self.steps)) for step in script.steps]
            for script in self.scripts
        ]
        steps = [line for step in self.steps for line in self.step(step)]
        found_phases = phases(self.m)
        found_pools = pools(self.m)
        pool_lines = tuple(line for pool in found_pools for line in self.pool(pool))
        script_lines = tuple(
            line
            for script, numbers in zip(self.scripts, step_numbers)
            for line in self.script(script, numbers)
        )
        phase_lines = tuple(line for phase in found_phases for line in self.phase(phase))
        return SuiteData(
            banner=banner(lower(self.m)),
            header=include or self.names.include,
            manager=self.m.name,
            limited=self.m.limits is not None,
            few_slots=(fewest_slots(self.m) or THREADS) < THREADS,
            stored=self.m.store is not None,
            settle=hook_member(self.m.store.settle)
            if self.m.store is not None and self.m.store.settle is not None else None,
            names=self.names,
            unsearched=len(self.unsearched),
            hooks=tuple(self.hook(h) for h in self.m.hooks),
            resources=tuple(self.resource(r) for r in self.m.resources),
            functions=tuple(self.function(o) for o in self.m.operations),
            hook_lines=tuple(line for h in self.m.hooks for line in self.hook_line(h)),
            resource_lines=tuple(line for r in self.m.resources for line in self.resource_line(r)),
            configs=tuple(self.config(*found) for found in self.configs.values()),
            options=tuple(
                self.option_block(e.name, dict(e.options)) for e in self.environments if e.options
            ),
            environments=tuple(self.environment(e) for e in self.environments),
            rows=tuple(self.rows()),
            steps=tuple(steps),
            scripts=script_lines,
            phases=phase_lines,
            sharings=tuple(self.sharing(s) for s in sharings(self.m)),
            pools=pool_lines,
            creations=tuple(self.creations()),
        )

    # What callers give

    def value(self, field: model.Field, value: Value, enum: str, word: str) -> str:
        """An initialiser. `enum` is the C type of an enum's value, `word` the prefix of its
        enumerators."""
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
            return (
                f"{{(const char *const[]){{{', '.join(ctext.string(v) for v in value)}}},"
                f" {len(value)}}}"
            )
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
        """The initialiser of a config in which everything is zero: a braced list needs at least one
        member."""
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
        head = f"static const {self.names.options} options_{name} = "
        return "\n".join(ctext.braces(head, self.option_parts(given), 0, ";"))

    def option_parts(self, given: dict[str, Value]) -> list[str]:
        parts = []
        for option in self.m.options:
            value = given.get(option.name, zero(option))
            enum = self.names.option_enum(option.name)
            parts.append(f".{member(option.name)} = {self.value(option, value, enum, enum)}")
        return parts

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
        parts = [f".text = {literal(describe(step), 12)}", f".operation = {step_id(action)}"]
        if action.reservation is not None:
            words = {"nil": "BERTH_SUITE_NIL", "r254": "BERTH_SUITE_FOREIGN"}
            parts.append(f".reservation = {words.get(action.reservation, action.reservation[1:])}")
        if action.config:
            names = ["NULL" if n == step.missing else "&" + self.config_name(c)
                     for n, c in enumerate(action.config)]
            parts.append(f".config = {{{', '.join(names)}}}")
        parts += self.by(step)
        if action.at:
            parts.append(f".at = {{{', '.join(str(v) for _, v in action.at)}}}")
        if action.outcomes:
            words_ = [outcome(o) for o in action.outcomes]
            parts.append(
                "\n".join(
                    ctext.braces(".outcomes = (const berth_suite_outcome[])", words_, 8, "")
                ).strip()
            )
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
        return lines + [line for part in parts for line in ctext.filled([part], 8)] + ["    },"]

    def by(self, step: Step) -> list[str]:
        value = step.action.by
        if value is None:
            return []
        if isinstance(value, tuple):
            return [f".at = {{{', '.join(str(v) for _, v in slot_of(step.action))}}}"]
        operation = self.m.operation(step.action.op)
        assigned = self.m.resource(operation.target).value(operation.by)
        if assigned.type is Type.STRING:
            return [f".by_text = {literal(str(value), 12)}"]
        if assigned.type is Type.UUID:
            return [
                ".by_uuid = BERTH_SUITE_NIL" if value == "nil" else f".by_uuid = {str(value)[1:]}"
            ]
        return [f".by_number = UINT64_C({int(value) % (1 << 64)})"]

    def script(self, script: Script, numbers: list[int]) -> list[str]:
        name = ctext.string(script.name)
        parts = [
            f".name = {name}" if len(name) <= SHORT else f".name =\n            {name}",
            f".environment = {self.environment_number(script.environment)}",
            f".n_steps = {len(numbers)}",
            "\n        ".join(
                ctext.braces(
                    ".steps = (const uint32_t[])", [str(n) for n in numbers], 0, "", ctext.WIDTH - 9
                )
            ),
        ]
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
            for name, bits in (
                ("declared", [o for o in found.outcomes if (found.number, o) not in hidden]),
                (
                    "unreachable",
                    [o for o in found.outcomes if (found.number, o) in self.unreachable],
                ),
                ("unsearched", [o for o in found.outcomes if (found.number, o) in self.unsearched]),
            ):
                numbers = " | ".join(NUMBER_BITS[o] for o in bits)
                lines_ = ctext.wrap_code(f".{name} = {numbers}", "", "    ", ctext.WIDTH - 9)
                parts += ["\n        ".join(lines_)] if bits else []
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
        return [
            f".config = {{{', '.join('&' + self.config_name(c) for c in configs)}}}",
            f".levels = {len(configs)}",
            f".path = {{{', '.join(self.names.resource_id(c.resource) for c in configs)}}}",
        ]

    def sharing(self, sharing: Sharing) -> str:
        parts = [
            f".phase = {sharing.phase}",
            f".hook = {self.names.hook_id(sharing.hook)}",
            f".error = {sharing.error}",
            f".others = {sharing.others or 0}",
        ]
        parts += [".ended = true"] if sharing.ended else []
        return "\n".join(ctext.braces("", parts))

    def pool(self, pool: Pool) -> list[str]:
        name = f"{pool.resource.name}.{pool.name}"
        parts = [
            f".name = {ctext.string(name)}",
            f".environment = {self.environment_number(pool.environment)}",
            f".operation = {run_id(pool.operation.name)}",
            *self.config_parts(pool.configs),
            f".level = {pool.level}",
            f".target = {self.names.resource_id(pool.resource.name)}",
            f".n_parts = {len(pool.parts)}",
            f".parts = {{{', '.join(ctext.string(n) for n, _ in pool.parts)}}}",
            f".sizes = {{{', '.join(str(s) for _, s in pool.parts)}}}",
        ]
        return ctext.braces("", parts)

    def creations(self) -> list[str]:
        lines = [*ctext.braces("", ['.name = "default options"', ".usable = true"])]
        for option in self.m.options:
            if option.range is not None and not option.range[0] <= 0 <= option.range[1]:
                parts = [
                    f".name = {ctext.string(option.name + ' zero, which stands for the default')}",
                    self.inline_options({option.name: 0}),
                    ".usable = true",
                ]
                lines += ctext.braces("", parts)
            for word, value in edges(option):
                if option.type is Type.BOOL or value in (0, "", "nil"):
                    continue  # zero may stand for the default
                good = word not in ("below", "above", "beyond", "too_long")
                parts = [
                    f".name = {ctext.string(option.name + ' ' + word)}",
                    self.inline_options({option.name: value}),
                    f".error = {'0' if good else 'EINVAL'}",
                ]
                lines += ctext.braces("", parts)
        return lines

    def inline_options(self, given: dict[str, Value]) -> str:
        """Options where they are used."""
        inside = ", ".join(self.option_parts(given))
        return f".options = &(const {self.names.options}){{{inside}}}"


def outcome(found: Outcome) -> str:
    """The initialiser of how a call ends."""
    parts = [f".kind = {KINDS[found.kind]}"]
    parts += [f".error = {found.error}"] if found.error else []
    parts += [f".writes = {WRITES[found.writes]}"] if found.writes != "new" else []
    return f"{{{', '.join(parts)}}}"


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
            text += f", call {n} {ENDS[outcome.kind]}" + (
                f" {outcome.error}" if outcome.error else ""
            )
        if outcome.writes != "new":
            text += f", call {n} gives {WRITTEN[outcome.writes]}"
    return text + (", buffers one byte too small" if step.shrink else "")
