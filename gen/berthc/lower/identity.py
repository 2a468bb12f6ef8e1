"""A number for what a spec means, by which a store knows whose rows it has."""
from __future__ import annotations

import dataclasses
import hashlib
from enum import Enum

from berthc.model import Loc, Manager

# What only people, the checker, the pictures or the allocator look at.
_BESIDE = frozenset({"file", "brief", "why", "accept", "limits", "kind", "meant", "effects",
                     "maybe", "text", "undoes", "needs", "repeatable", "was", "was_values",
                     "was_events", "forgets"})


def spec_hash(manager: Manager) -> int:
    """64 bits. Equal for specs that differ only in layout, order of declarations, briefs, limits
    and what only the checker asks for."""
    return int.from_bytes(hashlib.sha256(_written(manager).encode()).digest()[:8], "big")


def _written(value: object) -> str:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        keeps_kind = type(value).__name__ != "State"
        parts = (f"{f.name}={_written(getattr(value, f.name))}" for f in dataclasses.fields(value)
                 if f.init and (f.name not in _BESIDE or f.name == "kind" and keeps_kind)
                 and not isinstance(getattr(value, f.name), Loc))
        return f"{type(value).__name__}({','.join(parts)})"
    if isinstance(value, tuple):
        parts_of = [_written(one) for one in value]
        return f"[{','.join(sorted(parts_of) if _is_named(value) else parts_of)}]"
    return str(value.value) if isinstance(value, Enum) else repr(value)


def _is_named(value: tuple[object, ...]) -> bool:
    """Declarations are found by name, so their order means nothing. Rows are tried in order."""
    return all(hasattr(one, "name") for one in value) and not any(
        type(one).__name__ in ("Row", "Step", "Ref") for one in value)
