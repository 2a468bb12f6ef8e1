"""What is declared and never used. None of it is wrong, so these are warnings."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.diag import Diagnostic, Severity
from berthc.model import Loc
from berthc.spec.build import Spec

from berthc.check import refs
from berthc.check.rule import rule


@rule("unused", "Every option, hook and resource is used by something.")
def unused(spec: Spec) -> Iterator[Diagnostic]:
    m = spec.manager
    if spec.broken:
        return  # what is wrong may be the use
    options = {r.name for u in refs.guards(m) for r in u.guard.refs() if r.scope == "option"}
    options |= ({r.name for _, _, r in refs.formats(m) if r.scope == "option"}
                | {option for _, _, option, _ in refs.pool_options(m)})
    for option in m.options:
        if option.name not in options:
            yield _warn(option.loc, f"option {option.name} is used by no condition, format or pool")
    called = {row.hook for _, row in refs.rows(m)}
    for hook in m.hooks:
        if hook.name not in called:
            yield _warn(hook.loc, f"hook {hook.name} is called by no row")
    on_path = {name for o in m.operations for name in o.path}
    for resource in m.resources:
        if resource.name not in on_path:
            yield _warn(resource.loc, f"resource {resource.name} is on the path of no operation")


def _warn(loc: Loc, message: str) -> Diagnostic:
    return Diagnostic("unused", loc, message, "remove it, or use it", Severity.WARNING)
