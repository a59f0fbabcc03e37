/*
 * src/load/writer.h
 *		Values as JSON, byte for byte as row_to_json writes them.
 */
#ifndef TA_WRITER_H
#define TA_WRITER_H

#include "postgres.h"

#include "fmgr.h"

#include "load/buffer.h"

typedef enum TaWriteKind
{
	TA_WRITE_BOOL,
	TA_WRITE_INT2,
	TA_WRITE_INT4,
	TA_WRITE_INT8,
	TA_WRITE_NUMBER, /* quoted when it is none in JSON: NaN, infinity */
	TA_WRITE_TIME,
	TA_WRITE_TEXT, /* a varlena that is text */
	TA_WRITE_JSON, /* a varlena that is JSON */
	TA_WRITE_VERBATIM, /* what the output function says */
	TA_WRITE_QUOTED, /* the same as a string */
	TA_WRITE_ARRAY,
	TA_WRITE_ROW,
	TA_WRITE_CAST /* a cast to json that somebody made */
} TaWriteKind;

typedef struct TaWriter
{
	TaWriteKind kind;
	Oid type; /* a domain's base */
	bool quoted; /* a number that is written as a string */
	FmgrInfo function; /* output, or the cast */
	char *name; /* "createdAt":, with a comma before it unless it is the first */
	int name_length;
} TaWriter;

extern void
ta_writer_init(TaWriter *writer, Oid type, const char *name, bool first, bool numbers_quoted);
extern void ta_writer_put(TaBuffer *buffer, TaWriter *writer, Datum value);
extern char *ta_writer_name(const char *name, const char *before, const char *after, int *length);

#endif /* TA_WRITER_H */
