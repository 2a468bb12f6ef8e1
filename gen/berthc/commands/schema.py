"""`berthc schema`: where the JSON Schema is, for editors."""
from __future__ import annotations

import argparse

from berthc.commands.common import OK
from berthc.spec.schema import schema_path

MODELINE = "# yaml-language-server: $schema="


def schema_command(args: argparse.Namespace) -> int:
    print(f"{MODELINE if args.modeline else ''}{schema_path()}")
    return OK
