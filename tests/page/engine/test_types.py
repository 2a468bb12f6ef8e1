"""The compiler of TypeScript finds nothing wrong with the engine."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from engines import ENGINE

OPTIONS = {
    "allowJs": True, "checkJs": True, "strict": True, "noEmit": True, "target": "es2020",
    "lib": ["es2020"],  # no DOM: no module of the engine knows of pages
    "module": "es2020", "types": [], "noUnusedLocals": True, "noUnusedParameters": True,
    "noImplicitReturns": True, "noFallthroughCasesInSwitch": True,
}


def found(folder: Path, files: list[Path]) -> str:
    compiler = Path(os.environ["BERTH_NODE_MODULES"]) / "typescript/bin/tsc"
    project = folder / "tsconfig.json"
    project.write_text(json.dumps({"compilerOptions": OPTIONS, "files": [str(f) for f in files]}))
    run = subprocess.run(["node", str(compiler), "-p", str(project)], capture_output=True,
                         text=True, timeout=300, check=False)
    return run.stdout + run.stderr


def test_every_module_is_clean(tmp_path: Path) -> None:
    modules = sorted(ENGINE.glob("*.js"))
    assert len(modules) > 10
    assert found(tmp_path, modules) == ""


def test_a_fault_is_found(tmp_path: Path) -> None:
    module = tmp_path / "wrong.js"
    module.write_text(f'import {{identity}} from "{ENGINE}/values.js";\nidentity(1);\n'
                      "export const page = document;\n")
    told = found(tmp_path, [module])
    assert "Argument of type '1'" in told and "'document'" in told
