"""Reading nodes that may be absent or of another shape: what is not there counts as empty."""
from __future__ import annotations

from berthc.spec.load import Mapping, Node, Scalar, Sequence

NOTHING = Mapping("<built in>", 0, 0, 1, 0, {}, {})


def text_of(node: Node | None, default: str = "") -> str:
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else default


def brief_of(node: Mapping) -> str:
    return " ".join(text_of(node.get("brief")).split())


def flag_of(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.value is True


def integer_of(node: Node | None) -> int | None:
    return (node.value if isinstance(node, Scalar) and isinstance(node.value, int)
            and not isinstance(node.value, bool) else None)


def mapping_of(node: Node | None) -> Mapping:
    return node if isinstance(node, Mapping) else NOTHING


def items_of(node: Node | None) -> tuple[Node, ...]:
    """The items of a list; a single value counts as a list of one."""
    if isinstance(node, Sequence):
        return node.items
    return () if node is None else (node,)


def texts_of(node: Node | None) -> tuple[str, ...]:
    return tuple(text_of(item) for item in items_of(node) if text_of(item))


def earlier_of(node: Node | None) -> tuple[tuple[str, str], ...]:
    """Names of today with their earlier ones, in pairs."""
    return tuple((name, was) for name, of in mapping_of(node).values.items()
                 for was in texts_of(of))


def split_of(node: Node) -> tuple[str, str]:
    scope, _, name = text_of(node).partition(".")
    return scope, name
