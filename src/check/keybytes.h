/*
 * src/check/keybytes.h
 *		Keys as bytes: equal bytes for equal keys, and only for them.
 */
#ifndef TA_KEYBYTES_H
#define TA_KEYBYTES_H

#include "postgres.h"

#include "access/attnum.h"
#include "lib/stringinfo.h"
#include "pg_config_manual.h"

#include "base/compat.h"

/* How a value is written down so that equal values, and only they, have equal bytes. */
typedef enum TaKeyKind
{
	TA_KEY_NONE, /* no such way is known */
	TA_KEY_INT,
	TA_KEY_FLOAT,
	TA_KEY_NUMERIC,
	TA_KEY_STRING,
	TA_KEY_PADDED, /* char(n): blanks at the end count for nothing */
	TA_KEY_BYTES,
	TA_KEY_FIXED
} TaKeyKind;

/* One column of a key, whatever the type of its values: those of parent and child may differ. */
typedef struct TaKeyColumn
{
	TaKeyKind kind;
	int16 length; /* TA_KEY_FIXED */
	bool by_value;
} TaKeyColumn;

typedef struct TaKeyShape
{
	int ncolumns;
	TaKeyColumn columns[INDEX_MAX_KEYS];
	Size fixed_length; /* of all keys; 0: it varies */
} TaKeyShape;

extern TaKeyKind ta_key_kind(Oid type);
extern bool ta_key_same_bytes(Oid a, Oid b);
extern void ta_key_shape_add(TaKeyShape *shape, Oid type);
extern int64 ta_key_int(Oid type, Datum value);
extern uint64 ta_key_word(const TaKeyColumn *column, Oid type, Datum value);
extern void
ta_key_put(const TaKeyShape *shape, const Oid *types, const Datum *values, StringInfo out);

/*
 * Where the bytes of a value of varying length are, if they are its key as
 * they stand, in this place: the only column, neither compressed nor elsewhere.
 */
static inline bool
ta_key_in_place(const TaKeyShape *shape, Oid name_type, Oid type, Datum value, const char **bytes,
				Size *length)
{
	TaKeyKind kind = shape->columns[0].kind;
	const char *data = DatumGetPointer(value);

	if (shape->ncolumns != 1 || (kind != TA_KEY_STRING && kind != TA_KEY_BYTES) ||
		type == name_type || VARATT_IS_EXTERNAL(data) || VARATT_IS_COMPRESSED(data))
		return false;
	*bytes = VARDATA_ANY(data);
	*length = VARSIZE_ANY_EXHDR(data);
	return true;
}

#endif /* TA_KEYBYTES_H */
