/*
 * src/exchange/diagram.h
 *		The picture of the declared models, written for a program that draws it.
 */
#ifndef TA_DIAGRAM_H
#define TA_DIAGRAM_H

#include "postgres.h"

#include "exchange/picture.h"

extern char *ta_diagram(const char *format, const char *associations);

#endif /* TA_DIAGRAM_H */
