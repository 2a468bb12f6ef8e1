"""C identifiers: every name in generated C is made here, and nowhere else.

`Names` spells them; `identifiers` lists every one that a manager needs, with the scope it lives in; `collisions` finds those that are reserved
or needed twice. The table in docs/architecture.md is the contract behind the spelling.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from berthc.model import Assigned, AssignedKind, Field, Form, Hook, Loc, Manager, NOWHERE, Operation, Ref, Resource, Type

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

# Lower-case words that headers define as macros (in GNU modes also the name of the system), and the types that generated declarations use.
TAKEN_WORDS = frozenset(
    """linux unix i386 errno assert offsetof stdin stdout stderr complex imaginary noreturn va_arg va_start va_end va_copy minor major makedev
    sigmask NULL max_align_t size_t ssize_t ptrdiff_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t uintptr_t intptr_t uuid_t""".split()
)

RESERVED = C_KEYWORDS | CXX_KEYWORDS | TAKEN_WORDS

# First words of identifiers that belong to others: a manager of this name would define theirs.
TAKEN_PREFIXES = frozenset("atomic berth pthread uuid".split())

# Parameters and file-scope names of the generated files: a manager of this name would be hidden by them, its name being a type.
OWN_WORDS = frozenset(
    """arg assigned at backend call config configs count deadline digits done end error event from given guard has hook instance item length made
    manager next next_deadline number op operation options out parts rc request reservation resource results row seen size sizes state text to
    value view visit visitor""".split()
)

# Functions of the C library and of POSIX that a manager's type would clash with where an application includes their header.
LIBRARY = frozenset(
    """abort abs accept access acos alarm asin atan atexit atof atoi atol bcmp bcopy bind brk bsearch bzero calloc ceil chdir chmod chown
    clock close connect cos creat ctime daemon div dup environ execl execv exit exp explicit_bzero fabs fclose fcntl feof fflush ffs
    ffsl ffsll fgetc fgets fileno floor fopen fork fprintf fputc fputs fread free freopen fscanf fseek fstat fsync ftell ftruncate
    fwrite getc getchar getcwd getenv getgid getopt getpid getppid getuid gmtime index ioctl isatty kill labs ldexp link listen
    localtime log longjmp lseek lstat main malloc memccpy memchr memcmp memcpy memmove memset mkdir mkfifo mktime mmap modf mount
    mprotect msync munmap nanosleep nice open optarg opterr optind optopt pause pclose perror pipe poll popen pow printf putc putchar
    puts qsort raise rand random read readdir realloc recv remove rename rewind rindex rmdir sbrk scanf select send setenv setjmp
    shutdown signal sin sleep snprintf socket sprintf sqrt srand srandom sscanf stat stpcpy stpncpy strcasecmp strcasecmp_l strcat
    strchr strcmp strcoll strcoll_l strcpy strcspn strdup strerror strerror_l strerror_r strlen strncasecmp strncasecmp_l strncat
    strncmp strncpy strndup strnlen strpbrk strrchr strsep strsignal strspn strstr strtok strtok_r strxfrm strxfrm_l swab symlink sync
    sysconf system tan tcgetattr time timer_create timezone tmpfile truncate tzname tzset umask umount uname ungetc unlink usleep utime
    vfork wait waitpid write""".split()
)


def upper(*words: str) -> str:
    """SCSI_DISK_STATE: words joined for a macro or an enumerator."""
    return "_".join(words).upper()


def lower(*words: str) -> str:
    return "_".join(words)


def flat(hook: str) -> str:
    """vm_add_disk for "vm.add_disk"."""
    return hook.replace(".", "_")


def member(word: str) -> str:
    """A member of a struct or a parameter that a word of the spec names: `restrict_` where the word itself is reserved."""
    return f"{word}_" if word in RESERVED else word


def hook_member(hook: str) -> str:
    """vm.add_disk, as it stands after `backend->`."""
    return ".".join(member(word) for word in hook.split("."))


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


# What the generated source declares for itself.
STATIC_NAMES = (
    "resource_table operation_table hook_table option_table option_defaults limit_table given_limits guard_holds denied put_text put_number put_signed put_uuid copy_text write_format "
    "has_hook call_hook accept_out check_backend visit_item"
).split()
RESOURCE_STATICS = ("fields", "assigned", "states", "marks", "events", "rows", "cells")
OPERATION_STATICS = ("steps", "returns", "denies")

FIXED_FUNCTIONS = ("create", "destroy", "drain", "drain_start", "discard", "cancel", "poll", "for_each", "for_each_reservation")
NAME_FUNCTIONS = ("resource", "operation", "hook")


@dataclass(frozen=True)
class Identifier:
    """One name that the generated files declare. Names of one scope must differ; `scope` "" is the file's."""

    text: str
    what: str
    loc: Loc
    scope: str = ""


