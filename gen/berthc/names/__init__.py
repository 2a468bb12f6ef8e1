"""C identifiers: every name in generated C is made here, and nowhere else.

`Names` spells them; `identifiers` lists every one that a manager needs, with the scope it lives in;
`collisions` finds those that are reserved, a library's, Berth's own, or needed twice. Members and
parameters get an underscore instead (`member`, `called`, `free_name`).
The table in docs/architecture.md is the contract behind the spelling.
"""
from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cache

from berthc.model import (
    NOWHERE, Assigned, AssignedKind, Field, Form, Hook, Loc, Manager, Operation, Ref, Resource,
    Type,
)
from berthc.names import library

C_KEYWORDS = frozenset(
    """auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return short
    signed sizeof static struct switch typedef union unsigned void volatile while _Alignas _Alignof _Atomic _Bool _Complex _Generic _Imaginary
    _Noreturn _Static_assert _Thread_local asm typeof fortran constexpr nullptr static_assert thread_local alignas alignof typeof_unqual""".split()
)

CXX_KEYWORDS = frozenset(
    """and and_eq asm bitand bitor bool catch char8_t char16_t char32_t class compl concept consteval constinit const_cast co_await co_return
    co_yield decltype delete dynamic_cast explicit export false friend mutable namespace new noexcept not not_eq operator or or_eq private
    protected public reinterpret_cast requires static_cast template this throw true try typeid typename using virtual wchar_t xor
    xor_eq""".split()
)

# Macros that some compilers define, whatever a program includes; names that headers may define as
# macros; and the types that generated declarations use.
TAKEN_WORDS = frozenset(
    """linux unix i386 sun mips sparc hppa vax errno assert offsetof stdin stdout stderr complex imaginary noreturn va_arg va_start va_end
    va_copy minor major makedev sigmask NULL max_align_t size_t ssize_t ptrdiff_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t
    uint64_t uintptr_t intptr_t uuid_t""".split()
)

RESERVED = C_KEYWORDS | CXX_KEYWORDS | TAKEN_WORDS

# First words of identifiers that belong to others: a manager of this name would define theirs, or
# what they may have tomorrow.
TAKEN_PREFIXES = frozenset("atomic berth cnd mtx posix pthread thrd tss uuid".split())

# Berth's own: nothing that a spec names begins with it.
OWN_PREFIX = "berth_"

# Parameters and variables of the generated files. A manager of this name would be hidden by them.
OWN_WORDS = frozenset(
    """arg argc argv assigned at backend call config configs count ctx deadline digits done end
    environment error event from given guard has hook instance item length lent level made
    manager missing n next next_deadline number only op operation option options out parts
    pattern put rc request reservation resource results row seen sets size sizes state suite
    text to value version view visit visitor""".split()
)


def upper(*words: str) -> str:
    """SCSI_DISK_STATE: words joined for a macro or an enumerator."""
    return "_".join(words).upper()


def lower(*words: str) -> str:
    return "_".join(words)


def flat(hook: str) -> str:
    """vm_add_disk for "vm.add_disk"."""
    return hook.replace(".", "_")


@cache
def _of_kind(*kinds: str) -> frozenset[str]:
    """The names of libraries that are one of these."""
    return frozenset(name for name, (_, kind) in library.names().items() if kind in kinds)


def member(word: str) -> str:
    """A member of a struct: `restrict_` where the word is reserved, a macro, or Berth's."""
    taken = word in RESERVED or word.startswith(OWN_PREFIX) or word in _of_kind("macro")
    return f"{word}_" if taken else word


def called(word: str) -> str:
    """A member that is called, so that a macro with arguments would replace it, too."""
    return f"{word}_" if word in _of_kind("callable macro") else member(word)


def hook_member(hook: str) -> str:
    """vm.add_disk, as it stands after `backend->`."""
    group, short = hook.split(".")
    return f"{member(group)}.{called(short)}"


