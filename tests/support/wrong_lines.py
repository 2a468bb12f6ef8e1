"""Lines of JSON, changed at random."""
from __future__ import annotations

import json
from random import Random
from typing import Any

STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 2**31, 2**63, 10**30, "", "x", "\0", "ü", "x" * 300, [], {},
    [[]], [None], {"": {}}, "/", "..", "%s%n", "0000:00:04.0",
)  # fmt: skip
LITERALS = (b"1e400", b"-0", b"nan", b"NaN", b"Infinity", b"\xff", b"\\u0000", b'"\\ud800"', b"'")


def changed(rng: Random, value: Any, words: list[str]) -> Any:
    """The same with one part of it replaced, taken away, or added."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        name = rng.choice(list(value))
        rest = {key: other for key, other in value.items() if key != name}
        way = rng.random()
        if way < 0.1:
            return rest
        if way < 0.2:
            return {**value, rng.choice(words): rng.choice(STRANGE)}
        if way < 0.3:
            return {**rest, rng.choice(words): value[name]}
        return {**value, name: changed(rng, value[name], words)}
    if isinstance(value, list) and value and rng.random() < 0.7:
        place = rng.randrange(len(value))
        return [*value[:place], changed(rng, value[place], words), *value[place + 1:]]
    if isinstance(value, int) and rng.random() < 0.5:
        return value + rng.choice((-1, 1, 2**32))
    return rng.choice((*STRANGE, *words))


def mutated(rng: Random, value: Any, words: list[str]) -> bytes:
    """A line, with its newline, or something that is none."""
    way = rng.random()
    for _ in range(rng.choice((0, 0, 1, 1, 1, 2, 3))):
        value = changed(rng, value, words)
    line = bytearray(json.dumps(value).encode())
    if way < 0.6:
        return bytes(line) + b"\n"
    if way < 0.63:
        return b'{"x":' * rng.choice((7, 8, 9, 33, 5000)) + bytes(line) + b"\n"
    if way < 0.64:
        return bytes(line) + b"y" * rng.choice((65_400, 65_536, 200_000)) + b"\n"
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(line) + 1)
        if rng.random() < 0.4:
            line[place:place + rng.randint(0, 9)] = b""
        elif rng.random() < 0.5:
            line[place:place + 1] = bytes([rng.randrange(256)])
        else:
            line[place:place] = rng.choice(LITERALS)
    return bytes(line) + rng.choice((b"\n", b"\n", b"\n\n", b"\0\n", b""))
