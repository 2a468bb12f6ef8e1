/*
 * Labels of UUIDs: r1, r2, … for reservations in the order given out, u1, u2, … for all others,
 * "nil" for the zero UUID.
 */
#ifndef SIM_LABEL_H
#define SIM_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uuid/uuid.h>

/* Room for a label, with the NUL. */
#define SIM_LABEL_SIZE 24

typedef struct sim_label sim_label;
typedef struct sim_name sim_name;

/* Zero is empty. */
typedef struct sim_labels {
    sim_label *all;
    size_t count;
    size_t room;
    sim_name *names; /* of reservations */
    size_t n_names;
    size_t names_room;
    uint64_t last; /* number of the newest r-label */
    uint64_t made; /* UUIDs made by sim_label_make */
    uint64_t used; /* no u-label up to this number is free */
} sim_labels;

/* A UUID that nobody else makes. */
void sim_label_make(sim_labels *labels, uuid_t uuid);

/* The label of a reservation; one without gets the next r-label that is not in use. */
const char *sim_label_reservation(sim_labels *labels, const uuid_t uuid);

/* The id that a caller gives to a reservation by a label of its own, now and from now on. */
void sim_label_choose(sim_labels *labels, const char *text, uuid_t uuid);

/*
 * Writes the label of a UUID; one without gets the lowest u-label that was never used. Returns
 * `text`.
 */
const char *sim_label_of(sim_labels *labels, const uuid_t uuid, char text[SIM_LABEL_SIZE]);

/* A copy of a text with labels in place of the UUIDs that it has in lower case; for sim_free(). */
char *sim_label_text(sim_labels *labels, const char *text);

/*
 * Is this a label or a UUID as text: "nil", "u" and a number without leading zeros, or 36
 * characters?
 */
bool sim_label_valid(const char *text);

/*
 * The UUID that valid text stands for. An unused u-label is bound to a UUID of its own from now on.
 */
void sim_label_uuid(sim_labels *labels, const char *text, uuid_t uuid);

/*
 * The UUID of a reservation whose label is `text`; any other text gives one that no manager
 * knows, or zero for "nil".
 */
void sim_label_find_reservation(sim_labels *labels, const char *text, uuid_t uuid);

/* Forgets everything. */
void sim_labels_clear(sim_labels *labels);

#endif
