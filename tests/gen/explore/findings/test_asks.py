"""What a hook that asks can answer, as far as effects are followed."""
from __future__ import annotations

from explore_support import found
from shared_specs import disk_spec

HALF = disk_spec("half", """\
add: {on: disk, repeatable: true}
hot_add: {on: disk, repeatable: true}
remove: {on: disk, undoes: vm.add}
has: {on: disk, asks: [vm.add, vm.hot_add]}""", """\
fresh: {on: {claim: stay, add: {call: vm.hot_add, ok: unclear, fail: fresh, uncertain: unclear}, release: gone}}
unclear:
  on:
    claim: {reject: EBUSY, meant: true}
    add: stay
    release: {ask: vm.has, yes: {to: there, raise: release}, no: gone, unknown: unclear}
there: {on: {release: {call: vm.remove, ok: gone, fail: unclear, uncertain: unclear}}}""")


def test_an_effect_that_is_not_followed_may_be_there() -> None:
    assert ("double", "disk.there.release") in found(HALF, callers=2, keys=1)


def test_where_all_are_followed_the_answer_is_the_truth() -> None:
    followed = HALF.replace("undoes: vm.add", "undoes: [vm.add, vm.hot_add]")
    assert found(followed, callers=2, keys=1) == [("missing-effect", "disk.unclear.add")]
