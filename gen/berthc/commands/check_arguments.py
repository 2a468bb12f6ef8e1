"""The flags of `berthc check`, and which of them go together."""
from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from berthc.explore.bounds import MOST_CALLERS, MOST_KEYS, STATES_IN_C, Bounds
from berthc.explore.reach import MORE_CALLERS

DEFAULT = Bounds()
BOUNDS = ("callers", "keys", "failures", "states")
MEMORY = 1000  # MB
LEAST_MEMORY = 8
MOST_TIME = 24 * 3600  # seconds
REMOVED = {
    "spin": "the search in C does more, and faster; --callers and --keys say how far it goes",
    "promela": "--engine python is the independent search",
}
"""Old flags, and what there is instead."""


Group = argparse._ArgumentGroup


def add_bounds(command: argparse.ArgumentParser, in_part: str = "",
               no_search: str = "") -> Group:
    """The flags that say how far a search goes; what the exit status says of one in part, and of
    one that does not end."""
    group = command.add_argument_group(
        "exploration", "The search plays every order of calls by a few callers, with every\n"
        "outcome of every hook. Its result holds within these bounds.")
    group.add_argument("--callers", metavar="N", type=_callers,
                       help=f"callers at a time (default: {DEFAULT.callers}, or {MORE_CALLERS} "
                            "where no bound is given and the search in C stays small)")
    group.add_argument("--keys", metavar="N", type=_keys,
                       help=f"keys per level (default: {DEFAULT.keys})")
    group.add_argument("--failures", metavar="N", type=_natural,
                       help="hook calls that fail or stay uncertain (default: any number)")
    group.add_argument("--states", metavar="N", type=_positive,
                       help=f"stop after N states; the result is then partial{in_part} (default: "
                            f"{STATES_IN_C}; --engine python: {DEFAULT.states})")
    group.add_argument("--in-flight", metavar="N", type=_callers,
                       help="also start up to N operations at a time, from 2 to as many as there "
                            "are callers: the states between them must be those of whole "
                            "operations (only in C)")
    group.add_argument("--budget", metavar="TIME", type=time_of,
                       help="search as far as it gets in this time (30s, 5m, 1h) for each spec, "
                            "with more callers and keys each time, up to "
                            f"{MOST_CALLERS} callers and {MOST_KEYS} keys{no_search}")
    group.add_argument("--engine", choices=("auto", "c", "python"), default="auto",
                       help="c: search the generated C, compiled by $CC or cc; python: search the "
                            "model, which is slower (default: c where it can be built)")
    group.add_argument("--memory", metavar="MB", type=_memory,
                       help="stop when berthc uses this much memory, as with --states (default: "
                            f"{MEMORY})")
    return group


def add_arguments(check: argparse.ArgumentParser) -> None:
    """The flags of `berthc check`."""
    group = add_bounds(check, ", and the exit status is 4 where nothing is found",
                       "; the exit status is 4 where not even the first search ends")
    group.add_argument("--emit-test", metavar="FILE", type=Path,
                       help="write the scripts of one spec's findings to FILE, as cmocka tests")
    group.add_argument("--scripts", metavar="DIR", type=Path,
                       help="write the script of each finding to a file in DIR, for berthc sim; "
                            "create DIR if needed")
    group.add_argument("--explain", action="store_true",
                       help="print what the backend has while an instance rests in each state, "
                            "and what a crash leaves there")
    group.add_argument("--static", action="store_true",
                       help="check the static rules only; do not search")
    for name in REMOVED:
        group.add_argument(f"--{name}", action="store_true", help=argparse.SUPPRESS)


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """What `berthc check` would make of these arguments, as text."""
    made = argparse.ArgumentParser()
    made.add_argument("specs", nargs="+")
    made.set_defaults(format="text")
    add_arguments(made)
    return made.parse_args(words)


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


def time_of(text: str) -> float:
    """Seconds."""
    found = re.fullmatch(r"(-?[0-9]{1,6})(s|m|h)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"'{text[:40]}' is no time: write 30s, 5m or 1h")
    seconds = int(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]
    if not 1 <= seconds <= MOST_TIME:
        raise argparse.ArgumentTypeError("must be at least 1s, and at most 24h")
    return float(seconds)


def gives_bounds(args: argparse.Namespace) -> bool:
    """Were bounds asked for, rather than the defaults?"""
    return any(getattr(args, name) is not None for name in (*BOUNDS, "in_flight"))


def bounds_of(args: argparse.Namespace) -> Bounds:
    """What was asked for, else the defaults."""
    return Bounds(**{name: getattr(DEFAULT, name) if (given := getattr(args, name)) is None
                     else given for name in BOUNDS},
                  memory=MEMORY if args.memory is None else args.memory,
                  crash=args.explain or args.format == "json", in_flight=args.in_flight or 0)


def refusal(args: argparse.Namespace) -> str | None:
    """Flags that do not go together: each would be ignored beside the other."""
    bound = next((f"--{name}" for name in (*BOUNDS, "memory") if getattr(args, name) is not None),
                 None)
    rules: list[tuple[bool, str]] = [
        *((getattr(args, name, False), f"--{name} was removed: {instead}")
          for name, instead in REMOVED.items()),
        (args.emit_test is not None and (len(args.specs) > 1 or args.static),
         "--emit-test takes one spec, which is explored"),
        (args.scripts is not None and args.static,
         "--scripts keeps what an exploration finds, and nothing is explored"),
        (args.engine != "auto" and args.static,
         "--engine says how to search, so --static does not go with it"),
        (args.static and bound is not None,
         f"--static explores nothing, so {bound} does not go with it"),
        (args.static and args.budget is not None,
         "--static explores nothing, so --budget does not go with it"),
        *((args.budget is not None and getattr(args, name) is not None,
           f"--budget lets callers and keys grow, so --{name} does not go with it")
          for name in ("callers", "keys", "states")),
        *((args.in_flight is not None and refused, f"--in-flight {text}")
          for refused, text in _refusals_in_flight(args, bounds_of(args).callers)),
        (args.explain and (args.static or args.format != "text"),
         "--explain tells as text what the search saw, so --static and --format json or sarif do "
         "not go with it"),
    ]
    return next((text for refused, text in rules if refused), None)


def _refusals_in_flight(args: argparse.Namespace, callers: int) -> list[tuple[bool, str]]:
    return [
        (args.static, "searches, and --static explores nothing"),
        (args.engine == "python", "starts operations of the runtime, and --engine python has none"),
        (args.budget is not None, "searches within its bounds, so --budget does not go with it"),
        (args.failures is not None, "tries any number of failures, so --failures does not go with "
                                    "it"),
        (not 2 <= (args.in_flight or 0) <= callers,
         f"is at least 2, and at most the number of callers ({callers})"),
    ]
