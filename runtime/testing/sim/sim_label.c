#include "sim_label.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../uuid_text.h"
#include "sim_memory.h"

/* Digits of a label's number: more than any script uses, and its value fits with room to spare. */
#define MAX_DIGITS 9

/* "u" and a number. */
struct sim_label {
    uuid_t uuid;
    uint64_t number;
};

/* The label of a reservation: "r" and a number, or any text that a caller has chosen. */
struct sim_name {
    uuid_t uuid;
    char *text;
};

void sim_label_make(sim_labels *labels, uuid_t uuid)
{
    /* The manager's own UUIDs are random. One of them has this form with a probability of 2^-58. */
    static const unsigned char form[sizeof(uuid_t)] = {'b', 'e', 'r', 't', 'h', 0, 0x40, 0, 0x80};
    memcpy(uuid, form, sizeof form);
    uint64_t number = ++labels->made;
    for (size_t i = sizeof(uuid_t) - 1; number != 0; i--, number >>= 8)
        uuid[i] = (unsigned char)(number & 0xff);
}

/* The newest first: it is asked for most. */
static const sim_label *find_uuid(const sim_labels *labels, const uuid_t uuid)
{
    for (size_t i = labels->count; i-- > 0;) {
        if (memcmp(labels->all[i].uuid, uuid, sizeof(uuid_t)) == 0)
            return &labels->all[i];
    }
    return NULL;
}

static const sim_label *find_number(const sim_labels *labels, uint64_t number)
{
    for (size_t i = labels->count; i-- > 0;) {
        if (labels->all[i].number == number)
            return &labels->all[i];
    }
    return NULL;
}

static const sim_label *add(sim_labels *labels, const uuid_t uuid, uint64_t number)
{
    if (labels->count == labels->room) {
        labels->room = labels->room > 0 ? labels->room * 2 : 16;
        labels->all = sim_resize(labels->all, labels->room, sizeof labels->all[0]);
    }
    sim_label *label = &labels->all[labels->count++];
    memcpy(label->uuid, uuid, sizeof label->uuid);
    label->number = number;
    return label;
}

/* The lowest number that no u-label has. */
static uint64_t unused_number(sim_labels *labels)
{
    while (find_number(labels, labels->used + 1) != NULL)
        labels->used++;
    return labels->used + 1;
}

/* Reservations */

static const sim_name *name_of(const sim_labels *labels, const uuid_t uuid)
{
    for (size_t i = labels->n_names; i-- > 0;) {
        if (memcmp(labels->names[i].uuid, uuid, sizeof(uuid_t)) == 0)
            return &labels->names[i];
    }
    return NULL;
}

static const sim_name *find_name(const sim_labels *labels, const char *text)
{
    for (size_t i = labels->n_names; i-- > 0;) {
        if (strcmp(labels->names[i].text, text) == 0)
            return &labels->names[i];
    }
    return NULL;
}

static const char *add_name(sim_labels *labels, const uuid_t uuid, const char *text)
{
    if (labels->n_names == labels->names_room) {
        labels->names_room = labels->names_room > 0 ? labels->names_room * 2 : 16;
        labels->names = sim_resize(labels->names, labels->names_room, sizeof labels->names[0]);
    }
    sim_name *name = &labels->names[labels->n_names++];
    memcpy(name->uuid, uuid, sizeof name->uuid);
    name->text = sim_new(strlen(text) + 1, 1);
    memcpy(name->text, text, strlen(text) + 1);
    return name->text;
}

const char *sim_label_reservation(sim_labels *labels, const uuid_t uuid)
{
    const sim_name *name = name_of(labels, uuid);
    char text[SIM_LABEL_SIZE];
    if (name != NULL)
        return name->text;
    do
        (void)snprintf(text, sizeof text, "r%llu", (unsigned long long)++labels->last);
    while (find_name(labels, text) != NULL);
    return add_name(labels, uuid, text);
}

void sim_label_choose(sim_labels *labels, const char *text, uuid_t uuid)
{
    const sim_name *name = find_name(labels, text);
    if (name != NULL) {
        memcpy(uuid, name->uuid, sizeof(uuid_t));
        return;
    }
    sim_label_make(labels, uuid);
    (void)add_name(labels, uuid, text);
}

void sim_label_find_reservation(sim_labels *labels, const char *text, uuid_t uuid)
{
    const sim_name *name = find_name(labels, text);
    if (name != NULL)
        memcpy(uuid, name->uuid, sizeof(uuid_t));
    else if (strcmp(text, "nil") == 0)
        memset(uuid, 0, sizeof(uuid_t));
    else
        sim_label_make(labels, uuid);
}

/* All others */

const char *sim_label_of(sim_labels *labels, const uuid_t uuid, char text[SIM_LABEL_SIZE])
{
    if (uuid_is_null(uuid)) {
        (void)snprintf(text, SIM_LABEL_SIZE, "nil");
        return text;
    }
    const sim_label *label = find_uuid(labels, uuid);
    if (label == NULL)
        label = add(labels, uuid, unused_number(labels));
    (void)snprintf(text, SIM_LABEL_SIZE, "u%llu", (unsigned long long)label->number);
    return text;
}

char *sim_label_text(sim_labels *labels, const char *text)
{
    char *copy = sim_new(strlen(text) + 1, 1); /* a label is shorter than a UUID */
    char *to = copy;
    while (*text != '\0') {
        char label[SIM_LABEL_SIZE];
        uuid_t uuid;
        if (!uuid_text_begins(text, uuid)) {
            *to++ = *text++;
            continue;
        }
        const size_t length = strlen(sim_label_of(labels, uuid, label));
        memcpy(to, label, length);
        to += length;
        text += UUID_TEXT_LENGTH;
    }
    return copy;
}

/* The number of a label with this prefix; 0 when the text is none. */
static uint64_t label_number(const char *text, char prefix)
{
    size_t digits = strlen(text) - (text[0] != '\0');
    if (text[0] != prefix || text[1] == '0' || digits == 0 || digits > MAX_DIGITS ||
        strspn(text + 1, "0123456789") != digits)
        return 0;
    return strtoull(text + 1, NULL, 10);
}

bool sim_label_valid(const char *text)
{
    uuid_t uuid;
    return strcmp(text, "nil") == 0 || label_number(text, 'u') != 0 || uuid_parse(text, uuid) == 0;
}

void sim_label_uuid(sim_labels *labels, const char *text, uuid_t uuid)
{
    memset(uuid, 0, sizeof(uuid_t));
    uint64_t number = label_number(text, 'u');
    if (number == 0) {
        if (strcmp(text, "nil") != 0)
            (void)uuid_parse(text, uuid);
        return;
    }
    const sim_label *label = find_number(labels, number);
    if (label == NULL) {
        sim_label_make(labels, uuid);
        label = add(labels, uuid, number);
    }
    memcpy(uuid, label->uuid, sizeof(uuid_t));
}

void sim_labels_clear(sim_labels *labels)
{
    for (size_t i = 0; i < labels->n_names; i++)
        sim_free(labels->names[i].text);
    sim_free(labels->names);
    sim_free(labels->all);
    memset(labels, 0, sizeof *labels);
}
