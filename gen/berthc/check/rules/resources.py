"""Resources by themselves: their tree, fields, assigned values, holders and kinds of states."""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from berthc.diag import Diagnostic, hint, listing, quote
from berthc.model import AssignedKind, Field, Loc, Ref, Resource, Type
from berthc.spec.build import Spec
from berthc.spec.load import Scalar

from berthc.check import refs
from berthc.check.rule import rule


@rule("parent-cycle", "No resource is its own ancestor.")
def parent_cycle(spec: Spec) -> Iterator[Diagnostic]:
    by_name = refs.resources_by_name(spec.manager)
    told: set[str] = set()
    for resource in spec.manager.resources:
        chain = [resource.name]
        while (parent := by_name[chain[-1]].parent) in by_name and parent not in chain:
            chain.append(str(parent))
        if parent in chain:
            circle = chain[chain.index(str(parent)):]
            if not told & set(circle):
                told |= set(circle)
                yield Diagnostic("parent-cycle", spec.at("resources", circle[0], "parent"),
                                 f"{circle[0]} is its own ancestor: {' in '.join([*circle, circle[0]])}",
                                 "one of them must have no parent; it is the root")


@rule("duplicate", "Nothing is listed twice where once is all that has a meaning.")
def duplicate(spec: Spec) -> Iterator[Diagnostic]:
    lists: list[tuple[str, ...]] = [("options", name, "values") for name in refs.keys(spec, "options")]
    for name in refs.keys(spec, "resources"):
        lists.append(("resources", name, "key"))
        lists += [("resources", name, "fields", field, "values") for field in refs.keys(spec, "resources", name, "fields")]
    lists += [("backend", group, name, key) for group in refs.keys(spec, "backend") for name in refs.keys(spec, "backend", group)
              for key in ("undoes", "needs", "asks")]
    lists += [("resources", name, "states", state, key) for name in refs.keys(spec, "resources")
              for state in refs.keys(spec, "resources", name, "states") for key in ("effects", "maybe")]
    lists += [("operations", name, key) for name in refs.keys(spec, "operations") for key in ("obtain", "returns")]
    for path in lists:
        seen: dict[str, str] = {}
        for word, loc in refs.named(spec, *path):
            if word in seen:
                yield Diagnostic("duplicate", loc, f"{quote(word)} is listed twice", f"the first one is in line {seen[word]}")
            else:
                seen[word] = f"{loc.line}, column {loc.column}"


# Words that have a meaning of their own where names of this kind are written.
_GUARD_WORDS = ("and", "or", "not")
_RESERVED = {
    "resource": ("option", "field", "op", "fail", "reservation", "reservations", "state", "refs"),
    "state": ("stay",),
    "option": _GUARD_WORDS,
    "field": (*_GUARD_WORDS, "state", "refs"),
    "value": _GUARD_WORDS,
    "assigned value": ("state", "refs", "op", "fail", "reservation"),
    "operation": ("new", "drain", "discard", "create", "destroy"),
}


@rule("reserved-name",
      "No name is a word that means something else where it would be used: in conditions, in rows, or in the simulator's protocol.")
def reserved_name(spec: Spec) -> Iterator[Diagnostic]:
    uses: list[tuple[str, tuple[str, ...]]] = []
    for section, kind in (("resources", "resource"), ("options", "option"), ("operations", "operation")):
        uses += [(kind, (section, name)) for name in refs.keys(spec, section)]
    for name in refs.keys(spec, "resources"):
        where = ("resources", name)
        uses += [("state", (*where, "states", state)) for state in refs.keys(spec, *where, "states")]
        uses += [("field", (*where, "fields", field)) for field in refs.keys(spec, *where, "fields")]
        for assigned in refs.keys(spec, *where, "assigned"):
            uses.append(("assigned value", (*where, "assigned", assigned)))
            pool = (*where, "assigned", assigned, "pool")
            uses += [("assigned value", (*pool, part)) for part in refs.keys(spec, *pool)]
    for kind, path in uses:
        if path[-1] in _RESERVED[kind]:
            yield _reserved(kind, path[-1], spec.key(*path))
    lists: list[tuple[str, ...]] = [("options", name, "values") for name in refs.keys(spec, "options")]
    for name in refs.keys(spec, "resources"):
        lists += [("resources", name, "fields", field, "values") for field in refs.keys(spec, "resources", name, "fields")]
    for path in lists:
        for word, loc in refs.named(spec, *path):
            if word in _RESERVED["value"]:
                yield Diagnostic("reserved-name", loc, f"a value cannot be called {quote(word)}",
                                 f"reserved: {listing(_RESERVED['value'])}")


