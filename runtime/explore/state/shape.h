/*
 * The form of a state in which equal states are equal: who is who, which key is which, and numbers
 * and names that the manager made do not count.
 */
#ifndef BERTH_EXPLORE_SHAPE_H
#define BERTH_EXPLORE_SHAPE_H

#include "world.h"

/* The state. `marked`: a caller that is not like the others; -1: none. */
static struct digest shape_state(int marked);

/*
 * The same, for what depends on nothing but the manager and what hooks answer to it: without what
 * callers rely on, and without effects that no hook asks for.
 */
static struct digest shape_answers(int marked);

/* The state with callers and keys told apart. */
static struct digest shape_plain(void);

/*
 * The state with keys told apart, and with operations in flight: a digest for each caller, zero for
 * those that have none. Callers that are alike but for that are told apart by it.
 */
static struct digest shape_in_flight(const struct digest *flights);

/* Callers that hold something; of those that are alike only one, if they are grouped. */
static void shape_distinct(bool asks[PLAN_CALLERS], bool grouped);

/*
 * What decides what a drain can do: kinds and states, and the effects that hooks ask for. Of
 * siblings that are alike, one counts. `thing`: what is below it; NO_THING: everything.
 */
static struct digest shape_tree(int thing);

/* The same of everything, with all effects. */
static struct digest shape_all(void);

/* Kinds and states along the path of a thing. */
static struct digest shape_kinds(int thing);

/* The same, with all effects, for what decides what drain does at the thing. */
static struct digest shape_situation(int thing);

/* The same, with the effects that hooks ask for, and what is below. */
static struct digest shape_kept(int thing);

#endif
