"""The compiler of TypeScript finds nothing wrong with the page's JavaScript, whose types stand in
comments."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

HTML = Path(__file__).resolve().parents[2] / "gen/berthc/emit/html"
LIBRARIES = {
    "engine": ["es2020"],  # no DOM: no module of the engine knows of pages
    "view": ["es2020", "dom", "dom.iterable"],
}
OPTIONS = {
    "allowJs": True, "checkJs": True, "strict": True, "noEmit": True, "target": "es2020",
    "module": "es2020", "types": [], "noUnusedLocals": True, "noUnusedParameters": True,
    "noImplicitReturns": True, "noFallthroughCasesInSwitch": True,
}


def found(folder: Path, part: str, files: list[Path]) -> str:
    compiler = Path(os.environ["BERTH_NODE_MODULES"]) / "typescript/bin/tsc"
    project = folder / "tsconfig.json"
    project.write_text(json.dumps({"compilerOptions": OPTIONS | {"lib": LIBRARIES[part]},
                                   "files": [str(f) for f in files]}))
    run = subprocess.run(["node", str(compiler), "-p", str(project)], capture_output=True,
                         text=True, timeout=300, check=False)
    return run.stdout + run.stderr


@pytest.mark.parametrize("part", LIBRARIES)
def test_every_module_is_clean(tmp_path: Path, part: str) -> None:
    modules = sorted((HTML / part).glob("*.js"))
    assert len(modules) > 10
    assert found(tmp_path, part, modules) == ""


@pytest.mark.parametrize(("part", "text", "told"), [
    ("engine", 'import {identity} from "HTML/engine/values.js";\nidentity(1);\n',
     "Argument of type '1'"),
    ("engine", "export const page = document;\n", "'document'"),
    ("view", 'import {byId} from "HTML/view/dom.js";\nbyId(1);\n', "Argument of type 'number'"),
])
def test_a_fault_is_found(tmp_path: Path, part: str, text: str, told: str) -> None:
    module = tmp_path / "wrong.js"
    module.write_text(text.replace("HTML", str(HTML)))
    assert told in found(tmp_path, part, [module])
