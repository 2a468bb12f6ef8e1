"""A conversation with the simulator of the model."""
from __future__ import annotations

import json
from typing import Any

from berthc.model import Manager
from berthc.sim import Simulator


class Talk:
    """One conversation; requests are objects, or text sent as it is."""

    def __init__(self, of: Manager) -> None:
        self.simulator = Simulator(of)

    def __call__(self, op: str, **members: Any) -> dict[str, Any]:
        return self.raw(json.dumps({"op": op, **members}))

    def raw(self, line: str | bytes) -> dict[str, Any]:
        answer = self.simulator.answer(line.encode() if isinstance(line, str) else line)
        again = json.loads(json.dumps(answer))
        assert again == answer
        assert isinstance(again, dict)
        return again


def is_malformed(answer: dict[str, Any], n: int) -> bool:
    return (list(answer) == ["n", "ok", "error", "message"] and answer["n"] == n
            and answer["ok"] is False and answer["error"] == "EINVAL"
            and isinstance(answer["message"], str) and answer["message"] != "")
