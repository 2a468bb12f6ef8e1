"""From edges of the search to a suite: few short scripts that show every feature, with the answer
to each step."""
from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

from berthc.collector import without_collector
from berthc.inputs.conditions import fold, guards
from berthc.model import Form, Manager, Row, Type
from berthc.scenarios import inputs
from berthc.scenarios.inputs import Environment
from berthc.scenarios.probes import Probe, probes
from berthc.scenarios.edges import DISCARD, DRAIN, Action, Edge, Feature, step
from berthc.scenarios.features import Guarded, before, features, guarded_cells, rows_only
from berthc.scenarios.search import NO_LIMITS, Exploration, Limits, Search
from berthc.scenarios.text import (
    WHERE, Labels, call_text, members, returns_text, state_text, trace_text, where_words,
)
from berthc.semantics import World
from berthc.semantics.world import tracked


NOWHERE = ("",) * len(WHERE)


@dataclass(frozen=True)
class Step:
    """One action with everything that must come of it, in the notation of `text`."""

    action: Action
    error: str | None
    where: tuple[str, ...]
    returns: str
    calls: str
    trace: str
    state: str
    # number of the row that made it fail before any call, which the trace does not report
    rejects: int = 0
    without_where: bool = False
    missing: int | None = None  # level whose config is NULL
    shrink: bool = False  # buffers for text are one byte too small


@dataclass(frozen=True)
class Script:
    """Steps from an empty manager; then destroying it gives `destroy`, and if that is an error,
    draining it gives `drain` and `drained`."""

    name: str
    environment: Environment
    steps: tuple[Step, ...]
    destroy: str | None
    drain: str | None
    drained: str | None


@dataclass(frozen=True)
class Declared:
    """A row of the table, where it stands (1-based, over all resources), and what can come of
    it."""

    number: int
    resource: str
    row: Row
    outcomes: tuple[str, ...]


def declared_rows(manager: Manager) -> tuple[Declared, ...]:
    """All rows in table order, and every outcome that a backend can bring about."""
    found: list[Declared] = []
    for resource in manager.resources:
        for state in resource.states:
            for row in state.rows:
                hook = manager.hook(row.hook) if row.hook is not None else None
                if row.reject is not None:
                    outcomes: tuple[str, ...] = ("rejected",)
                elif hook is None:
                    outcomes = ("ok",)
                else:
                    outcomes = (("yes", "no", "unknown") if hook.asks
                                else ("ok", "fail", "uncertain"))
                    if hook.optional:
                        outcomes += ("rejected",) if hook.absent is not None else ("left out",)
                found.append(Declared(len(found) + 1, resource.name, row, outcomes))
    return tuple(found)


def destroyable(manager: Manager, world: World) -> bool:
    """Whether `destroy` may succeed: no reservation, no holder, nothing in a state where an
    instance must not rest, and nothing to drain."""
    state = tracked(world)
    return (not state.reservations
            and all(item.refs == 0 and item.children == 0
                    and manager.resource(item.resource).state(item.state).resident
                    for item in state.items.values()) and not world.has_work())


def steps_of(manager: Manager, edges: list[Edge], numbers: Mapping[int, int],
             labels: Labels) -> tuple[Step, ...]:
    """The steps of a path, with UUIDs numbered as the path first shows them."""
    found = []
    for edge in edges:
        action, result = edge.action, edge.result
        by = action.by
        if isinstance(by, str) and by.startswith("u") and labels.shown(by) is not None:
            action = replace(action, by=labels.shown(by))
        op = None if action.op in (DRAIN, DISCARD) else action.op
        calls = call_text(manager, result, labels)
        returns = returns_text(manager, op, result, labels)
        state = state_text(manager, edge.target.world.snapshot(), labels)
        found.append(Step(action, result.error, where_words(result), returns, calls,
                          trace_text(result), state, rejecting_row(numbers, edge)))
    return tuple(found)


def row_numbers(manager: Manager) -> Mapping[int, int]:
    """Identity of each row, to its number in `declared_rows`."""
    return {id(one.row): one.number for one in declared_rows(manager)}


def rejecting_row(numbers: Mapping[int, int], edge: Edge) -> int:
    """The row (as in `declared_rows`) that made a step fail before its first call; 0 for none."""
    failing = [t.row for t in edge.result.rows if t.outcome in ("rejected", "unknown")]
    if edge.result.calls or not failing or failing[0] is None:
        return 0
    return numbers[id(failing[0])]


