/* A process that is killed when SQLite opens or writes a file. */
#ifndef DYING_H
#define DYING_H

/* From now on, the opening or writing with this number kills the process, before it happens. */
void dying_start(unsigned at);

#endif
