"""The plainest config is valid and allowed, whatever the limits of its fields and the policy of the
operations."""
from __future__ import annotations

from pathlib import Path

import pytest

from berthc.emit import tests
from berthc.inputs.values import base, nth
from berthc.model import NOWHERE, Field, Manager, Resource, Type
from berthc.pipeline import compile_text, read_spec
from berthc.scenarios import inputs, search, select
from berthc.scenarios.edges import Feature, step
from berthc.scenarios.features import rows_only
from berthc.scenarios.probes import allowed_path
from berthc.scenarios.search import NO_LIMITS, Limits, Search
from berthc.scenarios.select import scripts
from berthc.semantics.values import is_valid

ROOT = Path(__file__).resolve().parents[3]
SPEC = """\
berth: 1
manager: tapm
brief: Taps.
backend:
  v:
    open: {on: tap, repeatable: true, brief: Open.}
resources:
  tap:
    brief: A tap.
    key: [a1]
    fields:
      a1: {type: i32, brief: Number.}
      a8: {type: i32, range: [5, 5], brief: Five.}
      word: {type: set, of: string, required: true, brief: Words.}
      id: {type: uuid, required: true, brief: Id.}
    holders: {take: claim, drop: leave}
    initial: shut
    states:
      shut: {brief: Shut., on: {claim: stay, turn: {call: v.open, ok: open, fail: stay, uncertain: stay}, leave: gone}}
      open: {brief: Open., on: {claim: stay, turn: stay, leave: gone}}
      gone: {final: true, brief: Gone.}
operations:
  take:
    brief: Take.
    obtain: [tap]
    gives: reservation
    deny: {if: tap.a1 <= 255 and tap.a1 != 7, error: EPERM, brief: No.}
  turn: {brief: Turn., with: reservation, do: [tap.turn]}
  drop: {brief: Drop., with: reservation, do: [tap.leave], ends: reservation}
"""


def manager() -> Manager:
    result = compile_text("tapm.yaml", SPEC)
    assert result.manager is not None, result.diagnostics
    return result.manager


@pytest.mark.parametrize(
    "field",
    [
        Field("f", Type.I32, "", NOWHERE, range=(5, 5)),
        Field("f", Type.U8, "", NOWHERE, range=(3, 4)),
        Field("f", Type.I64, "", NOWHERE, range=(-9, -3)),
        Field("f", Type.SET, "", NOWHERE, required=True),
        Field("f", Type.LIST, "", NOWHERE, required=True, max_length=1),
        Field("f", Type.STRING, "", NOWHERE, required=True, max_length=1),
        Field("f", Type.UUID, "", NOWHERE, required=True),
        Field("f", Type.ENUM, "", NOWHERE, values=("x", "y")),
    ],
)
@pytest.mark.parametrize("key", [(), ("f",)])
def test_base_configs_are_valid(field: Field, key: tuple[str, ...]) -> None:
    resource = Resource("r", "", NOWHERE, None, key, (field,), (), None, None, "s", ())
    assert [is_valid(field, base(resource, n)["f"]) for n in (1, 2, 3)] == [True, True, True]


def test_two_values_are_two_keys() -> None:
    field = Field("f", Type.U8, "", NOWHERE, range=(5, 6))
    assert {nth(field, 1), nth(field, 2)} == {5, 6}
    assert nth(field, 3) is None


def test_a_config_is_found_that_policy_lets_through() -> None:
    found = manager()
    environment = inputs.environments(found)[0]
    (config,) = allowed_path(found, environment, found.operation("take"))
    assert config.mapping()["a1"] == 7 or int(str(config.mapping()["a1"])) > 255
    search = Search(found, environment, NO_LIMITS)
    taken = [e for a in search.actions(search.start())
             if (e := step(search.start(), a)).result.error is None]
    assert len({e.action.config[0].mapping()["a1"] for e in taken}) >= 2


def test_what_policy_hides_from_the_plainest_config_is_not_called_unreachable() -> None:
    choice = scripts(manager())
    assert choice.unreachable == frozenset()
    assert any("v.open ok" in s.calls for one in choice.scripts for s in one.steps)


def test_a_search_that_gave_up_claims_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    few = Limits(edges=5, patience=5)
    monkeypatch.setattr(search.Exploration.run, "__defaults__", (rows_only, False))
    monkeypatch.setattr(select, "Limits", lambda **_: few)
    monkeypatch.setattr(select, "LATER", few)
    monkeypatch.setattr(select, "THOROUGH", 0)
    choice = scripts(manager())
    assert choice.unreachable == frozenset() and choice.unsearched
    text = tests.files(manager())["tapm/tapm-conformance.c"]
    assert (
        "The search for scripts ended at its bounds" in text
        and ".unsearched = " in text
        and ".unreachable = " not in text
    )


REFUSED_LATER = """\
berth: 1
manager: lamps
backend:
  v:
    on: {on: lamp, repeatable: true}
    off: {on: lamp, undoes: v.on, repeatable: true}
resources:
  lamp:
    key: [name]
    fields:
      name: {type: string, required: true}
    holders: {take: claim, drop: leave}
    initial: dark
    states:
      dark: {on: {claim: stay, warm: stay, light: {call: v.on, ok: lit, fail: stay, uncertain: torn}, leave: gone}}
      lit: {on: {claim: stay, warm: stay, light: stay, leave: {call: v.off, ok: gone, fail: stay, uncertain: torn}}}
      torn: {on: {claim: stay, warm: stay, light: {reject: EBUSY}, leave: {call: v.off, ok: gone, fail: stay}}}
      gone: {final: true}
operations:
  take: {obtain: [lamp], gives: reservation}
  light: {with: reservation, do: [lamp.warm, lamp.light]}
  drop: {with: reservation, do: [lamp.leave], ends: reservation}
"""


def test_a_row_of_refused_operations_alone_is_one_that_the_suite_cannot_see() -> None:
    """The operation that runs the row is refused by its next step, so it leaves everything as it
    was and no row of it is traced."""
    found = compile_text("lamps.yaml", REFUSED_LATER)
    assert found.manager is not None, found.diagnostics
    choice = scripts(found.manager)
    rows = {one.number: one.row for one in select.declared_rows(found.manager)}
    assert [(rows[n].state, rows[n].event, outcome)
            for n, outcome in choice.unreachable] == [("torn", "warm", "ok")]
    assert choice.unsearched == frozenset()
    seen = {(step.where[1], step.where[2]) for one in choice.scripts for step in one.steps
            if step.rejects}
    assert ("torn", "light") in seen

@pytest.mark.parametrize("name", ["plan9", "plan9_mount", "vpci"])
def test_one_root_at_a_time_takes_the_same_rows(name: str) -> None:
    shipped, _ = read_spec(str(ROOT / "spec" / f"{name}.yaml"))
    assert shipped is not None
    found: list[set[Feature]] = []
    for one_root in (False, True):
        whole = search.Exploration(
            search.Search(shipped,
                           inputs.environments(shipped)[0], Limits()))
        found.append(set())
        much = Limits(edges=100_000, patience=100_000)
        assert whole.run(found[-1], much, lambda _: None, rows_only, one_root)
    assert found[0] and found[0] == found[1]