def script(manager: Manager, name: str, edges: list[Edge], numbers: Mapping[int, int]) -> Script:
    """The script of a path, with what must be left at its end."""
    last = edges[-1].target
    labels = Labels()
    steps = steps_of(manager, edges, numbers, labels)
    destroy = drain = drained = None
    if not destroyable(manager, last.world):
        destroy = "EBUSY"
        world = last.world.clone()
        drain = world.drain().error
        drained = state_text(manager, world.snapshot(), labels)
    return Script(name, last.environment, steps, destroy, drain, drained)


@dataclass(frozen=True)
class Choice:
    """The scripts, and the outcomes of rows that they do not show: (number of the row, outcome)."""

    scripts: tuple[Script, ...]
    # no caller can bring them about: a search of everything found none
    unreachable: frozenset[tuple[int, str]]
    unsearched: frozenset[tuple[int, str]]  # not found either, but the search was not complete


LATER = Limits(patience=2000)  # outside the default environment there is less to find
THOROUGH = 200000  # steps of the last search, of all environments together


def missing_outcomes(manager: Manager, seen: set[Feature]) -> frozenset[tuple[int, str]]:
    """The outcomes of rows that no feature shows."""
    found = set()
    for one in declared_rows(manager):
        row = one.row
        found |= {(one.number, o) for o in one.outcomes
                  if ("row", (one.resource, row.state, row.event, id(row), o)) not in seen}
    return frozenset(found)


def search(manager: Manager) -> tuple[list[Edge], frozenset[tuple[int, str]], bool]:
    """Edges that show every feature, the outcomes that nothing shows, and whether that is because
    no caller can bring them about."""
    kept: list[Edge] = []
    seen: set[Feature] = set()
    searches: list[Exploration] = []
    usual, mixed = inputs.environments(manager), inputs.mixed_environments(manager)
    for number, environment in enumerate(usual):
        limits = Limits() if number == 0 else LATER
        searches.append(Exploration(Search(manager, environment, limits)))
        searches[-1].run(seen, limits, kept.append)
    for environment in mixed:
        if missing_outcomes(manager, seen):
            searches.append(Exploration(Search(manager, environment, LATER)))
            searches[-1].run(seen, LATER, kept.append)
    missing = missing_outcomes(manager, seen)
    complete = inputs.covers_guards(manager) and all(one.search.tried_all for one in searches)
    left = THOROUGH
    done: set[Hashable] = set()
    for one in searches:
        if missing and (setting := alike(one.search)) not in done:
            done.add(setting)
            begin = one.edges
            complete = one.run(
                seen, Limits(edges=left,
                             patience=left), kept.append, rows_only, one_root=True) and complete
            left -= one.edges - begin
            missing = missing_outcomes(manager, seen)
    return kept, missing, complete


def alike(search: Search) -> Hashable:
    """Equal for environments in which every condition asks the same of the fields, so that the same
    rows can be taken."""
    manager, options = search.manager, search.start().world.options
    residues = tuple(fold(guard, lambda ref: options[ref.name] if ref.scope == "option" else None)
                     for _, guard in guards(manager))
    sizes = tuple(options[p.option] for r in manager.resources for a in r.assigned for p in a.parts
                  if p.option is not None)
    return residues, sizes, search.environment.without


def scripts(manager: Manager) -> Choice:
    """The suite's scripts: those of the search first, then the probes."""
    with without_collector():
        kept, missing, complete = search(manager)
    guarded = guarded_cells(manager)
    kept += [retry for edge in list(kept) if (retry := retried(manager, edge, guarded)) is not None]
    names: Counter[str] = Counter()
    numbers = row_numbers(manager)
    found = []
    for edge in cover(kept):
        found.append(script(manager, unique(names, name_of(manager, edge)), edge.path(), numbers))
    plain = Search(manager, inputs.environments(manager)[0], NO_LIMITS)
    for probe in probes(manager, plain):
        found.append(script(manager, unique(names, probe.name), played(manager, probe), numbers))
    found += refusals(manager, kept, numbers)
    nothing: frozenset[tuple[int, str]] = frozenset()
    return Choice(tuple(found), missing if complete else nothing, nothing if complete else missing)


