"""Specs made of words: each word in each role of the language, as many as fit into one spec.

Each word stands in a line of its own. So the line of a message tells the word and its role.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from berthc.names import (
    CXX_KEYWORDS, C_KEYWORDS, FIXED_FUNCTIONS, OWN_WORDS, STATIC_NAMES, SUITE_NAMES, TAKEN_WORDS,
    library,
)
from emit_c_support import ROOT

A_WORD = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
AT_ONCE = 45  # words in one spec: five operations each, of which there are at most 255
MANAGER = "m"
UNASKED = ("and", "field", "not", "option", "or")  # words that no condition can ask for

ROLES = (
    "option",
    "option value",
    "group",
    "hook",
    "field",
    "enum field",
    "field value",
    "counter",
    "text",
    "uuid",
    "hook value",
    "pool",
    "part",
    "format",
    "state",
    "event",
    "resource",
    "operation",
)


@cache
def own() -> tuple[str, ...]:
    """The names of Berth's public headers."""
    headers = [
        *(ROOT / "runtime/include/berth").glob("*.h"),
        *(ROOT / "runtime/testing/include/berth").glob("*.h"),
    ]
    return tuple(
        sorted(
            {
                w
                for h in headers
                for w in re.findall(r"\bberth_[a-z0-9_]*[a-z0-9]\b", h.read_text(encoding="utf-8"))
            }
        )
    )


@cache
def shapes() -> tuple[str, ...]:
    """Words like the names that a manager m with a resource tap generates."""
    ends = (
        *FIXED_FUNCTIONS,
        "op",
        "options",
        "backend",
        "item",
        "visit",
        "option",
        "resource",
        "resource_name",
        "hook",
        "manager_type",
        "tap",
        "tap_config",
        "plain",
        "plain_config",
        "plain_state",
        "plain_state_name",
        "plain_event",
        "with_enums_x",
        "given_out",
    )
    mine = [f"{MANAGER}_{end}" for end in ends]
    return (
        *mine,
        MANAGER,
        "tap_fields",
        "tap_rows",
        "open_steps",
        "tap_config",
        "option_x_values",
        "format_tap_x",
        "run_open",
        "show_tap",
    )


def words(every: bool) -> list[str]:
    """All of them; or a sample: reserved words, own words, and every 20th name of a library."""
    found = set(C_KEYWORDS | CXX_KEYWORDS | TAKEN_WORDS | OWN_WORDS) | {
        *STATIC_NAMES,
        *SUITE_NAMES,
        *shapes(),
    }
    kinds: dict[str, list[str]] = {}
    for name, (_, kind) in sorted(library.names().items()):
        kinds.setdefault(kind, []).append(name)
    for kind, names in kinds.items():
        lower = [name for name in names if name.islower()]
        found |= set(
            lower
            if every
            else lower[::20] + [n for n in lower if "_" not in n and kind in ("macro", "constant")]
        )
    found |= set(own() if every else own()[::8])
    found |= {
        "unix",
        "linux",
        "stdin",
        "errno",
        "eof",
        "major",
        "minor",
        "makedev",
        "st_atime",
        "sa_handler",
        "sun",
        "i386",
        "uid_t",
        "berth",
        "berth_error",
        "berth_done",
        "berth_call",
        "berth_token",
        "berth_config",
        "environ",
        "optarg",
        "sem",
        "time",
    }
    return sorted(word for word in found if A_WORD.fullmatch(word) and len(word) <= 63)


