"""What the verifier that Spin makes is asked beside the model: C code that is copied into it.

The environment says what is asked, before the verifier starts: it is no part of a state. What one run learns, others read from files in the
folder where they run:

    learned   by ASK=clean, in which no call fails: the effects that successes leave, and the states in which slots are kept
    stuck     by ASK=strand: the moments in which somebody is stranded (`s`) or a slot is kept for ever (`k`)

For ASK=strand the verifier keeps the graph of all moments in which no call fails and looks, when it has seen everything, from where there
is a way to a release. Moments are known by 128 bits of hash; one that was not gone on from, for want of memory or depth, is taken for good.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

FINDINGS = ("leak", "dangling", "interference", "denied", "double", "hollow", "stranded", "kept")
"""What a verifier can find; `kept` is a leak of a slot."""

FLAGS = {"is_clean": ("ASK", "clean"), "is_strand": ("ASK", "strand"), "is_drain": ("ASK", "drain"),
         **{f"stops_at_{name}": ("STOP", name) for name in FINDINGS}}


class Site(NamedTuple):
    """A level of an operation that is a use: what a success leaves there is a promise."""

    op: str
    resource: str


class Pooled(NamedTuple):
    """A resource with slots: `size`, how many instances there may be, C text that says whether instance `i` is held (`x` counts callers,
    `j` children), and the states in which neither holders nor drain are needed to keep it."""

    resource: str
    size: int
    held: str
    keeps: Sequence[int]


class Tables(NamedTuple):
    """What the C code needs to know of the model."""

    callers: int
    arrays: Sequence[str]  # all that is part of a state
    sites: Sequence[Site]
    kinds: int
    states: dict[str, Sequence[str]]  # by resource: their names, by number from 1
    resident: dict[str, Sequence[int]]
    pooled: Sequence[Pooled]


def declarations(sites: Sequence[Site], resources: Sequence[str]) -> str:
    """What the model uses. Spin takes no calls in expressions, so they have names."""
    drained = "\n".join(f"int undrained_{name}(int i);\n\\#define UNDRAINED_{name} undrained_{name}(i)" for name in resources)
    asked = "\n".join(f"\\#define LACKS_{n} (!is_clean && lacks({promise(n, site)}))" for n, site in enumerate(sites))
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
int moment(void);
int gone_on_from(void);
void note_way(int before);
int is_stuck(void);
{drained}
\\#define MOMENT (is_strand ? moment() : 0)
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
    return f"c_code {{\n{_tables(t, most)}\n{_PROMISES}\n{chr(10).join(_slots(t))}\n{_graph(t)}\n{_FILES}\n}}"


def _tables(t: Tables, most: int) -> str:
    def quoted(names: Sequence[str]) -> str:
        return "{" + ", ".join(f'"{name}"' for name in ("", *names)) + "}"

    sites = t.sites or [Site("", next(iter(t.states)))]
    per_site = ", ".join(quoted(t.states[site.resource]) for site in sites)
    rests = ", ".join("{" + ", ".join(str(int(n in t.resident[site.resource])) for n in range(most)) + "}" for site in sites)
    pooled = t.pooled or [Pooled(next(iter(t.states)), 0, "0", ())]
    return f"""\
enum {{ SITES = {len(sites)}, KINDS = {t.kinds}, STATES = {most}, POOLED = {len(pooled)}, CALLERS = {t.callers} }};
static const char *const site_names[SITES] = {{{", ".join(f'"{site.op} {site.resource}"' for site in sites)}}};
static const char *const state_names[SITES][STATES] = {{{per_site}}};
static const char rests[SITES][STATES] = {{{rests}}};
static const char *const pooled_names[POOLED] = {{{", ".join(f'"{one.resource}"' for one in pooled)}}};
static const char *const pooled_states[POOLED][STATES] = {{{", ".join(quoted(t.states[one.resource]) for one in pooled)}}};
static int promised[SITES][KINDS][STATES], in_all[SITES][KINDS];
static char usual[POOLED][STATES], keeps[POOLED][STATES] = {{{", ".join(
        "{" + ", ".join(str(int(n in one.keeps)) for n in range(most)) + "}" for one in pooled)}}};
