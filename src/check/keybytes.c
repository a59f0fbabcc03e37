/*
 * src/check/keybytes.c
 *		Keys as bytes: equal bytes for equal keys, and only for them.
 *
 * Two keys are equal, by the operator that a foreign key would use, if and only
 * if their bytes are.
 */
#include "postgres.h"

#include <math.h>

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "base/compat.h"
#include "check/keybytes.h"

/* ---- types ---- */

/* How values of a base type are written down; TA_KEY_NONE where bytes do not tell equality. */
TaKeyKind
ta_key_kind(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return TA_KEY_INT;
		case FLOAT4OID:
		case FLOAT8OID:
			return TA_KEY_FLOAT;
		case NUMERICOID:
			return TA_KEY_NUMERIC;
		case TEXTOID:
		case VARCHAROID:
		case NAMEOID:
			return TA_KEY_STRING;
		case BPCHAROID:
			return TA_KEY_PADDED;
		case BYTEAOID:
			return TA_KEY_BYTES;
		case BOOLOID:
		case CHAROID:
		case OIDOID:
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case UUIDOID:
		case MACADDROID:
		case MACADDR8OID:
		case CASHOID:
			return TA_KEY_FIXED;
		default:
			return type_is_enum(type) ? TA_KEY_FIXED : TA_KEY_NONE;
	}
}

/* Whether equal values of the two base types have equal bytes as keys. */
bool
ta_key_same_bytes(Oid a, Oid b)
{
	TaKeyKind kind = ta_key_kind(a);

	return kind != TA_KEY_NONE && kind == ta_key_kind(b) && (kind != TA_KEY_FIXED || a == b);
}

/* The length that all values of the column have, or 0. */
static Size
column_length(const TaKeyColumn *column)
{
	switch (column->kind)
	{
		case TA_KEY_INT:
		case TA_KEY_FLOAT:
			return sizeof(int64);
		case TA_KEY_FIXED:
			return column->length;
		default:
			return 0;
	}
}

/* One more column, whose values are of this base type, or of one that has the same bytes. */
void
ta_key_shape_add(TaKeyShape *shape, Oid type)
{
	TaKeyColumn *column = &shape->columns[shape->ncolumns];
	Size length;

	column->kind = ta_key_kind(type);
	get_typlenbyval(type, &column->length, &column->by_value);
	length = column_length(column);
	if (length == 0 || (shape->ncolumns > 0 && shape->fixed_length == 0))
		shape->fixed_length = 0;
	else
		shape->fixed_length += length;
	shape->ncolumns++;
}

/* ---- values ---- */

/* The value of an integer column. */
int64
ta_key_int(Oid type, Datum value)
{
	if (type == INT4OID)
		return DatumGetInt32(value);
	return type == INT8OID ? DatumGetInt64(value) : DatumGetInt16(value);
}

static float8
key_float(Oid type, Datum datum)
{
	float8 value = type == FLOAT4OID ? (float8) DatumGetFloat4(datum) : DatumGetFloat8(datum);

	/* equal for PostgreSQL, and of different bytes */
	if (value == 0)
		return 0;
	return isnan(value) ? get_float8_nan() : value;
}

/* A value of at most eight bytes, of a column whose length is fixed. */
uint64
ta_key_word(const TaKeyColumn *column, Oid type, Datum value)
{
	uint64 word = 0;
	float8 real;

	switch (column->kind)
	{
		case TA_KEY_INT:
			return (uint64) ta_key_int(type, value);
		case TA_KEY_FLOAT:
			real = key_float(type, value);
			memcpy(&word, &real, sizeof(word));
			return word;
		default:
			if (column->by_value)
				store_att_byval(&word, value, column->length);
			else
				memcpy(&word, DatumGetPointer(value), column->length);
			return word;
	}
}

/* Bytes of a length that varies: among several columns, the length comes before them. */
static void
put_bytes(StringInfo out, bool with_length, const char *bytes, Size length)
{
	uint32 prefix = (uint32) length;

	if (with_length)
		appendBinaryStringInfo(out, (char *) &prefix, sizeof(prefix));
	enlargeStringInfo(out, (int) length);
	memcpy(out->data + out->len, bytes, length);
	out->len += (int) length;
}

static void
put_varlena(StringInfo out, TaKeyKind kind, bool with_length, Datum value)
{
	struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);
	const char *data = VARDATA_ANY(bytes);
	Size length = VARSIZE_ANY_EXHDR(bytes);

	if (kind == TA_KEY_PADDED)
		while (length > 0 && data[length - 1] == ' ')
			length--;
	put_bytes(out, with_length, data, length);
	if ((Pointer) bytes != DatumGetPointer(value))
		pfree(bytes);
}

static void
put_numeric(StringInfo out, bool with_length, Datum value)
{
	Numeric number = DatumGetNumeric(value);
	char *text = numeric_normalize(number);

	put_bytes(out, with_length, text, strlen(text));
	pfree(text);
	if ((Pointer) number != DatumGetPointer(value))
		pfree(number);
}

static void
put_column(const TaKeyColumn *column, Oid type, Datum value, bool with_length, StringInfo out)
{
	uint64 word;

	switch (column->kind)
	{
		case TA_KEY_INT:
		case TA_KEY_FLOAT:
			word = ta_key_word(column, type, value);
			appendBinaryStringInfo(out, (char *) &word, sizeof(word));
			break;
		case TA_KEY_FIXED:
			if (column->by_value)
			{
				word = ta_key_word(column, type, value);
				appendBinaryStringInfo(out, (char *) &word, column->length);
			}
			else
				appendBinaryStringInfo(out, DatumGetPointer(value), column->length);
			break;
		case TA_KEY_NUMERIC:
			put_numeric(out, with_length, value);
			break;
		default:
			if (type == NAMEOID)
				put_bytes(out, with_length, NameStr(*DatumGetName(value)),
						  strlen(NameStr(*DatumGetName(value))));
			else
				put_varlena(out, column->kind, with_length, value);
	}
}

/* Appends the bytes of a key, no column of it null; types: the base types of the values. */
void
ta_key_put(const TaKeyShape *shape, const Oid *types, const Datum *values, StringInfo out)
{
	for (int i = 0; i < shape->ncolumns; i++)
		put_column(&shape->columns[i], types[i], values[i], shape->ncolumns > 1, out);
}
