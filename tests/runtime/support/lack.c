/* Reaches into the manager, which remembers what hooks it was created with. */
#include "depot.h"
#include "model/manager.h"

void depot_lack(struct depot *depot, unsigned hook, bool lacks)
{
    uint64_t bit = UINT64_C(1) << (hook % 64);

    depot->missing[hook] = lacks;
    if (lacks)
        depot->manager->hooks[hook / 64] &= ~bit;
    else
        depot->manager->hooks[hook / 64] |= bit;
}
