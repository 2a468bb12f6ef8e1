"""The C code that learns what successes leave while no call fails, writes it down and reads it, and
asks the environment."""
from __future__ import annotations

from berthc.explore.spin.verifier.tables import FLAGS

PROMISES = """\
void learn(int site, int kind, int state, int effects)
{
    promised[site][kind][state] &= effects;
    if (!rests[site][state])
        in_all[site][kind] &= effects;
}
int lacks(int site, int kind, int state, int effects)
{
    int all = in_all[site][kind] != -1 ? in_all[site][kind] & brings[site] : -1;
    if (promised[site][kind][state] != -1)
        all = promised[site][kind][state];
    return has_learned && all != -1 && (all & ~effects) != 0;
}"""

FILES = """\
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
        for (kind = 0; kind < KINDS; kind++)
            for (state = 1; state < STATES; state++)
                if (usual[site][kind][state])
                    fprintf(file, "usual - %s %d %s 0\\n", pooled_names[site], kind,
                            pooled_states[site][state]);
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
            if (n > 0 && kind < KINDS)
                usual[site][kind][n] = 1;
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
        atexit(judge_state_nodes);
    if (stops_at_stranded)
        read_stuck('s');
    if (stops_at_kept)
        read_stuck('k');
}"""
