/*
 * src/base/err.h
 *		What error reports share: nearest names and quoted lists for HINT and DETAIL.
 *
 * Only core's SQLSTATEs are used; the message itself is written where the
 * mistake is found.
 */
#ifndef TA_ERR_H
#define TA_ERR_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern const char *ta_err_nearest(const char *wanted, List *names);
extern const char *ta_err_slip(const char *wanted, List *names);
extern char *ta_err_join(List *names, const char *separator);
extern char *ta_err_list(List *names, int limit);

#endif /* TA_ERR_H */