def free_name(wanted: str, taken: set[str]) -> str:
    """`wanted`, with underscores after it where the user's own names leave no other choice."""
    while wanted in taken or wanted in RESERVED:
        wanted += "_"
    return wanted


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
    names = Names(manager.name)
    yield Identifier(manager.name, f"manager {manager.name}", manager.loc)
    yield Identifier(names.descriptor, "the descriptor", NOWHERE)
    for word in FIXED_FUNCTIONS:
        yield Identifier(names.function(word), f"the function {names.function(word)}", NOWHERE)
    for text in STATIC_NAMES:
        yield Identifier(text, f"{text} of the generated source", NOWHERE)
    for word in NAME_FUNCTIONS:
        yield from _id_enum(names, (word,), NOWHERE)
    for text, what in (
        (names.options, "the options"), (names.op, "the block of a started operation"), (names.backend, "the backend"), (names.item, "the type of items"), (names.visit, "the type of visitors"),
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
    yield Identifier(enum, f"the type {enum}", loc)
    yield Identifier(names.none_id(*words), "the id 0", loc)
    yield Identifier(f"{enum}_name", f"the function {enum}_name", loc)


def _enum(enum: str, field: Field, value_of: dict[str, str], what: str) -> Iterator[Identifier]:
    yield Identifier(enum, f"the type of {what}", field.loc)
    yield Identifier(f"{enum}_name", f"the function {enum}_name of {what}", field.loc)
    for value, text in value_of.items():
        yield Identifier(text, f"value {value} of {what}", field.loc)


def _options(manager: Manager, names: Names) -> Iterator[Identifier]:
    for option in manager.options:
        yield Identifier(member(option.name), f"option {option.name}", option.loc, "options")
        if option.type is Type.ENUM:
            values = {v: names.option_value(option.name, v) for v in option.values}
            yield from _enum(names.option_enum(option.name), option, values, f"option {option.name}")


def _backend(manager: Manager, names: Names) -> Iterator[Identifier]:
    for word in ("version", "ctx"):
        yield Identifier(word, f"the backend's member {word}", NOWHERE, "the backend")
    for group in dict.fromkeys(h.group for h in manager.hooks):
        first = next(h for h in manager.hooks if h.group == group)
        yield Identifier(member(group), f"group {group}", first.loc, "the backend")
    for hook in manager.hooks:
        yield Identifier(member(hook.short), f"hook {hook.name}", hook.loc, f"group {hook.group}")
        yield Identifier(names.hook_id(hook.name), f"hook {hook.name}", hook.loc)
        if outs(manager, hook):
            yield Identifier(names.out(hook.name), f"out-values of {hook.name}", hook.loc)


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
    yield Identifier(names.view(name), f"the view of {name}", loc)
    yield Identifier(names.resource_id(name), f"resource {name}", loc)
    yield Identifier(names.config(name), f"the config of {name}", loc)
    yield Identifier(names.config_default(name), f"the config's default of {name}", loc)
    for word in RESOURCE_STATICS:
        yield Identifier(f"{name}_{word}", f"the table {name}_{word}", loc)
    yield from _id_enum(names, (name, "state"), loc)
    yield from _id_enum(names, (name, "event"), loc)
    for state in resource.states:
        yield Identifier(names.state_id(name, state.name), f"state {name}.{state.name}", state.loc)
    for event in resource.events:
        yield Identifier(names.event_id(name, event), f"event {name}.{event}", loc)
    view = f"the view of {name}"
    if resource.parent is not None:
        yield Identifier(member(resource.parent), f"parent {resource.parent}", loc, view)
    for field in resource.fields:
        yield Identifier(member(field.name), f"field {name}.{field.name}", field.loc, view)
        if field.type is Type.ENUM:
            values = {v: names.field_value(name, field.name, v) for v in field.values}
            yield from _enum(names.field_enum(name, field.name), field, values, f"field {name}.{field.name}")
    for assigned in resource.assigned:
        if assigned.kind is AssignedKind.POOL:
            yield Identifier(names.slot(name, assigned.name), f"the slot {name}.{assigned.name}", assigned.loc)
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
        yield Identifier(f"{operation.name}_{word}", f"the table {operation.name}_{word}", operation.loc)
    for text, meaning, loc in arguments(manager, operation):
        yield Identifier(member(text), meaning, loc, f"the arguments of {operation.name}")


def collisions(manager: Manager) -> list[tuple[Loc, str]]:
    """Names that C does not allow for a manager, or that two things would share: (place, message), in the order of the spec."""
    problems: list[tuple[Loc, str]] = []
    prefix = manager.name.split("_")[0]
    if manager.name in LIBRARY:
        problems.append((manager.loc, f"manager '{manager.name}': the C library has a function of this name"))
    elif prefix in TAKEN_PREFIXES:
        problems.append((manager.loc, f"manager '{manager.name}': names that begin with '{prefix}_' belong to others in C"))
    elif manager.name in OWN_WORDS:
        problems.append((manager.loc, f"manager '{manager.name}': the generated C uses this word for its parameters"))
        return problems
    seen: dict[tuple[str, str], Identifier] = {}
    for new in identifiers(manager):
        if not new.scope and new.text in RESERVED:
            problems.append((new.loc, f"{new.what}: '{new.text}' is a reserved word in C or C++"))
            continue
        old = seen.setdefault((new.scope, new.text), new)
        if old is not new and old != new:
            place = new.loc if new.loc != NOWHERE else old.loc
            first, second = (old, new) if new.loc != NOWHERE else (new, old)
            scope = f" in {new.scope}" if new.scope else " in C"
            problems.append((place, f"{second.what} would be called '{new.text}'{scope}, as {first.what} is"))
    return sorted(set(problems))