class Names:
    """Spells the identifiers of one manager. Methods take the words of the spec."""

    def __init__(self, manager: str) -> None:
        self.manager = manager

    # Files and file scope.

    @property
    def header(self) -> str:
        return f"{self.manager}/{self.manager}.h"

    @property
    def source(self) -> str:
        return f"{self.manager}/{self.manager}.c"

    @property
    def include(self) -> str:
        """What the code calls the header."""
        return f"{self.manager}.h"

    @property
    def include_guard(self) -> str:
        return upper("berth_generated", self.manager, "h")

    @property
    def descriptor(self) -> str:
        return lower(self.manager, "manager_type")

    def function(self, operation: str) -> str:
        return lower(self.manager, operation)

    def until(self, operation: str) -> str:
        return lower(self.manager, operation, "until")

    def start(self, operation: str) -> str:
        return lower(self.manager, operation, "start")

    # Types.

    @property
    def op(self) -> str:
        """The block of a started operation."""
        return lower(self.manager, "op")

    @property
    def options(self) -> str:
        return lower(self.manager, "options")

    @property
    def backend(self) -> str:
        return lower(self.manager, "backend")

    @property
    def item(self) -> str:
        return lower(self.manager, "item")

    @property
    def visit(self) -> str:
        return lower(self.manager, "visit")

    def option_enum(self, option: str) -> str:
        return lower(self.manager, "option", option)

    def field_enum(self, resource: str, field: str) -> str:
        return lower(self.manager, resource, field)

    def view(self, resource: str) -> str:
        return lower(self.manager, resource)

    def config(self, resource: str) -> str:
        return lower(self.manager, resource, "config")

    def slot(self, resource: str, pool: str) -> str:
        return lower(self.manager, resource, pool)

    def out(self, hook: str) -> str:
        return lower(self.manager, flat(hook), "out")

    def id_enum(self, *words: str) -> str:
        """scsi_resource, scsi_operation, scsi_hook, scsi_disk_state, scsi_disk_event."""
        return lower(self.manager, *words)

    # Macros and enumerators.

    @property
    def options_default(self) -> str:
        return upper(self.manager, "options_default")

    @property
    def arena_size(self) -> str:
        return upper(self.manager, "arena_size")

    @property
    def backend_version(self) -> str:
        return upper(self.manager, "backend_version")

    def config_default(self, resource: str) -> str:
        return upper(self.manager, resource, "config_default")

    def size(self, resource: str, leaf: str) -> str:
        return upper(self.manager, resource, leaf, "size")

    def option_value(self, option: str, value: str) -> str:
        return upper(self.manager, "option", option, value)

    def field_value(self, resource: str, field: str, value: str) -> str:
        return upper(self.manager, resource, field, value)

    def resource_id(self, resource: str) -> str:
        return upper(self.manager, "resource", resource)

    def operation_id(self, operation: str) -> str:
        return upper(self.manager, "operation", operation)

    def hook_id(self, hook: str) -> str:
        return upper(self.manager, "hook", flat(hook))

    def state_id(self, resource: str, state: str) -> str:
        return upper(self.manager, resource, "state", state)

    def event_id(self, resource: str, event: str) -> str:
        return upper(self.manager, resource, "event", event)

    def none_id(self, *words: str) -> str:
        """The enumerator 0 of an enum of ids."""
        return upper(self.manager, *words, "none")


# Where a name lives. What the header declares is in every file; the others are files of their own.
HEADER, SOURCE, SUITE = "", "the source", "the conformance suite"
FILE_SCOPES = (HEADER, SOURCE, SUITE)
ARGUMENTS = "the arguments of "  # begins the scope of an operation's

# What the generated source declares for itself.
STATIC_NAMES = (
    "resource_table operation_table hook_table option_table option_defaults limit_table "
    "given_limits guard_holds put_text put_number put_signed put_uuid copy_text write_format "
    "has_hook call_hook preset_out accept_out check_backend visit_item visitor"
).split()
RESOURCE_STATICS = ("fields", "assigned", "states", "marks", "events", "rows", "cells")
FIELD_FUNCTIONS = ("check", "hash", "equal", "differs", "size", "copy")
OPERATION_STATICS = ("steps", "returns", "rules")

# What the generated conformance suite declares for itself, and how its names of resources and
# operations begin.
SUITE_NAMES = (
    "create destroy drain drain_start discard cancel poll_ visit for_each for_each_reservation "
    "functions hooks resources environments rows steps scripts phases sharings pools creations "
    "COUNT RUN_DRAIN_ALL RUN_DISCARD_ALL"
).split()
SUITE_RESOURCE = ("show", "set_key", "lend")
SUITE_OPERATION = ("run", "start", "tell", "lent")

