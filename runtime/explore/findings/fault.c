#include "fault.h"

#include "../base/fatal.h"

static void fault_add(struct faults *faults, enum finding finding, enum sentence sentence,
                      struct place place, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    if (faults->n == FAULTS)
        fatal_limit("faults of one request");
    faults->at[faults->n++] = (struct fault){.finding = (uint8_t)finding,
                                             .sentence = (uint8_t)sentence,
                                             .place = place,
                                             .arguments = {a, b, c, d}};
}

static bool fault_accepted(const struct fault *fault)
{
    for (unsigned i = 0; i < plan.n_accepts; i++) {
        const struct plan_accept *accept = &plan.accepts[i];

        if (accept->finding == fault->finding &&
            (accept->resource == 0 || accept->resource == fault->place.resource) &&
            (accept->state == 0 || accept->state == fault->place.state) &&
            (accept->event == 0 || accept->event == fault->place.event))
            return true;
    }
    return false;
}

static bool fault_all_accepted(const struct faults *faults)
{
    for (unsigned i = 0; i < faults->n; i++)
        if (!fault_accepted(&faults->at[i]))
            return false;
    return true;
}

static void fault_append_up_to(struct faults *faults, const struct faults *others)
{
    for (unsigned i = 0; i < others->n; i++) {
        if (faults->n == FAULTS)
            fatal_limit("faults of one request");
        faults->at[faults->n++] = others->at[i];
        if (!fault_accepted(&others->at[i]))
            return;
    }
}
