"""Random specs, with everything that the search treats in a way of its own.

A spec begins as a plausible one: each state has effects that it stands for, and most rows lead
where these are true. Some cells are then anything at all. So searches go deep in some specs, and
are cut early in others.
"""
from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from berthc.explore.bounds import Bounds

SMALL = Bounds(callers=2, keys=1, states=400)
"""Bounds within which the search in Python needs about a second for such a spec."""

WITH_STORE = "\nstore: true\n"
"""Appended to a spec, it makes one with a store."""

ERRORS = ("EBUSY", "EIO", "EPERM", "ENODEV")
ACCEPTED = ("leak", "dangling", "double", "interference", "stranded", "missing-effect")
LEVELS = ("disk", "mount", "tag")
OF = {"remove": ("undoes", "add"), "close": ("undoes", "open"), "has": ("asks", "add")}
"""What a hook has to do with which other one."""


@dataclass
class Level:
    """A resource of the spec. `hooks` are the words of those that some row calls."""

    name: str
    parent: str | None
    held: bool  # by reservations or references
    opens: bool  # it has a second effect, which needs the first one
    asks: bool
    fields: tuple[str, ...]
    assigned: dict[str, str]
    states: tuple[str, ...] = ()
    hooks: dict[str, None] = field(default_factory=dict)  # in order

    def hook(self, word: str) -> str:
        return f"{'guest' if word in ('open', 'close') else 'vm'}.{word}_{self.name}"


