"""`python -m berthc`."""
from __future__ import annotations

import signal
import sys


def run() -> int:
    """The command. Its modules take a moment to load, and Ctrl-C ends that, too, without a
    traceback. SIGTERM does the same as Ctrl-C, so that compilers and searches end with it."""
    try:
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        from berthc.cli import main

        return main(sys.argv[1:])
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(run())
