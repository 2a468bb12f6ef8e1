"""Identifiers that are reserved, of a library, Berth's own, or needed twice."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.model import NOWHERE, Loc, Manager
from berthc.names import library
from berthc.names.declared import (
    ARGUMENTS, FILE_SCOPES, HEADER, RESULTS, SUITE_NAMES, Identifier,
)
from berthc.names.placed import identifiers
from berthc.names.words import OWN_PREFIX, OWN_WORDS, RESERVED, TAKEN_PREFIXES


def collisions(manager: Manager) -> list[tuple[Loc, str]]:
    """(place, message) of each name that C does not allow, that belongs to others, or that two
    things would share; by place."""
    prefix = manager.name.split("_")[0]
    if prefix in TAKEN_PREFIXES:
        belongs = f"names that begin with '{prefix}_' belong to others in C"
        return [(manager.loc, f"manager '{manager.name}': {belongs}")]
    if manager.name in OWN_WORDS:
        return [(manager.loc, f"manager '{manager.name}': the generated C uses this word itself")]
    every = list(identifiers(manager))
    others: dict[Loc, str] = {}  # one message for each word of the spec
    for found in every:
        for message in _of_others(found) if found.scope in FILE_SCOPES else ():
            others.setdefault(found.loc, message)
    problems = {*others.items(), *_shared(every)}
    return sorted((manager.loc if loc == NOWHERE else loc, message) for loc, message in problems)


def _of_others(found: Identifier) -> Iterator[str]:
    """What is wrong with a name at file scope, whatever else the spec has."""
    text = found.text
    taken = library.names().get(text)
    if text in RESERVED:
        yield f"{found.what}: '{text}' is a reserved word in C or C++"
    elif taken is not None and text not in SUITE_NAMES:
        owner, kind = taken
        whose = f"{library.POSSESSIVE[owner]} {library.WORDS[kind]}"
        yield f"{found.what} would be called '{text}' in C, as {whose} is"
    elif text.lower().startswith(OWN_PREFIX):
        own = f"names that begin with '{text[:len(OWN_PREFIX)]}' are Berth's own"
        yield f"{found.what} would be called '{text}' in C, and {own}"
    elif text in OWN_WORDS and found.scope == HEADER:
        yield f"{found.what} would be called '{text}' in C, which the generated C calls a variable"


def _shared(every: list[Identifier]) -> list[tuple[Loc, str]]:
    """Names that two things would share: in one scope, in the header and a file that includes it,
    or as a member and a type."""
    problems: list[tuple[Loc, str]] = []
    header: dict[str, Identifier] = {}
    for found in every:
        if found.scope == HEADER:
            header.setdefault(found.text, found)
    seen: dict[tuple[str, str], Identifier] = {}
    for new in every:
        old = seen.setdefault((new.scope, new.text), new)
        if old == new and new.scope != HEADER and new.text in header:
            known = header[new.text]
            # a result is told of as the member of a view that it is
            is_member = not new.scope.startswith((ARGUMENTS, RESULTS))
            if new.scope in FILE_SCOPES or is_member and known.is_type:
                old = known
        if old != new:
            place = new.loc if new.loc != NOWHERE else old.loc
            first, second = (old, new) if new.loc != NOWHERE else (new, old)
            scope = f" in {new.scope}" if new.scope not in FILE_SCOPES else " in C"
            problems.append(
                (place, f"{second.what} would be called '{new.text}'{scope}, as {first.what} is"))
    return problems
