"""How instances end, what must be true of those that rest, and what a drain does."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.inputs.conditions import fold
from berthc.explore.spin.promela.base import NotExported
from berthc.explore.spin.promela.rows import Rows
from berthc.model import Resource, State


class Ends(Rows):
    """Ends, rests and drains as text."""

    def _end(self, r: Resource) -> Iterator[str]:
        """Instance number `i_R` ends: its holders are asked, and all below it ends too (`up`: it
        went with its parent)."""
        path = self.m.path(r.name)
        level = len(path) - 1
        w = f"w_{r.name}"
        same = " && ".join(f"kx[x * L + {n}] == k_{up} + 1" for n, up in enumerate(path))
        forget = "; ".join(self._forget("x", n) for n in range(level, self.depth))
        yield f"inline end_{r.name}(up) {{"
        yield f"  if :: gh_{r.name}[i_{r.name}] != 0 -> found_leak() :: else fi;"
        # What the same request made is nobody's yet: it goes with the instance above it.
        yield (
            f"  if :: up && !({w}_new && i_{r.name} == o_{r.name}) -> found_dangling() :: else fi;"
        )
        if r.name in self.slotted:
            forget = (f"if :: ty[x] != 1 -> rs[x * L + {level}] = sl_{r.name}[i_{r.name}] :: else "
                      f"fi; " + forget)
        yield (
            f"  st_{r.name}[i_{r.name}] = 0; kd_{r.name}[i_{r.name}] = 0; an_{r.name}[i_{r.name}] ="
            f" 0; gh_{r.name}[i_{r.name}] = 0;"
        )
        yield "  x = 0;\n  do\n  :: x < N ->"
        yield f"    if\n    :: al[x * L + {level}] && {same} ->"
        yield (f"      if :: x != c && hl[x * L + {level}] -> found_dangling() :: x == c && "
               f"{w}_hl && {w}_let == 0 -> found_dangling() :: else fi;")
        yield f"      {forget}"
        yield "    :: else\n    fi; x++\n  :: else -> break\n  od; x = 0;"
        if r.name in self.slotted:
            yield f"  sl_{r.name}[i_{r.name}] = 0;"
        for child in self.m.children(r.name):
            size = len(self.keys[child])
            yield (
                f"  s_{child} = k_{child}; k_{child} = 0; do :: k_{child} < {size} -> i_{child} ="
                f" i_{r.name} * {size} + k_{child};"
            )
            yield (f"    if :: st_{child}[i_{child}] != 0 -> end_{child}(1) :: else fi; "
                   f"k_{child}++ :: else -> break od; k_{child} = s_{child}; s_{child} = 0;")
            yield f"  i_{child} = i_{r.name} * {size} + k_{child};"
        yield "}"

    def _forget(self, who: str, level: int) -> str:
        """The caller's instance at a level is gone. Who will look for it by its key remembers
        that."""
        by_key = any(o.by is None for o in self.contract.releases)
        key = (f"if :: ty[{who}] == 1 -> kx[{who} * L + {level}] = 0 :: else fi" if by_key
               else f"kx[{who} * L + {level}] = 0")
        return f"al[{who} * L + {level}] = 0; rl[{who} * L + {level}] = 0; {key}"

    def _rest(self, r: Resource) -> Iterator[str]:
        """After an operation: what nobody holds must be at home where it rests."""
        path = self.m.path(r.name)
        level = len(path) - 1
        name = r.name
        resident = [self.states[name][s.name] for s in r.states if s.resident]
        at_home = " || ".join(f"st_{name}[i] == {n}" for n in resident) or "false"
        yield (
            f"inline rest_{name}() {{\n  i = 0;\n  do\n  :: i < {self.count[name]} ->\n    if\n   "
            f" :: st_{name}[i] != 0 ->"
        )
        yield f"      others = an_{name}[i]; drops = 0; x = 0;\n      do\n      :: x < N ->"
        yield (
            f"        if :: md[x] != 0 && al[x * L + {level}] && hl[x * L + {level}] &&"
            f" {self._index('x', path)} == i ->"
        )
        yield ("          if :: ty[x] == 1 -> others++ :: else -> drops++ fi\n        :: else\n   "
               "     fi; x++\n      :: else -> break\n      od; x = 0;")
        yield f"      if :: an_{name}[i] > drops -> found_leak() :: else fi;"
        for child in self.m.children(name):
            size = len(self.keys[child])
            yield (f"      j = 0; do :: j < {size} -> if :: st_{child}[i * {size} + j] != 0 -> "
                   f"others++ :: else fi; j++ :: else -> break od; j = 0;")
        yield f"      if :: others == 0 && !({at_home}) -> found_leak() :: else fi;"
        yield (
            f"      if :: quiet && gh_{name}[i] != 0 && c_expr {{ UNDRAINED_{name} }} ->"
            " found_leak() :: else fi;"
        )
        yield (
            "      others = 0; drops = 0\n    :: else\n    fi; i++\n  :: else -> break\n  od; i ="
            " 0\n}"
        )

    def _undrained(self, r: Resource) -> Iterator[str]:
        """C functions for a drain in which every call ends ok: `left` of a tree has bit 0 when
        something failed and bit 1 when an instance is still there; `undrained` has the effects that
        are."""
        name, bits = r.name, sum(self.effects[h.name].own for h in self.m.hooks if h.on == r.name)
        yield f"static int blocked_{name}(int i)\n{{\n    int j, below = 0;"
        for child in self.m.children(name):
            size = len(self.keys[child])
            yield (
                f"    for (j = 0; j < {size}; j++)\n        if (now.st_{child}[i * {size} + j]"
                " != 0)"
            )
            yield f"            below |= left_{child}(i * {size} + j);"
        yield "    (void)i; (void)j;\n    return below;\n}"
        ends, effects_ = [], []
        there = self._may_be_there(r)
        for state in r.states:
            for kind in sorted({c.kind for c in self.choices[name]}):
                here = (
                    f"now.st_{name}[i] == {self.states[name][state.name]} && now.kd_{name}[i] =="
                    f" {kind}"
                )
                to, refused, kept, added = self._drained(r, state.name, kind)
                if (state.resident and not self.m.resource(r.name).state(to).final
                    and self._taken_back(r, state, kept & there.get(state.name, 0) | added)):
                    raise NotExported(f"effects that drain leaves and a request may take back, as "
                                      f"in {r.name}.{state.name}")
                ends.append(f"    if ({here})\n        return {int(refused)} | "
                            f"{0 if self.m.resource(name).state(to).final else 2};")
                effects_.append(f"    if ({here})\n        return (now.gh_{name}[i] & "
                                f"{kept & bits}) | {added};")
        yield f"static int left_{name}(int i)\n{{\n    int below = blocked_{name}(i);"
        yield f"    if (below != 0 || {int(r.drop is None)})\n        return below | 2;"
        yield "\n".join(ends) + "\n    return 2;\n}"
        yield (
            f"int undrained_{name}(int i)\n{{\n    if (blocked_{name}(i) != 0 ||"
            f" {int(r.drop is None)})\n        return now.gh_{name}[i];"
        )
        yield "\n".join(effects_) + f"\n    return now.gh_{name}[i];\n}}"

    def _may_be_there(self, r: Resource) -> dict[str, int]:
        """For each state the effects that some rows may lead there with."""
        found: dict[str, int] = {s.name: 0 for s in r.states}
        more = True
        while more:
            more = False
            for row in (row for s in r.states for row in s.rows):
                of = None if row.call is None else self.effects[row.call]
                for outcome, target in row.targets():
                    before = found[row.state]
                    done = before
                    if of is not None and outcome != "fail":
                        done = of.after(before) if outcome == "ok" else before | of.own
                    more = more or bool(done & ~found[target.state])
                    found[target.state] |= done
        return found

    def _taken_back(self, r: Resource, state: State, mask: int) -> bool:
        """May rows that are asked for, one after the other, lead from a state to a call that takes
        one of the effects back?"""
        seen, waiting = {state.name}, [state.name]
        while waiting:
            for row in r.state(waiting.pop()).rows:
                if row.call is not None and self.effects[row.call].undoes & mask:
                    return True
                if row.ok is not None and row.ok.state not in seen:
                    seen.add(row.ok.state)
                    waiting.append(row.ok.state)
        return False

    def _drained(self, r: Resource, state: str, kind: int) -> tuple[str, bool, int, int]:
        """A drain of an instance below which nothing is: its state then, whether it was refused,
        which effects stay and which are new."""
        kept, added = -1, 0
        for _ in r.states:  # again, while that leads to another state
            to, refused, still, more = self._dropped_once(r, state, kind)
            kept, added = kept & still, added & still | more
            if refused or to == state or self.m.resource(r.name).state(to).final:
                return to, refused, kept, added
            state = to
        return state, False, kept, added

    def _dropped_once(self, r: Resource, state: str, kind: int) -> tuple[str, bool, int, int]:
        fields = next(c.fields for c in self.choices[r.name] if c.kind == kind)
        kept, added = -1, 0
        event = r.drop
        while event is not None:
            row = next((row for row in r.rows(state, event) if row.guard is None
                        or fold(row.guard, self._known(r, fields)) is True), None)
            if row is None or row.ok is None:
                return state, True, kept, added
            hook = self.m.hook(row.call) if row.call is not None else None
            if hook is not None and hook.name in self.without and hook.absent is not None:
                return state, True, kept, added
            if hook is not None and hook.name not in self.without:
                of = self.effects[hook.name]
                kept, added = kept & ~of.undoes, of.after(added)
            state, event = row.ok.state, row.ok.raise_event
        return state, False, kept, added

    def _drain(self, r: Resource) -> Iterator[str]:
        """Drains instance `i_R` after what is below it; `f_R`: something failed. What it leaves is
        not looked at, only which rows ran."""
        w, name = f"w_{r.name}", r.name
        yield f"inline drain_{name}() {{\n  f_{name} = 0; r_{name} = 0;"
        for child in self.m.children(name):
            size = len(self.keys[child])
            yield (f"  k_{child} = 0; do :: k_{child} < {size} -> i_{child} = i_{name} * {size} + "
                   f"k_{child}; "
                   f"if :: st_{child}[i_{child}] != 0 -> drain_{child}(); if :: f_{child} -> "
                   f"f_{name} = 1 :: else fi; "
                   f"if :: st_{child}[i_{child}] != 0 -> r_{name} = 1 :: else fi :: else fi; "
                   f"k_{child}++ :: else -> break od;")
        if r.drop is not None:
            final = (" || ".join(f"{w}_st == {self.states[name][s.name]}" for s in r.states
                                 if s.final) or "false")
            event = self.events[name][r.drop]
            yield (
                f"  if :: f_{name} == 0 && r_{name} == 0 -> {self._copy(name)}; d_{name} ="
                f" {min(len(r.states), 255)};"
            )
            yield f"    do :: err = 0; ev = {event}; p_{name} = {w}_st; chain_{name}(); d_{name}--;"
            yield (
                f"      if :: err != 0 || {w}_st == p_{name} || d_{name} == 0 || {final} -> break"
                " :: else fi od;"
            )
            yield (
                f"    f_{name} = (err != 0 -> 1 : 0); err = 0; if :: {final} -> {w}_st = 0 :: else"
                f" fi; st_{name}[i_{name}] = {w}_st"
            )
            yield "  :: else fi;"
        yield "  skip\n}"
