"""The whole text, and what the verifier is told of it."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.explore.spin.promela.base import NotExported
from berthc.explore.spin.promela.operations import Operations
from berthc.explore.spin.verifier import FINDINGS, Pooled, Tables, declarations, definitions
from berthc.model import Operation, Resource


class Whole(Operations):
    """The model of one root resource with what is below it, for one valuation."""

    def text(self) -> Iterator[str]:
        yield (
            f"/* {self.m.name}: {self.callers} callers. Spin checks it: spin -a, cc pan.c,"
            " [ASK=clean|strand] pan -E. */"
        )
        yield declarations(self._sites(), [r.name for r in self.resources])
        yield "#define MAYFAIL (behind == 0 && !CLEAN)"
        yield f"#define N {self.callers}"
        yield f"#define L {self.depth}"
        yield (
            "byte md[N], ty[N];  /* 0 idle, 1 holds, 3 lets go; 1 reservation, 2.. what it took */"
        )
        yield (
            "byte hl[N * L], al[N * L], kx[N * L];  /* level held, instance still there, key + 1 */"
        )
        if self.slotted:
            yield (
                "byte rs[N * L];  /* slot + 1 that the caller remembers of an instance that has"
                " ended */"
            )
        yield "int rl[N * L];  /* effects at the level that the caller relies on */"
        yield "byte behind;  /* with ASK=strand: behind a finding, or what only a helper does */"
        yield (
            "hidden byte c, x, j, n, err, bad, called, ev, i, drops, others, stolen, quiet, stop,"
            " rough;"
        )
        yield "hidden int before;"
        for r in self.resources:
            size = self.count[r.name]
            yield (
                f"byte st_{r.name}[{size}], kd_{r.name}[{size}], an_{r.name}[{size}];\nint"
                f" gh_{r.name}[{size}];"
            )
            yield (f"hidden byte w_{r.name}_st, w_{r.name}_kd, w_{r.name}_an, w_{r.name}_dead, "
                   f"w_{r.name}_new, w_{r.name}_hl, "
                   f"w_{r.name}_let, w_{r.name}_went, i_{r.name}, o_{r.name}, k_{r.name}, "
                   f"s_{r.name}, f_{r.name}, r_{r.name}, d_{r.name}, p_{r.name};")
            yield f"hidden int w_{r.name}_gh;"
            if r.name in self.slotted:
                yield f"byte sl_{r.name}[{size}];  /* slot + 1 */\nhidden byte w_{r.name}_sl;"
        yield definitions(self._tables())
        yield ("c_code {\n"
               + "\n".join(line for r in reversed(self.resources) for line in self._undrained(r))
               + "\n}")
        for n, name in enumerate(FINDINGS[:-2]):
            guard = {
                "dangling": "if :: stolen == 0 -> ", "interference": "stolen = 1; "}.get(name, "")
            close = " :: else fi" if name == "dangling" else ""
            note = (
                f'c_code {{ if (!is_drain && !told[{n}]) {{ told[{n}] = 1; printf("FOUND'
                f' {name}\\n"); }} }}'
            )
            bad = "" if name == "denied" else "bad = 1; "  # behind a refusal the search goes on
            yield (
                f"inline found_{name}() {{ {guard}{bad}{note}; if :: c_expr {{ stops_at_{name} }}"
                f" -> stop = 1 :: else fi{close} }}"
            )
        for r in self.resources:
            yield from self._slot(r)
            yield from self._chain(r)
            yield from self._end(r)
            yield from self._rest(r)
        for r in reversed(self.resources):  # those below first
            yield from self._drain(r)
        for op in self._operations():
            yield from self._operation(op)
        yield "init {\n  do"
        for op in self._operations():
            yield f"  :: atomic {{ pick_{op.name}(); op_{op.name}() }}"
        yield "  :: c_expr { GONE_ON_FROM } -> skip"
        root = self.resources[0].name
        yield f"  :: atomic {{ DRAIN -> c = N; err = 0; k_{root} = 0;"
        yield (f"     do :: k_{root} < {self.count[root]} -> i_{root} = k_{root}; "
               f"if :: st_{root}[i_{root}] != 0 -> drain_{root}() :: else fi; k_{root}++ :: else "
               f"-> break od; false }}")
        yield "  od\n}"

    def _operations(self) -> list[Operation]:
        c = self.contract
        return [*c.gives, *c.uses, *c.ends, *c.acquires, *c.releases, *c.free]

    def _tables(self) -> Tables:
        arrays = ["md", "ty", "hl", "al", "kx", "rl", *(["rs"] if self.slotted else [])]
        for r in self.resources:
            arrays += [f"{kind}_{r.name}"
                       for kind in ("st", "kd", "an", "gh",
                                    *(["sl"] if r.name in self.slotted else []))]
        pooled = [Pooled(r.name, self.count[r.name], self._held(r), self._keeps(r))
                  for r in self.resources if self.capacity[r.name] is not None]
        if sum(one.size for one in pooled) > 64:
            raise NotExported("more than 64 instances with slots")
        kinds = 1 + max(c.kind for some in self.choices.values() for c in some)
        return Tables(self.callers, arrays, self._sites(), kinds,
                      {r.name: [s.name for s in r.states] for r in self.resources},
                      {r.name: [self.states[r.name][s.name] for s in r.states if s.resident]
                       for r in self.resources}, pooled)

    def _held(self, r: Resource) -> str:
        """C text: does anybody hold instance number `i`?"""
        path = self.m.path(r.name)
        index = "now.kx[x * L] - 1".replace("L", str(self.depth))
        for n, name in enumerate(path[1:], 1):
            index = f"({index}) * {len(self.keys[name])} + now.kx[x * {self.depth} + {n}] - 1"
        at = f"x * {self.depth} + {len(path) - 1}"
        out = (
            f"        held = now.an_{r.name}[i] != 0;\n        for (x = 0; x < {self.callers};"
            " x++)\n"
        )
        out += (
            f"            held |= now.md[x] != 0 && now.ty[x] == 1 && now.al[{at}] && now.hl[{at}]"
            f" && {index} == i;\n"
        )
        for child in self.m.children(r.name):
            size = len(self.keys[child])
            out += (
                f"        for (j = 0; j < {size}; j++)\n            held |= now.st_{child}[i *"
                f" {size} + j] != 0;\n"
            )
        return out

    def _keeps(self, r: Resource) -> list[int]:
        """States where an instance may rest and that a drain in which every call ends ok does not
        end."""
        final = {s.name for s in r.states if s.final}
        kinds = {c.kind for c in self.choices[r.name]}
        return [self.states[r.name][s.name] for s in r.states if s.resident
                and any(self._drained(r, s.name, kind)[0] not in final for kind in kinds)]
