"""What the verifier that Spin makes is asked beside the model: C code that is copied into it.

The environment says what is asked, before the verifier starts: it is no part of a state. What one
run learns, others read from files in the folder where they run:

    learned   by ASK=clean, in which no call fails: the effects that successes leave, and the states
              in which slots are kept
    stuck     by ASK=strand: the states in which somebody is stranded (`s`) or a slot is kept for
              ever (`k`)

For ASK=strand the verifier keeps the graph of all states in which no call fails and looks, when it
has seen everything, from where there is a way to a release. States are known by 128 bits of hash;
one that was not gone on from, for want of memory or depth, is taken for good.

`tables` says what of the model is needed, `learned` and `graph` have the C code that does not
depend on it.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence

from berthc.explore.spin.verifier.graph import graph
from berthc.explore.spin.verifier.learned import FILES, PROMISES
from berthc.explore.spin.verifier.tables import FINDINGS, FLAGS, Pooled, Site, Tables


def declarations(sites: Sequence[Site], resources: Sequence[str]) -> str:
    """What the model uses. Spin takes no calls in expressions, so they have names."""
    drained = "\n".join(
        f"int undrained_{name}(int i);\n\\#define UNDRAINED_{name} undrained_{name}(i)"
        for name in resources)
    asked = "\n".join(f"\\#define LACKS_{n} (!is_clean && lacks({promise(n, site)}))"
                      for n, site in enumerate(sites))
    return f"""\
c_decl {{
\\#include <stdio.h>
\\#include <stdlib.h>
\\#include <string.h>
int told[16], ran[4096], {", ".join(FLAGS)};
static int is_set(const char *name, const char *value)
{{
    const char *given = getenv(name);
    return given != NULL && strcmp(given, value) == 0;
}}
void learn(int site, int kind, int state, int effects);
int lacks(int site, int kind, int state, int effects);
void learn_slots(void);
int state_node(void);
int gone_on_from(void);
void note_way(int before);
int is_stuck(void);
{drained}
\\#define STATE_NODE (is_strand ? state_node() : 0)
\\#define GONE_ON_FROM (is_strand && gone_on_from())
\\#define IS_STUCK ((stops_at_stranded || stops_at_kept) && is_stuck())
{asked}
}}
#define CLEAN c_expr {{ is_clean }}
#define STRAND c_expr {{ is_strand }}
#define DRAIN c_expr {{ is_drain }}"""


def promise(number: int, site: Site) -> str:
    """What is said of a level to `learn` and `lacks`."""
    name = site.resource
    return f"{number}, now.kd_{name}[i_{name}], now.st_{name}[i_{name}], now.gh_{name}[i_{name}]"


def definitions(t: Tables) -> str:
    """The functions; they look at the state, so they come after its declaration."""
    most = 1 + max(len(names) for names in t.states.values())
    return (
        "c_code"
        f" {{\n{_tables(t, most)}\n{PROMISES}\n{chr(10).join(_slots(t))}\n{graph(t)}\n{FILES}\n}}"
    )


def _tables(t: Tables, most: int) -> str:
    def quoted(names: Sequence[str]) -> str:
        return "{" + ", ".join(f'"{name}"' for name in ("", *names)) + "}"

    sites = t.sites or [Site("", next(iter(t.states)), -1)]
    per_site = ", ".join(quoted(t.states[site.resource]) for site in sites)
    rests = ", ".join("{" + ", ".join(str(int(n in t.resident[site.resource])) for n in range(most))
                      + "}" for site in sites)
    pooled = t.pooled or [Pooled(next(iter(t.states)), 0, "0", ())]
    return f"""\
enum {{ SITES = {len(sites)}, KINDS = {t.kinds}, STATES = {most}, POOLED = {len(pooled)}, CALLERS = {t.callers} }};
static const char *const site_names[SITES] = {{{", ".join(f'"{site.op} {site.resource}"' for site in sites)}}};
static const char *const state_names[SITES][STATES] = {{{per_site}}};
static const char rests[SITES][STATES] = {{{rests}}};
static const char *const pooled_names[POOLED] = {{{", ".join(f'"{one.resource}"' for one in pooled)}}};
static const char *const pooled_states[POOLED][STATES] = {{{", ".join(quoted(t.states[one.resource]) for one in pooled)}}};
static const int brings[SITES] = {{{", ".join(str(site.brings) for site in sites)}}};
static int promised[SITES][KINDS][STATES], in_all[SITES][KINDS];
static char usual[POOLED][KINDS][STATES], keeps[POOLED][STATES] = {{{", ".join(
        "{" + ", ".join(str(int(n in one.keeps)) for n in range(most)) + "}" for one in pooled)}}};
static int has_learned;"""


def _slots(t: Tables) -> Iterator[str]:
    """Bits of instances with slots, in their order: which are not there, and which rest where they
    keep a slot."""
    yield (
        "static unsigned long long vacant(void)\n{\n    unsigned long long bits = 0;\n    int i,"
        " bit = 0;"
    )
    for one in t.pooled:
        yield (
            f"    for (i = 0; i < {one.size}; i++, bit++)\n        if (now.st_{one.resource}[i] =="
            " 0)\n            bits |= 1ULL << bit;"
        )
    yield "    (void)i; (void)bit;\n    return bits;\n}"
    yield (
        "static unsigned long long keeping(void)\n{\n    unsigned long long bits = 0;\n    int i,"
        " bit = 0;"
    )
    for n, one in enumerate(t.pooled):
        yield f"    for (i = 0; i < {one.size}; i++, bit++) {{"
        yield "        int x, j, held = 0;"
        usual = f"usual[{n}][now.kd_{one.resource}[i]][now.st_{one.resource}[i]]"
        yield (f"        if (!keeps[{n}][now.st_{one.resource}[i]] || {usual})\n"
               "            continue;")
        yield (
            f"{one.held}\n        (void)x; (void)j;\n        if (!held)\n            bits |= 1ULL"
            " << bit;\n    }"
        )
    yield "    (void)i; (void)bit;\n    return bits;\n}"
    yield "void learn_slots(void)\n{\n    int i;"
    for n, one in enumerate(t.pooled):
        usual = f"usual[{n}][now.kd_{one.resource}[i]][now.st_{one.resource}[i]]"
        yield f"    for (i = 0; i < {one.size}; i++)\n        {usual} = 1;"
    yield "    (void)i;\n}"


__all__ = ["FINDINGS", "Pooled", "Site", "Tables", "declarations", "definitions", "promise"]
