"""Names for UUIDs, so that a script and its answers do not depend on random numbers.

Inside, a UUID is a text that means nothing: the world makes its own ("u1"), what a request names by
label or in full has another form ("label:u7", "uuid:…"). Labels shown outside are bound to those as
they come up and never change.
"""
from __future__ import annotations

import re

from berthc.semantics import NIL, in_full

_LABEL = re.compile(r"u[1-9][0-9]{0,8}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


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
        return NIL if text == NIL else in_full(text)

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


class ReservationLabels:
    """The same for reservations. A caller may choose the id of one by a label that it makes up."""

    __slots__ = ("_label", "_id", "_last")

    def __init__(self) -> None:
        self._label: dict[str, str] = {}  # by id
        self._id: dict[str, str] = {}  # by label
        self._last = 0

    def meaning(self, label: str) -> str:
        """The reservation that a label stands for; that of a label nobody used is no reservation's
        id."""
        return self._id.get(label, "")

    def chosen(self, label: str) -> str:
        """The id that a label stands for, from now on."""
        if label not in self._id:
            self._bind(f"id:{label}", label)
        return self._id[label]

    def shown(self, id_: str) -> str:
        """The label of a reservation; the next one that is not in use when it had none."""
        if id_ not in self._label:
            self._last += 1
            while f"r{self._last}" in self._id:
                self._last += 1
            self._bind(id_, f"r{self._last}")
        return self._label[id_]

    def _bind(self, id_: str, label: str) -> None:
        self._label[id_] = label
        self._id[label] = id_
