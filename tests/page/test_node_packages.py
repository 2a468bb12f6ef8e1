"""The Node.js packages of the tests are those of the lock file."""
from __future__ import annotations

import json
import os
from pathlib import Path

NODE = Path(__file__).parents[1] / "node"


def test_what_is_installed_is_what_is_locked() -> None:
    modules = Path(os.environ["BERTH_NODE_MODULES"])
    wanted = json.loads((NODE / "package.json").read_text())["devDependencies"]
    installed = {n: json.loads((modules / n / "package.json").read_text())["version"]
                 for n in wanted}
    assert installed == wanted
