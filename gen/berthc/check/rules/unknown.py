"""Names that are used and declared nowhere. Each message says what is known there, and which of it
is nearest."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.diag import Diagnostic, hint, listing, quote, suggest
from berthc.errnos import ERRNO_ALIASES, ERRNO_NAMES
from berthc.model import Loc, Ref, Resource, Type
from berthc.spec.build import ON_STORE, Spec

from berthc.check import refs
from berthc.check.cases import typed
from berthc.check.rule import rule


@rule("unknown-resource", "A resource that is named is declared.")
def unknown_resource(spec: Spec) -> Iterator[Diagnostic]:
    declared = refs.keys(spec, "resources")
    # told already: without any, every use would be one more message about the same mistake
    if not declared:
        return
    known = refs.meant(declared)
    for use in _resource_uses(spec):
        if use.name not in known:
            others = [name for name in declared if name != use.own]
            yield Diagnostic("unknown-resource", use.loc,
                             f"{use.by} {quote(use.name)}, which is no resource",
                             hint(use.name, others, "resources"))


def _resource_uses(spec: Spec) -> Iterator[refs.Use]:
    for name in refs.keys(spec, "resources"):
        for word, loc in refs.named(spec, "resources", name, "parent"):
            yield refs.Use(word, loc, f"the parent of {name} is", own=name)
    for group in refs.keys(spec, "backend"):
        for name in refs.keys(spec, "backend", group):
            for word, loc in refs.named(spec, "backend", group, name, "on"):
                if spec.manager.store is not None and word == ON_STORE:
                    continue
                yield refs.Use(word, loc, f"hook {group}.{name} is on")
    for name in refs.keys(spec, "operations"):
        where = ("operations", name)
        for path, verb in (((*where, "obtain"), "obtains"),
                           ((*where, "create", "resource"), "creates"),
                           ((*where, "find"), "finds")):
            for word, loc in refs.named(spec, *path):
                yield refs.Use(word, loc, f"operation {name} {verb}")
        for key, verb in (("do", "fires an event at"), ("returns", "returns a value of")):
            for word, loc in refs.named(spec, *where, key):
                yield refs.Use(word.partition(".")[0], loc, f"operation {name} {verb}")
    for resource, name, ref in refs.formats(spec.manager):
        if ref.scope not in ("field", "option"):
            yield refs.Use(ref.scope, ref.loc, f"the format of {resource.name}.{name} uses")
    for accept in spec.manager.accept:
        if accept.where:
            yield refs.Use(accept.where.partition(".")[0], accept.where_loc, "accept names")
    for limit in spec.manager.limits.resources if spec.manager.limits else ():
        yield refs.Use(limit.resource, limit.loc, "limits name")


@rule("unknown-state", "A state that is named is a state of the resource.")
def unknown_state(spec: Spec) -> Iterator[Diagnostic]:
    manager = spec.manager
    declared = {r.name: refs.keys(spec, "resources", r.name, "states") for r in manager.resources}
    for resource in manager.resources:
        known = refs.meant(declared[resource.name])
        if not known:
            continue
        if resource.initial and resource.initial not in known:
            yield _no_state(spec.at("resources", resource.name, "initial"),
                            f"{resource.name} begins in", resource.initial, resource.name,
                            declared[resource.name])
        for row, outcome, target in refs.targets(resource):
            if target.state not in known:
                condition = "" if row.hook is None else f", if {row.hook} {_ENDS[outcome]},"
                by = f"{refs.cell(resource, row)} goes{condition} to"
                yield _no_state(target.loc, by, target.state, resource.name,
                                declared[resource.name], stay=True)
    for operation in manager.operations:
        if (operation.enter and operation.target in declared
            and operation.enter not in refs.meant(declared[operation.target])):
            yield _no_state(spec.at("operations", operation.name, "create", "enter"),
                            f"operation {operation.name} enters", operation.enter, operation.target,
                            declared[operation.target])
    for accept in manager.accept:
        name, _, rest = accept.where.partition(".")
        state = rest.partition(".")[0]
        if name in declared and state not in refs.meant(declared[name]):
            yield _no_state(accept.where_loc, "accept names", state, name, declared[name])


_ENDS = {"ok": "ends ok", "fail": "fails", "uncertain": "ends uncertain", "yes": "says yes",
         "no": "says no", "unknown": "cannot tell"}


def _no_state(loc: Loc, by: str, state: str, resource: str, valid: list[str],
              stay: bool = False) -> Diagnostic:
    """`stay`: the word may stand there as well."""
    help_ = hint(state, valid, f"states of {resource}")
    if stay and state in ("reject", "call"):
        form = "{reject: EBUSY}" if state == "reject" else "{call: group.hook, ok: …, fail: …}"
        help_ = f"did you mean {form}? states of {resource}: {listing(valid)}; or stay"
    elif stay:
        help_ = f"{suggest(state, [*valid, 'stay'])}states of {resource}: {listing(valid)}; or stay"
    return Diagnostic("unknown-state", loc, f"{by} {quote(state)}, which is no state of {resource}",
                      help_)


@rule("unknown-event",
      "An event that is fired, raised, or held by is one that a state of the resource mentions.")
def unknown_event(spec: Spec) -> Iterator[Diagnostic]:
    manager = spec.manager
    known = {
        r.name: list(
            dict.fromkeys(
                e
                for s in r.states
                for e in refs.keys(spec, "resources", r.name, "states", s.name, "on")
            )
        )
        for r in manager.resources
    }
    for resource in manager.resources:
        mine = known[resource.name]
        usable = refs.meant(mine)
        if not mine:
            continue
        for holder, event in (("take", resource.take), ("drop", resource.drop)):
            if event and event not in usable:
                yield _no_event(spec.at("resources", resource.name, "holders", holder),
                                f"holders of {resource.name} {holder} with", event, resource.name,
                                mine)
        for row, _, target in refs.targets(resource):
            if target.raise_event and target.raise_event not in usable:
                yield _no_event(target.loc, f"{refs.cell(resource, row)} raises",
                                target.raise_event, resource.name, mine)
    for operation in manager.operations:
        for step in operation.steps:
            if known.get(step.resource) and step.event not in refs.meant(known[step.resource]):
                yield _no_event(step.loc, f"operation {operation.name} fires", step.event,
                                step.resource, known[step.resource])
    for accept in manager.accept:
        name, _, rest = accept.where.partition(".")
        event = rest.partition(".")[2]
        if event and name in known and event not in refs.meant(known[name]):
            yield _no_event(accept.where_loc, "accept names", event, name, known[name])


def _no_event(loc: Loc, by: str, event: str, resource: str, valid: list[str]) -> Diagnostic:
    return Diagnostic("unknown-event", loc,
                      f"{by} {quote(event)}, which no state of {resource} mentions",
                      hint(event, valid, f"events of {resource}"))


@rule("unknown-hook",
      "A hook that is called, asked, undone, needed, in effect, gives a value or settles is "
      "declared below backend.")
def unknown_hook(spec: Spec) -> Iterator[Diagnostic]:
    manager = spec.manager
    known = [f"{group}.{name}" for group in refs.keys(spec, "backend")
             for name in refs.keys(spec, "backend", group)]
    declared = {f"{group}.{name}" for written in refs.keys(spec, "backend")
                for group in refs.meant([written])
                for name in refs.meant(refs.keys(spec, "backend", written))}
    for resource, row in refs.rows(manager):
        if row.hook is not None and row.hook not in declared:
            yield Diagnostic("unknown-hook",
                             spec.at(*refs.row_path(spec, resource, row),
                                     "call" if row.call else "ask"),
                             f"{refs.cell(resource, row)} {'calls' if row.call else 'asks'} "
                             f"{quote(row.hook)}, which is no hook", hint(row.hook, known, "hooks"))
    uses = [(f"hook {hook.name} {verb}", ("backend", *hook.name.split(".", 1), verb))
            for hook in manager.hooks for verb in ("undoes", "needs", "asks")]
    uses += [(f"{resource.name}.{state.name} has in {verb}",
              ("resources", resource.name, "states", state.name, verb))
             for resource in manager.resources for state in resource.states
             for verb in ("effects", "maybe")]
    for by, where in uses:
        for word, loc in refs.named(spec, *where):
            if word not in declared:
                others = [name for name in known if by != f"hook {name} {where[-1]}"]
                yield Diagnostic("unknown-hook", loc, f"{by} {quote(word)}, which is no hook",
                                 hint(word, others, "hooks"))
    for word, loc in refs.named(spec, "store", "settle"):
        if word not in declared:
            yield Diagnostic("unknown-hook", loc, f"the store settles by {quote(word)}, which is "
                             "no hook", hint(word, known, "hooks"))
    for resource in manager.resources:
        for assigned in resource.assigned:
            if assigned.hook and assigned.hook not in declared:
                yield Diagnostic("unknown-hook",
                                 spec.at("resources", resource.name, "assigned", assigned.name,
                                         "from"), f"{resource.name}.{assigned.name} comes from "
                                 f"{quote(assigned.hook)}, which is no hook",
                                 hint(assigned.hook, known, "hooks"))


@rule("unknown-option", "An option that a condition, a format or a pool names is declared.")
def unknown_option(spec: Spec) -> Iterator[Diagnostic]:
    known = refs.keys(spec, "options")
    uses = [refs.Use(r.name, r.loc, u.by, own=u.own or "") for u in refs.guards(spec.manager)
            for r in u.guard.refs() if r.scope == "option"]
    for resource, name, ref in refs.formats(spec.manager):
        if ref.scope == "option":
            uses.append(refs.Use(ref.name, ref.loc, f"the format of {resource.name}.{name}"))
    uses += [refs.Use(option, loc, f"the pool {res.name}.{pool}")
             for res, pool, option, loc in refs.pool_options(spec.manager)]
    for use in uses:
        if use.name not in refs.meant(known):
            elsewhere = (f"did you mean field.{use.name}? " if use.own
                         and use.name in _values(spec, use.own) else "")
            yield Diagnostic("unknown-option", use.loc,
                             f"{use.by} uses {quote(use.name)}, which is no option",
                             f"{elsewhere}options: {listing(known)}" if elsewhere
                             else hint(use.name, known, "options"))


@rule("unknown-field", "A field that a key or a condition names is a field of the resource.")
def unknown_field(spec: Spec) -> Iterator[Diagnostic]:
    by_name = refs.resources_by_name(spec.manager)
    for resource in spec.manager.resources:
        known = refs.keys(spec, "resources", resource.name, "fields")
        names = refs.meant(known)
        for word, loc in refs.named(spec, "resources", resource.name, "key"):
            if word not in names and word != "all":
                yield Diagnostic("unknown-field", loc,
                                 f"the key of {resource.name} has {quote(word)}, which is no "
                                 f"field of {resource.name}",
                                 hint(word, known, f"fields of {resource.name}"))
    for use in refs.guards(spec.manager):
        for ref in use.guard.refs():
            owner = use.own if ref.scope == "field" else ref.scope
            if owner in use.path and owner in by_name:
                known = refs.keys(spec, "resources", owner, "fields")
                if ref.name in refs.meant(known):
                    continue
                if ref.name in refs.leaves(by_name[owner]):
                    continue  # guard-scope tells that it cannot be asked for
                yield Diagnostic(
                    "unknown-field", ref.loc,
                    f"{use.by} asks for {quote(str(ref))}, but {owner} has no such field",
                    _elsewhere(spec, ref, use.path, owner)
                    or hint(ref.name, known, f"fields of {owner}"))


@rule("unknown-value",
      "A value that a format, returns, by or at names is a field or an assigned value; a word "
      "that is compared is one of the enum's.")
def unknown_value(spec: Spec) -> Iterator[Diagnostic]:
    manager = spec.manager
    by_name = refs.resources_by_name(manager)
    for resource, name, ref in refs.formats(manager):
        owner = by_name.get(resource.name if ref.scope == "field" else ref.scope)
        if owner is not None and owner.name in refs.path_of(manager, resource.name):
            known = refs.keys(spec, "resources", owner.name, "fields") + list(refs.leaves(owner))
            if ref.name not in refs.meant(known):
                others = [n for n in known if n != name] if owner is resource else known
                yield Diagnostic("unknown-value", ref.loc,
                                 f"the format of {resource.name}.{name} uses {quote(ref.name)}, "
                                 f"which {owner.name} has not",
                                 _elsewhere(spec, ref, refs.path_of(manager, resource.name),
                                            owner.name, values=True)
                                 or hint(ref.name, others, f"values of {owner.name}"))
    for operation in manager.operations:
        for ref in operation.returns:
            owner = by_name.get(ref.scope)
            if owner is not None and ref.name not in refs.leaves(owner):
                yield _no_leaf(f"operation {operation.name} returns", ref, owner)
        owner = by_name.get(operation.target) if operation.path else None
        if owner is not None:
            names = [a.name for a in owner.assigned]
            for word, path in ((operation.by, ("by",)), (operation.at, ("create", "at"))):
                if word and word not in names:
                    loc = spec.at("operations", operation.name, *path)
                    yield Diagnostic("unknown-value", loc,
                                     f"operation {operation.name} names {quote(word)}, which "
                                     f"{owner.name} is not assigned",
                                     hint(word, names, f"assigned values of {owner.name}"))
    for use in refs.guards(manager):
        yield from _enum_words(spec, use)


def _values(spec: Spec, resource: str) -> list[str]:
    return refs.keys(spec, "resources", resource, "fields")


def _elsewhere(spec: Spec, ref: Ref, path: tuple[str, ...], owner: str,
               values: bool = False) -> str:
    """Help for a name that is there, but not where it was looked for. `values`: assigned values
    count, too."""
    if ref.name in refs.keys(spec, "options"):
        return f"did you mean option.{ref.name}?"
    by_name = refs.resources_by_name(spec.manager)
    for name in reversed(path):
        if (name != owner
            and (ref.name in _values(spec, name)
                 or (values and ref.name in refs.leaves(by_name[name])))):
            return f"did you mean {name}.{ref.name}?"
    return ""


def _no_leaf(by: str, ref: Ref, owner: Resource) -> Diagnostic:
    valid = list(refs.leaves(owner))
    if any(f.name == ref.name for f in owner.fields):
        return Diagnostic(
            "unknown-value", ref.loc, f"{by} {quote(str(ref))}, a field that callers give",
            f"what is returned is assigned; assigned values of {owner.name}: {listing(valid)}")
    pool = next((a for a in owner.assigned if a.name == ref.name and a.parts), None)
    if pool is not None:
        return Diagnostic("unknown-value", ref.loc, f"{by} {quote(str(ref))}, which is a pool",
                          f"its parts can be returned: {listing(list(pool.leaves))}")
    return Diagnostic("unknown-value", ref.loc,
                      f"{by} {quote(str(ref))}, but {owner.name} is not assigned {quote(ref.name)}",
                      hint(ref.name, valid, f"assigned values of {owner.name}"))


def _enum_words(spec: Spec, use: refs.GuardUse) -> Iterator[Diagnostic]:
    for guard in use.guard.atoms():
        field = typed(spec.manager, use, guard)
        if (field is not None and field.type is Type.ENUM and isinstance(guard.literal, str)
            and guard.literal not in field.values):
            yield Diagnostic(
                "unknown-value", guard.loc,
                f"{use.by} compares {guard.ref} with {quote(guard.literal)}, which it never is",
                hint(guard.literal, field.values, f"values of {guard.ref}"))


@rule("unknown-errno", "An error is the name of a Linux errno value.")
def unknown_errno(spec: Spec) -> Iterator[Diagnostic]:
    for resource, row in refs.rows(spec.manager):
        if row.reject is not None and row.reject not in ERRNO_NAMES:
            yield _no_errno(row.reject, spec.at(*refs.row_path(spec, resource, row), "reject"))
    places = [("resources", name, "otherwise", "reject") for name in refs.keys(spec, "resources")]
    places += [("backend", group, name, "absent") for group in refs.keys(spec, "backend")
               for name in refs.keys(spec, "backend", group)]
    for word, loc in [use for place in places for use in refs.named(spec, *place)] + [
        use
        for name in refs.keys(spec, "operations")
        for use in refs.named(spec, "operations", name, "deny", "*", "error")
    ]:
        if word not in ERRNO_NAMES:
            yield _no_errno(word, loc)


USUAL = ("EPERM", "ENOENT", "EIO", "EACCES", "EBUSY", "EEXIST", "ENODEV", "EINVAL", "ENOSPC",
          "EROFS", "EOPNOTSUPP", "ETIMEDOUT", "ENOTRECOVERABLE")


def _no_errno(word: str, loc: Loc) -> Diagnostic:
    near = (f"write {ERRNO_ALIASES[word]}, which is the same number; " if word in ERRNO_ALIASES
            else suggest(word, ERRNO_NAMES))
    return Diagnostic("unknown-errno", loc, f"{quote(word)} is no errno name that berthc knows",
                      f"{near}usual ones: {listing(USUAL)}")