static int has_learned;"""


_PROMISES = """\
void learn(int site, int kind, int state, int effects)
{
    promised[site][kind][state] &= effects;
    if (!rests[site][state])
        in_all[site][kind] &= effects;
}
int lacks(int site, int kind, int state, int effects)
{
    int all = promised[site][kind][state] != -1 ? promised[site][kind][state] : in_all[site][kind];
    return has_learned && all != -1 && (all & ~effects) != 0;
}"""


def _slots(t: Tables) -> Iterator[str]:
    """Bits of instances with slots, in their order: which are not there, and which rest where they keep a slot."""
    yield "static unsigned long long vacant(void)\n{\n    unsigned long long bits = 0;\n    int i, bit = 0;"
    for one in t.pooled:
        yield f"    for (i = 0; i < {one.size}; i++, bit++)\n        if (now.st_{one.resource}[i] == 0)\n            bits |= 1ULL << bit;"
    yield "    (void)i; (void)bit;\n    return bits;\n}"
    yield "static unsigned long long keeping(void)\n{\n    unsigned long long bits = 0;\n    int i, bit = 0;"
    for n, one in enumerate(t.pooled):
        yield f"    for (i = 0; i < {one.size}; i++, bit++) {{"
        yield "        int x, j, held = 0;"
        yield f"        if (!keeps[{n}][now.st_{one.resource}[i]] || usual[{n}][now.st_{one.resource}[i]])\n            continue;"
        yield f"{one.held}\n        (void)x; (void)j;\n        if (!held)\n            bits |= 1ULL << bit;\n    }}"
    yield "    (void)i; (void)bit;\n    return bits;\n}"
    yield "void learn_slots(void)\n{\n    int i;"
    for n, one in enumerate(t.pooled):
        yield f"    for (i = 0; i < {one.size}; i++)\n        usual[{n}][now.st_{one.resource}[i]] = 1;"
    yield "    (void)i;\n}"


def _graph(t: Tables) -> str:
    mixed = "\n".join(f"    mix(&a, &b, &now.{name}, sizeof now.{name});" for name in t.arrays)
    return f"""\
