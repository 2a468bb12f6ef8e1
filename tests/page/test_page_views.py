"""Pages of managers in Chromium: views.mjs has the tests, one function each."""
from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
VIEWS = re.findall(r"^export (?:async function|const) (\w+)", (HERE / "views.mjs").read_text(),
                   re.M)
SERVED = "a_spec_is_shown_again_when_it_is_saved"
SPECS = ("spec/scsi.yaml", "spec/vpci.yaml", "tests/gen/specs/kitchen.yaml")
TIMEOUT = 300
LEAKING = (HERE / "net.yaml").read_text()
STORED = (HERE / "kept.yaml").read_text()
STAGES = 14
LARGE = json.dumps({  # each stage has a state of failure, and the states stand in frames
    "berth": 1, "manager": "large", "brief": "Many stages.",
    "backend": {"vm": {"step": {"on": "thing", "repeatable": True}}},
    "resources": {"thing": {
        "key": ["name"], "fields": {"name": {"type": "string", "required": True}},
        "holders": {"take": "claim", "drop": "release"}, "otherwise": {"reject": "EINVAL"},
        "initial": "stage_0", "states": {
            **{f"stage_{n}": {"on": {
                "claim": "stay", "release": "gone", f"go_{n}": {
                    "call": "vm.step", "ok": f"stage_{n + 1}", "fail": f"broken_{n}",
                    "uncertain": f"doubt_{n}"}}} for n in range(STAGES)},
            **{f"{kind}_{n}": {"on": {
                "claim": {"reject": "EIO"}, "release": "gone", f"go_{n}": {
                    "call": "vm.step", "ok": f"stage_{n + 1}", "fail": f"{kind}_{n}",
                    "uncertain": f"{kind}_{n}"}}}
               for n in range(STAGES) for kind in ("broken", "doubt")},
            f"stage_{STAGES}": {"on": {"claim": "stay", "release": "gone"}},
            "gone": {"final": True}}}},
    "operations": {
        "reserve": {"obtain": ["thing"], "gives": "reservation"},
        **{f"go_{n}": {"with": "reservation", "do": [f"thing.go_{n}"]} for n in range(STAGES)},
        "release": {"with": "reservation", "do": ["thing.release"], "ends": "reservation"}}})
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \" '"


def berthc(*args: str) -> list[str]:
    return [sys.executable, "-m", "berthc", *args]


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of several managers, two of them made for these tests."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "net.yaml").write_text(LEAKING)
    hostile = LEAKING.replace("manager: net", f"manager: hostile\nbrief: {json.dumps(HOSTILE)}")
    (folder / "hostile.yaml").write_text(hostile)
    (folder / "trace.jsonl").write_text('{"request": {"op": "drain"}, "expect": {}}\n')
    (folder / "kept.yaml").write_text(STORED)
    (folder / "large.yaml").write_text(LARGE)
    checked = [str(folder / f"{name}.yaml") for name in ("net", "hostile", "kept")]
    # the gallery of all first, then those with findings, which are quick to find
    for args, status in (([*(str(ROOT / spec) for spec in SPECS), *checked,
                           str(folder / "large.yaml")], 1),
                         *((["--search", spec], 1) for spec in checked)):
        made = subprocess.run(berthc("html", "-o", str(folder), *args), check=False,
                              capture_output=True, text=True, timeout=TIMEOUT)
        assert made.returncode == status, made.stderr  # net and hostile leak
    return folder


def in_browser(name: str, folder: Path, **env: str) -> None:
    run = subprocess.run(["node", str(HERE / "browser.mjs"), name, str(folder)],
                         env={**os.environ, **env}, capture_output=True, text=True, check=False,
                         timeout=TIMEOUT)
    assert run.returncode == 0, run.stderr[-4000:]


@pytest.mark.parametrize("name", [name for name in VIEWS if name != SERVED])
def test(name: str, pages: Path) -> None:
    in_browser(name, pages)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server of a spec, and its address."""
    spec = tmp_path / "scsi.yaml"
    spec.write_bytes((ROOT / "spec/scsi.yaml").read_bytes())
    server = subprocess.Popen(
        berthc("html", "--serve", str(spec)), stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    assert server.stdout is not None
    try:
        said = "".join(server.stdout.readline() for _ in range(2))
        address = re.search(r"http://127\.0\.0\.1:\d+/", said)
        assert address is not None, said
        yield address[0], spec
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=20) == 0


def test_a_spec_is_shown_again_when_it_is_saved(served: tuple[str, Path], tmp_path: Path) -> None:
    address, spec = served
    in_browser(SERVED, tmp_path, URL=address, SPEC=str(spec))
