/*
 * src/migrate/status.h
 *		How each version of each package stands.
 */
#ifndef TA_MIGRATION_STATUS_H
#define TA_MIGRATION_STATUS_H

#include "postgres.h"

#include "migrate/history.h"
#include "migrate/package.h"

typedef struct TaVersionStatus
{
	const TaPackage *package;
	char *version;
	const char *state; /* up, down, missing */
	bool is_current;
	bool has_down;
	const TaHistoryRow *applied; /* NULL: not applied, or nobody saw it */
	const char *changed; /* "true", "false"; NULL: can't be told */
} TaVersionStatus;

extern List *ta_migration_statuses(const TaPackage *package);

#endif /* TA_MIGRATION_STATUS_H */
