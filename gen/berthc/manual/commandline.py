"""The command line as data: what completion and the manual pages loop over."""
from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

# What a word that an option or a command takes stands for.
SPEC, FOLDER, FILE, ID, WORD, OTHER = "spec", "folder", "file", "id", "word", "other"
_KINDS = {"SPEC": SPEC, "OLD": SPEC, "NEW": SPEC, "DIR": FOLDER, "ID": ID}


@dataclass(frozen=True)
class Value:
    """A value: how the help calls it, what it stands for, and the words that are possible."""

    name: str
    kind: str
    words: tuple[str, ...] = ()
    many: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Option:
    """An option by all its names; `value` is None where it takes none."""

    names: tuple[str, ...]
    value: Value | None
    help: str


@dataclass(frozen=True)
class Group:
    """Options below a heading."""

    title: str
    about: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Command:
    """A command, or berthc itself (its name is "")."""

    name: str
    summary: str
    about: str
    more: str  # what stands below the help: examples, exit status
    groups: tuple[Group, ...]
    arguments: tuple[tuple[Value, str], ...]

    @property
    def options(self) -> tuple[Option, ...]:
        return tuple(option for group in self.groups for option in group.options)


def described(top: argparse.ArgumentParser) -> list[Command]:
    """berthc itself, then its commands in their order."""
    return [_command("", "", top), *(
        _command(name, summary, sub) for name, summary, sub in _commands(top))]


def names(top: argparse.ArgumentParser) -> list[str]:
    """The names of the commands."""
    return [name for name, _, _ in _commands(top)]


def _commands(top: argparse.ArgumentParser) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {one.dest: one.help or "" for one in action._choices_actions}
            for name, sub in action.choices.items():
                yield name, summaries.get(name, ""), sub


def _command(name: str, summary: str, found: argparse.ArgumentParser) -> Command:
    groups = []
    for group in found._action_groups:
        options = tuple(_option(a) for a in group._group_actions
                        if a.option_strings and a.help != argparse.SUPPRESS)
        if options:
            groups.append(Group(group.title or "", group.description or "", options))
    arguments = tuple((_value(a), a.help or "") for a in found._actions
                      if not a.option_strings and not isinstance(a, argparse._SubParsersAction))
    return Command(name, summary, found.description or "", found.epilog or "", tuple(groups),
                   arguments)


def _option(action: argparse.Action) -> Option:
    value = None if action.nargs == 0 else _value(action)
    return Option(tuple(action.option_strings), value, (action.help or "").replace("%%", "%"))


def _value(action: argparse.Action) -> Value:
    name = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    many, optional = action.nargs in ("+", "*"), action.nargs in ("?", "*")
    if action.choices is not None:
        return Value(name, WORD, tuple(map(str, action.choices)), many, optional)
    kind = _KINDS.get(name, FILE if "FILE" in name else OTHER)
    return Value(name, kind, (), many, optional)
