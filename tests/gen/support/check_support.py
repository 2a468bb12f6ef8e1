"""A spec that the tests of the rules change, and what is found in it."""
from __future__ import annotations

from berthc.pipeline import compile_text

SPEC = """
berth: 1
manager: tap
backend:
  vm:
    add: {on: disk}
    remove: {on: disk, undoes: vm.add, repeatable: true}
resources:
  disk:
    key: [path]
    fields:
      path: {type: string}
      raw: {type: bool}
    holders: {take: claim, drop: detach}
    initial: reserved
    states:
      reserved:
        on:
          claim: stay
          attach: {call: vm.add, ok: attached, fail: failed, uncertain: suspect}
          detach: gone
      attached:
        on:
          claim: stay
          attach: stay
          detach: {call: vm.remove, ok: gone, fail: attached, uncertain: suspect}
      failed:
        on: {claim: {reject: EBUSY}, attach: {reject: EBUSY}, detach: gone}
      suspect:
        on:
          claim: {reject: EBUSY}
          attach: {reject: EBUSY}
          detach: {call: vm.remove, ok: gone, fail: suspect}
      gone: {final: true}
operations:
  reserve: {obtain: [disk], gives: reservation}
  attach: {with: reservation, do: [disk.attach]}
  release: {with: reservation, do: [disk.detach], ends: reservation}
"""


def found(text: str) -> list[tuple[str, str]]:
    return [(d.id, d.message) for d in compile_text("x.yaml", text).diagnostics]


def changed(*pairs: tuple[str, str], text: str = SPEC) -> str:
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text
