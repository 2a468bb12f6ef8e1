"""The compiler of TypeScript finds nothing wrong with the scripts of the page."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

VIEW = Path(__file__).resolve().parents[2] / "gen/berthc/emit/html/view"
OPTIONS = {
    "allowJs": True, "checkJs": True, "strict": True, "noEmit": True, "target": "es2020",
    "lib": ["es2020", "dom", "dom.iterable"], "module": "es2020", "types": [],
    "noUnusedLocals": True, "noUnusedParameters": True, "noImplicitReturns": True,
}


def found(folder: Path, files: list[Path]) -> str:
    compiler = Path(os.environ["BERTH_NODE_MODULES"]) / "typescript/bin/tsc"
    project = folder / "tsconfig.json"
    project.write_text(json.dumps({"compilerOptions": OPTIONS, "files": [str(f) for f in files]}))
    run = subprocess.run(["node", str(compiler), "-p", str(project)], capture_output=True,
                         text=True, timeout=300, check=False)
    return run.stdout + run.stderr


def test_every_script_is_clean(tmp_path: Path) -> None:
    scripts = sorted(VIEW.glob("*.js"))
    assert len(scripts) > 10
    assert found(tmp_path, scripts) == ""


def test_a_fault_is_found(tmp_path: Path) -> None:
    script = tmp_path / "wrong.js"
    script.write_text(f'import {{byId}} from "{VIEW}/dom.js";\nbyId(1);\n')
    assert "Argument of type 'number'" in found(tmp_path, [script])
