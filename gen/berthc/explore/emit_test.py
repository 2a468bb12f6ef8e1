"""The scripts of findings as cmocka tests on the typed API: `berthc check --emit-test FILE`.

They go through the engine of the generated suites. A test passes when the manager does what the finding says, step by step, so it shows
the fault on the C of the faulty spec, and fails as soon as the spec is mended: the place to say then what should happen instead.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment as Jinja
from jinja2 import PackageLoader, StrictUndefined

from berthc.emit import tests
from berthc.explore.report import Report
from berthc.explore.script import Line
from berthc.explore.step import Change
from berthc.model import Manager
from berthc.names import Names
from berthc.scenarios.alphabet import Config, Environment, zero
from berthc.scenarios.explore import Action, Edge, Node, step
from berthc.scenarios.select import Script, declared_rows, row_numbers, script
from berthc.semantics import World

_MAIN = "    return berth_suite_main(&suite_of_{name}, argc, argv);\n"
_ONLY = ('    char pattern[] = "finding_*";\n    char *only[] = {{argv[0], pattern, NULL}};\n\n'
         "    return argc > 1 ? berth_suite_main(&suite_of_{name}, argc, argv) : berth_suite_main(&suite_of_{name}, 2, only);\n")


def text(manager: Manager, report: Report) -> str:
    """The C source: one test for each finding that has a script."""
    suite = _Suite(manager, _scripts(manager, report))
    environment = Jinja(loader=PackageLoader("berthc"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                        keep_trailing_newline=True, autoescape=False)
    source = environment.get_template("tests.c.j2").render(s=suite.build())
    assert _MAIN.format(name=manager.name) in source
    return source.replace(_MAIN.format(name=manager.name), _ONLY.format(name=manager.name))


class _Suite(tests._Suite):  # noqa: SLF001  its glue is what is wanted here
    """A suite of given scripts. Which rows they take does not matter."""

    def __init__(self, manager: Manager, scripts: tuple[Script, ...]) -> None:
        self.m = manager
        self.names = Names(manager.name)
        self.environments = []
        self.configs = {}
        self.steps = {}
        self.scripts = scripts
        self.unreachable = frozenset((row.number, outcome) for row in declared_rows(manager) for outcome in row.outcomes)


def _scripts(manager: Manager, report: Report) -> tuple[Script, ...]:
    found = []
    names: dict[tuple[str, ...], str] = {}
    for n, finding in enumerate((f for f in report.findings if f.script), 1):
        name = f"finding_{n}_{finding.fault.id}_{finding.fault.where.replace('.', '_')}"
        found.append(script(manager, name, _edges(manager, finding.script, names), row_numbers(manager)))
    return tuple(found)


def _edges(manager: Manager, lines: tuple[Line, ...], names: dict[tuple[str, ...], str]) -> list[Edge]:
    """The script played again in the terms of the suites."""
    new: Mapping[str, Any] = next((line.request for line in lines if line.change is None), {})
    options = {str(k): v for k, v in dict(new.get("options") or {}).items()}
    without: tuple[str, ...] = tuple(new.get("without") or ())
    word = "_".join([*(f"{k}_{v}" for k, v in options.items()), *("without_" + h.replace(".", "_") for h in without)]) or "default"
    environment = Environment(word.lower().replace("-", "minus_"), tuple(options.items()), without)
    node = Node(World(manager, options, without), environment)
    edges = []
    for line in lines:
        if line.change is not None:
            edges.append(step(node, _action(manager, line.change, names)))
            node = edges[-1].target
    return edges


def _action(manager: Manager, change: Change, names: dict[tuple[str, ...], str]) -> Action:
    move = change.move
    configs = []
    for choice in move.config:
        resource = manager.resource(choice.resource)
        fields = tuple((f.name, choice.fields[f.name]) for f in resource.fields if choice.fields[f.name] != zero(f))
        name = names.setdefault((choice.resource, repr(fields)), f"{choice.resource}_{len(names) + 1}")
        configs.append(Config(choice.resource, name, fields))
    by = tuple(move.by.items()) if isinstance(move.by, dict) else move.by
    return Action(move.op.name, tuple(configs), move.reservation, by, move.at or (), tuple(call.ending.outcome for call in change.called))
