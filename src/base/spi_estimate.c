/*
 * src/base/spi_estimate.c
 *		The SPI door's fourth leaf: how many rows the planner expects of a query.
 *
 * As EXPLAIN does it, nothing is run, and the caller must have the rights to
 * run it: what the planner expects tells of the rows.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/params.h"
#include "nodes/plannodes.h"
#include "tcop/tcopprot.h"

#include "base/compat.h"
#include "base/spi_stream.h"

/* The rows that are expected; unknown: of so many parameters, the first, no value is known yet. */
double
ta_spi_estimate(const TaSpiQuery *query, int unknown)
{
	RawStmt *parsed = linitial_node(RawStmt, pg_parse_query(query->sql));
	List *rewritten =
		pg_analyze_and_rewrite_fixedparams(parsed, query->sql, query->types, query->nparams, NULL);
	ParamListInfo params = makeParamList(query->nparams);
	PlannedStmt *planned;

	for (int i = 0; i < query->nparams; i++)
		params->params[i] = (ParamExternData){.value = query->values[i],
											  .isnull = query->nulls[i] == 'n',
											  .pflags = PARAM_FLAG_CONST,
											  /* of no type: the planner leaves it alone */
											  .ptype = i < unknown ? InvalidOid : query->types[i]};
	planned = linitial_node(PlannedStmt,
							pg_plan_queries(rewritten, query->sql, CURSOR_OPT_PARALLEL_OK, params));
	ta_check_plan_rights(planned);
	return planned->planTree->plan_rows;
}
