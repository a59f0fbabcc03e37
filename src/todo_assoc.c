/*
 * src/todo_assoc.c
 *		Module magic and _PG_init: calls each module's init, nothing else.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/compat.h"
#include "base/guc.h"
#include "enforce/memo.h"
#include "enforce/rule.h"
#include "migrate/mark.h"
#include "migrate/script.h"
#include "store/cache.h"
#include "watch/watch.h"

TA_MODULE_MAGIC;

void _PG_init(void);

void
_PG_init(void)
{
	ta_guc_init();
	ta_cache_init();
	ta_rule_init();
	ta_memo_init();
	ta_mark_init();
	ta_script_init();
	ta_watch_init();
}