FIXED_FUNCTIONS = ("create", "destroy", "drain", "drain_start", "discard", "cancel", "poll", "for_each", "for_each_reservation",
                   "dump")
NAME_FUNCTIONS = ("resource", "operation", "hook")


@dataclass(frozen=True)
class Identifier:
    """One name that the generated files declare. Names of one scope must differ; `scope` is one of
    the FILE_SCOPES, or says which struct or function. Members must differ from the header's types,
    too, or C++ refuses them."""

    text: str
    what: str
    loc: Loc
    scope: str = HEADER
    is_type: bool = False


def free_name(wanted: str, taken: Set[str]) -> str:
    """A parameter or variable: `wanted`, with underscores after it where it would be a reserved
    word, or hide what is `taken`, a library's or Berth's."""
    hidden = _of_kind("macro", "type", "constant", "object", "included function")
    if wanted in RESERVED or wanted in hidden or wanted.startswith(OWN_PREFIX):
        wanted += "_"
    while wanted in taken:
        wanted += "_"
    return wanted


def file_scope(manager: Manager) -> frozenset[str]:
    """The names at file scope of the generated header and source, which nothing inside may hide."""
    found = identifiers(manager)
    return frozenset(one.text for one in found if one.scope in (HEADER, SOURCE))


def arguments(manager: Manager, operation: Operation) -> list[tuple[str, str, Loc]]:
    """(name, what it is, place) of the parameters that the user's words name."""
    found: list[tuple[str, str, Loc]] = []
    if operation.form is not Form.WITH and operation.by is None:
        found += [(name, f"resource {name}", operation.loc) for name in operation.path]
    if operation.by is not None:
        found.append((operation.by, f"assigned value {operation.by}", operation.loc))
    if operation.at is not None:
        found.append((operation.at, f"pool {operation.at}", operation.loc))
    for ref in operation.returns:
        found.append((ref.name, f"result {ref}", ref.loc))
        if is_text(leaf_type(manager, ref)):
            found.append((f"{ref.name}_size", f"size of the result {ref}", ref.loc))
    return found


def is_text(leaf: Type | None) -> bool:
    return leaf is Type.STRING


def leaf_type(manager: Manager, ref: Ref) -> Type | None:
    """Type of a leaf of an assigned value; None for a part of a pool (an unsigned integer), or where there is no such leaf."""
    for resource in manager.resources:
        if resource.name == ref.scope:
            for assigned in resource.assigned:
                if ref.name in assigned.leaves:
                    return assigned.type
    return None


def identifiers(manager: Manager) -> Iterator[Identifier]:
    """Every identifier that the generated files declare because of this spec."""
    yield from _from_words(manager)
    for (resource, _), text in field_functions(manager).items():
        what = f"the function {text} of the generated source"
        yield Identifier(text, what, manager.resource(resource).loc, SOURCE)
    for operation, text in operation_checks(manager).items():
        what = f"the function {text} of the generated source"
        yield Identifier(text, what, manager.operation(operation).loc, SOURCE)


def field_functions(manager: Manager) -> dict[tuple[str, str], str]:
    """(resource, one of FIELD_FUNCTIONS) to the name of the function. Nobody calls it by its name,
    so it gets underscores after it where the spec or a library has the name already."""
    names = Names(manager.name)
    taken = {one.text for one in _from_words(manager) if one.scope in (HEADER, SOURCE)}
    found: dict[tuple[str, str], str] = {}
    for resource in manager.resources:
        for word in FIELD_FUNCTIONS:
            text = lower(names.view(resource.name), word)
            while text in taken or text in library.names():
                text += "_"
            taken.add(text)
            found[resource.name, word] = text
    return found


def operation_checks(manager: Manager) -> dict[str, str]:
    """Each operation to the name of the function that checks its arguments; as field_functions."""
    names = Names(manager.name)
    taken = {one.text for one in _from_words(manager) if one.scope in (HEADER, SOURCE)}
    taken |= set(field_functions(manager).values())
    found: dict[str, str] = {}
    for operation in manager.operations:
        text = lower(names.function(operation.name), "check")
        while text in taken or text in library.names():
            text += "_"
        taken.add(text)
        found[operation.name] = text
    return found


