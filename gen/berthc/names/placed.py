"""Names of the generated source that nobody calls by name, and the list of all identifiers."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from berthc.model import NOWHERE, Guard, Manager
from berthc.names import library
from berthc.names.declared import FIELD_FUNCTIONS, HEADER, SOURCE, Identifier, from_words
from berthc.names.spelling import Names
from berthc.names.words import lower, upper


def file_scope(manager: Manager) -> frozenset[str]:
    """The names at file scope of the generated header and source, which nothing inside may hide."""
    found = identifiers(manager)
    return frozenset(one.text for one in found if one.scope in (HEADER, SOURCE))


def identifiers(manager: Manager) -> Iterator[Identifier]:
    """Every identifier that the generated files declare because of this spec."""
    yield from from_words(manager)
    functions = [(name, text) for (name, _), text in field_functions(manager).items()]
    functions += [(name, text) for (name, _), text in guard_functions(manager).items()]
    for resource, text in functions:
        what = f"the function {text} of the generated source"
        yield Identifier(text, what, manager.resource(resource).loc, SOURCE)
    for operation, text in operation_checks(manager).items():
        what = f"the function {text} of the generated source"
        yield Identifier(text, what, manager.operation(operation).loc, SOURCE)
    for key, text in numbers(manager).items():
        what = f"the number {text} of the generated source"
        yield Identifier(text, what, NOWHERE, SOURCE)


def field_functions(manager: Manager) -> dict[tuple[str, str], str]:
    """(resource, one of FIELD_FUNCTIONS) to the name of the function."""
    names = Names(manager.name)
    return _placed(
        manager,
        {
            (r.name, word): lower(names.view(r.name), word)
            for r in manager.resources
            for word in FIELD_FUNCTIONS
        },
    )


def operation_checks(manager: Manager) -> dict[str, str]:
    """Each operation to the name of the function that checks its arguments."""
    names = Names(manager.name)
    wanted = {o.name: lower(names.function(o.name), "check") for o in manager.operations}
    return _placed(manager, wanted, field_functions(manager).values())


def guard_functions(manager: Manager) -> dict[tuple[str, object], str]:
    """(resource, `shape` of the guard) to the name of the function that asks it."""
    return _placed(
        manager,
        {
            (r.name, shape(row.guard)): lower("guard", r.name, asked(row.guard))
            for r in manager.resources
            for s in r.states
            for row in s.rows
            if row.guard is not None
        },
    )


def numbers(manager: Manager) -> dict[tuple[str, ...], str]:
    """The enumerators of the source that number options ("option", its name), fields ("field",
    resource, name), assigned values ("assigned", resource, name) and what denies an operation
    ("deny", operation, number from 1)."""
    wanted: dict[tuple[str, ...], str] = {
        ("option", o.name): upper(manager.name, "option", o.name) for o in manager.options
    }
    for resource in manager.resources:
        of = (manager.name, resource.name)
        wanted |= {
            ("field", resource.name, f.name): upper(*of, "field", f.name) for f in resource.fields
        }
        wanted |= {
            ("assigned", resource.name, a.name): upper(*of, "assigned", a.name)
            for a in resource.assigned
        }
    for operation in manager.operations:
        of = (manager.name, operation.name)
        wanted |= {
            ("deny", operation.name, str(i)): upper(*of, "deny", asked(d.guard))
            for i, d in enumerate(operation.deny, 1)
        }
    return _placed(manager, wanted)


def shape(guard: Guard) -> object:
    """What two guards that ask the same have in common, wherever they stand."""
    ref = guard.ref and (guard.ref.scope, guard.ref.name)
    return guard.op, ref, guard.literal, tuple(map(shape, guard.args))


LONGEST_QUESTION = 40
WORDS = {"==": "is", "!=": "is_not", "<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}


def asked(guard: Guard) -> str:
    """What a guard asks, as a word: guest_is_linux_and_read_only."""
    words = _asked(guard).split("_")
    while len("_".join(words)) > LONGEST_QUESTION and len(words) > 1:
        words.pop()
    return "_".join(words)


def _asked(guard: Guard) -> str:
    if guard.op in ("and", "or"):
        return f"_{guard.op}_".join(map(_asked, guard.args))
    if guard.op == "not":
        return f"not_{_asked(guard.args[0])}"
    assert guard.ref is not None
    if guard.op == "true":
        return guard.ref.name
    return f"{guard.ref.name}_{WORDS[guard.op]}_{str(guard.literal).replace('-', 'minus_')}"


Key = TypeVar("Key")


def _placed(manager: Manager, wanted: dict[Key, str], more: Iterable[str] = ()) -> dict[Key, str]:
    """Names of the source that nobody calls by name: they get underscores behind where the spec or
    a library has the name already, or two of them are the same."""
    taken = {one.text for one in from_words(manager) if one.scope in (HEADER, SOURCE)} | set(more)
    found: dict[Key, str] = {}
    for key, text in wanted.items():
        while text in taken or text in library.names():
            text += "_"
        taken.add(text)
        found[key] = text
    return found
