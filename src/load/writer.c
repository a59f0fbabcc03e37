/*
 * src/load/writer.c
 *		Values as JSON, byte for byte as row_to_json writes them.
 *
 * What PostgreSQL's json.c finds out for each value anew, how its type is
 * written and by which function, is found out once for a column.  Arrays and
 * rows within a value are left to json.c itself.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "base/json.h"
#include "load/writer.h"

/* ---- strings ---- */

#define EACH_BYTE(b) (UINT64CONST(0x0101010101010101) * (b))

/* Whether none of eight bytes needs an escape: no control character, quote or backslash. */
static inline bool
eight_are_plain(uint64 bytes)
{
	uint64 quote = bytes ^ EACH_BYTE('"');
	uint64 backslash = bytes ^ EACH_BYTE('\\');
	uint64 control = (bytes - EACH_BYTE(0x20)) & ~bytes;

	/* a byte that is zero borrows from its high bit */
	quote = (quote - EACH_BYTE(1)) & ~quote;
	backslash = (backslash - EACH_BYTE(1)) & ~backslash;
	return ((control | quote | backslash) & EACH_BYTE(0x80)) == 0;
}

/* Writes one byte that may need an escape, as escape_json does. */
static inline char *
put_byte(char *to, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";

	if (byte >= 0x20 && byte != '"' && byte != '\\')
	{
		*to++ = byte;
		return to;
	}
	*to++ = '\\';
	switch (byte)
	{
		case '"':
		case '\\':
			*to++ = byte;
			break;
		case '\b':
			*to++ = 'b';
			break;
		case '\f':
			*to++ = 'f';
			break;
		case '\n':
			*to++ = 'n';
			break;
		case '\r':
			*to++ = 'r';
			break;
		case '\t':
			*to++ = 't';
			break;
		default:
			*to++ = 'u';
			*to++ = '0';
			*to++ = '0';
			*to++ = hex[byte >> 4];
			*to++ = hex[byte & 15];
	}
	return to;
}

/* The bytes as a JSON string. */
static void
put_string(TaBuffer *buffer, const char *bytes, Size length)
{
	const char *end = bytes + length;
	char *to = ta_buffer_reserve(buffer, length * 6 + 2);

	*to++ = '"';
	while (bytes < end)
	{
		uint64 eight;

		if (end - bytes >= (ptrdiff_t) sizeof(eight))
		{
			memcpy(&eight, bytes, sizeof(eight));
			if (eight_are_plain(eight))
			{
				memcpy(to, &eight, sizeof(eight));
				to += sizeof(eight);
				bytes += sizeof(eight);
				continue;
			}
		}
		to = put_byte(to, (unsigned char) *bytes++);
	}
	*to++ = '"';
	buffer->length = to - buffer->data;
}

/* The name as a JSON string with what stands before and after it, allocated here. */
char *
ta_writer_name(const char *name, const char *before, const char *after, int *length)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, before);
	ta_json_put_string(&buf, name);
	appendStringInfoString(&buf, after);
	*length = buf.len;
	return buf.data;
}

/* ---- types ---- */

/* What json.c's json_categorize_type finds of a type that is none of the usual ones. */
static TaWriteKind
kind_of_other(Oid type, Oid *cast)
{
	if (OidIsValid(get_element_type(type)) || type == ANYARRAYOID || type == RECORDARRAYOID)
		return TA_WRITE_ARRAY;
	if (type_is_rowtype(type))
		return TA_WRITE_ROW;
	if (type >= FirstNormalObjectId &&
		find_coercion_pathway(JSONOID, type, COERCION_EXPLICIT, cast) == COERCION_PATH_FUNC &&
		OidIsValid(*cast))
		return TA_WRITE_CAST;
	return TA_WRITE_QUOTED;
}

static TaWriteKind
kind_of(Oid type, Oid *cast)
{
	switch (type)
	{
		case BOOLOID:
			return TA_WRITE_BOOL;
		case INT2OID:
			return TA_WRITE_INT2;
		case INT4OID:
			return TA_WRITE_INT4;
		case INT8OID:
			return TA_WRITE_INT8;
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			return TA_WRITE_NUMBER;
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return TA_WRITE_TIME;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			return TA_WRITE_TEXT;
		case JSONOID:
			return TA_WRITE_JSON;
		case JSONBOID:
			return TA_WRITE_VERBATIM;
		default:
			return kind_of_other(type, cast);
	}
}

