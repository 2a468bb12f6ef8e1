"""Names for UUIDs, so that a script and its answers do not depend on random numbers.

Inside, a UUID is a text that means nothing: the world makes its own ("u1"), what a request names by
label or in full has another form ("label:u7", "uuid:…"). Labels shown outside are bound to those as
they come up and never change.
"""
from __future__ import annotations

import re

from berthc.semantics import NIL

_LABEL = re.compile(r"u[1-9][0-9]{0,8}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ZERO = "00000000-0000-0000-0000-000000000000"


def is_uuid(text: str) -> bool:
    """Whether a request may write it where a UUID is wanted: a label, "nil", or a UUID in full."""
    return (text == NIL or _LABEL.fullmatch(text) is not None
            or _UUID.fullmatch(text.lower()) is not None)


class Labels:
    """Both directions: what a label in a request means, and how a UUID is shown."""

    __slots__ = ("_label", "_uuid", "_last")

    def __init__(self) -> None:
        self._label: dict[str, str] = {}  # by UUID
        self._uuid: dict[str, str] = {}  # by label
        self._last = 0

    def meaning(self, text: str) -> str:
        """The UUID that a text stands for. A label that nobody used before gets one of its own, for
        ever."""
        if _LABEL.fullmatch(text):
            if text not in self._uuid:
                self._bind(f"label:{text}", text)
            return self._uuid[text]
        return NIL if text in (NIL, _ZERO) else f"uuid:{text.lower()}"

    def shown(self, uuid: str) -> str:
        """The label of a UUID; the next one that is not in use when it had none."""
        if uuid == NIL:
            return NIL
        if uuid not in self._label:
            self._last += 1
            while f"u{self._last}" in self._uuid:
                self._last += 1
            self._bind(uuid, f"u{self._last}")
        return self._label[uuid]

    def _bind(self, uuid: str, label: str) -> None:
        self._label[uuid] = label
        self._uuid[label] = uuid