def _reserved(kind: str, word: str, loc: Loc) -> Diagnostic:
    article = "an" if kind[0] in "ao" else "a"
    return Diagnostic("reserved-name", loc, f"{article} {kind} cannot be called {quote(word)}", f"reserved: {listing(_RESERVED[kind])}")


@rule("same-name", "Within a resource, fields, leaves of assigned values and child resources all have different names.")
def same_name(spec: Spec) -> Iterator[Diagnostic]:
    for resource in spec.manager.resources:
        seen: dict[str, str] = {f.name: "a field" for f in resource.fields}
        for assigned in resource.assigned:
            leaves = [(p.name, p.loc) for p in assigned.parts] if assigned.kind is AssignedKind.POOL else [(assigned.name, assigned.loc)]
            for name, loc in leaves:
                if name in seen:
                    yield Diagnostic("same-name", loc, f"{resource.name}.{name} is an assigned value, and {seen[name]} as well",
                                     "give one of them another name")
                seen.setdefault(name, "an assigned value")
        for child in spec.manager.children(resource.name):
            if child in seen:
                yield Diagnostic("same-name", spec.key("resources", child),
                                 f"{child} is a child of {resource.name}, which has {seen[child]} of this name",
                                 "give one of them another name")


@rule("range", "A range goes from a lower to a higher value of the type.")
def ranges(spec: Spec) -> Iterator[Diagnostic]:
    for path, field in _fields(spec):
        if field.range is not None and field.type.bits:
            low, high = field.range
            least, most = field.type.limits
            loc = spec.at(*path, "range")
            if low > high:
                yield Diagnostic("range", loc, f"the range of {field.name} is empty: {low} is more than {high}",
                                 "the lower end comes first")
            elif low < least or high > most:
                yield Diagnostic("range", loc, f"the range of {field.name} is wider than {field.type.value}",
                                 f"{field.type.value} is from {least} to {most}")


def _fields(spec: Spec) -> Iterator[tuple[tuple[str, ...], Field]]:
    for option in spec.manager.options:
        yield ("options", option.name), option
    for resource in spec.manager.resources:
        for field in resource.fields:
            yield ("resources", resource.name, "fields", field.name), field


@rule("default", "A default is a value that the caller could have given; an option whose range leaves out 0 has one.")
def defaults(spec: Spec) -> Iterator[Diagnostic]:
    for path, field in _fields(spec):
        given = spec.node(*path, "default")
        problem = _bad_default(field, given is not None, path[0] == "options")
        if problem is not None:
            yield Diagnostic("default", given.loc if isinstance(given, Scalar) else field.loc, *problem)


def _bad_default(field: Field, given: bool, option: bool) -> tuple[str, str] | None:
    """What is wrong with a default, and what would be right.

    A field without one may have a range without 0: the caller must then give it.
    """
    value = field.default
    if field.type.bits and isinstance(value, int) and (given or option):
        low, high = field.range or field.type.limits
        if low > high or low <= value <= high:
            return None
        if given:
            return f"the default of {field.name} is out of range: {value}", f"{field.name} is from {low} to {high}"
        return f"option {field.name} has no default, and its range leaves out 0", f"add a default from {low} to {high}"
    if field.type is Type.ENUM and given and value not in field.values:
        return (f"the default of {field.name} is {quote(str(value))}, which is none of its values",
                hint(str(value), field.values, f"values of {field.name}"))
    if field.type is Type.STRING and isinstance(value, str) and "\0" in value:
        return f"the default of {field.name} holds a NUL", "it would end the text in C"
    if field.type is Type.STRING and given and isinstance(value, str) and field.max_length is not None and \
            len(value.encode()) > field.max_length:
        return (f"the default of {field.name} is longer than its max_length",
                f"it has {len(value.encode())} bytes, of at most {field.max_length}")
    return None