struct moment {{
    unsigned long long a, b, vacant, keeping;
    unsigned busy, free;
    char begun, judged;
}};
struct way {{
    int from, to;
}};
static struct moment *moments;
static struct way *ways;
static int *places;
static size_t moments_used, moments_size, ways_used, ways_size, places_size;
static size_t room;
static int too_large; /* then nothing more is kept, and nothing is said of it */
static void *grown(void *old, size_t size)
{{
    void *new = room != 0 && size > room / 4 ? NULL : realloc(old, size);
    if (new == NULL && !too_large) {{
        printf("GRAPH too large\\n");
        too_large = 1;
    }}
    return new != NULL ? new : old;
}}
static void mix(unsigned long long *a, unsigned long long *b, const void *bytes, size_t size)
{{
    const unsigned char *at = bytes;
    size_t i;
    for (i = 0; i < size; i++) {{
        *a = (*a ^ at[i]) * 0x100000001b3ULL;
        *b = (*b + at[i] + 1) * 0x9e3779b97f4a7c15ULL;
        *b ^= *b >> 29;
    }}
}}
static void hashed(unsigned long long *first, unsigned long long *second)
{{
    unsigned long long a = 0xcbf29ce484222325ULL, b = 1;
{mixed}
    *first = a;
    *second = b;
}}
static size_t place(unsigned long long a, unsigned long long b)
{{
    size_t at = (a ^ b >> 7) & (places_size - 1);
    while (places[at] != 0 && (moments[places[at] - 1].a != a || moments[places[at] - 1].b != b))
        at = (at + 1) & (places_size - 1);
    return at;
}}
static void spread(void)
{{
    size_t i;
    size_t size = places_size ? places_size * 2 : 1 << 16;
    places = grown(places, size * sizeof *places);
    if (too_large)
        return;
    places_size = size;
    memset(places, 0, places_size * sizeof *places);
    for (i = 0; i < moments_used; i++)
        places[place(moments[i].a, moments[i].b)] = (int)i + 1;
}}
int moment(void)
{{
    unsigned long long a, b;
    size_t at;
    struct moment *new;
    int who;
    if (!too_large && moments_used * 2 >= places_size)
        spread();
    if (too_large)
        return 0;
    hashed(&a, &b);
    at = place(a, b);
    if (places[at] != 0)
        return places[at] - 1;
    if (moments_used == moments_size) {{
        moments_size = moments_size ? moments_size * 2 : 1 << 12;
        moments = grown(moments, moments_size * sizeof *moments);
        if (too_large)
            return 0;
    }}
    new = &moments[moments_used++];
    memset(new, 0, sizeof *new);
    new->a = a;
    new->b = b;
    new->vacant = vacant();
    new->keeping = keeping();
    for (who = 0; who < CALLERS; who++)
        new->busy |= (unsigned)(now.md[who] != 0) << who;
    places[at] = (int)moments_used;
    return (int)moments_used - 1;
}}
int gone_on_from(void)
{{
    int at = moment();
    if (!too_large) {{
        moments[at].begun = 1;
        moments[at].judged |= now.behind == 0;
    }}
    return 0;
}}
void note_way(int before)
{{
    int after = moment();
    if (too_large || after == before)
        return;
    if (ways_used == ways_size) {{
        ways_size = ways_size ? ways_size * 2 : 1 << 14;
        ways = grown(ways, ways_size * sizeof *ways);
        if (too_large)
            return;
    }}
    ways[ways_used].from = before;
    ways[ways_used++].to = after;
}}
static void judge_moments(void)
{{
    FILE *file = fopen("stuck", "w");
    size_t i;
    int again = !too_large, stranded = 0, kept = 0;
    if (too_large)
        moments_used = 0;
    for (i = 0; i < moments_used; i++) {{
        moments[i].free = moments[i].begun ? ~moments[i].busy : ~0U;
        if (!moments[i].begun)
            moments[i].vacant = ~0ULL;
    }}
    while (again) {{
        again = 0;
        for (i = ways_used; i-- > 0;) {{
            struct moment *from = &moments[ways[i].from], *to = &moments[ways[i].to];
            unsigned free = (to->busy & ~from->busy) != 0 ? 0 : to->free;
            if ((free & ~from->free) != 0 || (to->vacant & ~from->vacant) != 0) {{
                from->free |= free;
                from->vacant |= to->vacant;
                again = 1;
            }}
        }}
    }}
    for (i = 0; i < moments_used; i++) {{
        struct moment *one = &moments[i];
        if (one->judged && (one->busy & ~one->free) != 0 && file != NULL)
            stranded += fprintf(file, "s %llx %llx\\n", one->a, one->b) > 0;
        if (has_learned && one->judged && (one->keeping & ~one->vacant) != 0 && file != NULL)
            kept += fprintf(file, "k %llx %llx\\n", one->a, one->b) > 0;
    }}
    if (file != NULL)
        fclose(file);
    if (stranded)
        printf("FOUND stranded\\n");
    if (kept)
        printf("FOUND kept\\n");
}}
struct stuck {{
    unsigned long long a, b;
}};
static struct stuck *stuck;
static size_t stuck_used;
static int in_order(const void *left, const void *right)
{{
    const struct stuck *l = left, *r = right;
    return l->a != r->a ? (l->a < r->a ? -1 : 1) : l->b != r->b ? (l->b < r->b ? -1 : 1) : 0;
}}
static void read_stuck(char wanted)
{{
    FILE *file = fopen("stuck", "r");
    struct stuck one;
    char mark;
    size_t size = 0;
    while (file != NULL && fscanf(file, " %c %llx %llx", &mark, &one.a, &one.b) == 3) {{
        if (mark != wanted)
            continue;
        if (stuck_used == size) {{
            size = size ? size * 2 : 1 << 10;
            stuck = grown(stuck, size * sizeof *stuck);
        }}
        stuck[stuck_used++] = one;
    }}
    if (file != NULL)
        fclose(file);
    if (stuck_used != 0)
        qsort(stuck, stuck_used, sizeof *stuck, in_order);
}}
int is_stuck(void)
{{
    struct stuck one;
    hashed(&one.a, &one.b);
    return stuck_used != 0 && bsearch(&one, stuck, stuck_used, sizeof *stuck, in_order) != NULL;
}}"""


_FILES = """\
static int number_of(const char *name, const char *const *names, int count)
{
    int n;
    for (n = 0; n < count; n++)
        if (names[n] != NULL && strcmp(names[n], name) == 0)
            return n;
    return -1;
}
static void write_learned(void)
{
    FILE *file = fopen("learned", "w");
    int site, kind, state;
    for (site = 0; file != NULL && site < SITES; site++)
        for (kind = 0; kind < KINDS; kind++) {
            for (state = 1; state < STATES; state++)
                if (promised[site][kind][state] != -1)
                    fprintf(file, "state %s %d %s %d\\n", site_names[site], kind, state_names[site][state], promised[site][kind][state]);
            if (in_all[site][kind] != -1)
                fprintf(file, "all %s %d - %d\\n", site_names[site], kind, in_all[site][kind]);
        }
    for (site = 0; file != NULL && site < POOLED; site++)
        for (state = 1; state < STATES; state++)
            if (usual[site][state])
                fprintf(file, "usual - %s 0 %s 0\\n", pooled_names[site], pooled_states[site][state]);
    if (file != NULL)
        fclose(file);
}
static void read_learned(void)
{
    FILE *file = fopen("learned", "r");
    char what[16], op[256], resource[256], state[256], name[520];
    int kind, effects, site, n;
    has_learned = file != NULL;
    while (file != NULL && fscanf(file, "%15s %255s %255s %d %255s %d", what, op, resource, &kind, state, &effects) == 6) {
        sprintf(name, "%s %s", op, resource);
        if (strcmp(what, "usual") == 0) {
            site = number_of(resource, pooled_names, POOLED);
            n = site < 0 ? -1 : number_of(state, pooled_states[site], STATES);
            if (n > 0)
                usual[site][n] = 1;
            continue;
        }
        site = number_of(name, site_names, SITES);
        n = site < 0 ? -1 : number_of(state, state_names[site], STATES);
        if (site >= 0 && kind < KINDS && strcmp(what, "all") == 0)
            in_all[site][kind] = effects;
        else if (n > 0 && kind < KINDS)
            promised[site][kind][n] = effects;
    }
    if (file != NULL)
        fclose(file);
}
__attribute__((constructor)) static void read_environment(void)
{
""" + "\n".join(f'    {flag} = is_set("{name}", "{value}");' for flag, (name, value) in FLAGS.items()) + """
    memset(promised, -1, sizeof promised);
    memset(in_all, -1, sizeof in_all);
    room = getenv("ROOM") != NULL ? (size_t)atol(getenv("ROOM")) : 0;
    if (!is_clean)
        read_learned();
    else if (getenv("STOP") == NULL || *getenv("STOP") == 0)
        atexit(write_learned);
    if (is_strand)
        atexit(judge_moments);
    if (stops_at_stranded)
        read_stuck('s');
    if (stops_at_kept)
        read_stuck('k');
}"""
