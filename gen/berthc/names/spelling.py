"""How the names of a manager are spelled in C."""
from __future__ import annotations

from berthc.names.words import flat, lower, upper


class Names:
    """Spells the identifiers of one manager. Methods take the words of the spec."""

    def __init__(self, manager: str) -> None:
        self.manager = manager

    # Files and file scope.

    @property
    def header(self) -> str:
        return f"{self.manager}/{self.manager}.h"

    @property
    def source(self) -> str:
        return f"{self.manager}/{self.manager}.c"

    @property
    def include(self) -> str:
        """What the code calls the header."""
        return f"{self.manager}.h"

    @property
    def include_guard(self) -> str:
        return upper("berth_generated", self.manager, "h")

    @property
    def descriptor(self) -> str:
        return lower(self.manager, "manager_type")

    @property
    def stored_type(self) -> str:
        """The descriptor of what a manager with a store has besides."""
        return lower(self.manager, "stored_type")

    def function(self, operation: str) -> str:
        return lower(self.manager, operation)

    def until(self, operation: str) -> str:
        return lower(self.manager, operation, "until")

    def start(self, operation: str) -> str:
        return lower(self.manager, operation, "start")

    def discard(self, root: str) -> str:
        return lower(self.manager, "discard", root)

    # Types.

    @property
    def op(self) -> str:
        """The block of a started operation."""
        return lower(self.manager, "op")

    @property
    def options(self) -> str:
        return lower(self.manager, "options")

    @property
    def backend(self) -> str:
        return lower(self.manager, "backend")

    @property
    def item(self) -> str:
        return lower(self.manager, "item")

    @property
    def visit(self) -> str:
        return lower(self.manager, "visit")

    def option_enum(self, option: str) -> str:
        return lower(self.manager, "option", option)

    def field_enum(self, resource: str, field: str) -> str:
        return lower(self.manager, resource, field)

    def view(self, resource: str) -> str:
        return lower(self.manager, resource)

    def config(self, resource: str) -> str:
        return lower(self.manager, resource, "config")

    def slot(self, resource: str, pool: str) -> str:
        return lower(self.manager, resource, pool)

    def out(self, hook: str) -> str:
        return lower(self.manager, flat(hook), "out")

    def result(self, operation: str) -> str:
        """What an operation returns that returns several values."""
        return lower(self.manager, operation, "result")

    def id_enum(self, *words: str) -> str:
        """scsi_resource, scsi_operation, scsi_hook, scsi_disk_state, scsi_disk_event."""
        return lower(self.manager, *words)

    # Macros and enumerators.

    @property
    def options_default(self) -> str:
        return upper(self.manager, "options_default")

    @property
    def arena_size(self) -> str:
        return upper(self.manager, "arena_size")

    @property
    def backend_version(self) -> str:
        return upper(self.manager, "backend_version")

    def config_default(self, resource: str) -> str:
        return upper(self.manager, resource, "config_default")

    def size(self, resource: str, leaf: str) -> str:
        return upper(self.manager, resource, leaf, "size")

    def option_value(self, option: str, value: str) -> str:
        return upper(self.manager, "option", option, value)

    def field_value(self, resource: str, field: str, value: str) -> str:
        return upper(self.manager, resource, field, value)

    def resource_id(self, resource: str) -> str:
        return upper(self.manager, "resource", resource)

    def operation_id(self, operation: str) -> str:
        return upper(self.manager, "operation", operation)

    def hook_id(self, hook: str) -> str:
        return upper(self.manager, "hook", flat(hook))

    def state_id(self, resource: str, state: str) -> str:
        return upper(self.manager, resource, "state", state)

    def event_id(self, resource: str, event: str) -> str:
        return upper(self.manager, resource, "event", event)

    def none_id(self, *words: str) -> str:
        """The enumerator 0 of an enum of ids."""
        return upper(self.manager, *words, "none")