MAX_SLOTS = 1 << 31
_MAX_SIZE = (1 << 32) - 1  # of one part


@rule("pool-size", f"The size of a pool is a number or an unsigned option with a range from 1 on, and at most {MAX_SLOTS:,} slots in all.")
def pool_size(spec: Spec) -> Iterator[Diagnostic]:
    options = {o.name: o for o in spec.manager.options}
    for resource, pool, name, _ in refs.pool_options(spec.manager):
        option = options.get(name)
        if option is None:
            continue
        loc = next(part.loc for a in resource.assigned if a.name == pool for part in a.parts if part.option == name)
        if not option.type.bits or option.type.signed:
            yield Diagnostic("pool-size", loc, f"option {name} is a {option.type.value}, which is no size", "a size is an unsigned integer")
        elif option.range is None:
            yield Diagnostic("pool-size", loc, f"option {name} has no range, so the pool {resource.name}.{pool} has no greatest size",
                             f"add to {name}, for example: range: [1, 16]")
        elif option.range[0] < 1:
            yield Diagnostic("pool-size", loc, f"option {name} may be {option.range[0]}, and a pool without slots serves nobody",
                             "let its range begin with 1 or more")
    for resource in spec.manager.resources:
        for assigned in resource.assigned:
            slots = 1
            if any(part.size is not None and not 1 <= part.size <= _MAX_SIZE for part in assigned.parts):
                continue  # the schema says it
            for part in assigned.parts:
                given = options.get(part.option or "")
                slots *= part.size or (given.range[1] if given and given.range else 1)
            if slots > MAX_SLOTS:
                yield Diagnostic("pool-size", assigned.loc, f"the pool {resource.name}.{assigned.name} has up to {slots:,} slots",
                                 f"at most {MAX_SLOTS:,} are possible")


@rule("format", "A format uses values that are known when the instance is made, earlier in the spec, and whose length has a limit.")
def formats(spec: Spec) -> Iterator[Diagnostic]:
    manager = spec.manager
    by_name = refs.resources_by_name(manager)
    for resource, name, ref in refs.formats(manager):
        by = f"the format of {resource.name}.{name}"
        if ref.scope == "option":
            option = next((o for o in manager.options if o.name == ref.name), None)
            if option is not None:
                yield from _unbounded(by, ref, option)
            continue
        path = refs.path_of(manager, resource.name)
        owner = resource.name if ref.scope == "field" else ref.scope
        if owner not in path:
            if owner in by_name:
                yield Diagnostic("format", ref.loc, f"{by} cannot use {quote(owner)}, which is not above {resource.name}",
                                 f"known here: {listing(path)}")
            continue
        where = by_name[owner]
        field = next((f for f in where.fields if f.name == ref.name), None)
        if field is not None:
            yield from _unbounded(by, ref, field)
        else:
            yield from _not_yet(by, ref, where, name if owner == resource.name else None)


def _written(ref: Ref) -> str:
    """A reference as it stands in a format."""
    return ref.name if ref.scope == "field" else str(ref)


def _unbounded(by: str, ref: Ref, field: Field) -> Iterator[Diagnostic]:
    if field.type in (Type.LIST, Type.SET):
        yield Diagnostic("format", ref.loc, f"{by} cannot use {quote(_written(ref))}, which is a {field.type.value}", "use single values")
    elif field.type is Type.STRING and field.max_length is None:
        yield Diagnostic("format", ref.loc, f"{by} uses {quote(_written(ref))}, a string of any length", f"give {field.name} a max_length")


