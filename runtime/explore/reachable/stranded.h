/*
 * Can a caller that holds something get rid of it, if every hook works from now on? Mostly its own
 * release answers that. Else everything that those who are there can do is searched.
 */
#ifndef BERTH_EXPLORE_STRANDED_H
#define BERTH_EXPLORE_STRANDED_H

#include "../findings/fault.h"
#include "../state/step.h"

static void stranded_begin(void);

/* A fault if the caller can never release. `shown`: the request that shows it; part 0: none. */
static bool stranded_judge(const struct image *image, unsigned who, struct fault *fault,
                           struct move *shown);

#endif
