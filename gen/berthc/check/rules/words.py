"""Words that stand for two things, for one that the language has already, or for one that nothing
uses."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.check import refs
from berthc.check.rule import rule
from berthc.diag import Diagnostic, Severity, listing, quote
from berthc.model import AssignedKind, Loc
from berthc.spec.build import OLD_FINDINGS, Spec
from berthc.spec.load import Mapping, Scalar, Sequence


@rule("duplicate", "Nothing is listed twice where once is all that has a meaning.")
def duplicate(spec: Spec) -> Iterator[Diagnostic]:
    lists: list[tuple[str, ...]] = [
        ("options", name, "values") for name in refs.keys(spec, "options")
    ]
    for name in refs.keys(spec, "resources"):
        lists.append(("resources", name, "key"))
        lists += [("resources", name, "fields", field, "values")
                  for field in refs.keys(spec, "resources", name, "fields")]
    lists += [("backend", group, name, key) for group in refs.keys(spec, "backend")
              for name in refs.keys(spec, "backend", group) for key in ("undoes", "needs", "asks")]
    lists += [("resources", name, "states", state, key) for name in refs.keys(spec, "resources")
              for state in refs.keys(spec, "resources", name, "states")
              for key in ("effects", "maybe")]
    lists += [("operations", name, key) for name in refs.keys(spec, "operations")
              for key in ("obtain", "returns")]
    for path in lists:
        seen: dict[str, str] = {}
        for word, loc in refs.named(spec, *path):
            if word in seen:
                yield Diagnostic("duplicate", loc, f"{quote(word)} is listed twice",
                                 f"the first one is in line {seen[word]}")
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
# The same in a spec with a store.
_RESERVED_STORED = {
    **_RESERVED,
    "resource": (*_RESERVED["resource"], "store", "owner", "owners", "releasing", "id", "die",
                 "refuse"),
    "field": (*_RESERVED["field"], "owners"),
    "assigned value": (*_RESERVED["assigned value"], "owner", "owners", "die", "refuse"),
    "operation": (*_RESERVED["operation"], "open", "recover", "save"),
}


def _reserved_in(spec: Spec) -> dict[str, tuple[str, ...]]:
    return _RESERVED if spec.manager.store is None else _RESERVED_STORED


@rule("reserved-name",
      "No name is a word that means something else where it would be used: in conditions, in "
      "rows, or in the simulator's protocol.")
def reserved_name(spec: Spec) -> Iterator[Diagnostic]:
    uses: list[tuple[str, tuple[str, ...]]] = []
    for section, kind in (("resources", "resource"), ("options", "option"),
                          ("operations", "operation")):
        uses += [(kind, (section, name)) for name in refs.keys(spec, section)]
    for name in refs.keys(spec, "resources"):
        where = ("resources", name)
        uses += [("state", (*where, "states", state))
                 for state in refs.keys(spec, *where, "states")]
        uses += [("field", (*where, "fields", field))
                 for field in refs.keys(spec, *where, "fields")]
        for assigned in refs.keys(spec, *where, "assigned"):
            uses.append(("assigned value", (*where, "assigned", assigned)))
            pool = (*where, "assigned", assigned, "pool")
            uses += [("assigned value", (*pool, part)) for part in refs.keys(spec, *pool)]
    words = _reserved_in(spec)
    for kind, path in uses:
        if path[-1] in words[kind]:
            yield _reserved(kind, path[-1], spec.key(*path), words[kind])
    lists: list[tuple[str, ...]] = [
        ("options", name, "values") for name in refs.keys(spec, "options")
    ]
    for name in refs.keys(spec, "resources"):
        lists += [("resources", name, "fields", field, "values")
                  for field in refs.keys(spec, "resources", name, "fields")]
    for path in lists:
        for word, loc in refs.named(spec, *path):
            if word in _RESERVED["value"]:
                yield Diagnostic("reserved-name", loc, f"a value cannot be called {quote(word)}",
                                 f"reserved: {listing(_RESERVED['value'])}")


def _reserved(kind: str, word: str, loc: Loc, words: tuple[str, ...]) -> Diagnostic:
    article = "an" if kind[0] in "ao" else "a"
    return Diagnostic("reserved-name", loc, f"{article} {kind} cannot be called {quote(word)}",
                      f"reserved: {listing(words)}")


@rule("old-id", "A finding has the id that it has today.")
def old_id(spec: Spec) -> Iterator[Diagnostic]:
    entries = spec.root.get("accept")
    for entry in entries.items if isinstance(entries, Sequence) else ():
        id_ = entry.get("finding") if isinstance(entry, Mapping) else None
        if isinstance(id_, Scalar) and id_.value in OLD_FINDINGS:
            new = OLD_FINDINGS[str(id_.value)]
            yield Diagnostic("old-id", id_.loc, f"the finding {id_.value} is called {new} now",
                             f"write {new}", Severity.WARNING)


@rule("same-name",
      "Within a resource, fields, leaves of assigned values and child resources all have "
      "different names.")
def same_name(spec: Spec) -> Iterator[Diagnostic]:
    for resource in spec.manager.resources:
        seen: dict[str, str] = {f.name: "a field" for f in resource.fields}
        for assigned in resource.assigned:
            leaves = ([(p.name, p.loc) for p in assigned.parts]
                      if assigned.kind is AssignedKind.POOL else [(assigned.name, assigned.loc)])
            for name, loc in leaves:
                if name in seen:
                    yield Diagnostic(
                        "same-name", loc,
                        f"{resource.name}.{name} is an assigned value, and {seen[name]} as well",
                        "give one of them another name")
                seen.setdefault(name, "an assigned value")
        for child in spec.manager.children(resource.name):
            if child in seen:
                yield Diagnostic(
                    "same-name", spec.key("resources", child),
                    f"{child} is a child of {resource.name}, which has {seen[child]} of this name",
                    "give one of them another name")


@rule("unused", "Every option, hook and resource is used by something.")
def unused(spec: Spec) -> Iterator[Diagnostic]:
    m = spec.manager
    if spec.broken:
        return  # what is wrong may be the use
    options = {r.name for u in refs.guards(m) for r in u.guard.refs() if r.scope == "option"}
    options |= ({r.name for _, _, r in refs.formats(m) if r.scope == "option"}
                | {option for _, _, option, _ in refs.pool_options(m)})
    for option in m.options:
        if option.name not in options:
            yield _unused(option.loc,
                          f"option {option.name} is used by no condition, format or pool")
    called = {row.hook for _, row in refs.rows(m)}
    for hook in m.hooks:
        if hook.name not in called:
            yield _unused(hook.loc, f"hook {hook.name} is called by no row")
    on_path = {name for o in m.operations for name in o.path}
    for resource in m.resources:
        if resource.name not in on_path:
            yield _unused(resource.loc, f"resource {resource.name} is on the path of no operation")


def _unused(loc: Loc, message: str) -> Diagnostic:
    return Diagnostic("unused", loc, message, "remove it, or use it", Severity.WARNING)
