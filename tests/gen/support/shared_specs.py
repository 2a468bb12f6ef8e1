"""Specs as text, and what several of them have in common."""
from __future__ import annotations

BOOTED = """
berth: 1
manager: boots
backend:
  vm:
    add: {on: disk, repeatable: true}
    del: {on: disk, undoes: vm.add}
  guest:
    mount: {on: disk, needs: vm.add, repeatable: true}
    unmount: {on: disk, undoes: guest.mount, repeatable: true}
resources:
  disk:
    key: [path]
    fields: {path: {type: string, required: true}}
    initial: boot
    states:
      boot:
        resident: true
        BOOT
        on: {mount: {to: idle, raise: mount}, eject: {call: vm.del, ok: gone, fail: boot, uncertain: unsure}}
      idle: {on: {mount: {call: guest.mount, ok: mounted, fail: boot, uncertain: unsure}}}
      mounted: {resident: true, on: {mount: mounted, eject: {reject: EBUSY, meant: true}}}
      unsure: {resident: true, on: {mount: {reject: EIO}, eject: {reject: EIO}}}
      gone: {final: true}
operations:
  boot: {create: {resource: disk, enter: boot}}
  mount: {find: disk, do: [disk.mount]}
  eject: {find: disk, do: [disk.eject]}
"""


def disk_spec(manager: str, backend: str, states: str, *, initial: str = "fresh",
              add: str = "[disk.add]") -> str:
    """A disk that callers reserve, add and release: the hooks and the states are the test's own."""
    return f"""berth: 1
manager: {manager}
backend:
  vm:
{indent(backend, 4)}
resources:
  disk:
    key: [path]
    fields: {{path: {{type: string, required: true}}}}
    holders: {{take: claim, drop: release}}
    initial: {initial}
    states:
{indent(states, 6)}
      gone: {{final: true}}
operations:
  reserve: {{obtain: [disk], gives: reservation}}
  add: {{with: reservation, do: {add}}}
  release: {{with: reservation, do: [disk.release], ends: reservation}}
"""


IMAGE_HOOKS = """\
make: {on: image, repeatable: true}
remove: {on: image, undoes: store.make, repeatable: true}"""
IMAGE_STATES = """\
fresh: {on: {make: {call: store.make, ok: made, fail: gone, uncertain: unsure}}}
made: {resident: true, on: {make: stay, remove: {call: store.remove, ok: gone, fail: made, uncertain: unsure}}}
unsure: {resident: true, on: {make: {call: store.make, ok: made, fail: unsure}, remove: {call: store.remove, ok: gone, fail: unsure}}}"""


def image_spec(enter: str, hooks: str = "", states: str = "", rest: str = "") -> str:
    """An image that callers make and remove, and that `create` may find in the state `enter`."""
    return f"""berth: 1
manager: images
backend:
  store:
{indent(IMAGE_HOOKS + hooks, 4)}
resources:
  image:
    key: [name]
    fields: {{name: {{type: string, required: true}}}}
    initial: fresh
{indent(rest, 4)}
    states:
{indent(IMAGE_STATES + states, 6)}
      gone: {{final: true}}
operations:
  make: {{obtain: [image], do: [image.make]}}
  remove: {{find: image, absent: ok, do: [image.remove]}}
  load: {{create: {{resource: image, enter: {enter}}}}}
"""


def indent(text: str, by: int) -> str:
    return "\n".join(" " * by + line for line in text.splitlines())
