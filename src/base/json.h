/*
 * src/base/json.h
 *		Strict reading of JSON objects, and writing of JSON text.
 */
#ifndef TA_JSON_H
#define TA_JSON_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

typedef struct TaJsonPair
{
	char *key;
	JsonbValue *value;
} TaJsonPair;

extern Jsonb *ta_json_parse(const char *text);
extern List *ta_json_object(JsonbContainer *container);
extern List *ta_json_array(JsonbContainer *container);
extern const char *ta_json_kind(const JsonbValue *value);
extern bool ta_json_is_flat_object(const char *text);
extern char *ta_json_scalar_text(const JsonbValue *value);
extern char *ta_json_string(const JsonbValue *value);
extern JsonbContainer *ta_json_container(const JsonbValue *value, bool object);

extern void ta_json_put_string(StringInfo out, const char *text);

#endif /* TA_JSON_H */
