/*
 * src/pg/extension.h
 *		Facts about extensions, what belongs to them, and dependencies.
 */
#ifndef TA_EXTENSION_H
#define TA_EXTENSION_H

#include "postgres.h"

#include "catalog/objectaddress.h"
#include "nodes/pg_list.h"

/* An installed extension. */
typedef struct TaExtension
{
	Oid oid;
	char *name;
	char *version;
	Oid owner;
	char *schema;
} TaExtension;

extern TaExtension *ta_ext(Oid oid);
extern bool ta_ext_owned_by_user(const TaExtension *extension);
extern bool ta_ext_requires(Oid extension, const char *required);
extern List *ta_ext_requiring(const char *required);

extern bool ta_function_is_used(Oid function);
extern bool ta_function_owned_by_user(Oid function);

extern Oid ta_ext_of_relation(Oid relid);
extern List *ta_ext_members(Oid extension);
extern List *ta_ext_member_tables(Oid extension);
extern bool ta_ext_dump_mark(Oid extension, Oid relid, char **condition);
extern void ta_ext_mark_for_dump(Oid relid);

#endif /* TA_EXTENSION_H */
