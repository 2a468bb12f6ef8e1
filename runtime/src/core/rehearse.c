#include "engine.h"

bool engine_rehearse(const struct operation *operation)
{
    struct level levels[BERTH_MAX_LEVELS], now[BERTH_MAX_LEVELS];
    struct operation copy = *operation;
    bool calls;

    for (unsigned i = 0; i < operation->n_levels; i++) {
        levels[i] = operation->levels[i];
        level_note(&now[i], levels[i].instance);
    }
    copy.levels = levels;
    copy.report = false;
    calls = engine_run(&copy, copy.type);
    for (unsigned i = 0; i < operation->n_levels; i++)
        level_restore(&now[i]);
    return calls || copy.code == 0;
}
