"""The modules of the page as one script.

A page is one file, and a browser does not load modules from file://. So each module becomes a
function that returns what it exports, in the order in which they import each other. Only these
forms of import and export are known; any other one is an error:

    import { a, b } from "./other.js";
    export function f() {}    export async function f() {}    export class C {}
    export const c = …;       export { a, b };
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from posixpath import dirname, join, normpath

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[^"]+)";[ \t]*$', re.M)
_DECLARED = re.compile(
    r"^export (?=(?:async )?(?:function\*?|class|const|let) +([A-Za-z_$][\w$]*))", re.M)
_LISTED = re.compile(r"^export \{([^}]*)\};[ \t]*$", re.M)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.M)
_COMMENT = re.compile(r"^[ \t]*(?:/\*(?:(?!\*/)(?:.|\n))*\*/|//[^\n]*)[ \t]*\n", re.M)


class BundleError(Exception):
    """The modules cannot be joined; this is a fault of berthc."""


def modules() -> dict[str, str]:
    """Every module of the page, by its path below this package."""
    here = Path(__file__).parent
    return {path.relative_to(here).as_posix(): path.read_text(encoding="utf-8")
            for folder in ("engine", "view") for path in sorted((here / folder).rglob("*.js"))}


def bundle(texts: Mapping[str, str], entry: str) -> str:
    """One script that runs the module `entry` with all that it imports."""
    order: list[str] = []
    _visit(texts, entry, order, ())
    parts = [_wrapped(name, texts[name]) for name in order]
    return '"use strict";\n' + "\n".join(parts)


def _visit(texts: Mapping[str, str], name: str, order: list[str], above: tuple[str, ...]) -> None:
    """Depth first, so that a module comes after those that it imports."""
    if name in above:
        raise BundleError(f"modules import each other: {' -> '.join((*above, name))}")
    if name in order:
        return
    if name not in texts:
        raise BundleError(f"there is no module {name}, which {above[-1] if above else 'we'} import")
    for _, path in _IMPORT.findall(texts[name]):
        _visit(texts, normpath(join(dirname(name), path)), order, (*above, name))
    order.append(name)


def _wrapped(name: str, text: str) -> str:
    exported = [found[1] for found in _DECLARED.finditer(text)]
    for listed in _LISTED.findall(text):
        exported += [one.strip() for one in listed.split(",") if one.strip()]
    text = _COMMENT.sub("", text)
    text = _IMPORT.sub(lambda found: _needs(name, found[1], found[2]), text)
    text = _LISTED.sub("", _DECLARED.sub("", text))
    other = _OTHER.search(text)
    if other is not None:
        raise BundleError(f"{name}: this form is not known: {other[0]}")
    return (f"const {_variable(name)} = (() => {{\n{text.strip()}\n"
            f"return {{ {', '.join(exported)} }};\n}})();")


def _needs(name: str, what: str, path: str) -> str:
    wanted = re.sub(r"\bas\b", ":", " ".join(what.split())).replace(" : ", ": ")
    return f"const {{ {wanted} }} = {_variable(normpath(join(dirname(name), path)))};"


def _variable(name: str) -> str:
    return "module_" + re.sub(r"\W", "_", name.removesuffix(".js"))