def _from_words(manager: Manager) -> Iterator[Identifier]:
    """Those that cannot be called otherwise."""
    names = Names(manager.name)
    yield Identifier(manager.name, f"manager {manager.name}", manager.loc)  # a type, but of no member
    yield Identifier(names.descriptor, "the descriptor", NOWHERE)
    for word in FIXED_FUNCTIONS:
        yield Identifier(names.function(word), f"the function {names.function(word)}", NOWHERE)
    for text in STATIC_NAMES:
        yield Identifier(text, f"{text} of the generated source", NOWHERE, SOURCE)
    for text in SUITE_NAMES:
        yield Identifier(text, f"{text} of the conformance suite", NOWHERE, SUITE)
    yield Identifier(f"suite_of_{manager.name}", "the conformance suite", NOWHERE, SUITE)
    for word in NAME_FUNCTIONS:
        yield from _id_enum(names, (word,), NOWHERE)
    for text, what in (
        (names.options, "the options"), (names.op, "the block of a started operation"), (names.backend, "the backend"),
        (names.item, "the type of items"), (names.visit, "the type of visitors"),
    ):
        yield Identifier(text, what, NOWHERE, is_type=True)
    for text, what in (
        (names.options_default, "the options' default"), (names.backend_version, "the backend's version"),
        (names.arena_size, "the size of an arena"),
    ):
        yield Identifier(text, what, NOWHERE)
    yield from _options(manager, names)
    yield from _backend(manager, names)
    yield from _item(manager)
    for resource in manager.resources:
        yield from _resource(manager, resource, names)
    for operation in manager.operations:
        yield from _operation(manager, operation, names)


def _id_enum(names: Names, words: tuple[str, ...], loc: Loc) -> Iterator[Identifier]:
    enum = names.id_enum(*words)
    yield Identifier(enum, f"the type {enum}", loc, is_type=True)
    yield Identifier(names.none_id(*words), "the id 0", loc)
    yield Identifier(f"{enum}_name", f"the function {enum}_name", loc)


def _enum(enum: str, table: str, field: Field, value_of: dict[str, str], what: str) -> Iterator[Identifier]:
    yield Identifier(enum, f"the type of {what}", field.loc, is_type=True)
    yield Identifier(f"{enum}_name", f"the function {enum}_name of {what}", field.loc)
    yield Identifier(f"{table}_values", f"the table {table}_values", field.loc, SOURCE)
    for value, text in value_of.items():
        yield Identifier(text, f"value {value} of {what}", field.loc)


def _options(manager: Manager, names: Names) -> Iterator[Identifier]:
    for option in manager.options:
        yield Identifier(member(option.name), f"option {option.name}", option.loc, "options")
        if option.type is Type.ENUM:
            values = {v: names.option_value(option.name, v) for v in option.values}
            yield from _enum(names.option_enum(option.name), f"option_{option.name}", option, values, f"option {option.name}")


def _backend(manager: Manager, names: Names) -> Iterator[Identifier]:
    for word in ("version", "ctx"):
        yield Identifier(word, f"the backend's member {word}", NOWHERE, "the backend")
    for group in dict.fromkeys(h.group for h in manager.hooks):
        first = next(h for h in manager.hooks if h.group == group)
        yield Identifier(member(group), f"group {group}", first.loc, "the backend")
    for hook in manager.hooks:
        yield Identifier(called(hook.short), f"hook {hook.name}", hook.loc, f"group {hook.group}")
        yield Identifier(names.hook_id(hook.name), f"hook {hook.name}", hook.loc)
        yield Identifier(f"hook_{flat(hook.name)}", f"hook {hook.name}", hook.loc, SUITE)
        if outs(manager, hook):
            yield Identifier(names.out(hook.name), f"out-values of {hook.name}", hook.loc, is_type=True)


def outs(manager: Manager, hook: Hook) -> tuple[Assigned, ...]:
    """The assigned values that a hook yields, in the order of the spec."""
    return tuple(a for r in manager.resources for a in r.assigned if a.kind is AssignedKind.HOOK and a.hook == hook.name)


def _item(manager: Manager) -> Iterator[Identifier]:
    for word in ("resource", "state", "refs", "children"):
        yield Identifier(word, f"the item's member {word}", NOWHERE, "items")
    for resource in manager.resources:
        yield Identifier(member(resource.name), f"resource {resource.name}", resource.loc, "items")


