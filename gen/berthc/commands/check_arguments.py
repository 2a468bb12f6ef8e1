"""The flags of `berthc check`, and which of them go together."""
from __future__ import annotations

import argparse
from pathlib import Path

from berthc.explore.bounds import Bounds
from berthc.explore.spin.search import LEAST_MEMORY, MEMORY

DEFAULT = Bounds()
BOUNDS = ("callers", "keys", "failures", "states")
MEMORY_BUILT_IN = 1000  # MB


def add_arguments(check: argparse.ArgumentParser) -> None:
    """The flags of the search."""
    group = check.add_argument_group(
        "exploration", "The search plays every order of calls by a few callers, with every\n"
        "outcome of every hook. Its result holds within these bounds.")
    group.add_argument("--callers", metavar="N", type=_callers,
                       help=f"callers at a time (default: {DEFAULT.callers})")
    group.add_argument("--keys", metavar="N", type=_keys,
                       help=f"keys per level (default: {DEFAULT.keys})")
    group.add_argument("--failures", metavar="N", type=_natural,
                       help="hook calls that fail or stay uncertain (default: any number)")
    group.add_argument("--states", metavar="N", type=_positive,
                       help="stop after N states; the result is then partial, and the exit status "
                            f"is 4 where nothing is found (default: {DEFAULT.states})")
    group.add_argument("--engine", choices=("auto", "c", "python"), default="auto",
                       help="c: search the generated C, compiled by $CC or cc; python: search the "
                            "model, which is slower (default: c where it can be built)")
    group.add_argument("--promela", action="store_true",
                       help="do not search; print the model of the first root resource, with "
                            "default options and all hooks, for Spin")
    group.add_argument("--emit-test", metavar="FILE", type=Path,
                       help="write the scripts of one spec's findings to FILE, as cmocka tests")
    group.add_argument("--scripts", metavar="DIR", type=Path,
                       help="write the script of each finding to a file in DIR, for berthc sim; "
                            "create DIR if needed")
    group.add_argument("--spin", action="store_true",
                       help="search with Spin, for larger bounds; needs spin and gcc")
    group.add_argument("--memory", metavar="MB", type=_memory,
                       help="stop when berthc uses this much memory, as with --states (default: "
                            f"{MEMORY_BUILT_IN}). With --spin: memory for each search; a larger "
                            "one keeps hashes of states, and its result is partial (default: "
                            f"{MEMORY})")
    group.add_argument("--explain", action="store_true",
                       help="print what the backend has while an instance rests in each state")
    group.add_argument("--static", action="store_true",
                       help="check the static rules only; do not search")


def _positive(text: str) -> int:
    number = _natural(text)
    if number == 0:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _memory(text: str) -> int:
    number = _natural(text)
    if number < LEAST_MEMORY:
        raise argparse.ArgumentTypeError(f"must be at least {LEAST_MEMORY}")
    return number


def _callers(text: str) -> int:
    return _up_to(26, text)  # scripts name them by letters


def _keys(text: str) -> int:
    return _up_to(100, text)


def _up_to(most: int, text: str) -> int:
    number = _positive(text)
    if number > most:
        raise argparse.ArgumentTypeError(f"must be at most {most}")
    return number


def _natural(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"'{text[:40]}' is no whole number")
    return int(text)


def bounds_of(args: argparse.Namespace) -> Bounds:
    """What was asked for, else the defaults."""
    return Bounds(**{name: getattr(DEFAULT, name) if (given := getattr(args, name)) is None
                     else given for name in BOUNDS})


def refusal(args: argparse.Namespace) -> str | None:
    """Flags that do not go together: each would be ignored beside the other."""
    bound = next((f"--{name}" for name in (*BOUNDS, "memory") if getattr(args, name) is not None),
                 None)
    rules: list[tuple[bool, str]] = [
        (args.emit_test is not None and (len(args.specs) > 1 or args.static or args.promela),
         "--emit-test takes one spec, which is explored"),
        (args.scripts is not None and (args.static or args.promela),
         "--scripts keeps what an exploration finds, and nothing is explored"),
        (args.promela and (args.static or args.spin),
         "--promela prints a model and does nothing else, so neither --static nor --spin goes "
         "with it"),
        (args.engine != "auto" and (args.static or args.promela or args.spin),
         "--engine says how to search the built-in way, so --static, --promela and --spin do not "
         "go with it"),
        (args.promela and args.format != "text",
         f"--promela prints a model, so --format {args.format} does not go with it"),
        (args.spin and args.static, "--static explores nothing, so --spin does not go with it"),
        (args.static and bound is not None,
         f"--static explores nothing, so {bound} does not go with it"),
        ((args.spin or args.promela) and args.failures is not None,
         "Spin's model knows no bound on failures"),
        ((args.spin or args.promela) and args.states is not None,
         "Spin's model knows no bound on states; --memory bounds a search by Spin"),
        (args.explain and (args.static or args.promela or args.spin or args.format != "text"),
         "--explain tells as text what the built-in search saw, so --static, --promela, --spin "
         "and --format json or sarif do not go with it"),
        (args.memory is not None and args.promela,
         "--promela prints a model and explores nothing, so --memory does not go with it"),
    ]
    return next((text for refused, text in rules if refused), None)
