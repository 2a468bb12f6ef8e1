/*
 * The rows that a request ran: as the trace tells them, and, for a request that was refused before
 * its first call, as the tables say. The trace is silent about the rows of such a request.
 */
#ifndef BERTH_EXPLORE_ROWS_H
#define BERTH_EXPLORE_ROWS_H

#include "world.h"

enum { ROWS = 400, ROWS_OUTCOMES = BERTH_ANSWERED_UNKNOWN + 1 };

struct ran {
    uint16_t row; /* of all rows; 0: none, or a hole */
    uint16_t state, next;
    uint8_t resource, event;
    uint8_t outcome; /* berth_outcome */
    bool called;     /* a hook */
    uint32_t born;   /* of the thing; 0: nobody has seen it yet */
};

static struct ran ran[ROWS];
static unsigned n_ran;

/* The cell of a row. */
struct rows_cell {
    uint8_t resource, event;
    uint16_t state;
};

/* Notes the cells of all rows. */
static void rows_begin(void);
static const struct rows_cell *rows_cell(uint16_t row);

/* Rows and outcomes that ran in this search, by row. */
static bool (*rows_taken)[ROWS_OUTCOMES];

/* For berth_config: appends to `ran`. */
static void rows_trace(void *ctx, const berth_transition *transition);

/* Appends one to `ran`. */
static void rows_add(const struct ran *one);

/* Notes that the rows were taken. */
static void rows_count(bool (*taken)[ROWS_OUTCOMES]);
/*
 * The same of those that did not reject: which of them a drain comes to before the process dies is
 * no matter.
 */
static void rows_count_done(bool (*taken)[ROWS_OUTCOMES]);

/* Did a row refuse, or a question stay open, because the backend lacks the hook? */
static bool rows_lack_hook(void);

/* Is a rejection what the author intends? */
static bool rows_refuses_on_purpose(const struct ran *one);
/* Does some row of the state refuse on purpose? */
static bool rows_state_is_meant(uint8_t resource, uint16_t state);

/* Does some row for the event have a guard? */
static bool rows_are_guarded(uint8_t resource, uint16_t state, uint8_t event);

/* The hook of a row; 0: none. */
static uint8_t rows_hook(uint16_t row);

struct move;
/* The rows of a request that was refused before its first call: fills `ran`. */
static void rows_of_refusal(const struct move *move);

#endif
