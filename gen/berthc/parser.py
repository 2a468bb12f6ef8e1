"""The parser of the command line: a mistake is told in one line, with what may have been meant."""
from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from berthc.commands.common import USAGE
from berthc.diag import hint, quote, suggest


class Parser(argparse.ArgumentParser):
    """Options are written in full. A mistake is told in one line, with what may have been meant."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given, allow_abbrev=False)
        # -1s is a value, too: no option looks like a number
        self._negative_number_matcher = re.compile(r"-\d")

    def parse_known_args(
            self, args: Sequence[str] | None = None,
            namespace: Any = None) -> tuple[Any, list[str]]:
        known, rest = super().parse_known_args(args, namespace)
        if rest:
            self.refuse(rest[0])
        return known, rest

    def refuse(self, word: str) -> NoReturn:
        """A word that means nothing here."""
        option = word.partition("=")[0]
        if not option.startswith("-"):
            self.error(f"one argument too many: {quote(word)}")
        options = [name for name in self._option_string_actions if name.startswith("--")]
        near = suggest(option.lstrip("-"), [name[2:] for name in options]).replace("'", "'--", 1)
        self.error(f"there is no option {quote(option)}; {near}".rstrip(" ;"))

    def error(self, message: str) -> NoReturn:
        wrong = re.fullmatch(r"argument (\S+): invalid choice: (.*) \(choose from (.*)\)", message,
                             re.DOTALL)
        if wrong is not None:
            word, every = ast.literal_eval(wrong[2]), ast.literal_eval(f"({wrong[3]},)")
            message = (f"there is no command {quote(word)}; {hint(word, every, 'commands')}"
                       if wrong[1] == "COMMAND" else
                       f"{wrong[1]} has no value {quote(word)}; {hint(word, every, 'values')}")
        self.exit(USAGE, f"{self.prog}: error: {message}\nTry '{self.prog} --help'.\n")
