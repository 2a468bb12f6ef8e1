"""Hooks and operations: what is said of each, and what an operation returns."""
from __future__ import annotations

from berthc.answers.codes import hooks_called, return_codes
from berthc.emit.diagram.sequence import Drawn, sequences
from berthc.emit.docs.markdown import code, codes, md, paragraph, sentence, table
from berthc.emit.docs.pictures import Pictures
from berthc.emit.docs.store import SETTLE_FACTS
from berthc.model import Form, Hook, Manager, Operation


def hook_facts(manager: Manager, hook: Hook) -> list[str]:
    """What the spec says of a hook, in Markdown."""
    facts = []
    if hook.optional:
        then = (
            f"reject with {hook.absent}"
            if hook.absent is not None
            else "go on as unknown, with EOPNOTSUPP"
            if hook.asks
            else "go on as if it ended ok"
        )
        facts.append(
            f"may be left out: rows that {'ask' if hook.asks else 'call'} it then {then}"
        )
    if hook.together:
        others = [
            h.name for h in manager.hooks if h.together == hook.together and h is not hook
        ]
        facts.append(f"only together with {codes(others)}" if others else "")
    if hook.asks:
        facts.append(f"asks whether the effect of {codes(hook.asks)} is there")
    if hook.needs:
        facts.append(f"needs the effect of {codes(hook.needs)}")
    if hook.undoes:
        facts.append(f"undoes {codes(hook.undoes)}")
    if hook.repeatable:
        facts.append("repeatable: doing it again does no harm")
    return [fact for fact in facts if fact]


def hooks(manager: Manager) -> list[str]:
    settle = None if manager.store is None else manager.store.settle
    if not manager.hooks and settle is None:
        return []
    rows = []
    called = {o.name: hooks_called(manager, o) for o in manager.operations}
    for hook in manager.hooks:
        callers = [name for name, hooks in called.items() if hook.name in hooks]
        rows.append(
            (
                code(hook.name),
                md(hook.on),
                "; ".join(hook_facts(manager, hook)),
                codes(callers),
                md(hook.brief),
            )
        )
    if manager.store is not None and settle is not None:
        rows.append((code(settle), "the store", "; ".join(SETTLE_FACTS), "recovery, first of all",
                     md(manager.store.brief)))
    return [
        "## Hooks\n",
        "What the backend implements.\n",
        table(("hook", "on", "facts", "called by", "what it does"), rows),
    ]


def takes(manager: Manager, operation: Operation) -> str:
    return ", ".join(_given(operation) + (["owner"] if manager.has_owner(operation) else []))


def _given(operation: Operation) -> list[str]:
    if operation.form is Form.WITH:
        return ["reservation"]
    if operation.form is Form.FIND and operation.by is not None:
        return [code(operation.by)]
    keys = (
        operation.path
        if operation.form is Form.FIND
        else operation.path[:-1]
        if operation.form is Form.CREATE
        else ()
    )
    words = [md(name) + (" key" if name in keys else " config") for name in operation.path]
    return words + ([code(operation.at)] if operation.at else [])


def gives(operation: Operation) -> str:
    return (
        ", ".join(
            (["reservation"] if operation.gives else [])
            + [code(str(ref)) for ref in operation.returns]
        )
        or "–"
    )


def does(manager: Manager, operation: Operation) -> str:
    """What an operation does, in the words of the spec."""
    path = " and ".join(f"the {md(name)}" for name in operation.path)
    words = {
        Form.OBTAIN: f"Finds or makes {path}",
        Form.CREATE: f"Makes the {md(operation.target)} in the state {code(operation.enter or '')}",
        Form.FIND: f"Finds the {md(operation.target)}"
        + (f" by {code(operation.by)}" if operation.by else ""),
        Form.WITH: "Takes the instances that the reservation holds",
    }[operation.form]
    if operation.gives:
        words += " and gives a reservation that holds " + (
            "it" if len(operation.path) == 1 else "them"
        )
    if operation.steps:
        words += "; then, in this order: " + ", ".join(
            code(f"{s.resource}.{s.event}") for s in operation.steps
        )
    words += ". "
    called = hooks_called(manager, operation)
    words += f"May call {codes(called)}." if called else "Calls nothing."
    if operation.ends:
        words += (
            " The reservation ends when all of it ended ok, and stays valid for another try until"
            " then."
        )
    return words


def _operation(manager: Manager, operation: Operation, drawn: Drawn,
               shown: Pictures) -> list[str]:
    parts = [f"### {md(operation.name)}\n"]
    if operation.brief:
        parts.append(paragraph(md(sentence(operation.brief))))
    parts.append(paragraph(does(manager, operation)))
    rows = [
        (code(c.error) if c.error else "negative", c.when) for c in return_codes(manager, operation)
    ]
    parts.append(table(("returns", "when"), rows))
    link = shown.link(f"Runs of {operation.name}", f"sequence-{operation.name}.svg")
    if drawn.sequences and link:
        parts.append(link)
    return parts


def operations(manager: Manager, shown: Pictures) -> list[str]:
    rows = [
        (
            f"[{code(o.name)}](#{o.name})",
            takes(manager, o),
            codes(f"{s.resource}.{s.event}" for s in o.steps) or "–",
            gives(o),
            md(o.brief),
        )
        for o in manager.operations
    ]
    parts = ["## Operations\n", table(("operation", "takes", "steps", "gives", "what for"), rows)]
    parts.append(paragraph("Errors are negative errno values; the names below stand for them."))
    drawn = sequences(manager)
    for operation in manager.operations:
        parts += _operation(manager, operation, drawn[operation.name], shown)
    return parts
