"""Instances that `create` made: what was in effect before is not known, until a hook is asked."""
from __future__ import annotations

import pytest
from explore_support import found, manager_of

from berthc.explore.meaning import in_the_backend
from berthc.explore.report import meaning_of

SPEC = """
berth: 1
manager: images
backend:
  store:
    make: {on: image, repeatable: true}
    remove: {on: image, undoes: store.make, repeatable: true}
    has: {on: image, asks: store.make}
resources:
  image:
    key: [name]
    fields: {name: {type: string, required: true}}
    initial: fresh
    otherwise: {reject: EBUSY}
    states:
      fresh: {on: {make: {call: store.make, ok: made, fail: gone, uncertain: unsure}}}
      made: {resident: true, on: {make: stay, remove: {call: store.remove, ok: gone, fail: made, uncertain: unsure}}}
      unsure: {resident: true, on: {make: {call: store.make, ok: made, fail: unsure}, remove: {call: store.remove, ok: gone, fail: unsure}}}
      loaded: {resident: true, on: {make: {ask: store.has, yes: there, no: absent, unknown: loaded}, remove: {call: store.remove, ok: gone, fail: unsure}}}
      there: {resident: true, on: {make: stay, remove: {call: store.remove, ok: gone, fail: unsure}}}
      absent: {resident: true, on: {make: {call: store.make, ok: made, fail: absent, uncertain: unsure}, remove: gone}}
      gone: {final: true}
operations:
  make: {obtain: [image], do: [image.make]}
  remove: {find: image, absent: ok, do: [image.remove]}
  load: {create: {resource: image, enter: loaded}}
"""


def test_either_answer_may_be_the_truth() -> None:
    assert found(SPEC, callers=2, keys=1) == []


@pytest.mark.parametrize(("state", "meaning"), [("there", ["store.make"]), ("absent", ["nothing"])])
def test_an_answer_settles_what_is_there(state: str, meaning: list[str]) -> None:
    manager = manager_of(SPEC)
    assert in_the_backend(manager, meaning_of(manager).seen, manager.resource("image"), state) == meaning


def test_after_yes_the_effect_is_there_so_a_state_that_forgets_it_is_blamed() -> None:
    forgets = SPEC.replace("there: {resident: true, on: {make: stay, remove: {call: store.remove, ok: gone, fail: unsure}}}",
                           "there: {resident: true, on: {make: stay, remove: gone}}")
    assert ("leak", "image.there.remove") in found(forgets, callers=2, keys=1)