def _not_yet(by: str, ref: Ref, owner: Resource, before: str | None) -> Iterator[Diagnostic]:
    """Values from hooks come later than the format; of the same resource, so do the assigned values below it."""
    names = [a.name for a in owner.assigned]
    for assigned in owner.assigned:
        if ref.name not in assigned.leaves:
            continue
        if assigned.kind is AssignedKind.HOOK:
            yield Diagnostic("format", ref.loc, f"{by} uses {quote(_written(ref))}, which hook {assigned.hook} gives only later",
                             "formats are written when the instance is made")
        elif before is not None and names.index(assigned.name) >= names.index(before):
            yield Diagnostic("format", ref.loc, f"{by} uses {quote(ref.name)}, which is not assigned before it",
                             f"move {assigned.name} above {before}" if assigned.name != before else "a format cannot use itself")


@rule("hook-value", "A value from a hook is of the resource that the hook is on; a string has a max_length, and nothing else has one.")
def hook_value(spec: Spec) -> Iterator[Diagnostic]:
    hooks = {h.name: h for h in spec.manager.hooks}
    for resource in spec.manager.resources:
        for assigned in resource.assigned:
            if assigned.kind is not AssignedKind.HOOK:
                continue
            where = ("resources", resource.name, "assigned", assigned.name)
            name = f"{resource.name}.{assigned.name}"
            hook = hooks.get(assigned.hook or "")
            if hook is not None and hook.on != resource.name and hook.on in refs.resources_by_name(spec.manager):
                mine = [h.name for h in spec.manager.hooks if h.on == resource.name]
                yield Diagnostic("hook-value", spec.at(*where, "from"), f"{name} comes from {hook.name}, which is on {hook.on}",
                                 f"hooks on {resource.name}: {listing(mine)}")
            if assigned.type is Type.STRING and assigned.max_length is None:
                yield Diagnostic("hook-value", assigned.loc, f"{name} is a string of any length", "add a max_length")
            if assigned.type is not Type.STRING and assigned.max_length is not None:
                yield Diagnostic("hook-value", spec.at(*where, "max_length"),
                                 f"{name} is a {assigned.type.value if assigned.type else ''} and has no length",
                                 "max_length goes with strings")


@rule("holders", "What can be taken can be dropped, by another event; taking changes nothing but who holds the instance.")
def holders(spec: Spec) -> Iterator[Diagnostic]:
    for resource in spec.manager.resources:
        where = ("resources", resource.name, "holders")
        if resource.take and not resource.drop:
            yield Diagnostic("holders", spec.at(*where), f"holders of {resource.name} come with {quote(resource.take)} and never go",
                             "add drop: the event that lets go")
        elif resource.take and resource.take == resource.drop:
            yield Diagnostic("holders", spec.at(*where, "drop"), f"{quote(resource.take)} cannot both take and drop {resource.name}",
                             "use two events")
        if not resource.take:
            continue
        known = {state.name for state in resource.states}
        for state in resource.states:
            for row in state.rows:
                if row.ok is not None and row.ok.state not in known:
                    continue  # told by unknown-state
                if row.event == resource.take and (row.hook or (row.ok and (row.ok.state != state.name or row.ok.raise_event))):
                    yield Diagnostic("holders", row.loc, f"{refs.cell(resource, row)} does more than take a hold",
                                     "a row for the take event is stay, or rejects")