@dataclass
class Spec:
    """Text of a spec; `of_line` tells the role and the word of a line."""

    lines: list[str] = field(default_factory=list)
    of_line: dict[int, tuple[str, str]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def add(self, line: str, role: str = "", word: str = "") -> None:
        self.lines.append(line)
        if role:
            self.of_line[len(self.lines)] = (role, word)


def make(chosen: dict[str, list[str]]) -> Spec:
    """A spec in which the words of each role have that role."""
    spec = Spec()
    for section in (_options, _backend, _resources, _operations):
        for line, role, word in section(chosen):
            spec.add(line, role, word)
    return spec


Lines = Iterator[tuple[str, str, str]]


def _options(chosen: dict[str, list[str]]) -> Lines:
    yield from ((line, "", "") for line in ("berth: 1", f"manager: {MANAGER}", "options:"))
    for word in chosen["option"]:
        yield f'  "{word}": {{type: bool}}', "option", word
    yield "  pick:", "", ""
    yield "    {type: enum, values: [first,", "", ""
    for word in chosen["option value"]:
        yield f'      "{word}",', "option value", word
    yield "    ]}", "", ""


def _backend(chosen: dict[str, list[str]]) -> Lines:
    yield "backend:", "", ""
    for word in chosen["group"]:
        yield f'  "{word}": {{act: {{on: plain, repeatable: true}}}}', "group", word
    yield "  every:", "", ""
    yield "    give: {on: given_out, repeatable: true}", "", ""
    for word in chosen["hook"]:
        yield f'    "{word}": {{on: plain, repeatable: true}}', "hook", word
    if chosen["resource"]:
        yield "  each:", "", ""
    for number in range(len(chosen["resource"])):
        yield f'    do_{number}: {{on: "{chosen["resource"][number]}", repeatable: true}}', "", ""


def _resources(chosen: dict[str, list[str]]) -> Lines:
    yield "resources:", "", ""
    yield from _plain(chosen)
    yield from _resource(
        "with_fields", "fields", ((w, "{type: bool}", "field") for w in chosen["field"])
    )
    yield from _resource(
        "with_enums",
        "fields",
        ((w, "{type: enum, values: [x]}", "enum field") for w in chosen["enum field"]),
    )
    yield "  with_values:", "", ""
    yield "    fields:", "", ""
    yield "      pick: {type: enum, values: [first,", "", ""
    for word in chosen["field value"]:
        yield f'        "{word}",', "field value", word
    yield "      ]}", "", ""
    yield from _end()
    yield from _resource(
        "with_counters",
        "assigned",
        ((w, "{counter: {start: 0}}", "counter") for w in chosen["counter"]),
    )
    yield from _resource(
        "with_texts", "assigned", ((w, "{counter: {as: string}}", "text") for w in chosen["text"])
    )
    yield from _resource(
        "with_uuids", "assigned", ((w, "{uuid: v4}", "uuid") for w in chosen["uuid"])
    )
    yield from _resource(
        "given_out",
        "assigned",
        ((w, "{from: every.give, type: u8}", "hook value") for w in chosen["hook value"]),
        "{call: every.give, ok: stay, fail: stay}",
    )
    pools = ((w, f"{{pool: {{part_{n}: 4}}}}", "pool") for n, w in enumerate(chosen["pool"]))
    yield from _resource("with_pools", "assigned", pools)
    yield "  with_parts:", "", ""
    yield "    assigned:", "", ""
    for number, word in enumerate(chosen["part"]):
        yield f'      pool_{number}: {{pool: {{"{word}": 4}}}}', "part", word
    yield from _end()
    yield from _resource(
        "with_formats", "assigned", ((w, "{format: some text}", "format") for w in chosen["format"])
    )
    yield from _states(chosen)
    for number, word in enumerate(chosen["resource"]):
        yield f'  "{word}":', "resource", word
        yield "    fields: {give: {type: bool}}", "", ""
        yield from _end(f"{{call: each.do_{number}, ok: stay, fail: stay}}")
        yield f'  below_{number}:', "", ""
        yield f'    parent: "{word}"', "", ""
        yield from _end()


def _plain(chosen: dict[str, list[str]]) -> Lines:
    """The resource whose rows use every option and call every hook."""
    yield "  plain:", "", ""
    yield "    initial: idle", "", ""
    yield "    states:", "", ""
    yield "      idle:", "", ""
    yield "        resident: true", "", ""
    yield "        on:", "", ""
    yield "          pick: [{if: option.pick == first, reject: EBUSY}, {to: stay}]", "", ""
    for number, word in enumerate(chosen["option"]):
        asked = "pick == first" if word in UNASKED else word
        row = f"[{{if: option.{asked}, reject: EBUSY}}, {{to: stay}}]"
        yield f"          option_{number}: {row}", "", ""
    hooks = [f"{word}.act" for word in chosen["group"]] + [
        f"every.{word}" for word in chosen["hook"]
    ]
    for number, hook in enumerate(hooks):
        yield f'          hook_{number}: {{call: "{hook}", ok: stay, fail: stay}}', "", ""


def _resource(
    name: str, section: str, members: Iterable[tuple[str, str, str]], go: str = "stay"
) -> Lines:
    yield f"  {name}:", "", ""
    every = [(f'      "{word}": {value}', role, word) for word, value, role in members]
    if every:
        yield f"    {section}:", "", ""
        yield from every
    yield from _end(go)


def _end(go: str = "stay") -> Lines:
    yield "    initial: idle", "", ""
    yield f"    states: {{idle: {{resident: true, on: {{go: {go}}}}}}}", "", ""


def _states(chosen: dict[str, list[str]]) -> Lines:
    yield "  with_states:", "", ""
    yield "    initial: first", "", ""
    yield "    states:", "", ""
    goes = ", ".join(f'to_{number}: "{word}"' for number, word in enumerate(chosen["state"]))
    yield f"      first: {{resident: true, on: {{go: stay, {goes}}}}}", "", ""
    for word in chosen["state"]:
        yield f'      "{word}": {{final: true}}', "state", word
    yield "  with_events:", "", ""
    yield "    initial: idle", "", ""
    yield "    states:", "", ""
    yield "      idle:", "", ""
    yield "        resident: true", "", ""
    yield "        on:", "", ""
    yield "          go: stay", "", ""
    for word in chosen["event"]:
        yield f'          "{word}": stay', "event", word


def _operations(chosen: dict[str, list[str]]) -> Lines:
    yield "operations:", "", ""
    hooks = len(chosen["group"]) + len(chosen["hook"])
    fired = [
        "pick",
        *(f"option_{n}" for n in range(len(chosen["option"]))),
        *(f"hook_{n}" for n in range(hooks)),
    ]
    steps = ", ".join(f"plain.{event}" for event in fired)
    yield f"  go_plain: {{obtain: [plain], do: [{steps}]}}", "", ""
    for name in ("with_fields", "with_enums", "with_values", "given_out"):
        yield f"  go_{name}: {{obtain: [{name}], do: [{name}.go]}}", "", ""
    values = {
        "with_counters": "counter",
        "with_texts": "text",
        "with_uuids": "uuid",
        "with_parts": "part",
        "with_formats": "format",
    }
    for name, role in values.items():
        results = ", ".join(f'"{name}.{word}"' for word in chosen[role])
        returns = f", returns: [{results}]" if results else ""
        yield f"  go_{name}: {{obtain: [{name}], do: [{name}.go]{returns}}}", "", ""
    events = "".join(f', "with_events.{word}"' for word in chosen["event"])
    yield f"  go_with_events: {{obtain: [with_events], do: [with_events.go{events}]}}", "", ""
    yield "  go_with_states: {obtain: [with_states], do: [with_states.go]}", "", ""
    yield "  go_with_pools: {obtain: [with_pools], do: [with_pools.go]}", "", ""
    for number in range(len(chosen["state"])):
        yield f"  go_to_{number}: {{find: with_states, do: [with_states.to_{number}]}}", "", ""
    for number, word in enumerate(chosen["counter"]):
        form = f'{{find: with_counters, by: "{word}", do: [with_counters.go]}}'
        yield f"  find_{number}: {form}", "", ""
    for number, word in enumerate(chosen["pool"]):
        form = f'{{create: {{resource: with_pools, at: "{word}", enter: idle}}}}'
        yield f"  put_{number}: {form}", "", ""
    for number, word in enumerate(chosen["resource"]):
        deny = "" if word in UNASKED else f", deny: [{{if: {word}.give, error: EPERM}}]"
        path, steps = f'["{word}", below_{number}]', f'["{word}.go", below_{number}.go]'
        yield f"  reach_{number}: {{obtain: {path}, do: {steps}{deny}}}", "", ""
    for word in chosen["operation"]:
        yield f'  "{word}": {{obtain: [plain]}}', "operation", word
