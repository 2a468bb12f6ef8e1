"""Spin on the exported model, which reads the semantics by itself: the same verdicts as the search
on every spec, and as many states where there is no finding."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from explore_support import FAULTY, ROOT, manager_of, play
from product_support import Product

from berthc.cli import main
from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import Valuation, scarce, valuations
from berthc.explore.findings.fault import Fault
from berthc.explore.report import _unreachable, explore, unreachable
from berthc.explore.search import Search
from berthc.explore.spin import search as spin
from berthc.explore.spin.promela import promela, rows_of
from berthc.explore.spin.promela.base import no_words_for
from berthc.explore.spin.search import NotReplayed, explore_with_spin
from berthc.explore.states.move import Reduced
from berthc.model import Manager

NEEDS_SPIN = pytest.mark.skipif(shutil.which("spin") is None, reason="spin is not installed")
pytestmark = [pytest.mark.long, NEEDS_SPIN]

NO_WORDS = {"made-and-deleted-by-name", "fixed-and-drained", "parked-and-drained"}


def in_its_words(path: Path) -> bool:
    return (path.stem not in NO_WORDS
            and no_words_for(manager_of(path.read_text(encoding="utf-8"))) is None)


SOUND = [p for p in sorted((ROOT / "spec").glob("*.yaml"))
         + sorted((FAULTY / "sound").glob("*.yaml")) if in_its_words(p)]
NOT_LOOKED_FOR = {"poisoned", "ambiguous"}  # by Spin's model, nor who was told of what has ended
TAKEN_BACK = {
    "ambiguous-told-from-outside", "leak-made-for-good-by-a-second-try",
    "poisoned-cannot-be-made-again"
}
TOLD_OF_WHAT_ENDED = {"denied-told-of-what-ended"}
TWO_KEYS = {"interference-number-of-another-card"}


def bounds_for(path: Path) -> Bounds:
    return Bounds(
        callers=2,
        keys=1
        if path.stem in ("scsi", "removes-for-ever", "three-levels", "retries-its-own-plug")
        else 2,
    )


def root_of(manager: Manager) -> str:
    return next(r.name for r in manager.resources if r.parent is None)


def verifier(text: str, folder: Path) -> Path:
    """The compiled verifier of a model; its environment says what it is asked."""
    (folder / "model.pml").write_text(text, encoding="utf-8")
    subprocess.run(["spin", "-a", "model.pml"], cwd=folder, check=True, capture_output=True,
                   timeout=120)
    subprocess.run(["gcc", "-O0", "-w", "-DSAFETY", "-DMEMLIM=2000", "-o", "pan", "pan.c"],
                   cwd=folder, check=True, timeout=300)
    return folder / "pan"


class Said(NamedTuple):
    """What a verifier prints: findings, states, and rows with their outcomes."""

    found: set[str]
    states: int
    rows: set[tuple[int, int]]


def never_taken(manager: Manager, pan: Path, *said: Said) -> set[Fault]:
    """Rows and outcomes that no run took, nor drain in any state."""
    rows = rows_of(manager, root_of(manager))
    ran = set().union(*(one.rows for one in (*said, verify(pan, "drain"))))
    return set(unreachable(manager,
                           {(id(rows[n]), ("ok", "fail", "uncertain")[outcome])
                            for n, outcome in ran}))


def verify(pan: Path, ask: str = "") -> Said:
    """What the verifier says when it is asked."""
    done = subprocess.run([pan, "-E", "-n", "-m2000000", "-w22"], cwd=pan.parent,
                          env={**os.environ, "ASK": ask}, capture_output=True, text=True,
                          timeout=300, check=True)
    assert (
        "errors: 0" in done.stdout and "max search depth too small" not in done.stdout
    ), done.stdout[:2000]
    states = re.search(r"^\s*(\d+) states, stored", done.stdout, re.M)
    assert states is not None
    rows = {(int(n), int(outcome))
            for n, outcome in re.findall(r"^ROW (\d+) (\d)$", done.stdout, re.M)}
    found = {name.replace("_", "-") for name in re.findall(r"^FOUND (\w+)$", done.stdout, re.M)}
    return Said(found, int(states[1]), rows)


def searched(manager: Manager, valuation: Valuation, bounds: Bounds) -> Search:
    search = Search(manager, root_of(manager), valuation, bounds, lambda fault: False,
                    keep_edges=True)
    search.run()
    return search


def states(manager: Manager, valuation: Valuation, bounds: Bounds, search: Search) -> int:
    """How many states of all roots there are when callers and keys are told apart."""
    if search.stepper.reduced.one_root:
        product = Product(search)
        return product.plain(product.states())
    plain = Search(manager, search.root, valuation, bounds, lambda fault: False,
                   reduced=Reduced(one_root=False, symmetric=False))
    plain.run()
    return len(plain.nodes)


def unreachable_by(search: Search, manager: Manager, bounds: Bounds) -> None:
    """Takes the rows of drains, too; Spin does not look behind them."""
    list(_unreachable(manager, [search], bounds, None))


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_spin_finds_nothing_and_sees_as_many_states(path: Path, tmp_path: Path) -> None:
    manager = manager_of(path.read_text(encoding="utf-8"))
    bounds = bounds_for(path)
    valuation = valuations(manager)[0]
    search = searched(manager, valuation, bounds)
    pan = verifier(promela(manager, root_of(manager), valuation, bounds), tmp_path)
    clean, every, strand = (verify(pan, ask) for ask in ("clean", "", "strand"))
    assert clean.found == every.found == strand.found == set() and search.found == []
    assert every.states == states(manager, valuation, bounds, search)
    unreachable_by(search, manager, bounds)
    assert never_taken(manager, pan, clean, every) == set(unreachable(manager, search.taken))


@pytest.mark.parametrize("path",
                         [p for p in sorted(FAULTY.glob("*.yaml")) if p.stem not in TAKEN_BACK
                          and in_its_words(p)], ids=lambda path: path.stem)
def test_spin_finds_what_the_search_finds(path: Path, tmp_path: Path) -> None:
    manager = manager_of(path.read_text(encoding="utf-8"))
    bounds = Bounds(callers=3 if path.stem.startswith("interference") else 2,
                    keys=2 if path.stem in TWO_KEYS else 1)
    # where full pools can do harm, one with full pools
    every_valuation = valuations(manager, bounds.keys)
    valuation = next((v for v in every_valuation if scarce(manager, v, bounds.keys)),
                     every_valuation[0])
    pan = verifier(promela(manager, root_of(manager), valuation, bounds), tmp_path)
    # the first one learns what the others judge by
    clean, every, strand = (verify(pan, ask) for ask in ("clean", "", "strand"))
    found = (every.found | clean.found & {"denied"}
             | {{"kept": "leak"}.get(id_, id_) for id_ in strand.found & {"stranded", "kept"}})
    search = searched(manager, valuation, bounds)
    assert found == {f.fault.id for f in search.found} - NOT_LOOKED_FOR - (
        {"denied"} if path.stem in TOLD_OF_WHAT_ENDED else set()
    )
    if not search.cut:
        unreachable_by(search, manager, bounds)
        assert never_taken(manager, pan, clean, every) == set(unreachable(manager, search.taken))
    else:
        assert found or {f.fault.id for f in search.found} <= NOT_LOOKED_FOR


def test_spin_as_the_engine_tells_the_same_with_a_script() -> None:
    spec = FAULTY / "stranded-lost-removal.yaml"
    manager = manager_of(spec.read_text(encoding="utf-8"), spec.name)
    bounds = Bounds(callers=2, keys=1)
    [finding] = explore_with_spin(manager, bounds).findings
    [ours] = explore(manager, bounds).findings
    assert finding.fault == ours.fault
    assert [request["op"] for request in finding.requests] == [
        "reserve",
        "add_to_vm",
        "remove_from_vm",
        "remove_from_vm",
    ]
    assert len(finding.requests) == len(ours.requests)
    assert play(manager, finding.requests)[-1]["state"]["share"][0]["state"] == "lost"


@pytest.mark.parametrize(
    ("name", "id_", "where", "length"),
    [
        ("missing-effect-add-after-refusal", "missing-effect", None, None),
        ("unreachable-add-after-removal", "unreachable", None, 0),
        ("leak-broken-keeps-its-number", "leak", "port.new.open", 1),
    ],
)
def test_spin_as_the_engine_asks_the_same(
    name: str, id_: str, where: str | None, length: int | None
) -> None:
    manager = manager_of((FAULTY / f"{name}.yaml").read_text(encoding="utf-8"), name)
    bounds = Bounds(callers=2, keys=1)
    finding = explore_with_spin(manager, bounds).findings[0]
    ours = explore(manager, bounds).findings[0]
    assert (finding.fault.id, finding.fault.where) == (id_, where or ours.fault.where)
    assert len(finding.requests) == (len(ours.requests) if length is None else length)


@pytest.mark.parametrize(
    ("name", "callers", "ids"),
    [
        ("goes-with-its-root", 1, {"leak"}),
        ("rests-below", 1, {"leak"}),
        ("lets-go-in-parts", 1, {"leak"}),
        ("drain-after-denied", 2, {"denied"}),
        ("makes-to-let-go", 1, {"missing-effect", "leak"}),
        ("no-refusal-of-its-own", 2, {"interference", "leak", "stranded"}),
    ],
)
def test_spin_and_the_search_agree_where_the_model_once_erred(
    name: str, callers: int, ids: set[str]
) -> None:
    manager = manager_of((ROOT / f"tests/gen/spin/{name}.yaml").read_text(encoding="utf-8"), name)
    bounds = Bounds(callers=callers, keys=1)
    reported = explore_with_spin(manager, bounds)
    assert reported.unshown == () and {f.fault.id for f in reported.findings} == ids
    assert {f.fault.id for f in explore(manager, bounds).findings} - NOT_LOOKED_FOR == ids


def test_a_trail_that_cannot_be_played_loses_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    played = spin._found  # noqa: SLF001

    def found(manager: Manager, root: str, valuation: Valuation, bounds: Bounds, id_: str,
              *rest: Any) -> Any:
        if id_ == "missing_effect":
            raise NotReplayed("played again, its trail does not lead there")
        return played(manager, root, valuation, bounds, id_, *rest)

    monkeypatch.setattr(spin, "_found", found)
    lacking, sound = str(FAULTY / "missing-effect-add-after-refusal.yaml"), str(
        FAULTY / "sound/removes-for-ever.yaml"
    )
    lost = str(FAULTY / "stranded-lost-removal.yaml")
    assert main(["check", "--spin", "--callers", "1", "--keys", "1", lacking, lost, sound]) == 2
    reported = capsys.readouterr()
    assert (
        f"berthc: --spin: {lacking}: Spin's model says missing-effect, but played again, its trail "
        "does not lead there; please report it\n"
        in reported.err
    )
    assert (
        "error[stranded]" in reported.err
        and f"{sound}: ok: " in reported.out
        and f"{lacking}: ok" not in reported.out
    )


def test_a_verifier_that_cannot_start_has_proved_nothing(
    capsys: pytest.CaptureFixture[str]) -> None:
    spec = str(FAULTY / "stranded-lost-removal.yaml")
    assert main(["check", "--spin", "--callers", "1", "--keys", "1", "--memory", "999999999",
                 spec]) == 2
    reported = capsys.readouterr()
    assert reported.out == "" and reported.err.endswith(
        "berthc: --spin: " + spec
        + ": the verifier did not start with 999999999 MB; this machine may "
        "have less (--memory)\n")


def test_a_search_in_part_strands_nobody() -> None:
    """What breaks off has not seen every way out."""
    spec = (FAULTY / "sound/removes-for-ever.yaml").read_text(encoding="utf-8")
    report = explore_with_spin(manager_of(spec), Bounds(callers=3, keys=2), memory=8)
    assert report.findings == () and not report.complete


def test_what_the_model_has_no_words_for_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "rack.yaml"
    text = (FAULTY / "sound/three-levels.yaml").read_text(encoding="utf-8")
    claim = "claim: [{if: tray.number == 1, reject: EPERM}, {to: used}]"
    spec.write_text(text.replace("used: {on: {claim: stay,", f"used: {{on: {{{claim},"),
                    encoding="utf-8")
    assert main(["check", "--spin", str(spec)]) == 2
    assert (
        capsys.readouterr().err
        == f"berthc: --spin: {spec}: the model has no words for conditions on fields of other "
        "resources\n"
    )
    assert main(["check", "--promela", str(spec)]) == 1
    assert (
        "the model for Spin has no words for conditions on fields of other resources"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("name", ["ambiguous-told-from-outside", "sound/made-and-deleted-by-name"])
def test_effects_that_only_a_request_takes_back_are_refused_by_name(
    name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--spin", str(FAULTY / f"{name}.yaml")]) == 2
    assert (
        "the model has no words for effects that drain leaves and a request may take back, as in "
        in capsys.readouterr().err
    )


def test_what_is_too_large_for_the_memory_proves_nothing_and_still_finds(
    capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--spin", "--callers", "3", "--memory", "8",
                 str(FAULTY / "leak-guest-refused.yaml")]) == 1
    reported = capsys.readouterr()
    assert "error[leak]" in reported.err
    assert (
        "explored by Spin in part (" in reported.out
        and "states were only hashed and some passed over: nothing is proved\n" in reported.out
    )


@pytest.mark.parametrize("memory", ["7", "-1", "much"])
def test_too_little_memory_is_bad_usage(memory: str) -> None:
    assert main(["check", "--spin", "--memory", memory, "spec/vpci.yaml"]) == 2


@pytest.mark.parametrize(("name", "word"), [
    ("sound/asks-when-unsure", "hooks that ask"), ("needs-mount-before-add", "needs of hooks"),
    ("effects-timeout-counts-as-attached", "effects of states"),
    ("sound/refuses-on-purpose", "rejections that are meant"),
    ("missing-effect-beside-create", "effects that may be there before create"),
])
def test_a_spec_that_uses_what_the_model_does_not_know_is_refused_by_name(
    name: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    for flag in ("--spin", "--promela"):
        assert main(["check", flag, str(FAULTY / f"{name}.yaml")]) in (1, 2)
        assert f"no words for {word}" in capsys.readouterr().err


def test_the_bench_names_what_the_model_has_no_words_for() -> None:
    done = subprocess.run([sys.executable, "bench/check.py", "--callers", "1", "--keys", "1",
                           "spec/vpci.yaml"], cwd=ROOT, capture_output=True, text=True, check=False,
                          timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines(
        )[-1].startswith("vpci ") and done.stdout.endswith("no words for hooks that ask\n")
