"""Scripts that complete berthc's command line in bash, zsh and fish.

They are static: pressing Tab starts no Python.
"""
from __future__ import annotations

import re
from collections.abc import Sequence

from berthc.manual.commandline import (
    FILE, FOLDER, ID, OTHER, SPEC, WORD, Command, Option, Value,
)

HEAD = "Completion of berthc's command line. Made by: berthc completion"


def bash(commands: Sequence[Command], ids: Sequence[str]) -> str:
    """For bash; the package bash-completion is not needed."""
    values, words, arguments = [], [], []
    for one in commands:
        name = one.name or "berthc"
        words.append(f"        {name}) options='{' '.join(_names(one))}' ;;")
        for option in one.options:
            if option.value is not None:
                cases = "|".join(f'"{name} {word}"' for word in option.names)
                values.append(f"        {cases}) {_bash(option.value, ids)} ;;")
        if one.arguments and one.arguments[0][0].kind != OTHER:
            arguments.append(f"        {name}) {_bash(one.arguments[0][0], ids)} ;;")
    every = " ".join(one.name for one in commands if one.name)
    return f"""\
# {HEAD} bash

# The names that begin like the word at the cursor: $1 is a flag of compgen, $2 what to leave out.
_berthc_names()
{{
    local found
    compopt -o filenames 2>/dev/null
    while IFS= read -r found; do
        COMPREPLY+=("$found")
    done < <(compgen "$1" ${{2:+-X "$2"}} -- "$current")
}}

_berthc_specs()
{{
    _berthc_names -d
    _berthc_names -f '!*.yaml'
    _berthc_names -f '!*.yml'
}}

_berthc_words()
{{
    local found
    while IFS= read -r found; do
        COMPREPLY+=("$found")
    done < <(compgen -W "$1" -- "$current")
}}

_berthc()
{{
    local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} command=berthc
    local options='' at
    COMPREPLY=()
    # bash takes --format=json apart at the equals sign.
    if [[ $current == = ]]; then
        current=''
    elif [[ $before == = ]] && ((COMP_CWORD > 1)); then
        before=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    for ((at = 1; at < COMP_CWORD; at++)); do
        if [[ ${{COMP_WORDS[at]}} != -* ]]; then
            command=${{COMP_WORDS[at]}}
            break
        fi
    done
    case "$command $before" in
{chr(10).join(values)}
    *) false ;;
    esac && return
    if [[ $current == -* ]]; then
        case $command in
{chr(10).join(words)}
        esac
        _berthc_words "$options"
        return
    fi
    case $command in
        berthc) _berthc_words '{every}' ;;
{chr(10).join(arguments)}
    esac
}}

complete -F _berthc berthc
"""


def _names(command: Command) -> list[str]:
    """The options; of those that have a long name, that one."""
    return [max(option.names, key=len) for option in command.options]


def _bash(value: Value, ids: Sequence[str]) -> str:
    """The command that completes a value, and succeeds."""
    if value.kind in (WORD, ID):
        return f"_berthc_words '{' '.join(ids if value.kind == ID else value.words)}'"
    return {SPEC: "_berthc_specs", FOLDER: "_berthc_names -d", FILE: "_berthc_names -f",
            OTHER: "true"}[value.kind]


def zsh(commands: Sequence[Command], ids: Sequence[str]) -> str:
    """For zsh: a function of its completion system."""
    top, *rest = commands
    cases = []
    for one in rest:
        specs = [spec for option in one.options for spec in _zsh_option(option, ids)]
        specs += [f"'{'*' if value.many else ''}:{_zsh_text(value.name)}:{_zsh(value, ids)}'"
                  for value, _ in one.arguments]
        lines = " \\\n".join(f"            {spec}" for spec in specs)
        cases.append(f"        {one.name})\n          _arguments -s \\\n{lines}\n          ;;")
    listed = "\n".join(f"    '{one.name}:{_zsh_text(one.summary)}'" for one in rest)
    own = " \\\n".join(f"    {spec}" for option in top.options
                       for spec in _zsh_option(option, ids))
    return f"""\
#compdef berthc
# {HEAD} zsh

_berthc() {{
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
{listed}
  )
  _arguments -C \\
{own} \\
    '1: :->command' \\
    '*:: :->argument'
  case $state in
    command) _describe -t commands command commands ;;
    argument)
      case $words[1] in
{chr(10).join(cases)}
      esac
      ;;
  esac
}}

_berthc "$@"
"""


