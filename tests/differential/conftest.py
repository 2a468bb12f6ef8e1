"""Paths for the tests here: the compiler's package, the modules beside this file, the replay tool."""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for folder in ("tests/support", "tests/differential", "gen"):
    if str(ROOT / folder) not in sys.path:
        sys.path.insert(0, str(ROOT / folder))
