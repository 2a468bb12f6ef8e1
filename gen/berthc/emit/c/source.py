"""What the template of the source loops over."""
from __future__ import annotations

from berthc.emit.c import arguments, fields
from berthc.emit.c.requests import Requests
from berthc.emit.c.sections import Tables
from berthc.emit.c.tables import operation as operation_element
from berthc.emit.c.values import Values
from berthc.emit.ctext import WIDTH, comment, element, wrap_code
from berthc.lower import ir
from berthc.names import Names, hook_member

ABI = 5  # BERTH_ABI of the berth/table.h that the templates were written for


def context(tables_ir: ir.Manager) -> dict[str, object]:
    m = tables_ir
    tables, values, requests = Tables(m), Values(m), Requests(m)
    return {
        "m": m,
        "names": Names(m.name),
        "checks": checks(m),
        "numbers": tables.numbers(),
        "values": tables.enum_values(),
        "guards": [values.guard(g) for g in m.guards],
        "formats": [f for r in m.resources for f in values.formats(r)],
        "sections": tables.sections(),
        "field_functions": [(r.name, fields.functions(r)) for r in m.resources if r.fields],
        "argument_checks": [arguments.check(m, o) for o in m.operations],
        "resources": [line for r in m.resources for line in tables.resource_element(r)],
        "operations": [line for o in m.operations for line in operation_element(m, o)],
        "settle": hook_member(m.store.settle) if m.store and m.store.settle else None,
        "spec_hash": f"UINT64_C(0x{m.store.spec_hash:016x})" if m.store else "",
        "store_tables": tables.stored() if m.store else [],
        "has_defaults": m.store is not None and any(r.fields for r in m.resources),
        "hooks": [line for i, h in enumerate(m.hooks, 1) for line in tables.hook_element(i, h)],
        "limits": [
            f"    [{r.c}] = {{.instances = {k.instances}, .text = {k.text}}},"
            for r, k in zip(m.resources, m.limits.resources)
        ]
        if m.limits
        else [],
        "has": [
            line
            for h in m.hooks
            for line in element(h.c, f"backend->{hook_member(h.name)} != NULL", 8)
        ],
        "outs_used": any(h.out for h in m.hooks),
        "presets": [values.preset(h) for h in m.hooks if h.outs],
        "accepts": [values.accept(h) for h in m.hooks if h.outs],
        "name_functions": requests.name_functions(),
        "discards": [requests.discard(r) for r in m.resources if not r.parent],
        "functions": [f for o in m.operations for f in requests.functions(o)],
        "visits": [requests.visit(r) for r in m.resources],
    }


def checks(m: ir.Manager) -> list[str]:
    """What the tables assume of the runtime and of the compiler's layout."""
    file = comment(m.file).replace("\\", "/").replace('"', "'")
    renew = f"{m.name}.c was generated for Berth ABI {ABI}; regenerate it with: berthc gen {file}"
    enum = f"sizeof({Names(m.name).id_enum('resource')}) == sizeof(int)"
    found = [
        (f"BERTH_ABI == {ABI}", renew),
        (enum, "the runtime reads an enum as an int: compile with -fno-short-enums"),
    ]
    if m.errors:
        errors = f"({' | '.join(m.errors)}) <= UINT8_MAX"
        found.append((errors, "the tables keep error numbers in a byte"))
    structs = [f"sizeof({name}) <= UINT16_MAX" for r in m.resources for name in (r.view, r.config)]
    found.append((" && ".join(structs), "a struct is too large for the offsets in the tables"))
    outs = [f"sizeof({h.out}) <= BERTH_MAX_OUT" for h in m.hooks if h.out]
    if outs:
        found.append((" && ".join(outs), "the out-values of a hook are too large"))
    return [line for condition, otherwise in found for line in _check(condition, otherwise)]


def _check(condition: str, otherwise: str) -> list[str]:
    head = "_Static_assert("
    line = f'{head}{condition}, "{otherwise}");'
    if len(line) <= WIDTH:
        return [line]
    pad = " " * len(head)
    cut = otherwise if len(pad) + len(otherwise) + 4 <= WIDTH else otherwise.replace("; ", '; "\n"')
    message = f'"{cut}");'.replace("\n", f"\n{pad}").split("\n")
    return [*wrap_code(f"{condition},", head, pad), pad + message[0], *message[1:]]
