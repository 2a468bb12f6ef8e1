"""From JSON to a request. Everything that makes one malformed is found here, before anything
happens; what a well-formed request may not ask is the manager's to say."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from berthc.errnos import ERRNO_NAMES
from berthc.model import Assigned, AssignedKind, Field, Form, Manager, Operation, PoolPart, Type
from berthc.semantics import GOOD, OK, OWNER, WRITES, Fate, Outcome, Outcomes, Value
from berthc.sim.labels import Labels, is_uuid
from berthc.sim.text import Malformed


class UuidText(str):
    """How a request wrote a UUID: to be looked up once the whole request has turned out
    well-formed."""


@dataclass(frozen=True)
class Failure:
    """An entry of `fail`. nth None: every call."""

    hook: str
    outcome: Outcome
    nth: int | None = None


@dataclass(frozen=True)
class Request:
    """`verb` is "new", "drain", "discard", "recover" or "run"; the rest belongs to one or another
    of them."""

    verb: str
    operation: Operation | None = None
    options: Mapping[str, Value] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    config: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    reservation: str | None = None
    by: Value | Mapping[str, int] | None = None
    at: Mapping[str, int] | None = None
    fail: tuple[Failure, ...] = ()
    owner: str = OWNER
    id: str | None = None
    fate: Fate = GOOD

    def outcomes(self) -> Outcomes:
        """The backend's script: the first entry that fits decides."""
        def outcome(hook: str, nth: int, _args: Mapping[str, Value]) -> Outcome:
            return next((f.outcome for f in self.fail if f.hook == hook and f.nth in (None, nth)),
                        OK)

        return outcome


def read_request(manager: Manager, value: object) -> Request:
    """Raises Malformed."""
    if not isinstance(value, dict):
        raise Malformed("a request must be an object")
    arguments = dict(value)
    name = arguments.pop("op", None)
    if not isinstance(name, str):
        raise Malformed("a request must have a string op")
    operation = next((o for o in manager.operations if o.name == name), None)
    if operation is not None:
        return _read_operation(manager, operation, arguments)
    if name == "new":
        return _read_new(manager, arguments)
    if name in ("drain", "discard"):
        fail = _read_fail(manager, arguments.pop("fail", []))
        fate = _read_fate(manager, arguments)
        root = _read_root(manager, arguments) if name == "discard" else {}
        _no_more(arguments)
        return Request(name, config=root, fail=fail, fate=fate)
    if name == "recover" and manager.store is not None:
        fail = _read_fail(manager, arguments.pop("fail", []))
        fate = _read_fate(manager, arguments)
        _no_more(arguments)
        return Request(name, fail=fail, fate=fate)
    raise Malformed(f"unknown op {_show(name)}")


def bind(value: Value, labels: Labels) -> Value:
    """A value with its UUID looked up."""
    return labels.meaning(value) if isinstance(value, UuidText) else value


def _read_new(manager: Manager, arguments: dict[str, object]) -> Request:
    options = _read_fields("options", manager.options, arguments.pop("options", {}))
    without = tuple(_read_hook(manager, name)
                    for name in _array("without", arguments.pop("without", [])))
    _no_more(arguments)
    return Request("new", options=options, without=without)


def _read_root(manager: Manager,
               arguments: dict[str, object]) -> dict[str, Mapping[str, Value]]:
    """The root that is to be discarded; none of them: all."""
    root = next((r for r in manager.resources if r.parent is None and r.name in arguments), None)
    if root is None:
        return {}
    return {root.name: _read_fields(root.name, root.fields, arguments.pop(root.name))}


def _read_operation(manager: Manager, op: Operation, arguments: dict[str, object]) -> Request:
    fail = _read_fail(manager, arguments.pop("fail", []))
    fate = _read_fate(manager, arguments)
    owner = OWNER
    if manager.has_owner(op) and "owner" in arguments:
        owner = _text("owner", arguments.pop("owner"))
    id_ = None
    if manager.store is not None and op.gives and "id" in arguments:
        id_ = _text("id", arguments.pop("id"))
        if not id_:
            raise Malformed("id must be a label")
    reservation: str | None = None
    by: Value | Mapping[str, int] | None = None
    at: Mapping[str, int] | None = None
    config: dict[str, Mapping[str, Value]] = {}
    if op.form is Form.WITH:
        reservation = _text("reservation", _take(arguments, "reservation"))
    elif op.by is not None:
        by = _read_by(manager, manager.resource(op.target).value(op.by), _take(arguments, op.by))
    else:
        for name in op.path:
            if name in arguments and name != op.at:
                config[name] = _read_fields(name, manager.resource(name).fields,
                                            arguments.pop(name))
    if op.at is not None:
        at = _read_slot(manager, manager.resource(op.target).value(op.at), _take(arguments, op.at))
    _no_more(arguments)
    return Request("run", op, config=config, reservation=reservation, by=by, at=at, fail=fail,
                   owner=owner, id=id_, fate=fate)


def _read_by(manager: Manager, assigned: Assigned, value: object) -> Value | Mapping[str, int]:
    if assigned.kind is AssignedKind.POOL:
        return _read_slot(manager, assigned, value)
    assert assigned.type is not None
    return _read_value(Field(assigned.name, assigned.type, "", assigned.loc), value)


