"""Specs as text that several tests of the search use."""
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
