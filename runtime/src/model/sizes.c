/* Checks the sizes in berth/room.h. If a struct grows, its size there has to grow. */
#include <berth/room.h>

#include "tracked/instance.h"
#include "tracked/reservation.h"

#define SIZE_COVERS(type, size)                                                                    \
    _Static_assert(sizeof(type) <= (size), #size " of berth/room.h is less than " #type " has")

SIZE_COVERS(struct berth_manager, BERTH_SIZE_MANAGER);
SIZE_COVERS(struct layout, BERTH_SIZE_LAYOUT);
SIZE_COVERS(struct value, BERTH_SIZE_VALUE);
SIZE_COVERS(struct entry, BERTH_SIZE_ENTRY);
SIZE_COVERS(struct instance, BERTH_SIZE_INSTANCE);
_Static_assert(sizeof(struct instance) % _Alignof(struct entry) == 0,
               "a view may begin where no view may");
SIZE_COVERS(struct node, BERTH_SIZE_NODE);
_Static_assert(offsetof(struct reservation, holds) <= BERTH_SIZE_RESERVATION &&
                   sizeof(struct reservation) <= BERTH_ROOM_RESERVATION(1),
               "BERTH_SIZE_RESERVATION of berth/room.h is less than struct reservation has");
/*
 * The parts of a manager's block begin at multiples of a unit. No member of backend or options is
 * larger than the last two.
 */
#define PART_FITS(type)                                                                            \
    _Static_assert(_Alignof(type) <= BERTH_ARENA_UNIT,                                             \
                   "the parts of a manager's block are aligned to more than a unit")

PART_FITS(struct berth_manager);
PART_FITS(struct layout);
PART_FITS(struct value);
PART_FITS(uint64_t);
PART_FITS(void (*)(void));
