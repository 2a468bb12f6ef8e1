"""What changed in declarations.

    manager      its name, store, limits, accepted findings
    operations   what they do, return and refuse
    resources    all but their rows
    hooks, fields
"""
from berthc.diff.declared.fields import option_changes
from berthc.diff.declared.hooks import hook_changes
from berthc.diff.declared.manager import (
    accept_changes, earlier_changes, limit_changes, manager_changes, store_changes,
)
from berthc.diff.declared.operations import operation_changes
from berthc.diff.declared.resources import resource_changes

__all__ = [
    "accept_changes", "earlier_changes", "hook_changes", "limit_changes", "manager_changes",
    "operation_changes", "option_changes", "resource_changes", "store_changes",
]
