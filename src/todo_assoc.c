/*
 * src/todo_assoc.c
 *		Module magic and _PG_init: calls each module's init, nothing else.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "base/compat.h"
#include "store/cache.h"

TA_MODULE_MAGIC;

void _PG_init(void);

void
_PG_init(void)
{
	ta_cache_init();
	MarkGUCPrefixReserved("assoc");
}
