/*
 * src/api/args.h
 *		Unpacking the arguments of SQL-callable functions, and returning rows.
 */
#ifndef TA_ARGS_H
#define TA_ARGS_H

#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"

extern char *ta_arg_text(FunctionCallInfo fcinfo, int n);
extern char *ta_arg_name(FunctionCallInfo fcinfo, int n, const char *argument);
extern char *ta_arg_bool(FunctionCallInfo fcinfo, int n);
extern void ta_put_row(ReturnSetInfo *rsinfo, const char *const *texts, int count);
extern void ta_put_typed_row(ReturnSetInfo *rsinfo, char **texts);

#endif /* TA_ARGS_H */
