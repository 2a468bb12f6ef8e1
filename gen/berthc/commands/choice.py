"""`berthc diagram`: which pictures are drawn, from --only, --all, --edges, --focus and --depth."""
from __future__ import annotations

import argparse
import fnmatch
from collections.abc import Sequence

from berthc.commands.common import Usage
from berthc.diag import hint, listing, quote, suggest
from berthc.emit import diagram
from berthc.emit.diagram import Choice, View
from berthc.model import Manager


def choice_of(args: argparse.Namespace, managers: Sequence[Manager]) -> Choice:
    """What --edges, --focus, --depth and --all ask for."""
    if args.depth is not None and args.focus is None:
        raise Usage("--depth goes with --focus")
    if args.depth is not None and args.depth < 0:
        raise Usage(f"--depth {args.depth}: a number of arrows, such as 2")
    resource, state = focused(args.focus, managers) if args.focus is not None else ("", "")
    view = View(args.edges, state, 1 if args.depth is None else args.depth)
    if args.all and not view.is_whole:
        raise Usage("--all is about operations, but --edges and --focus draw states only")
    return Choice(view, resource, args.all)


def focused(place: str, managers: Sequence[Manager]) -> tuple[str, str]:
    """The resource and the state that --focus names."""
    resource, dot, state = place.partition(".")
    known = {r.name: r for manager in managers for r in manager.resources}
    if resource not in known:
        raise Usage(f"--focus {place}: there is no resource {quote(resource)}; "
                    f"{hint(resource, list(known), 'resources')}")
    states = [s.name for s in known[resource].states]
    if not dot or not state:
        raise Usage(f"--focus {place}: name one of its states, such as {resource}.{states[0]}; "
                    f"states of {resource}: {listing(states)}")
    if state not in states:
        raise Usage(f"--focus {place}: {resource} has no state {quote(state)}; "
                    f"{hint(state, states, f'states of {resource}')}")
    return resource, state


def chosen(managers: Sequence[Manager], patterns: Sequence[str], choice: Choice) -> set[str]:
    """The names of diagrams that --only asks for."""
    names = sorted({name for manager in managers for name in diagram.names(manager, choice)})
    for pattern in patterns:
        if pattern in ("happy", "failures"):
            raise Usage(f"--only {pattern}: chooses files; for a choice of arrows write "
                        f"--edges {pattern}")
        if not fnmatch.filter(names, pattern):
            known = ", ".join(names)
            raise Usage(f"--only {pattern}: there is no such diagram; {suggest(pattern, names)}"
                        f"there are: {known}")
    return {name for pattern in patterns for name in fnmatch.filter(names, pattern)}