@rule("final", "A final state ends the instance: it has no rows, is not resident, and nothing begins in it.")
def final_states(spec: Spec) -> Iterator[Diagnostic]:
    for resource in spec.manager.resources:
        final = {s.name for s in resource.states if s.final}
        others = listing(s.name for s in resource.states if not s.final)
        for state in resource.states:
            where = ("resources", resource.name, "states", state.name)
            if state.final and state.rows:
                yield Diagnostic("final", spec.key(*where, "on"), f"{resource.name}.{state.name} is final, so no event ever reaches it",
                                 "remove its rows, or final")
            if state.final and state.resident:
                yield Diagnostic("final", spec.key(*where, "resident"), f"{resource.name}.{state.name} is final, so nothing can stay in it",
                                 "remove resident, or final")
        if resource.initial in final:
            yield Diagnostic("final", spec.at("resources", resource.name, "initial"),
                             f"{resource.name} begins in {quote(resource.initial)}, which is final",
                             f"states of {resource.name} that are not final: {others}")
        for row, _, target in refs.targets(resource):
            if target.raise_event and target.state in final:
                yield Diagnostic("final", target.loc,
                                 f"{refs.cell(resource, row)} raises {quote(target.raise_event)} in {target.state}, which is final",
                                 "an instance that has ended handles no event")
    for operation in spec.manager.operations:
        resource_ = refs.resources_by_name(spec.manager).get(operation.target) if operation.path else None
        if resource_ and operation.enter and any(s.name == operation.enter and s.final for s in resource_.states):
            yield Diagnostic("final", spec.at("operations", operation.name, "create", "enter"),
                             f"operation {operation.name} enters {quote(operation.enter)}, which is final",
                             f"states of {resource_.name} that are not final: {listing(s.name for s in resource_.states if not s.final)}")


