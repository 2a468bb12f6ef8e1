/*
 * The rows that a search wants to see and did not, because only drains reach them: every drain of
 * every state is tried, and then what callers do with what drains leave.
 */
#ifndef BERTH_EXPLORE_WANTED_H
#define BERTH_EXPLORE_WANTED_H

#include "base/known.h"
#include "state/rows.h"

/* Rows that ran after a drain that left something, by row. */
static bool (*wanted_behind)[ROWS_OUTCOMES];

/* A manager has so many rows. */
static void wanted_begin(unsigned rows);

/* Looks for the rows from every state of the trail on. New states enter `states`. */
static void wanted_look_for(struct known *states);

#endif
