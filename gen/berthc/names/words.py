"""Words that C, its headers or Berth have taken, and how a word of a spec becomes one of C."""
from __future__ import annotations

from functools import cache

from berthc.names import library

C_KEYWORDS = frozenset(
    """auto break case char const continue default do double else enum extern float for goto if
    inline int long register restrict return short signed sizeof static struct switch
    typedef union unsigned void volatile while _Alignas _Alignof _Atomic _Bool _Complex
    _Generic _Imaginary _Noreturn _Static_assert _Thread_local asm typeof fortran constexpr
    nullptr static_assert thread_local alignas alignof typeof_unqual""".split()
)

CXX_KEYWORDS = frozenset(
    """and and_eq asm bitand bitor bool catch char8_t char16_t char32_t class compl concept
    consteval constinit const_cast co_await co_return co_yield decltype delete dynamic_cast
    explicit export false friend mutable namespace new noexcept not not_eq operator or or_eq
    private protected public reinterpret_cast requires static_cast template this throw true
    try typeid typename using virtual wchar_t xor xor_eq""".split()
)

# Macros that some compilers define, whatever a program includes; names that headers may define as
# macros; and the types that generated declarations use.
TAKEN_WORDS = frozenset(
    """linux unix i386 sun mips sparc hppa vax errno assert offsetof stdin stdout stderr complex
    imaginary noreturn va_arg va_start va_end va_copy minor major makedev sigmask NULL
    max_align_t size_t ssize_t ptrdiff_t int8_t int16_t int32_t int64_t uint8_t uint16_t
    uint32_t uint64_t uintptr_t intptr_t uuid_t""".split()
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
    main manager missing n next next_deadline number only op operation option options out parts
    pattern put rc request reservation resource result results row seen sets size sizes state suite
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
def of_kind(*kinds: str) -> frozenset[str]:
    """The names of libraries that are one of these."""
    return frozenset(name for name, (_, kind) in library.names().items() if kind in kinds)


def member(word: str) -> str:
    """A member of a struct: `restrict_` where the word is reserved, a macro, or Berth's."""
    taken = word in RESERVED or word.startswith(OWN_PREFIX) or word in of_kind("macro")
    return f"{word}_" if taken else word


def called(word: str) -> str:
    """A member that is called, so that a macro with arguments would replace it, too."""
    return f"{word}_" if word in of_kind("callable macro") else member(word)


def hook_member(hook: str) -> str:
    """vm.add_disk, as it stands after `backend->`."""
    group, short = hook.split(".")
    return f"{member(group)}.{called(short)}"
