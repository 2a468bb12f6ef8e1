#include "stranded.h"

#include <stdlib.h>
#include <string.h>

#include "../base/fatal.h"
#include "../findings/judge.h"
#include "../findings/left.h"
#include "../base/known.h"
#include "../state/rows.h"
#include "../state/shape.h"

static struct known stranded_good, stranded_bad;

static void stranded_begin(void)
{
    known_clear(&stranded_good);
    known_clear(&stranded_bad);
}

/* A state on the way, and from which it came. */
struct station {
    struct image *image;
    struct digest key;
    size_t from;
};

struct way {
    struct station *at;
    size_t first, n, room;
    struct known known;
};

static void stranded_add_station(struct way *way, struct digest key, size_t from)
{
    if (!known_add(&way->known, key))
        return;
    if (way->n == way->room) {
        way->room = way->room ? way->room * 2 : 64;
        way->at = fatal_realloc(way->at, way->room * sizeof *way->at);
    }
    way->at[way->n++] = (struct station){world_save(), key, from};
}

/* Does somebody hold something who held nothing? A newcomer is no way out: perhaps nobody comes. */
static bool stranded_has_newcomer(void)
{
    for (unsigned i = 0; i < plan.callers; i++)
        if (before.callers[i].is == IS_IDLE && w.callers[i].is != IS_IDLE)
            return true;
    return false;
}

/* True: a request of this state leads to the caller's end, or to a state that has a way out. */
static bool stranded_leads_out(struct way *way, size_t station, unsigned who)
{
    const struct image *image = way->at[station].image;
    struct moves moves = {0};
    bool out = false;

    world_restore(image);
    moves_releases(&moves, who);
    moves_uses(&moves, who);
    moves_list(&moves, true);
    for (unsigned i = 0; i < moves.n && !out; i++) {
        struct digest key;

        world_restore(image);
        step_look();
        step_run_clean(&moves.at[i]);
        step_note_refusal();
        if (change.nothing || stranded_has_newcomer() || left_loses_references())
            continue;
        if (w.callers[who].is == IS_IDLE) {
            out = true;
            break;
        }
        key = shape_answers((int)who);
        out = known_find(&stranded_good, key) != NULL;
        if (!out)
            stranded_add_station(way, key, station);
    }
    free(moves.at);
    return out;
}

/* The way out is noted as good. Without one, all that was seen is bad. */
static bool stranded_has_way_out(const struct image *image, unsigned who)
{
    struct way way = {0};
    bool out = false;

    world_restore(image);
    stranded_add_station(&way, shape_answers((int)who), 0);
    for (; way.first < way.n && !out; way.first++)
        out = stranded_leads_out(&way, way.first, who);
    if (out) {
        for (size_t i = way.first - 1;; i = way.at[i].from) {
            (void)known_add(&stranded_good, way.at[i].key);
            if (i == 0)
                break;
        }
    } else {
        for (size_t i = 0; i < way.n; i++)
            (void)known_add(&stranded_bad, way.at[i].key);
    }
    for (size_t i = 0; i < way.n; i++)
        world_drop(way.at[i].image);
    free(way.at);
    known_clear(&way.known);
    return out;
}

static void stranded_describe(struct fault *fault, const struct move *shown)
{
    const struct ran *last = n_ran > 0 ? &ran[n_ran - 1] : NULL;
    bool holds = w.callers[shown->who].held != 0 && w.callers[shown->who].is != IS_IDLE;

    *fault = (struct fault){.finding = STRANDED,
                            .sentence = holds ? STRANDED_HOLD : STRANDED_TRY,
                            .place = judge_operation_place(shown->op),
                            .arguments = {shown->op, (uint64_t)-change.code}};
    if (!last)
        return;
    fault->place =
        last->row > 0 ? judge_row_place(last->row) : judge_state_place(last->resource, last->state);
    fault->place.event = last->event;
}

static bool stranded_judge(const struct image *image, unsigned who, struct fault *fault,
                           struct move *shown)
{
    struct moves moves = {0};
    struct digest key;
    bool out = false, told = false;

    key = shape_answers((int)who);
    if (known_find(&stranded_good, key))
        return false;
    moves_releases(&moves, who);
    for (unsigned i = 0; i < moves.n && !out; i++) {
        world_restore(image);
        step_look();
        step_run_clean(&moves.at[i]);
        step_read_refusal();
        out = w.callers[who].is == IS_IDLE;
        /* what is told is the first that fails, or for want of one the first */
        if (!out && (i == 0 || (change.code != 0 && !told))) {
            *shown = moves.at[i];
            stranded_describe(fault, shown);
            told = change.code != 0;
        }
    }
    if (out)
        (void)known_add(&stranded_good, key);
    else if (!known_find(&stranded_bad, key))
        out = stranded_has_way_out(image, who);
    if (!out && moves.n == 0) {
        const struct caller *caller = &w.callers[who];
        uint8_t resource = plan.choices[caller->config[caller->n_config - 1]].resource;

        *shown = (struct move){0};
        *fault = (struct fault){.finding = STRANDED,
                                .sentence = STRANDED_NO_OPERATION,
                                .place = {.resource = resource, .shown = SHOWN_RESOURCE},
                                .arguments = {resource}};
    }
    free(moves.at);
    world_restore(image);
    return !out;
}
