"""The JSON Schema of the language: where its file is, and its parts.

The file is the reference of the language: which keys there are, what they mean, what their values
look like.
"""
from __future__ import annotations

import json
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Part = MappingType[str, Any]

# The schema lies with the specs, in the source tree and installed. A package alone has a copy.
_PLACES = (Path("../../spec/schema/berth.schema.json"), Path("berth.schema.json"))


class SchemaMissing(Exception):
    """The installation is not complete."""


def schema_path() -> Path:
    """Where the schema file is."""
    here = Path(__file__).resolve().parents[1]
    for place in _PLACES:
        if (here / place).is_file():
            return (here / place).resolve()
    raise SchemaMissing("berth.schema.json is not installed beside the compiler")


@dataclass(frozen=True)
class Schema:
    """The parsed schema file."""

    root: Part

    @staticmethod
    def read() -> Schema:
        return Schema(json.loads(schema_path().read_text(encoding="utf-8")))

    def resolve(self, part: Part) -> Part:
        """`part` with its $ref followed; what stands beside the $ref wins. `form` is added: the
        description of what was referred to."""
        while "$ref" in part:
            definition = self.root["$defs"][str(part["$ref"]).removeprefix("#/$defs/")]
            part = {"form": definition["description"], **definition,
                    **{k: v for k, v in part.items() if k != "$ref"}}
        return part