def refusals(manager: Manager, edges: list[Edge], numbers: Mapping[int, int]) -> list[Script]:
    """Calls that only C can get wrong, from a state in which the operation succeeds: a NULL config
    or reservation, a small buffer."""
    found = []
    for operation in manager.operations:
        edge = next((e for e in edges if e.action.op == operation.name and e.result.error is None),
                    None)
        if edge is None:
            continue
        texts = not operation.returns_several and any(
            k is Type.STRING for r in operation.returns
            for n, _, k in members(manager.resource(r.scope)) if n == r.name)
        wrong = [("EINVAL", f"without_{c.resource}", {"missing": n})
                 for n, c in enumerate(edge.action.config)]
        wrong += [("ENOBUFS", "into_a_small_buffer", {"shrink": True})] if texts else []
        before_it = edge.path()[:-1]
        plain = script(manager, "", edge.path(), numbers)
        unchanged = plain.steps[-2].state if before_it else "-"
        action = replace(plain.steps[-1].action, outcomes=())
        steps = plain.steps[:-1]
        for error, word, how in wrong:
            refused = Step(action, error, NOWHERE, "", "", "", unchanged, without_where=True)
            steps += (replace(refused, **how),)
        if operation.form is Form.WITH:
            steps += (Step(replace(action, reservation=None),
                           "EINVAL",
                           NOWHERE,
                           "",
                           "",
                           "",
                           unchanged,
                           without_where=True),)
        steps += plain.steps[-1:]
        found.append(replace(plain, name=f"{operation.name}_refuses_missing_arguments",
                             steps=steps))
    return found


def played(manager: Manager, probe: Probe) -> list[Edge]:
    """The edges of a probe."""
    node = Search(manager, probe.environment, NO_LIMITS).start()
    edges = []
    for action in probe.actions:
        edges.append(step(node, action))
        node = edges[-1].target
    return edges


def retried(manager: Manager, edge: Edge, guarded: Guarded) -> Edge | None:
    """The same request again after one that failed at a hook, now with a backend that works."""
    if edge.result.error is None or not edge.result.calls or edge.action.op == DISCARD:
        return None
    again = step(edge.target, replace(edge.action, outcomes=()))
    about = {f for f in edge.features if isinstance(f, tuple) and f[0] in ("chain", "answer")}
    again.features = (frozenset({("retry", feature) for feature in about})
                      | features(manager, again, guarded))
    return again


def cover(edges: list[Edge]) -> list[Edge]:
    """Few edges whose paths have all the features: the longest paths first, because they show what
    lies on the way too."""
    counts: Counter[Feature] = Counter()
    for edge in edges:
        counts.update(edge.features)
    order = sorted(range(len(edges)), key=lambda n: (-edges[n].target.depth, n))
    covered: set[Feature] = set()
    chosen = []
    for n in order:
        path = edges[n].path()
        if not edges[n].features <= covered:
            chosen.append(n)
            for one in path:
                covered |= one.features
    # A script is not needed when the others show all that it shows.
    shown = {n: frozenset().union(*(e.features for e in edges[n].path())) for n in chosen}
    times: Counter[Feature] = Counter(f for n in chosen for f in shown[n])
    for n in list(chosen):
        if all(times[f] > 1 for f in shown[n]):
            chosen.remove(n)
            times.subtract(shown[n])
    return [edges[n] for n in sorted(chosen)]


def unique(names: Counter[str], name: str) -> str:
    names[name] += 1
    return name if names[name] == 1 else f"{name}_{names[name]}"


def name_of(manager: Manager, edge: Edge) -> str:
    """What the last step of a script shows: disk_attached_detach_eject_fails_one_holder."""
    action, result = edge.action, edge.result
    words: list[str] = []
    rows = ([t for t in result.rows if t.row is None
             or t.outcome in ("fail", "uncertain", "no", "unknown", "rejected")]
            or list(result.rows[-1:]))
    again = edge.source.edge
    retry = (again is not None and again.result.error is not None and again.result.calls
             and replace(again.action, outcomes=()) == action)
    if rows:
        taken = rows[0]
        words = [taken.resource, taken.state, taken.event]
        if taken.outcome == "rejected":
            words += ["rejected"]
        elif taken.outcome == "released":
            words += ["only_released"]
        elif taken.row is not None and taken.row.hook is not None:
            hook = taken.row.hook.split(".")[1]
            words += [hook, "fails" if taken.outcome == "fail" else taken.outcome]
        else:
            words += ["moves" if taken.row is not None and taken.row.ok is not None
                      and taken.row.ok.state != taken.state else "stays"]
        shape = before(manager, edge).get(taken.resource)
        if shape is not None:
            words += [shape[1], "holders" if shape[1] != "one" else "holder"]
            words += ["with_children"] if shape[2] else []
        if action.op == DRAIN:
            words.append("draining")
    else:
        words = [action.op] + ([result.error.lower()] if result.error else [])
    if retry:
        words = (["retry_of", action.op, "after"] + name_of(manager, again).split("_")
                 if again is not None else words)
    return "_".join(words)
