/*
 * Rows of another version of the spec: what they are in this one. "Upgrade" in docs/semantics.md
 * has the rules.
 */
#ifndef BERTH_SRC_UPGRADE_H
#define BERTH_SRC_UPGRADE_H

#include "../../base/linkage.h"
#include "../../model/stored/stored.h"

struct upgrade_table {
    const uint16_t *from; /* [column of today]: the stored one, from 1; 0: it is new */
    uint16_t to;          /* table of today, from 1; 0: there is none any more */
    bool formats;         /* a text has to be written anew */
};

/* Zeroed before it is begun. */
struct upgrade {
    struct berth_manager *manager;
    const berth_store_manager *stored;
    struct upgrade_table *tables; /* [stored table] */
    uint16_t *columns;            /* where they have their columns */
    size_t n_columns;
    berth_store_value *cells; /* of the row that is being changed */
    unsigned n_cells;
    const char **texts; /* of a list that is being changed */
    size_t n_texts;
    char *counter; /* its name */
    size_t counter_size;
};

/* Why a row cannot be taken. */
struct refusal {
    const char *reason;
    const char *field; /* NULL: none */
    const char *word;  /* of the row; NULL: none */
};

/* May this manager take them, as far as the header says? 0 or -EINVAL, with the reason. */
internal int upgrade_check_header(const struct berth_manager *manager,
                                  const berth_store_manager *stored, const char *options,
                                  berth_error *error);

/* -ENOMEM. In any case it has to be ended. `stored` lasts as long. */
internal int upgrade_begin(struct upgrade *upgrade, struct berth_manager *manager,
                           const berth_store_manager *stored);
internal void upgrade_end(struct upgrade *upgrade);

/* The stored table that becomes this one; its number from 1, or 0. */
internal unsigned upgrade_source(const struct upgrade *upgrade, uint16_t table);

/*
 * Writes what a row becomes into `cells`. `subject`: the resource of an intent's instance.
 * 1; 0: the row goes; -EINVAL with a refusal; -ENOMEM.
 */
internal int upgrade_row(struct upgrade *upgrade, uint16_t table, const berth_store_value *values,
                         uint8_t subject, struct refusal *refusal);

/* Is this column of a new text, which is written when the instance is there? */
internal bool upgrade_formats(const struct upgrade *upgrade, uint16_t table, unsigned column);

#endif
