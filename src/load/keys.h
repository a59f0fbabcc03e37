/*
 * src/load/keys.h
 *		The distinct keys by which rows are looked up, numbered from 0.
 */
#ifndef TA_KEYS_H
#define TA_KEYS_H

#include "postgres.h"

/* One column of keys. */
typedef struct TaKeyType
{
	Oid type;
	Oid array_type;
	int16 length;
	bool by_value;
	char align;
} TaKeyType;

typedef struct TaKeys
{
	int ncolumns;
	const TaKeyType *types;
	int count;
	int room;
	Datum *values; /* of key i: values[i * ncolumns ...] */
	uint32 *hashes;
	int *slots; /* numbers, or -1; a power of two of them */
	uint32 mask;
	/* integers that lie close together: the number of low + i, or -1; NULL: they don't */
	int *dense;
	int64 low;
	uint64 range;
	MemoryContext context;
} TaKeys;

extern void ta_key_type_init(TaKeyType *type, Oid oid, const char *path);
extern void ta_keys_init(TaKeys *keys, int ncolumns, const TaKeyType *types);
extern int ta_keys_number(TaKeys *keys, const Datum *values, const bool *nulls);
extern void ta_keys_lay_out(TaKeys *keys);
extern int ta_keys_find(const TaKeys *keys, const Datum *values, const bool *nulls);
extern Datum ta_keys_array(const TaKeys *keys, int column);

#endif /* TA_KEYS_H */
