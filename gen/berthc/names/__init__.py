"""C identifiers: every name in generated C is made here, and nowhere else.

`Names` spells them; `identifiers` lists every one that a manager needs, with the scope it lives in;
`collisions` finds those that are reserved, a library's, Berth's own, or needed twice. Members and
parameters get an underscore instead (`member`, `called`, `free_name`).
The table in docs/architecture.md is the contract behind the spelling.
"""
from __future__ import annotations

from berthc.names.clashes import collisions
from berthc.names.declared import (
    ARGUMENTS, FIELD_FUNCTIONS, FILE_SCOPES, FIXED_FUNCTIONS, HEADER, NAME_FUNCTIONS,
    OPERATION_STATICS, RESOURCE_STATICS, SOURCE, STATIC_NAMES, SUITE, SUITE_NAMES, SUITE_OPERATION,
    SUITE_RESOURCE, Identifier, arguments, free_name, is_text, leaf_type, outs,
)
from berthc.names.placed import (
    field_functions, file_scope, guard_functions, identifiers, numbers, operation_checks, shape,
)
from berthc.names.spelling import Names
from berthc.names.words import (
    CXX_KEYWORDS, C_KEYWORDS, OWN_PREFIX, OWN_WORDS, RESERVED, TAKEN_PREFIXES, TAKEN_WORDS, called,
    flat, hook_member, lower, member, of_kind, upper,
)

__all__ = [
    "ARGUMENTS", "CXX_KEYWORDS", "C_KEYWORDS", "FIELD_FUNCTIONS", "FILE_SCOPES", "FIXED_FUNCTIONS",
    "HEADER", "NAME_FUNCTIONS", "OPERATION_STATICS", "OWN_PREFIX", "OWN_WORDS", "RESERVED",
    "RESOURCE_STATICS", "SOURCE", "STATIC_NAMES", "SUITE", "SUITE_NAMES", "SUITE_OPERATION",
    "SUITE_RESOURCE", "TAKEN_PREFIXES", "TAKEN_WORDS", "Identifier", "Names", "arguments", "called",
    "collisions", "field_functions", "file_scope", "flat", "free_name", "guard_functions",
    "hook_member", "identifiers", "is_text", "leaf_type", "lower", "member", "numbers", "of_kind",
    "operation_checks", "outs", "shape", "upper",
]
