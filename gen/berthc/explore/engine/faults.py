"""What the search in C found, in the words of the findings.

The numbers are those of `runtime/explore/fault.h`.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from berthc.errnos import name_of
from berthc.explore.engine.script import Numbers
from berthc.explore.findings import texts
from berthc.explore.findings.fault import Fault
from berthc.explore.findings.judge import IDS
from berthc.explore.states.backend import names
from berthc.model import Loc, Manager

_ROW, _STEP, _OPERATION, _STATE, _RESOURCE = range(5)
Mask = Callable[[int], int]


class _Words(NamedTuple):
    """How arguments are read."""

    numbers: Numbers
    mask: Mask

    @property
    def manager(self) -> Manager:
        return self.numbers.manager

    def hook(self, number: int) -> str:
        return self.manager.hooks[number - 1].name

    def op(self, number: int) -> str:
        return self.numbers.operation(number).name

    def resource(self, number: int) -> str:
        return self.manager.resources[number - 1].name

    def state(self, resource: int, number: int) -> str:
        return self.manager.resources[resource - 1].states[number - 1].name

    def effects(self, mask: int) -> list[str]:
        return names(self.manager, self.mask(mask))


def _wrong(words: _Words, absent: int, there: int, perhaps: int) -> list[tuple[list[str], int]]:
    found = ((absent, texts.ABSENT), (there, texts.THERE), (perhaps, texts.UNKNOWN))
    return [(words.effects(mask), how) for mask, how in found if mask]


def _misstated(made: bool) -> Callable[[_Words, list[int]], texts.Told]:
    def sentence(w: _Words, a: list[int]) -> texts.Told:
        resource, state = a[0] >> 16, a[0] & 0xffff
        return texts.misstated(w.resource(resource), w.state(resource, state), made,
                               _wrong(w, *a[1:4]))
    return sentence


SENTENCES: tuple[Callable[[_Words, list[int]], texts.Told], ...] = (
    lambda w, a: texts.there_already(w.hook(a[0])),
    lambda w, a: texts.nothing_to_undo(w.hook(a[0]), w.effects(a[1])),
    lambda w, a: texts.takes_from_another(w.hook(a[0]), w.effects(a[1]), w.resource(a[2])),
    lambda w, a: texts.takes_hold(w.op(a[0]), w.resource(a[1])),
    lambda w, a: texts.ends_with(w.resource(a[0]), w.effects(a[1])),
    lambda w, a: texts.ends_held(w.resource(a[0])),
    lambda w, a: texts.ends_own(w.resource(a[0])),
    lambda w, a: texts.ends_given(w.resource(a[0])),
    lambda w, a: texts.ends_above(w.resource(a[0]), w.resource(a[1])),
    lambda w, a: texts.lost_reference(w.resource(a[0])),
    lambda w, a: texts.stays(w.resource(a[0]), w.state(a[0], a[1])),
    lambda w, a: texts.not_drained(w.resource(a[0]), w.effects(a[1])),
    lambda w, a: texts.kept_by_below(w.resource(a[0]), w.state(a[0], a[1]), w.effects(a[2]),
                                     w.resource(a[3])),
    lambda w, a: texts.needs(w.hook(a[0]), w.effects(a[1])),
    lambda w, a: texts.takes_needed(w.hook(a[0]), w.effects(a[1]), w.hook(a[2])),
    _misstated(made=False),
    _misstated(made=True),
    lambda w, a: texts.missing_effect(w.op(a[0]), w.effects(a[1])),
    lambda w, a: texts.keeps_slot(w.resource(a[0])),
    lambda w, a: texts.refused(w.op(a[0]), name_of(a[1])),
    lambda w, a: texts.fails(w.op(a[0]), name_of(a[1])),
    lambda w, a: texts.told_of_ended(w.op(a[0]), w.op(a[1]),
                                     w.manager.operations[a[0] - 1].target),
    lambda w, a: texts.ambiguous(w.effects(a[0])),
    lambda w, a: texts.no_release(w.resource(a[0])),
    lambda w, a: texts.stranded(w.op(a[0]), name_of(a[1]) or None, holds=True),
    lambda w, a: texts.stranded(w.op(a[0]), name_of(a[1]) or None, holds=False),
    lambda w, a: texts.poisoned(w.op(a[0]), name_of(a[1]), w.resource(a[2])),
)


def fault(words: list[int], numbers: Numbers, mask: Mask) -> tuple[Fault, list[int]]:
    """The fault at the beginning of a line, and the numbers that follow."""
    finding, sentence, resource, state, event, shown, row, op, step = words[:9]
    arguments, rest = words[9:14], words[14:]
    told = SENTENCES[sentence](_Words(numbers, mask), arguments)
    where, loc = _place(numbers, resource, state, event, (shown, row, op, step))
    return Fault(IDS[finding], where, loc, *told), rest


def _place(numbers: Numbers, resource: int, state: int, event: int,
           shown: tuple[int, int, int, int]) -> tuple[str, Loc]:
    manager = numbers.manager
    of = manager.resources[resource - 1]
    where = ".".join([of.name, *([of.states[state - 1].name] if state else []),
                      *([of.events[event - 1]] if event else [])])
    kind, row, op, step = shown
    if kind == _ROW:
        return where, numbers.rows[row - 1].loc
    if kind == _STEP:
        name = of.events[step - 1]
        return where, next(s.loc for s in manager.operations[op - 1].steps
                           if s.resource == of.name and s.event == name)
    if kind == _OPERATION:
        return where, numbers.operation(op).loc
    return where, of.loc if kind == _RESOURCE else of.states[state - 1].loc