def _resource(manager: Manager, resource: Resource, names: Names) -> Iterator[Identifier]:
    name, loc = resource.name, resource.loc
    yield Identifier(names.view(name), f"the view of {name}", loc, is_type=True)
    yield Identifier(names.resource_id(name), f"resource {name}", loc)
    yield Identifier(names.config(name), f"the config of {name}", loc, is_type=True)
    yield Identifier(names.config_default(name), f"the config's default of {name}", loc)
    for word in RESOURCE_STATICS:
        yield Identifier(f"{name}_{word}", f"the table {name}_{word}", loc, SOURCE)
    for word in SUITE_RESOURCE:
        yield Identifier(f"{word}_{name}", f"the function {word}_{name} of the conformance suite", loc, SUITE)
    if any(name in operation.path for operation in manager.operations if operation.deny):
        yield Identifier(f"{name}_config", f"the variable {name}_config of the generated source", loc, SOURCE)
    yield from _id_enum(names, (name, "state"), loc)
    yield from _id_enum(names, (name, "event"), loc)
    for state in resource.states:
        yield Identifier(names.state_id(name, state.name), f"state {name}.{state.name}", state.loc)
    for event in resource.events:
        yield Identifier(names.event_id(name, event), f"event {name}.{event}", loc)
    view = f"the view of {name}"
    if resource.parent is not None:
        yield Identifier(member(resource.parent), f"parent {resource.parent}", manager.resource(resource.parent).loc, view)
    for field in resource.fields:
        yield Identifier(member(field.name), f"field {name}.{field.name}", field.loc, view)
        if field.type is Type.ENUM:
            values = {v: names.field_value(name, field.name, v) for v in field.values}
            yield from _enum(names.field_enum(name, field.name), f"{name}_{field.name}", field, values, f"field {name}.{field.name}")
    for assigned in resource.assigned:
        if assigned.kind is AssignedKind.POOL:
            yield Identifier(names.slot(name, assigned.name), f"the slot {name}.{assigned.name}", assigned.loc, is_type=True)
            yield Identifier(f"{name}_{assigned.name}_parts", f"the parts of {name}.{assigned.name}", assigned.loc, SOURCE)
        if assigned.kind is AssignedKind.FORMAT:
            yield Identifier(f"format_{name}_{assigned.name}", f"the format of {name}.{assigned.name}", assigned.loc, SOURCE)
        for leaf in assigned.leaves:
            yield Identifier(member(leaf), f"assigned value {name}.{leaf}", assigned.loc, view)
        if is_text(assigned.type):
            yield Identifier(names.size(name, assigned.name), f"the size of {name}.{assigned.name}", assigned.loc)


def _operation(manager: Manager, operation: Operation, names: Names) -> Iterator[Identifier]:
    what = f"operation {operation.name}"
    yield Identifier(names.function(operation.name), what, operation.loc)
    yield Identifier(names.until(operation.name), f"{what} with a deadline", operation.loc)
    yield Identifier(names.start(operation.name), f"{what} started", operation.loc)
    yield Identifier(names.operation_id(operation.name), what, operation.loc)
    for word in OPERATION_STATICS:
        yield Identifier(f"{operation.name}_{word}", f"the table {operation.name}_{word}", operation.loc, SOURCE)
    for word in SUITE_OPERATION:
        yield Identifier(f"{word}_{operation.name}", f"{what} in the conformance suite", operation.loc, SUITE)
    yield Identifier(upper("run", operation.name), f"{what} in the conformance suite", operation.loc, SUITE)
    for text, meaning, loc in arguments(manager, operation):
        yield Identifier(member(text), meaning, loc, f"{ARGUMENTS}{operation.name}")


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
            is_member = new.scope not in FILE_SCOPES and not new.scope.startswith(ARGUMENTS)
            if new.scope in FILE_SCOPES or is_member and known.is_type:
                old = known
        if old != new:
            place = new.loc if new.loc != NOWHERE else old.loc
            first, second = (old, new) if new.loc != NOWHERE else (new, old)
            scope = f" in {new.scope}" if new.scope not in FILE_SCOPES else " in C"
            problems.append((place, f"{second.what} would be called '{new.text}'{scope}, as {first.what} is"))
    return problems