class Spec:
    """One random spec."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._noise = rng.choice((0.0, 0.03, 0.1, 0.3))
        self._form = rng.choice(("with", "with", "with", "loose", "loose", "nobody"))
        self._option = rng.random() < 0.3
        self._size_option = rng.random() < 0.15
        n = rng.choice((1, 1, 1, 2, 2, 3))
        self._levels: list[Level] = []
        for i in range(n):
            self._levels.append(self._level(i))

    def _maybe(self, share: float) -> bool:
        return self._rng.random() < share

    def _level(self, i: int) -> Level:
        small = len(LEVELS[:i + 1]) == 3
        fields = tuple(name for name in ("fast", "fixed") if self._maybe(0.15 if small else 0.35))
        assigned: dict[str, str] = {}
        if self._maybe(0.25):
            size = "slots" if self._size_option else str(self._rng.choice((1, 2, 8)))
            assigned["slot"] = f"{{pool: {{bay: {size}}}}}"
        if self._maybe(0.2):
            assigned["serial"] = "{counter: {start: 1}}"
        if self._maybe(0.2):
            assigned["handle"] = f"{{from: vm.add_{LEVELS[i]}, type: u32}}"
        held = self._form != "nobody" and (self._form == "with" or i == 0 or self._maybe(0.6))
        level = Level(LEVELS[i], LEVELS[i - 1] if i else None, held, self._maybe(0.4),
                      self._maybe(0.35), fields, assigned)
        states = ["out", "in", *(["open"] if level.opens else []), "lost"]
        states += ["idle"] if self._maybe(0.4) else []
        states += ["bad"] if self._maybe(0.3) else []
        level.states = tuple(states)
        return level

    # Rows.

    def _condition(self, level: Level) -> str | None:
        names = [f"field.{name}" for name in level.fields]
        names += [f"{above.name}.{name}" for above in self._levels[:self._levels.index(level)]
                  for name in above.fields]
        names += ["option.strict"] if self._option else []
        if not names:
            return None
        one, other = self._rng.choice(names), self._rng.choice(names)
        forms = [one, one, f"not {one}"]
        if one != other:
            forms += [f"{one} and {other}", f"{one} or not {other}"]
        return self._rng.choice(forms)

    def _target(self, level: Level, *likely: str) -> str:
        """A state; the likely ones may raise an event: `in+drop`."""
        if self._maybe(self._noise):
            one = self._rng.choice((*level.states, "stay", "gone"))
        else:
            one = self._rng.choice(likely)
        state, _, event = one.partition("+")
        return f"{{to: {state}, raise: {event}}}" if event else state

    def _call(self, level: Level, word: str, ok: tuple[str, ...], fail: tuple[str, ...],
              uncertain: tuple[str, ...]) -> str:
        if self._maybe(self._noise):
            word = self._rng.choice(("add", "remove", "tell"))
        level.hooks.setdefault(word)
        row = (f"{{call: {level.hook(word)}, ok: {self._target(level, *ok)}, "
               f"fail: {self._target(level, *fail)}")
        if uncertain != fail or self._maybe(0.3):
            row += f", uncertain: {self._target(level, *uncertain)}"
        return row + "}"

    def _reject(self) -> str:
        meant = ", meant: true" if self._maybe(0.4) else ""
        return f"{{reject: {self._rng.choice(ERRORS)}{meant}}}"

    def _random_row(self, level: Level) -> str:
        kind = self._rng.choice(("to", "reject", "call"))
        if kind == "to":
            return self._target(level, *level.states, "stay", "gone")
        if kind == "reject":
            return self._reject()
        word = self._rng.choice(("add", "remove", "tell"))
        return self._call(level, word, level.states, level.states, level.states)

    def _row(self, level: Level, state: str, event: str) -> str:
        if self._maybe(self._noise / 2) and event != "claim":
            return self._random_row(level)
        row = getattr(self, f"_{event}")(level, state)
        assert isinstance(row, str)
        return row

    def _claim(self, level: Level, state: str) -> str:
        bad = state in ("lost", "bad")
        return self._reject() if self._maybe(0.6 if bad else 0.08) else "stay"

    def _add(self, level: Level, state: str) -> str:
        failed = "bad" if "bad" in level.states and self._maybe(0.5) else "stay"
        done = "in+open" if level.opens and self._maybe(0.3) else "in"
        if state in ("out", "idle"):
            return self._call(level, "add", (done,), (failed,), ("lost",))
        if state == "lost":
            if level.asks and self._maybe(0.8):
                level.hooks.setdefault("has")
                no = "out+add" if self._maybe(0.6) else "out"
                return (f"{{ask: {level.hook('has')}, yes: {self._target(level, 'in')}, "
                        f"no: {self._target(level, no)}, unknown: {self._target(level, 'stay')}}}")
            return (self._call(level, "add", (done,), ("stay",), ("stay",)) if self._maybe(0.4)
                    else self._reject())
        return self._reject() if state == "bad" else "stay"

    def _open(self, level: Level, state: str) -> str:
        if state == "in":
            return self._call(level, "open", ("open",), ("stay",),
                              ("open",) if self._maybe(0.7) else ("stay",))
        return "stay" if state == "open" else self._reject()

    def _drop(self, level: Level, state: str) -> str:
        resting = "idle" if "idle" in level.states and self._maybe(0.4) else "gone"
        if state in ("in", "lost"):
            return self._call(level, "remove", (resting,), ("stay",),
                              ("lost",) if state == "in" else ("stay",))
        if state == "open":
            if self._maybe(0.15):
                return self._call(level, "remove", ("gone",), ("stay",), ("lost",))
            return self._call(level, "close", ("in+drop",), ("stay",), ("stay",))
        if self._maybe(0.08):
            return self._call(level, "tell", ("gone",), (self._rng.choice(("stay", "gone")),),
                              ("stay",))
        return "gone" if state != "idle" or self._maybe(0.7) else "stay"

    def _poke(self, level: Level, state: str) -> str:
        """An event that operations without a hold fire."""
        if self._maybe(0.25):
            return self._call(level, "tell", ("stay",), ("stay",), ("stay",))
        if state == "idle" and self._maybe(0.5):
            return "gone"
        if state == "in" and self._maybe(0.15):
            return self._call(level, "remove", ("out",), ("stay",), ("lost",))
        return self._rng.choice(("stay", "stay", self._reject()))

    def _cell(self, level: Level, state: str, event: str) -> str:
        condition = self._condition(level) if self._maybe(0.15) else None
        row = self._row(level, state, event)
        if condition is None:
            return row
        other = self._row(level, state, event)
        first = other[1:] if other.startswith("{") else f"to: {other}}}"
        return f"[{{if: {condition}, {first}, {row}]"

    def _events(self, level: Level) -> list[str]:
        return [*(["claim"] if level.held else []), "add", *(["open"] if level.opens else []),
                "drop", "poke"]

    # The parts of the text.

    def _effects(self, level: Level, state: str) -> str:
        if not self._states_say or self._maybe(0.3):
            return ""
        own = [level.hook("add")]
        there = {"in": own, "open": [*own, level.hook("open")]}.get(state, [])
        maybe = {"lost": own, "bad": own if self._maybe(0.3) else []}.get(state, [])
        if self._maybe(self._noise):
            there, maybe = self._rng.choice(([], own)), []
        said = f"effects: [{', '.join(there)}]"
        return f"{said}, maybe: [{', '.join(maybe)}], " if maybe else f"{said}, "

    def _resource(self, level: Level) -> Iterator[str]:
        self._states_say = self._maybe(0.3)
        rows = {state: [f"{event}: {self._cell(level, state, event)}"
                        for event in self._events(level)] for state in level.states}
        for word in ("add", "remove"):
            level.hooks.setdefault(word)
        if level.opens:
            for word in ("open", "close"):
                level.hooks.setdefault(word)
        given = {"name": "{type: string, required: true}"} if level.parent is None else {
            "number": "{type: u8}"}
        given |= {name: "{type: bool}" for name in level.fields}
        keyed = level.parent is None or self._maybe(0.6)
        if not keyed:
            given.pop("number")
        yield f"  {level.name}:"
        if level.parent:
            yield f"    parent: {level.parent}"
        if keyed:
            key = "all" if level.fields and self._maybe(0.3) else f"[{next(iter(given))}]"
            yield f"    key: {key}"
        if given:
            yield f"    fields: {{{', '.join(f'{n}: {t}' for n, t in given.items())}}}"
        if level.assigned:
            yield f"    assigned: {{{', '.join(f'{n}: {t}' for n, t in level.assigned.items())}}}"
        yield f"    holders: {{{'take: claim, ' if level.held else ''}drop: drop}}"
        yield "    initial: out"
        yield "    otherwise: {reject: EOPNOTSUPP}"
        yield "    states:"
        for state in level.states:
            resident = (state == "idle" or not level.held or self._maybe(0.1))
            yield (f"      {state}: {{{'resident: true, ' if resident else ''}"
                   f"{self._effects(level, state)}on: {{{', '.join(rows[state])}}}}}")
        yield "      gone: {final: true}"

    def _backend(self) -> Iterator[str]:
        groups: dict[str, list[str]] = {}
        for level in self._levels:
            together = level.opens and self._maybe(0.1)
            for word in level.hooks:
                group, _, name = level.hook(word).partition(".")
                said = ", ".join(self._said(level, word, together))
                groups.setdefault(group, []).append(f"    {name}: {{{said}}}")
        for group, hooks in groups.items():
            yield f"  {group}:"
            yield from hooks

    def _said(self, level: Level, word: str, together: bool) -> Iterator[str]:
        """What the spec says of a hook. `together`: the backend may leave out a pair."""
        yield f"on: {level.name}"
        if word in OF:
            yield f"{OF[word][0]}: {level.hook(OF[word][1])}"
        needed = self._needed(level, word)
        if needed:
            yield f"needs: {needed}"
        if word != "has" and self._maybe(0.85 if word in ("remove", "close") else 0.6):
            yield "repeatable: true"
        if together and word in ("open", "close"):
            yield f"optional: opening_{level.name}"
        elif self._maybe(0.5 if word in ("has", "tell") else 0.06):
            yield "optional: true"
            if self._maybe(0.4):
                yield "absent: EOPNOTSUPP"

    def _needed(self, level: Level, word: str) -> str | None:
        if word == "open" and self._maybe(0.6):
            return level.hook("add")
        above = [one for one in self._levels if one.name == level.parent]
        if word == "add" and above and self._maybe(0.4):
            return above[0].hook("add")
        return None

    def _path(self, n: int | None = None) -> str:
        return f"[{', '.join(one.name for one in self._levels[:n])}]"

    def _deny(self, path: list[Level]) -> str:
        names = [f"{one.name}.{name}" for one in path for name in one.fields]
        names += ["option.strict"] if self._option else []
        if not names or not self._maybe(0.35):
            return ""
        return f", deny: [{{if: {self._rng.choice(names)}, error: {self._rng.choice(ERRORS)}}}]"

    def _steps(self, least: int = 1) -> str:
        """Events that neither take nor drop, root first."""
        some = [f"{one.name}.{event}" for one in self._levels for event in self._events(one)
                if event in ("add", "open") and (event == "add" or self._maybe(0.5))]
        if self._maybe(0.3):
            some = sorted(self._rng.sample(some, self._rng.randint(least, len(some))),
                          key=some.index)
        return ", ".join(some)

    def _drops(self, levels: list[Level]) -> str:
        return ", ".join(f"{one.name}.drop" for one in reversed(levels))

    def _operations(self) -> Iterator[str]:
        levels = self._levels
        if self._form == "with":
            yield (f"  take: {{obtain: {self._path()}, gives: reservation{self._returns()}"
                   f"{self._deny(levels)}}}")
            yield f"  use: {{with: reservation, do: [{self._steps()}]}}"
            yield f"  end: {{with: reservation, do: [{self._drops(levels)}], ends: reservation}}"
        elif self._form == "loose":
            yield from self._loose()
        else:
            yield f"  make: {{obtain: {self._path()}, do: [{self._steps()}]{self._deny(levels)}}}"
            yield (f"  delete: {{find: {levels[-1].name}, absent: ok, "
                   f"do: [{self._drops(levels)}]}}")
        yield from self._free()

    def _returns(self) -> str:
        values = [f"{self._levels[-1].name}.{_leaf(name)}" for name in self._levels[-1].assigned]
        return f", returns: [{', '.join(values)}]" if values else ""

    def _loose(self) -> Iterator[str]:
        levels = self._levels
        taken = [one for one in levels if one.held]
        claims = ", ".join(f"{one.name}.claim" for one in taken)
        first = f"{claims}, {self._steps()}" if self._maybe(0.5) else f"{self._steps()}, {claims}"
        yield (f"  take: {{obtain: {self._path()}, do: [{first}]{self._returns()}"
               f"{self._deny(levels)}}}")
        last = levels[-1]
        absent = ", absent: ok" if self._maybe(0.4) else ""
        by = ([name for name in last.assigned if name != "slot" or self._maybe(0.3)]
              if len(levels) == len(taken) else [])
        if by and self._maybe(0.6):
            yield (f"  release: {{find: {last.name}, by: {self._rng.choice(by)}{absent}, "
                   f"do: [{self._drops(taken)}]}}")
        elif len(taken) > 1 and self._maybe(0.3):
            for one in taken:
                found = one if self._maybe(0.7) else last
                yield f"  release_{one.name}: {{find: {found.name}{absent}, do: [{one.name}.drop]}}"
        elif self._maybe(0.15):
            yield f"  release: {{obtain: {self._path()}, do: [{self._drops(taken)}]}}"
        else:
            yield f"  release: {{find: {last.name}{absent}, do: [{self._drops(taken)}]}}"

    def _free(self) -> Iterator[str]:
        """Operations for which nobody needs a hold. Each level needs one that pokes."""
        for one in self._levels:
            event = "drop" if self._maybe(0.2) and self._form == "with" else "poke"
            absent = ", absent: ok" if self._maybe(0.5) else ""
            by = [name for name in one.assigned if name == "serial"]
            how = f", by: {by[0]}" if by and self._maybe(0.5) else ""
            yield f"  poke_{one.name}: {{find: {one.name}{how}{absent}, do: [{one.name}.{event}]}}"
            if event != "poke":
                yield f"  probe_{one.name}: {{find: {one.name}, do: [{one.name}.poke]}}"
        last = self._levels[-1]
        if self._maybe(0.35):
            at = ", at: slot" if "slot" in last.assigned and self._maybe(0.9) else ""
            enter = self._rng.choice(("in", "lost", "out", last.states[-1]))
            yield f"  adopt: {{create: {{resource: {last.name}{at}, enter: {enter}}}}}"

    def text(self) -> str:
        resources = [line for level in self._levels for line in self._resource(level)]
        operations = list(self._operations())
        options = (["  strict: {type: bool}"] if self._option else [])
        options += (["  slots: {type: u8, default: 2, range: [1, 4]}"]
                    if any("slots" in one for level in self._levels
                           for one in level.assigned.values()) else [])
        if self._option and not any("option.strict" in line for line in resources + operations):
            options = options[1:]
        return "\n".join(["berth: 1", "manager: random_spec",
                          *(["options:", *options] if options else []),
                          "backend:", *self._backend(), "resources:", *resources,
                          "operations:", *operations, *self._accepted(), ""])

    def _accepted(self) -> Iterator[str]:
        """What the author takes; the search goes on behind it."""
        if self._maybe(0.12):
            some = self._rng.sample(ACCEPTED, self._rng.randint(1, 2))
            yield "accept:"
            yield from (f"  - {{finding: {one}, why: It is taken.}}" for one in some)


def _leaf(name: str) -> str:
    return "bay" if name == "slot" else name


def random_spec(seed: int) -> str:
    """The text of a spec; not every one passes the static rules."""
    return Spec(random.Random(seed)).text()
