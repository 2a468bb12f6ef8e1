"""The C code that keeps the graph of all states in which no call fails, and judges it: from where
is there a way to a release?"""
from __future__ import annotations

from berthc.explore.spin.verifier.tables import Tables


def graph(t: Tables) -> str:
    mixed = "\n".join(f"    mix(&a, &b, &now.{name}, sizeof now.{name});" for name in t.arrays)
    return f"""\
struct state_node {{
    unsigned long long a, b, vacant, keeping;
    unsigned busy, free;
    char begun, judged;
}};
struct way {{
    int from, to;
}};
static struct state_node *state_nodes;
static struct way *ways;
static int *places;
static size_t state_nodes_used, state_nodes_size, ways_used, ways_size, places_size;
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
    while (places[at] != 0 && (state_nodes[places[at] - 1].a != a || state_nodes[places[at] - 1].b != b))
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
    for (i = 0; i < state_nodes_used; i++)
        places[place(state_nodes[i].a, state_nodes[i].b)] = (int)i + 1;
}}
int state_node(void)
{{
    unsigned long long a, b;
    size_t at;
    struct state_node *new;
    int who;
    if (!too_large && state_nodes_used * 2 >= places_size)
        spread();
    if (too_large)
        return 0;
    hashed(&a, &b);
    at = place(a, b);
    if (places[at] != 0)
        return places[at] - 1;
    if (state_nodes_used == state_nodes_size) {{
        state_nodes_size = state_nodes_size ? state_nodes_size * 2 : 1 << 12;
        state_nodes = grown(state_nodes, state_nodes_size * sizeof *state_nodes);
        if (too_large)
            return 0;
    }}
    new = &state_nodes[state_nodes_used++];
    memset(new, 0, sizeof *new);
    new->a = a;
    new->b = b;
    new->vacant = vacant();
    new->keeping = keeping();
    for (who = 0; who < CALLERS; who++)
        new->busy |= (unsigned)(now.md[who] != 0) << who;
    places[at] = (int)state_nodes_used;
    return (int)state_nodes_used - 1;
}}
int gone_on_from(void)
{{
    int at = state_node();
    if (!too_large) {{
        state_nodes[at].begun = 1;
        state_nodes[at].judged |= now.behind == 0;
    }}
    return 0;
}}
void note_way(int before)
{{
    int after = state_node();
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
static void judge_state_nodes(void)
{{
    FILE *file = fopen("stuck", "w");
    size_t i;
    int again = !too_large, stranded = 0, kept = 0;
    if (too_large)
        state_nodes_used = 0;
    for (i = 0; i < state_nodes_used; i++) {{
        state_nodes[i].free = state_nodes[i].begun ? ~state_nodes[i].busy : ~0U;
        if (!state_nodes[i].begun)
            state_nodes[i].vacant = ~0ULL;
    }}
    while (again) {{
        again = 0;
        for (i = ways_used; i-- > 0;) {{
            struct state_node *from = &state_nodes[ways[i].from], *to = &state_nodes[ways[i].to];
            unsigned free = (to->busy & ~from->busy) != 0 ? 0 : to->free;
            if ((free & ~from->free) != 0 || (to->vacant & ~from->vacant) != 0) {{
                from->free |= free;
                from->vacant |= to->vacant;
                again = 1;
            }}
        }}
    }}
    for (i = 0; i < state_nodes_used; i++) {{
        struct state_node *one = &state_nodes[i];
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
