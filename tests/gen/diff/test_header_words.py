"""What is said of two headers, by small ones."""
from __future__ import annotations

import pytest

from berthc.diff.header import Break, breaks

OPERATION = ("int m_map(m *manager, int a);\nint m_map_until(m *manager, int a, long deadline);\n"
             "int m_map_start(m *manager, int a);\n")


def struct(name: str, body: str) -> str:
    return f"typedef struct {name} {{\n{body}\n}} {name};\n"


def enum(*words: str) -> str:
    return f"typedef enum m_state {{ {', '.join(words)} }} m_state;\n"


BACKEND = struct("m_backend", "    struct {\n        int (*add)(void *ctx);\n    } vm;")


@pytest.mark.parametrize(("old", "new", "told"), [
    ("", "int m_map(m *manager);\n", []),
    # names that are gone; other forms of an operation's function go without saying
    (OPERATION, "", [("function m_map is gone", True, False)]),
    (enum("A = 1", "B = 2"), enum("A = 1"), [("enumerator B is gone", True, False)]),
    (enum(*(f"A{n} = {n}" for n in range(7))), enum("B = 9"),
     [("enumerators A0, A1, A2, A3, A4, A5 and 1 more are gone", True, False)]),
    (enum(*(f"A{n} = {n}" for n in range(6))), enum("B = 9"),
     [("enumerators A0, A1, A2, A3, A4, A5 are gone", True, False)]),
    ("#define M_SIZE 4\n", "", [("macro M_SIZE is gone", True, False)]),
    # functions
    (OPERATION, OPERATION.replace("int a", "long a"),
     [("m_map has other parameters", True, False)]),
    ("int m_map_start(m *manager);\n", "long m_map_start(m *manager);\n",
     [("m_map_start has other parameters", True, False)]),
    # structs
    (struct("m_disk", "int a;\nint b;"), struct("m_disk", "int a;"),
     [("m_disk has no b any more", True, False)]),
    (struct("m_disk", "char unused;"), struct("m_disk", "int a;"),  # it had no members
     [("m_disk has a too: its layout is another", False, False)]),
    (struct("m_disk", "int a;"), struct("m_disk", "long a;"),
     [("m_disk: a has another type", True, False)]),
    (struct("m_disk", "int a;\nint c;"), struct("m_disk", "long a;\nint b;\nint c;"),
     [("m_disk: a has another type", True, False)]),
    (struct("m_disk", "int a;"), struct("m_disk", "int a;\nint b;"),
     [("m_disk has b too: its layout is another", False, False)]),
    (struct("m_disk", "int a;\nint b;"), struct("m_disk", "int b;\nint a;"),
     [("m_disk has its members in another order", False, False)]),
    (struct("m_op", "char bytes[8];"), struct("m_op", "char bytes[16];"),
     [("m_op has another size", False, False)]),
    (struct("m_disk", "char bytes[8];"), struct("m_disk", "char bytes[16];"),
     [("m_disk: bytes has another type", True, False)]),
    (struct("m_disk", "union { int a; long b; } u;"), struct("m_disk", "union { int a; } u;"), []),
    # of backends only
    (BACKEND, BACKEND.replace("add", "put"),
     [("m_backend has no vm.add any more", True, True)]),
    (BACKEND, BACKEND.replace("void *ctx", "int ctx"),
     [("m_backend: vm.add has another type", True, True)]),
    (struct("m_add_out", "int a;"), struct("m_add_out", "int a;\nint b;"),
     [("m_add_out has b too: its layout is another", False, True)]),
    ("#define M_BACKEND_VERSION 1\n", "#define M_BACKEND_VERSION 2\n",
     [("M_BACKEND_VERSION is another: a backend must be compiled anew", False, True)]),
    # numbers and macros
    (enum("A = 1", "B = 2", "C = 3"), enum("A = 1", "B = 3", "C = 2"),
     [("m_state: B is 3 now and was 2, and 1 more", False, False)]),
    (enum("A = 1", "B = 2"), enum("B = 1"),
     [("enumerator A is gone", True, False), ("m_state: B is 1 now and was 2", False, False)]),
    ("#define M_PATH_SIZE 4\n", "#define M_PATH_SIZE 5\n",
     [("M_PATH_SIZE is another", False, False)]),
    ("#define M_DEFAULT {1}\n", "#define M_DEFAULT {2}\n", []),
    ("#define M_DEFAULT \\\n    {1}\n", "#define M_DEFAULT {1}\n", []),
    ("/* #define M_PATH_SIZE 4 */\n", "", []),
])
def test_breaks(old: str, new: str, told: list[tuple[str, bool, bool]]) -> None:
    assert breaks(old, new, "m") == [Break(*one) for one in told]
