/*
 * The backend's side of one request: every way in which its calls can end, and what is true then.
 *
 * A call ends ok, fails without effect, or stays uncertain, and then it took effect or it did not:
 * the manager hears the same, the backend differs.
 */
#ifndef BERTH_EXPLORE_BACKEND_H
#define BERTH_EXPLORE_BACKEND_H

#include "world.h"

enum { BACKEND_CALLS = 100, BACKEND_ENDINGS = 68 };

/* How a call ends. */
struct ending {
    uint8_t outcome; /* berth_outcome */
    bool effect;     /* it took effect */
    bool zero;       /* its out-values are zero */
    effects found;   /* the effect that an answer shows for the first time */
};

struct called {
    uint8_t hook;
    struct ending ending;
    struct thing thing; /* as it was before the call */
    uint16_t row;       /* of all rows */
    uint16_t state;     /* before */
    uint8_t event;
    effects before, after, open_before, open;
};

/* Who says how calls end. */
enum mode {
    MODE_CLEAN, /* all end ok */
    MODE_FREE,  /* the choices decide */
    MODE_DRAIN  /* the choices decide at one instance; all others end ok */
};

/* One request's calls. Choices are numbers of endings; after the last choice the first is taken. */
struct script {
    enum mode mode;
    unsigned n_chosen, n; /* choices that were given, and that were made */
    uint8_t chosen[BACKEND_CALLS], counts[BACKEND_CALLS];
    uint32_t free; /* MODE_DRAIN: the instance */
    unsigned failures;
    uint8_t commits; /* the process dies when so many are durable; 0: it does not */
    bool late;       /* the call that has begun then takes effect */
};

static struct script script;
static struct called called[BACKEND_CALLS];
static unsigned n_called;

/* The backend struct that the manager is given; nothing is in it. */
static uint32_t backend_nothing;

/* Gives the manager's descriptor this backend. */
static void backend_use(void);

/* Begins a request: no call has been made. */
static void backend_begin(enum mode mode);
/* After that: the process dies in the request. */
static void backend_die(uint8_t commits, bool late);

/* The next choices, depth first. False: every way has been taken. */
static bool backend_next(void);

/* What the request makes: its operation, choices by level, and effects that were there. */
static void backend_makes(const berth_operation *operation, const struct plan_operation *planned,
                          const uint16_t *choices, effects there);
static uint16_t backend_choice(uint8_t resource, uint8_t level);
static void backend_made(struct thing *thing);

/* The effects that are gone or may be, because of the call. */
static effects backend_lost(const struct called *call);

/* The truth after a call that took effect. */
static inline effects backend_after_call(const struct plan_hook *hook, effects truth)
{
    return (truth & ~hook->undoes) | hook->own;
}

/* Notes a call of a row of the instance's resource, and how it ends. */
static struct called *backend_note_call(struct instance *instance, uint8_t hook, uint16_t row,
                                        struct ending ending);

#endif