/*
 * A column of this type and name; what it keeps is in the current context.
 * numbers_quoted: bigint and numeric are written as strings.
 */
void
ta_writer_init(TaWriter *writer, Oid type, const char *name, bool first, bool numbers_quoted)
{
	Oid function = InvalidOid;
	bool varlena;

	writer->type = getBaseType(type);
	writer->kind = kind_of(writer->type, &function);
	writer->quoted = numbers_quoted && (writer->type == INT8OID || writer->type == NUMERICOID);
	if (writer->kind != TA_WRITE_CAST)
		getTypeOutputInfo(writer->type, &function, &varlena);
	fmgr_info(function, &writer->function);
	writer->name = ta_writer_name(name, first ? "" : ",", ":", &writer->name_length);
}

/* ---- values ---- */

static void
put_integer(TaBuffer *buffer, const TaWriter *writer, int64 value)
{
	char *to = ta_buffer_reserve(buffer, MAXINT8LEN + 3);
	char *start = to;

	if (writer->quoted)
		*to++ = '"';
	to += writer->kind == TA_WRITE_INT8 ? pg_lltoa(value, to) : pg_ltoa((int32) value, to);
	if (writer->quoted)
		*to++ = '"';
	buffer->length += to - start;
}

/* Output of a number's type: all but NaN and the infinities is a number in JSON. */
static void
put_number(TaBuffer *buffer, const TaWriter *writer, const char *text)
{
	bool number =
		text[0] == '-' ? text[1] >= '0' && text[1] <= '9' : text[0] >= '0' && text[0] <= '9';

	if (number && !writer->quoted)
		ta_buffer_put(buffer, text, strlen(text));
	else
		put_string(buffer, text, strlen(text));
}

static void
put_time(TaBuffer *buffer, const TaWriter *writer, Datum value)
{
	char *start = ta_buffer_reserve(buffer, MAXDATELEN + 3);
	Size length;

	start[0] = '"';
	JsonEncodeDateTime(start + 1, value, writer->type, NULL);
	length = 1 + strlen(start + 1);
	start[length++] = '"';
	buffer->length += length;
}

static void
put_varlena(TaBuffer *buffer, Datum value)
{
	text *bytes = DatumGetTextPP(value);

	ta_buffer_put(buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
}

static void
put_text(TaBuffer *buffer, Datum value)
{
	text *bytes = DatumGetTextPP(value);

	put_string(buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
}

/*
 * Appends the value.  Allocates in the current context, which the caller resets
 * from time to time.
 */
void
ta_writer_put(TaBuffer *buffer, TaWriter *writer, Datum value)
{
	char *output;

	switch (writer->kind)
	{
		case TA_WRITE_BOOL:
			if (DatumGetBool(value))
				ta_buffer_put(buffer, "true", 4);
			else
				ta_buffer_put(buffer, "false", 5);
			break;
		case TA_WRITE_INT2:
			put_integer(buffer, writer, DatumGetInt16(value));
			break;
		case TA_WRITE_INT4:
			put_integer(buffer, writer, DatumGetInt32(value));
			break;
		case TA_WRITE_INT8:
			put_integer(buffer, writer, DatumGetInt64(value));
			break;
		case TA_WRITE_NUMBER:
			put_number(buffer, writer, OutputFunctionCall(&writer->function, value));
			break;
		case TA_WRITE_TIME:
			put_time(buffer, writer, value);
			break;
		case TA_WRITE_TEXT:
			put_text(buffer, value);
			break;
		case TA_WRITE_JSON:
			put_varlena(buffer, value);
			break;
		case TA_WRITE_VERBATIM:
			output = OutputFunctionCall(&writer->function, value);
			ta_buffer_put(buffer, output, strlen(output));
			break;
		case TA_WRITE_QUOTED:
			output = OutputFunctionCall(&writer->function, value);
			put_string(buffer, output, strlen(output));
			break;
		case TA_WRITE_ARRAY:
			put_varlena(buffer, DirectFunctionCall1(array_to_json, value));
			break;
		case TA_WRITE_ROW:
			put_varlena(buffer, DirectFunctionCall1(row_to_json, value));
			break;
		case TA_WRITE_CAST:
			put_varlena(buffer, FunctionCall1(&writer->function, value));
			break;
	}
}