def _read_slot(manager: Manager, pool: Assigned, value: object) -> Mapping[str, int]:
    """Parts left out are 0."""
    parts = {part.name: part for part in pool.parts}
    slot: dict[str, int] = {}
    for name, number in _object(pool.name, value).items():
        if name not in parts:
            raise Malformed(f"{pool.name} has no part {_show(name)}")
        slot[name] = _integer(name, _part_type(manager, parts[name]), number)
    return slot


def _part_type(manager: Manager, part: PoolPart) -> Type:
    """The narrowest unsigned type that holds the part's greatest value."""
    most = part.size
    if part.option is not None:
        option = manager.option(part.option)
        most = (option.range or option.type.limits)[1]
    assert most is not None
    return next((t for t in (Type.U8, Type.U16) if most - 1 <= t.limits[1]), Type.U32)


def _read_fields(of: str, fields: tuple[Field, ...], value: object) -> dict[str, Value]:
    known = {f.name: f for f in fields}
    read: dict[str, Value] = {}
    for name, given in _object(of, value).items():
        if name not in known:
            raise Malformed(f"{of} has no field {_show(name)}")
        read[name] = _read_value(known[name], given)
    return read


def _read_value(spec: Field, value: object) -> Value:
    """A value that the field's type can hold; whether the field takes it is not asked here."""
    kind = spec.type
    if kind is Type.BOOL:
        if not isinstance(value, bool):
            raise Malformed(f"{spec.name} must be true or false")
        return value
    if kind.bits:
        return _integer(spec.name, kind, value)
    if kind in (Type.LIST, Type.SET):
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise Malformed(f"{spec.name} must be an array of strings")
        return tuple(value)
    if not isinstance(value, str):
        raise Malformed(f"{spec.name} must be a string")
    if kind is Type.ENUM and value not in spec.values:
        raise Malformed(f"{spec.name} must be one of {', '.join(spec.values)}")
    if kind is not Type.UUID:
        return value
    if not is_uuid(value):
        raise Malformed(f'{spec.name} must be a label like "u1", "nil" or a UUID')
    return UuidText(value)


def _integer(name: str, kind: Type, value: object) -> int:
    low, high = kind.limits
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Malformed(f"{name} must be an integer from {low} to {high}")
    return value


def _read_fail(manager: Manager, value: object) -> tuple[Failure, ...]:
    return tuple(_read_failure(manager, entry) for entry in _array("fail", value))


def _read_fate(manager: Manager, arguments: dict[str, object]) -> Fate:
    """What becomes of the request's commits; without a store there are none."""
    if manager.store is None:
        return GOOD
    numbers = {name: _integer(name, Type.U32, arguments.pop(name))
               for name in ("die", "refuse") if name in arguments}
    if len(numbers) == 2:
        raise Malformed("a request cannot both die and refuse")
    if numbers.get("refuse") == 0:
        raise Malformed("refuse counts from 1")
    return Fate(**numbers)


def _read_failure(manager: Manager, entry: object) -> Failure:
    if not isinstance(entry, dict):
        hook = _read_called(manager, entry)
        return Failure(hook, Outcome("unknown" if _asks(manager, hook) else "fail", "EIO"))
    members = dict(entry)
    hook = _read_called(manager, _take(members, "hook"))
    asks = _asks(manager, hook)
    outcome = members.pop("outcome", "unknown" if asks else "fail")
    kinds = ("yes", "no", "unknown") if asks else ("ok", "fail", "uncertain")
    if not isinstance(outcome, str) or outcome not in kinds:
        raise Malformed(f"outcome of {hook} must be {', '.join(kinds)}, not {_show(outcome)}")
    error = None
    if outcome in ("fail", "uncertain", "unknown"):
        error = members.pop("error", "EIO")
        if not isinstance(error, str) or error not in ERRNO_NAMES:
            raise Malformed(f"unknown error {_show(error)}")
    elif "error" in members:
        raise Malformed(f"a call that ends {outcome} has no error")
    writes = members.pop("writes", "new")
    if not isinstance(writes, str) or writes not in WRITES:
        raise Malformed(f"writes must be {', '.join(WRITES)}, not {_show(writes)}")
    nth = _integer("nth", Type.U64, members.pop("nth")) if "nth" in members else None
    if nth == 0:
        raise Malformed("nth counts from 1")
    _no_more(members)
    return Failure(hook, Outcome(outcome, None if outcome == "ok" else error, writes), nth)


def _read_called(manager: Manager, value: object) -> str:
    """A hook that can be called: that which settles is none of a resource."""
    if manager.store is not None and value is not None and value == manager.store.settle:
        return manager.store.settle or ""
    return _read_hook(manager, value)


def _asks(manager: Manager, hook: str) -> bool:
    return any(one.name == hook and one.asks for one in manager.hooks)


def _read_hook(manager: Manager, value: object) -> str:
    if not isinstance(value, str) or all(hook.name != value for hook in manager.hooks):
        raise Malformed(f"unknown hook {_show(value)}")
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{name} must be a string")
    return value


def _take(arguments: dict[str, object], name: str) -> object:
    if name not in arguments:
        raise Malformed(f"{name} is missing")
    return arguments.pop(name)


def _no_more(arguments: Mapping[str, object]) -> None:
    if arguments:
        raise Malformed(f"unknown argument {_show(min(arguments))}")


def _object(name: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Malformed(f"{name} must be an object")
    return value


def _array(name: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise Malformed(f"{name} must be an array")
    return value


def _show(value: object) -> str:
    """The sender's own text in a message, cut to what a line bears."""
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "…"
