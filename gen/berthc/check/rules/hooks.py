"""What hooks say of themselves and of each other."""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from berthc.check import refs
from berthc.check.rule import rule
from berthc.diag import Diagnostic, Severity, listing
from berthc.model import Hook, Loc, Manager, Resource
from berthc.spec.build import Spec


@rule("wrong-resource",
      "A row calls or asks a hook on its own resource; a hook undoes another hook on the same "
      "resource, and asks for one there; "
      "it needs hooks on its resource or above it; a state has effects of hooks on its resource.")
def wrong_resource(spec: Spec) -> Iterator[Diagnostic]:
    hooks = {h.name: h for h in spec.manager.hooks}
    names = set(refs.resources_by_name(spec.manager))
    on: dict[str, list[str]] = {}
    for hook in spec.manager.hooks:
        on.setdefault(hook.on, []).append(hook.name)
    for resource, row in refs.rows(spec.manager):
        called = hooks.get(row.hook or "")
        if called is not None and called.on != resource.name and called.on in names:
            key, verb = ("call", "calls") if row.call else ("ask", "asks")
            yield Diagnostic(
                "wrong-resource", spec.at(*refs.row_path(spec, resource, row), key),
                f"{refs.cell(resource, row)} {verb} {called.name}, which is on {called.on}",
                f"hooks on {resource.name}: {listing(on.get(resource.name, []))}")
    for hook in spec.manager.hooks:
        group, _, name = hook.name.partition(".")
        for word, loc in refs.named(spec, "backend", group, name, "undoes"):
            if word == hook.name:
                yield Diagnostic("wrong-resource", loc, f"hook {hook.name} undoes itself",
                                 "a hook that may be done twice is repeatable: true")
            elif word in hooks and hooks[word].on != hook.on and {hooks[word].on, hook.on} <= names:
                yield Diagnostic(
                    "wrong-resource", loc,
                    f"hook {hook.name} is on {hook.on} and undoes {word}, which is "
                    f"on {hooks[word].on}",
                    f"hooks on {hook.on}: {listing(n for n in on[hook.on] if n != hook.name)}")
        for word, loc in refs.named(spec, "backend", group, name, "asks"):
            if word in hooks and hooks[word].on != hook.on and {hooks[word].on, hook.on} <= names:
                yield Diagnostic(
                    "wrong-resource", loc,
                    f"hook {hook.name} is on {hook.on} and asks for {word}, which is "
                    f"on {hooks[word].on}",
                    f"hooks on {hook.on}: {listing(n for n in on[hook.on] if n != hook.name)}")
        above = refs.path_of(spec.manager, hook.on) if hook.on in names else ()
        for word, loc in refs.named(spec, "backend", group, name, "needs"):
            if word == hook.name:
                yield Diagnostic("wrong-resource", loc, f"hook {hook.name} needs itself",
                                 "name the hooks that come before it")
            elif (word in hooks and above and hooks[word].on in names
                  and hooks[word].on not in above):
                yield Diagnostic("wrong-resource", loc,
                                 f"hook {hook.name} is on {hook.on} and needs {word}, which is on "
                                 f"{hooks[word].on}", f"it can need hooks on {listing(above)}")
    for resource in spec.manager.resources:
        for state in resource.states:
            for key in ("effects", "maybe"):
                for word, loc in refs.named(spec, "resources", resource.name, "states", state.name,
                                            key):
                    if (word in hooks and hooks[word].on != resource.name
                        and hooks[word].on in names):
                        yield Diagnostic(
                            "wrong-resource", loc,
                            f"{resource.name}.{state.name} has the effect of {word}, "
                            f"which is on {hooks[word].on}",
                            f"hooks on {resource.name}: {listing(on.get(resource.name, []))}")


@rule("optional",
      "A name in optional is that of at least two hooks: they are all there or all left out.")
def together(spec: Spec) -> Iterator[Diagnostic]:
    words = [h.together for h in spec.manager.hooks]
    for hook in spec.manager.hooks:
        if hook.together and words.count(hook.together) == 1:
            yield Diagnostic("optional", spec.at("backend", *hook.name.split(".", 1), "optional"),
                             f"no other hook is optional: {hook.together}",
                             "write true, or give this name to each hook that is only there "
                             "together with this one")


@rule("asks",
      "A row asks a hook that asks, and calls one that does not. A hook that asks looks for the "
      "effect of one that does not, changes nothing, and gives no values.")
