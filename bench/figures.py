"""What all measurements share: the files that record them, and what they depend on."""
from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def processor() -> str:
    """The name of the processor, or that of its architecture."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    names = [line.partition(":")[2].strip() for line in text.splitlines()
             if line.startswith("model name")]
    return names[0] if names else platform.machine()


def environment(compiler: str, flags: str) -> dict[str, str]:
    """What sizes and counts depend on besides the source."""
    done = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True)
    return {"compiler": done.stdout.splitlines()[0], "flags": flags,
            "library": " ".join(platform.libc_ver()), "machine": platform.machine()}


def load(name: str) -> Any:
    """A record in this folder, `states.json`."""
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def save(name: str, value: Mapping[str, object]) -> None:
    """Writes a record: two levels of the mapping a line each, what is deeper on one line."""
    blocks = []
    for key, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            lines = (f"    {json.dumps(k)}: {json.dumps(v)}" for k, v in inner.items())
            blocks.append(f"  {json.dumps(key)}: {{\n" + ",\n".join(lines) + "\n  }")
        else:
            blocks.append(f"  {json.dumps(key)}: {json.dumps(inner)}")
    (HERE / name).write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")


def tell_drift(name: str, recorded: Mapping[str, object], measured: Mapping[str, object],
               renew: str) -> int:
    """Prints what is no longer true of a record, and the command that renews it. The exit
    status."""
    lines = differences(name, recorded, measured)
    for line in lines:
        print(line, file=sys.stderr)
    if lines:
        print(f"renew them with: {renew}", file=sys.stderr)
    return 1 if lines else 0


def differences(name: str, recorded: Mapping[str, object],
                measured: Mapping[str, object]) -> list[str]:
    """A line for each entry of a record that is no longer true."""
    lines = []
    for key in [*recorded, *(key for key in measured if key not in recorded)]:
        if key not in recorded:
            lines.append(f"bench/{name}: {key}: not there, is {measured[key]}")
        elif key not in measured:
            lines.append(f"bench/{name}: {key}: there, and not measured")
        elif recorded[key] != measured[key]:
            lines.append(f"bench/{name}: {key}: says {recorded[key]}, is {measured[key]}")
    return lines
