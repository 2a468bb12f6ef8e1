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
    group = check.add_argument_group("exploration",
                                     "every interleaving of a few callers, with every outcome of "
                                     "every hook; what is claimed holds within these bounds")
    group.add_argument("--callers", metavar="N", type=_callers,
                       help=f"callers at a time (default: {DEFAULT.callers})")
    group.add_argument("--keys", metavar="N", type=_keys,
                       help=f"keys per level (default: {DEFAULT.keys})")
    group.add_argument("--failures", metavar="N", type=_natural,
                       help="hook calls that fail or stay uncertain (default: any number)")
    group.add_argument("--states", metavar="N", type=_positive,
                       help="states after which the search stops; then it claims nothing but what "
                       "it found, and that alone does not "
                       f"change the exit status (default: {DEFAULT.states})")
    group.add_argument("--promela", action="store_true",
                       help="explore nothing; print the model of the first root resource, with "
                            "default options and all hooks, for Spin")
    group.add_argument(
        "--emit-test", metavar="FILE", type=Path,
        help="write the scripts of the findings of one spec to FILE, as cmocka tests")
    group.add_argument("--scripts", metavar="DIR", type=Path,
                       help="write the script of each finding to a file in DIR, for berthc sim; "
                            "DIR is made where it is missing")
    group.add_argument(
        "--spin", action="store_true",
        help="let Spin explore, for bounds that are too large otherwise; needs spin and gcc")
    group.add_argument(
        "--memory",
        metavar="MB",
        type=_memory,
        help=
        f"memory of berthc at which the search stops, as at --states (default: {MEMORY_BUILT_IN}); "
        "with --spin: memory for "
        "each search; one that needs more goes on with hashed states, is partial and proves "
        f"nothing (default: {MEMORY})")
    group.add_argument(
        "--explain", action="store_true",
        help="say of each state what is in the backend while an instance rests there")
    group.add_argument("--static", action="store_true",
                       help="the static rules only, no exploration")


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
        (args.promela and args.format == "json", "--promela prints a model, which is no JSON"),
        (args.spin and args.static, "--static explores nothing, so --spin does not go with it"),
        (args.static and bound is not None,
         f"--static explores nothing, so {bound} does not go with it"),
        ((args.spin or args.promela) and args.failures is not None,
         "Spin's model knows no bound on failures"),
        ((args.spin or args.promela) and args.states is not None,
         "Spin's model knows no bound on states; --memory bounds a search by Spin"),
        (args.explain and (args.static or args.promela or args.spin or args.format == "json"),
         "--explain tells as text what the built-in search saw, so --static, --promela, --spin "
         "and --format json do not go with it"),
        (args.memory is not None and args.promela,
         "--promela prints a model and explores nothing, so --memory does not go with it"),
    ]
    return next((text for refused, text in rules if refused), None)