def _zsh_option(option: Option, ids: Sequence[str]) -> list[str]:
    """A word of _arguments for each name of the option."""
    others = f"({' '.join(option.names)})" if len(option.names) > 1 else ""
    found = []
    for name in option.names:
        takes = "" if option.value is None else "=" if name.startswith("--") else "+"
        value = "" if option.value is None else (
            f":{_zsh_text(option.value.name)}:{_zsh(option.value, ids)}")
        found.append(f"'{others}{name}{takes}[{_zsh_text(_brief(option.help))}]{value}'")
    return found


def _zsh(value: Value, ids: Sequence[str]) -> str:
    if value.kind in (WORD, ID):
        return f"({' '.join(ids if value.kind == ID else value.words)})"
    return {SPEC: '_files -g "*.(yaml|yml)"', FOLDER: "_files -/", FILE: "_files",
            OTHER: " "}[value.kind]


def _zsh_text(text: str) -> str:
    """Text inside of single quotes, brackets and colons."""
    return re.sub(r"([\[\]:\\])", r"\\\1", text).replace("'", "'\\''")


def fish(commands: Sequence[Command], ids: Sequence[str]) -> str:
    """For fish."""
    lines = [
        f"# {HEAD} fish", "",
        "# Is this the command, or is there none yet?",
        "function __berthc_command",
        "    set -l words (commandline -opc)",
        '    test "$words[2]" = "$argv[1]"',
        "end", "",
        "function __berthc_specs",
        "    __fish_complete_path (commandline -ct) | "
        "string match -r '^[^\\t]*(?:/|\\.ya?ml)(?:\\t.*)?$'",
        "end", "",
        "complete -c berthc -f",
    ]
    for one in commands:
        is_here = f"-n '__berthc_command \"{one.name}\"'"
        if one.name:
            lines += ["", f"complete -c berthc -n '__berthc_command \"\"' -a {one.name} "
                      f"-d {_quoted(one.summary)}"]
        for option in one.options:
            names = " ".join(f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}"
                             for n in option.names)
            value = "" if option.value is None else f" {_fish(option.value, ids)}"
            lines.append(f"complete -c berthc {is_here} {names}{value} "
                         f"-d {_quoted(_brief(option.help))}")
        for argument, _ in one.arguments[:1]:
            if argument.kind != OTHER:
                lines.append(f"complete -c berthc {is_here} {_fish(argument, ids, '')}")
    return "\n".join(lines) + "\n"


def _fish(value: Value, ids: Sequence[str], required: str = "r") -> str:
    """How a value is completed; `required`: an option needs it."""
    if value.kind in (WORD, ID):
        words = " ".join(ids if value.kind == ID else value.words)
        return f"-{required or 'f'} {'-f ' if required else ''}-a {_quoted(words)}"
    flag = f"-{required} " if required else ""
    return {SPEC: f"{flag}-f -a '(__berthc_specs)'",
            FOLDER: f"{flag}-f -a '(__fish_complete_directories)'",
            FILE: f"{flag}-F", OTHER: f"{flag}-f"}[value.kind]


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _brief(text: str) -> str:
    """The beginning of a help text, for a list of options."""
    brief = re.split(r"[;:(]| \(", text, maxsplit=1)[0].strip()
    return brief or text


SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}
INSTALLED_AS = {"bash": "berthc", "zsh": "_berthc", "fish": "berthc.fish"}
"""What the shells call the file of a command."""
