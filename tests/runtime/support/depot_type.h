/* The parts of the hand-written manager, for the files that make it; see depot.h. */
#ifndef BERTH_TEST_DEPOT_TYPE_H
#define BERTH_TEST_DEPOT_TYPE_H

#include "depot.h"

/* Assigned values of a rack. */
enum { SERIAL, LABEL, UID, PLACE, DEEP, PATH, WATT, SESSION, DOOR, BADGE };

extern const berth_resource depot_resources[BOOK + 1];
extern const berth_operation depot_operations[N_OPERATIONS + 1];

uint8_t rack_check(const void *given, bool only_key);
void rack_hash(const void *given, berth_hash *to, const berth_sets *sets);
bool rack_equal(const void *instance, const void *given, const berth_sets *sets);
uint8_t rack_differs(const void *instance, const void *given, const berth_sets *sets);
berth_storage_size rack_size(const void *given);
void rack_copy(void *instance, const void *given, berth_storage *to);
uint8_t shelf_check(const void *given, bool only_key);
void shelf_hash(const void *given, berth_hash *to, const berth_sets *sets);
bool shelf_equal(const void *instance, const void *given, const berth_sets *sets);
uint8_t shelf_differs(const void *instance, const void *given, const berth_sets *sets);
berth_storage_size shelf_size(const void *given);
void shelf_copy(void *instance, const void *given, berth_storage *to);
uint8_t book_check(const void *given, bool only_key);
uint8_t book_differs(const void *instance, const void *given, const berth_sets *sets);
void book_copy(void *instance, const void *given, berth_storage *to);

#endif
