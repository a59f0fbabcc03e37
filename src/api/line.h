/*
 * src/api/line.h
 *		The line that a declaring function returns.
 */
#ifndef TA_LINE_H
#define TA_LINE_H

#include "postgres.h"

#include "model/declare.h"
#include "schema/state.h"

extern char *ta_line_link(const TaLink *link);
extern char *ta_line_declared(const TaDeclared *declared);
extern List *ta_line_references(const TaDecl *decl);
extern List *ta_line_refresh(const TaDecl *decl);

#endif /* TA_LINE_H */
