/* The words of a plan, one after the other; a plan with another word than the expected ends all. */
#ifndef BERTH_EXPLORE_WORD_H
#define BERTH_EXPLORE_WORD_H

#include <stdbool.h>
#include <stdint.h>

/* Reads all of standard input; its first word is the next. */
static void word_load(void);

/* Goes behind the name of a section. */
static void word_expect(const char *section);

static uint64_t word_number(void);
static unsigned word_small(unsigned most);
static uint8_t word_byte(void);
static bool word_flag(void);

/* "=a%20b": text with escaped bytes. Valid for ever. */
static const char *word_string(void);

#endif
