/*
 * src/exchange/generate.h
 *		Writing the next version of a package.
 */
#ifndef TA_GENERATE_H
#define TA_GENERATE_H

#include "postgres.h"

typedef struct TaGenerated
{
	char *up_file;
	char *up;
	char *down_file;
	char *down;
} TaGenerated;

extern TaGenerated *ta_generate(const char *name, const char *from, const char *to);

#endif /* TA_GENERATE_H */
