"""The first files of a project: a spec that checks, its backend, a program, and a build file.

The names of the program's functions and variables step aside for those that the manager's name
makes; the spec's own names are held against the rules of C as any spec's.
"""
from __future__ import annotations

from berthc.emit.layout import environment
from berthc.emit.stub import texts
from berthc.model import Manager
from berthc.names import Names, file_scope, free_name

BUILDS = {"make": "Makefile", "cmake": "CMakeLists.txt", "meson": "meson.build"}
WORDS = ("take", "let_go", "who", "first", "second", "look", "give_back", "kept")
SAYS = 'printf("    %s %s\\n", berth_call_hook(call), VIEW->name);'


def spec(name: str, store: bool = False) -> str:
    """The text of the first spec of a manager."""
    return environment().get_template("project/spec.yaml.j2").render(name=name, store=store)


def files(manager: Manager, build: str) -> dict[str, str]:
    """The files beside the spec, for one of BUILDS; `manager` is the model of `spec`."""
    name = manager.name
    scope = file_scope(manager)
    words = {word: free_name(word, scope) for word in WORDS}
    source, header = texts(manager, Names(name).include, f"{name}-backend.h", SAYS)
    made = environment()
    store = manager.store is not None
    package = "berth-sqlite" if store else "berth"
    also = " with install-sqlite" if store else ""
    file = BUILDS[build]
    return {
        f"{name}-backend.c": source,
        f"{name}-backend.h": header,
        "main.c": made.get_template("project/main.c.j2").render(name=name, store=store, **words),
        file: made.get_template(f"project/{file}.j2").render(
            name=name, store=store, package=package, also=also),
    }
