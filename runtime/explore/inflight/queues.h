/*
 * What holds of waiting (S10) after each move: an operation works on each locked root and on no
 * other, whoever waits is in the queue of such a root, and the queue is in order of arrival. So
 * none waits for ever: the one that works ends when its hooks have ended, and each completion ends
 * one.
 */
#ifndef BERTH_EXPLORE_QUEUES_H
#define BERTH_EXPLORE_QUEUES_H

/* Notes who waits, before a move. */
static void queues_note(void);

/* Checks the state after the move, and notes who came to wait. */
static void queues_check(void);

/* How many have waited longer for the same root. */
static unsigned queues_rank(unsigned who);

#endif