def asking(spec: Spec) -> Iterator[Diagnostic]:
    hooks = {h.name: h for h in spec.manager.hooks}
    for resource, row in refs.rows(spec.manager):
        hook = hooks.get(row.hook or "")
        if hook is None:
            continue
        here = refs.row_path(spec, resource, row)
        if row.call and hook.asks:
            yield Diagnostic("asks", spec.at(*here, "call"),
                             f"{refs.cell(resource, row)} calls {hook.name}, which only asks",
                             f"write {{ask: {hook.name}, yes: …, no: …, unknown: …}}")
        elif row.ask and not hook.asks:
            yield Diagnostic(
                "asks", spec.at(*here, "ask"),
                f"{refs.cell(resource, row)} asks {hook.name}, which asks for nothing",
                f"add asks: to {hook.name}, with the hook whose effect it looks for; or call it")
    for hook in spec.manager.hooks:
        where = ("backend", *hook.name.split(".", 1))
        if not hook.asks:
            for word, loc in refs.named(spec, *where, "undoes"):
                if word in hooks and hooks[word].asks:
                    yield Diagnostic("asks", loc,
                                     f"hook {hook.name} undoes {word}, which only asks",
                                     "what asks has no effect to undo")
            continue
        for key in ("undoes", "needs", "repeatable"):
            if getattr(hook, key):
                yield Diagnostic(
                    "asks", spec.key(*where, key),
                    f"hook {hook.name} only asks, so {key} has no meaning",
                    f"remove {key}: asking changes nothing, and may always be repeated")
        for word, loc in refs.named(spec, *where, "asks"):
            if word in hooks and hooks[word].asks:
                yield Diagnostic("asks", loc, f"hook {hook.name} asks for {word}, which only asks",
                                 "name the hook whose effect it looks for")
    for resource in spec.manager.resources:
        for assigned in resource.assigned:
            if assigned.hook in hooks and hooks[assigned.hook].asks:
                yield Diagnostic(
                    "asks", spec.at("resources", resource.name, "assigned", assigned.name, "from"),
                    f"{resource.name}.{assigned.name} is from {assigned.hook}, which only asks",
                    "name a hook that is called")


@rule("effects",
      "A state says of each hook once whether its effect is in place there, or may be. Such a "
      "hook, and one that is needed, is undone by "
      "another, or nothing is known of its effect. A final state says nothing.")
def stated_effects(spec: Spec) -> Iterator[Diagnostic]:
    declared = {h.name for h in spec.manager.hooks}
    undone = dict.fromkeys(name for h in spec.manager.hooks for name in h.undoes)
    for hook in spec.manager.hooks:
        for word, loc in refs.named(spec, "backend", *hook.name.split(".", 1), "needs"):
            if word in declared and word not in undone:
                yield _unknown_effect(loc, word, undone)
    for resource in spec.manager.resources:
        for state in resource.states:
            where = ("resources", resource.name, "states", state.name)
            if state.final and state.effects is not None:
                key = "effects" if spec.node(*where, "effects") is not None else "maybe"
                yield Diagnostic(
                    "effects", spec.key(*where, key),
                    f"{resource.name}.{state.name} is final, so nothing rests in it",
                    f"remove {key}; whatever is in place when an instance ends is a leak")
            for key in ("effects", "maybe"):
                for word, loc in refs.named(spec, *where, key):
                    if word in declared and word not in undone:
                        yield _unknown_effect(loc, word, undone)
                    elif key == "maybe" and word in (state.effects or ()):
                        yield Diagnostic(
                            "effects", loc,
                            f"{resource.name}.{state.name} has {word} in effects already",
                            "in effects: always in place; in maybe: nobody knows")


@rule("absent", "absent says what a hook that is left out means, so it goes with optional.")
def absent_hooks(spec: Spec) -> Iterator[Diagnostic]:
    for hook in spec.manager.hooks:
        if hook.absent and not hook.optional:
            group, _, name = hook.name.partition(".")
            yield Diagnostic("absent", spec.key("backend", group, name, "absent"),
                             f"hook {hook.name} is never left out",
                             "add optional: true, or remove absent")


def _unknown_effect(loc: Loc, hook: str, undone: Iterable[str]) -> Diagnostic:
    return Diagnostic("effects", loc, f"no hook undoes {hook}, so nothing is known of its effect",
                      f"hooks that some hook undoes: {listing(undone)}; add undoes: to the hook "
                      f"that takes it back")


# An `undoes` that was forgotten: one hook brings an effect about, another one takes it back where
# holders let go, and the spec does not say so. Such a pair is not followed, so nothing is proved
# about it. The evidence is in the rows: a hook that is called only where holders let go, and
# another one of the same resource that is called only elsewhere.
@rule("undoes", "A hook that is called where holders let go undoes what another hook brought about "
                "on the way in.")
def undoes(spec: Spec) -> Iterator[Diagnostic]:
    if spec.broken:
        return  # what is wrong may be the row that calls it, or its undoes
    m = spec.manager
    for resource in m.resources:
        alone = _unpaired(m, resource)
        going = _letting_go(resource)
        rows = [row for state in resource.states for row in state.rows]
        calls = {name: {row.event in going for row in rows if row.call == name} for name in alone}
        into = [name for name in alone if calls[name] == {False}]
        for name, hook in alone.items():
            if into and calls[name] == {True}:
                yield Diagnostic(
                    "undoes", hook.loc,
                    f"{name} is called where holders let go of a {resource.name} and undoes "
                    f"nothing, and nothing undoes {' or '.join(into)}: no effect of theirs "
                    "is followed",
                    f"say 'undoes: {into[-1]}' if that is what it does", Severity.WARNING)


def _unpaired(m: Manager, resource: Resource) -> dict[str, Hook]:
    """The hooks on a resource that undo nothing and are undone by nobody."""
    undone = {name for hook in m.hooks for name in hook.undoes}
    return {hook.name: hook for hook in m.hooks
            if hook.on == resource.name and not hook.undoes and hook.name not in undone}


def _letting_go(resource: Resource) -> set[str]:
    """The `drop` event, and what is raised only behind it."""
    raised: dict[str, set[str]] = {}
    for state in resource.states:
        for row in state.rows:
            for _, target in row.targets():
                if target.raise_event is not None:
                    raised.setdefault(target.raise_event, set()).add(row.event)
    going = {resource.drop} if resource.drop is not None else set()
    while more := {event for event, by in raised.items() if by <= going} - going:
        going |= more
    return going
