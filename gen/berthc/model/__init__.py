"""What a spec means, free of YAML and of C.

`load` reads a file into located nodes, `build` turns those into the classes below, and everything
downstream (the static rules, the semantics, the emitters) knows only these classes. All of them are
frozen: a model is a value, and whoever wants a changed one (the mutants, say) uses
`dataclasses.replace`.

Names are the spec's own words; C identifiers are made in `names` and nowhere else. Sequences keep
the order of the spec, because tables, diagrams and headers show that order to the reader.
"""
from __future__ import annotations

from berthc.model.conditions import COMPARE, FormatText, Guard, Ref
from berthc.model.earlier import Earlier, Naming, earlier_names
from berthc.model.manager import Accept, Hook, Limit, Limits, Manager, Store
from berthc.model.operation import Deny, Form, Operation, Step
from berthc.model.resource import (
    Assigned, AssignedKind, PoolPart, Resource, Row, State, StateKind, Target,
)
from berthc.model.values import NOWHERE, Field, Loc, Type

__all__ = [
    "COMPARE", "NOWHERE", "Accept", "Assigned", "AssignedKind", "Deny", "Earlier", "Field", "Form",
    "FormatText", "Guard", "Hook", "Limit", "Limits", "Loc", "Manager", "Naming", "Operation",
    "PoolPart",
    "Ref", "Resource", "Row", "State", "StateKind", "Step", "Store", "Target",
    "Type", "earlier_names",
]
