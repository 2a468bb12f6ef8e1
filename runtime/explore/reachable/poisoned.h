/*
 * Is a key refused to everybody for ever, although every hook works from now on, and even after a
 * drain? The question is put for every instance that nobody holds, nor anything below it.
 */
#ifndef BERTH_EXPLORE_POISONED_H
#define BERTH_EXPLORE_POISONED_H

#include "../findings/fault.h"
#include "../state/step.h"

static void poisoned_begin(void);

/* Looks at a state to which no failure led. */
static void poisoned_learn(const struct image *image);

/* A fault for the first key that is refused for ever, and the request that shows it. */
static bool poisoned_judge(const struct image *image, struct fault *fault, struct move *shown);

#endif