@rule("wrong-resource", "A row calls or asks a hook on its own resource; a hook undoes another hook on the same resource, and asks for one there; "
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
            yield Diagnostic("wrong-resource", spec.at(*refs.row_path(spec, resource, row), key),
                             f"{refs.cell(resource, row)} {verb} {called.name}, which is on {called.on}",
                             f"hooks on {resource.name}: {listing(on.get(resource.name, []))}")
    for hook in spec.manager.hooks:
        group, _, name = hook.name.partition(".")
        for word, loc in refs.named(spec, "backend", group, name, "undoes"):
            if word == hook.name:
                yield Diagnostic("wrong-resource", loc, f"hook {hook.name} undoes itself",
                                 "a hook that may be done twice is repeatable: true")
            elif word in hooks and hooks[word].on != hook.on and {hooks[word].on, hook.on} <= names:
                yield Diagnostic("wrong-resource", loc, f"hook {hook.name} is on {hook.on} and undoes {word}, which is on {hooks[word].on}",
                                 f"hooks on {hook.on}: {listing(n for n in on[hook.on] if n != hook.name)}")
        for word, loc in refs.named(spec, "backend", group, name, "asks"):
            if word in hooks and hooks[word].on != hook.on and {hooks[word].on, hook.on} <= names:
                yield Diagnostic("wrong-resource", loc,
                                 f"hook {hook.name} is on {hook.on} and asks for {word}, which is on {hooks[word].on}",
                                 f"hooks on {hook.on}: {listing(n for n in on[hook.on] if n != hook.name)}")
        above = refs.path_of(spec.manager, hook.on) if hook.on in names else ()
        for word, loc in refs.named(spec, "backend", group, name, "needs"):
            if word == hook.name:
                yield Diagnostic("wrong-resource", loc, f"hook {hook.name} needs itself", "name the hooks that come before it")
            elif word in hooks and above and hooks[word].on in names and hooks[word].on not in above:
                yield Diagnostic("wrong-resource", loc,
                                 f"hook {hook.name} is on {hook.on} and needs {word}, which is on {hooks[word].on}",
                                 f"it can need hooks on {listing(above)}")
    for resource in spec.manager.resources:
        for state in resource.states:
            for key in ("effects", "maybe"):
                for word, loc in refs.named(spec, "resources", resource.name, "states", state.name, key):
                    if word in hooks and hooks[word].on != resource.name and hooks[word].on in names:
                        yield Diagnostic("wrong-resource", loc,
                                         f"{resource.name}.{state.name} has the effect of {word}, which is on {hooks[word].on}",
                                         f"hooks on {resource.name}: {listing(on.get(resource.name, []))}")


@rule("optional", "A name in optional is that of at least two hooks: they are all there or all left out.")
def together(spec: Spec) -> Iterator[Diagnostic]:
    words = [h.together for h in spec.manager.hooks]
    for hook in spec.manager.hooks:
        if hook.together and words.count(hook.together) == 1:
            yield Diagnostic("optional", spec.at("backend", *hook.name.split(".", 1), "optional"),
                             f"no other hook is optional: {hook.together}",
                             "write true, or give this name to each hook that is only there together with this one")


@rule("asks", "A row asks a hook that asks, and calls one that does not. A hook that asks looks for the effect of one that does not, changes "
              "nothing, and gives no values.")
def asking(spec: Spec) -> Iterator[Diagnostic]:
    hooks = {h.name: h for h in spec.manager.hooks}
    for resource, row in refs.rows(spec.manager):
        hook = hooks.get(row.hook or "")
        if hook is None:
            continue
        here = refs.row_path(spec, resource, row)
        if row.call and hook.asks:
            yield Diagnostic("asks", spec.at(*here, "call"), f"{refs.cell(resource, row)} calls {hook.name}, which only asks",
                             f"write {{ask: {hook.name}, yes: …, no: …, unknown: …}}")
        elif row.ask and not hook.asks:
            yield Diagnostic("asks", spec.at(*here, "ask"), f"{refs.cell(resource, row)} asks {hook.name}, which asks for nothing",
                             f"add asks: to {hook.name}, with the hook whose effect it looks for; or call it")
    for hook in spec.manager.hooks:
        where = ("backend", *hook.name.split(".", 1))
        if not hook.asks:
            for word, loc in refs.named(spec, *where, "undoes"):
                if word in hooks and hooks[word].asks:
                    yield Diagnostic("asks", loc, f"hook {hook.name} undoes {word}, which only asks", "what asks has no effect to undo")
            continue
        for key in ("undoes", "needs", "repeatable"):
            if getattr(hook, key):
                yield Diagnostic("asks", spec.key(*where, key), f"hook {hook.name} only asks, so {key} has no meaning",
                                 f"remove {key}: asking changes nothing, and may always be repeated")
        for word, loc in refs.named(spec, *where, "asks"):
            if word in hooks and hooks[word].asks:
                yield Diagnostic("asks", loc, f"hook {hook.name} asks for {word}, which only asks",
                                 "name the hook whose effect it looks for")
    for resource in spec.manager.resources:
        for assigned in resource.assigned:
            if assigned.hook in hooks and hooks[assigned.hook].asks:
                yield Diagnostic("asks", spec.at("resources", resource.name, "assigned", assigned.name, "from"),
                                 f"{resource.name}.{assigned.name} is from {assigned.hook}, which only asks",
                                 "name a hook that is called")


@rule("effects", "A state says of each hook once whether its effect is in place there, or may be. Such a hook, and one that is needed, is undone by "
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
                yield Diagnostic("effects", spec.key(*where, key), f"{resource.name}.{state.name} is final, so nothing rests in it",
                                 f"remove {key}; whatever is in place when an instance ends is a leak")
            for key in ("effects", "maybe"):
                for word, loc in refs.named(spec, *where, key):
                    if word in declared and word not in undone:
                        yield _unknown_effect(loc, word, undone)
                    elif key == "maybe" and word in (state.effects or ()):
                        yield Diagnostic("effects", loc, f"{resource.name}.{state.name} has {word} in effects already",
                                         "in effects: always in place; in maybe: nobody knows")


@rule("absent", "absent says what a hook that is left out means, so it goes with optional.")
def absent_hooks(spec: Spec) -> Iterator[Diagnostic]:
    for hook in spec.manager.hooks:
        if hook.absent and not hook.optional:
            group, _, name = hook.name.partition(".")
            yield Diagnostic("absent", spec.key("backend", group, name, "absent"), f"hook {hook.name} is never left out",
                             "add optional: true, or remove absent")


def _unknown_effect(loc: Loc, hook: str, undone: Iterable[str]) -> Diagnostic:
    return Diagnostic("effects", loc, f"no hook undoes {hook}, so nothing is known of its effect",
                      f"hooks that some hook undoes: {listing(undone)}; add undoes: to the hook that takes it back")
