"""How tests start programs."""
from __future__ import annotations

import signal
import subprocess


def fixed_layout() -> list[str]:
    """What stands before a command to fix the layout of its address space, where that can be had.

    The sanitizers of gcc 12 do not cope with every layout, see mk/test.mk.
    """
    fixed = ["setarch", "-R"]
    return (
        fixed
        if subprocess.run([*fixed, "true"], capture_output=True, check=False).returncode == 0
        else []
    )


def heed_interrupts() -> None:
    """For `preexec_fn`: children of tests in the background of a shell would ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
