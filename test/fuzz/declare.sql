-- Random calls of the declaring functions, with names and options of every kind, good and bad; :seed and :calls.
--
-- Whatever is called: the server lives; an error has a SQLSTATE that somebody chose (never XX...); a call that fails
-- leaves the catalog as it was; the views and describe() work after every call; and a document declared over itself
-- changes nothing once no column is missing; what apply() has done needs not be done again; and triggers are there for
-- what is in force, and for nothing else. Each breach is a row of the table "found".
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS todo_assoc;
CREATE SCHEMA "S p";
CREATE TABLE "Users" (id int PRIMARY KEY, email text UNIQUE, "createdAt" timestamptz, org int, status text, "deletedAt" timestamptz);
CREATE TABLE "Todos" (id int PRIMARY KEY, title text, "userId" int, user_id int, "createdAt" timestamptz, "deletedAt" date, "ownerType" text, "ownerId" bigint, "userIds" int[]);
CREATE TABLE order_items (id uuid PRIMARY KEY, "orderId" bigint, tenant int, UNIQUE (tenant, id));
CREATE TABLE orders (id bigint PRIMARY KEY, tenant int NOT NULL, user_id int REFERENCES "Users", hidden boolean, parent_type int, parent_id bigint, todo_ids bigint[], UNIQUE (tenant, id));
CREATE TABLE "S p"."We.ird ""t""" ("a,b" int PRIMARY KEY, "{x}" int, "c'd" text);
CREATE TABLE parted (id int, k int, PRIMARY KEY (id, k)) PARTITION BY RANGE (k);
CREATE TABLE parted1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE VIEW vusers AS SELECT * FROM "Users";
CREATE TABLE nopk (a int);
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE moods (m mood PRIMARY KEY, j json, "user" int);

CREATE TABLE found (what text, sqlstate text, message text, call text);
CREATE TABLE tried (call text, sqlstate text);

-- one of them, as a literal; with the probability p, else NULL
CREATE FUNCTION one(p float, VARIADIC a text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN random() < p THEN quote_nullable(a[1 + floor(random() * array_length(a, 1))::int]) ELSE 'NULL' END
$$;
CREATE FUNCTION fingerprint() RETURNS text LANGUAGE sql AS $$
    SELECT md5(concat((SELECT json_agg(d ORDER BY d::text) FROM assoc_internal.declaration d),
                      (SELECT json_agg(m ORDER BY m::text) FROM assoc_internal.model m),
                      (SELECT json_agg(p.oid ORDER BY p.oid) FROM pg_proc p WHERE prolang = 14)))
$$;

SELECT set_config('fuzz.calls', :'calls', false), setseed(:seed) \gset ignored_
DO $$
DECLARE
    models text[] := '{User,User,User,User,Todo,Todo,Todo,Todo,Order,Order,Order,OrderItem,OrderItem,Users,todos,"\"Todos\"",order_items,"S p.We.ird \"t\"",Weird,parted,Parted,vusers,Nopk,Mood,nopk,moods,"",".","a.b",NULL,"\"Users\"",public.orders,pg_class,"User ",xyzzy}';
    columns text[] := '{id,email,userId,user_id,userIds,todo_ids,orderId,"tenant, id","{tenant,id}","\"a,b\"","{\"a,b\"}","{",",","",org,status,"id, id","{x}","tenant,order_id",nope,m,j,a,k,"id, k"}';
    aliases text[] := '{user,todos,"x y","a.b","",title,author,"Owner\"s",parent,children,tags,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}';
    actions text[] := '{CASCADE,cascade,set_null,"SET NULL",restrict,"set default","NO ACTION","set null (userId)","set null (","cascade (id)",boom,""}';
    throughs text[] := '{user_todos,todos,todos.user,"S p.We.ird \"t\"",order_items,"todos..user",".",user.todos,links,Users}';
    scopes text[] := '{"{\"status\": \"x\"}","{\"id\": [1,2,null]}","{}","[]","{\"nope\":1}","{\"id\":\"abc\"}","{\"id\":{}}","{\"createdAt\":null}","1","{\"m\":\"sad\"}","{\"j\":1}"}';
    orders text[] := '{id,"-createdAt","id desc nulls last","id nulls","","a,,b","\"id\" asc","-"," desc"}';
    deferrals text[] := '{none,immediate,DEFERRED,boom,""}';
    enforces text[] := '{foreign_key,none,trigger,trigger,statement,""}';
    softs text[] := '{deletedAt,deletedAt,hidden,id,status,nope,""}';
    types text[] := '{1,2,User,"App\\\\User","it''s",""}';
    owners text[] := '{owner,owner,parent,"x y",tags,""}';
    targets text[] := '{"User, Todo",User,"Order, User","Order,Order",nope,"","User, nope","parted, Users"}';
    again text;
    call text; kind int; state text; said text; before text; dropping text;
BEGIN
    FOR i IN 1 .. current_setting('fuzz.calls')::int LOOP
        kind := floor(random() * 100);
        dropping := one(1, VARIADIC models) || ' || ''.'' || ' || one(1, VARIADIC aliases);
        call := CASE
            WHEN kind < 28 THEN format('assoc.belongs_to(%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)',
                one(1, VARIADIC models), one(1, VARIADIC models), one(0.3, VARIADIC aliases), one(0.15, VARIADIC columns),
                one(0.1, VARIADIC columns), one(0.08, VARIADIC scopes), one(0.1, VARIADIC actions), one(0.08, VARIADIC actions),
                one(0.1, 'true', 'false'), one(0.08, VARIADIC deferrals), one(0.2, VARIADIC aliases), one(0.3, VARIADIC enforces), one(0.1, 'true', 'false'), one(0.1, VARIADIC scopes))
            WHEN kind < 32 THEN format('assoc.belongs_to_polymorphic(%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)',
                one(1, VARIADIC models), one(1, VARIADIC owners), one(0.7, VARIADIC targets), one(0.1, 'ownerType', 'parent_type', 'status', ''), one(0.1, VARIADIC columns),
                one(0.3, VARIADIC actions), one(0.1, VARIADIC actions), one(0.1, 'true', 'false'), one(0.1, VARIADIC deferrals), one(0.15, VARIADIC enforces), one(0.1, 'true', 'false'))
            WHEN kind < 40 THEN format('assoc.references_many(%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)',
                one(1, VARIADIC models), one(1, VARIADIC models), one(0.3, VARIADIC aliases), one(0.3, VARIADIC columns),
                one(0.1, VARIADIC columns), one(0.08, VARIADIC scopes), one(0.08, VARIADIC orders), one(0.1, VARIADIC actions), one(0.08, VARIADIC actions),
                one(0.1, 'true', 'false'), one(0.08, VARIADIC deferrals), one(0.2, VARIADIC aliases), one(0.15, VARIADIC enforces), one(0.1, 'true', 'false'))
            WHEN kind < 60 THEN format('assoc.%s(%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)', CASE WHEN random() < 0.4 THEN 'has_one' ELSE 'has_many' END,
                one(1, VARIADIC models), one(1, VARIADIC models), one(0.3, VARIADIC aliases), one(0.15, VARIADIC columns),
                one(0.1, VARIADIC columns), one(0.15, VARIADIC throughs), one(0.08, VARIADIC scopes), one(0.08, VARIADIC orders), one(0.1, VARIADIC actions),
                one(0.08, VARIADIC actions), one(0.1, 'true', 'false'), one(0.08, VARIADIC deferrals), one(0.2, VARIADIC aliases), one(0.15, VARIADIC enforces), one(0.1, 'true', 'false'),
                one(0.15, VARIADIC owners), one(0.03, 'ownerType', 'parent_type', 'nope'), one(0.06, VARIADIC scopes))
            WHEN kind < 74 THEN format('assoc.belongs_to_many(%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)',
                one(1, VARIADIC models), one(1, VARIADIC models), one(0.3, VARIADIC aliases), one(0.15, VARIADIC columns), one(0.08, VARIADIC columns),
                one(0.08, VARIADIC columns), one(0.9, VARIADIC throughs), one(0.15, VARIADIC columns), one(0.08, VARIADIC scopes), one(0.08, VARIADIC orders),
                one(0.1, VARIADIC actions), one(0.08, VARIADIC actions), one(0.08, VARIADIC deferrals), one(0.2, VARIADIC aliases), one(0.15, VARIADIC enforces), one(0.1, 'true', 'false'),
                one(0.1, VARIADIC owners), one(0.03, 'ownerType', 'parent_type', 'nope'))
            WHEN kind < 81 THEN format('assoc.define_model(%s,%s,%s,%s,%s,%s,%s,%s)', one(1, VARIADIC models), one(0.8, VARIADIC models),
                one(0.15, VARIADIC aliases), one(0.15, VARIADIC aliases), one(0.15, VARIADIC columns), one(0.15, 'true', 'false'), one(0.15, VARIADIC types), one(0.35, VARIADIC softs))
            WHEN kind < 84 THEN format('assoc.set_enforcement(%s,%s)', coalesce((SELECT quote_literal(association) FROM assoc.associations WHERE random() < 0.9 ORDER BY random() LIMIT 1), dropping), one(1, VARIADIC enforces))
            WHEN kind < 85 THEN format('assoc.drop_target(%s,%s)', one(1, VARIADIC models) || ' || ''.'' || ' || one(1, VARIADIC owners), one(1, VARIADIC models))
            WHEN kind < 86 THEN format('assoc.drop_association(%s)', dropping)
            WHEN kind < 87 THEN format('assoc.drop_model(%s,%s)', one(1, VARIADIC models), one(1, 'true', 'false'))
            WHEN kind < 89 THEN format('assoc.rename_model(%s,%s)', one(1, VARIADIC models), one(1, VARIADIC models))
            WHEN kind < 93 THEN format('assoc.rename_association(%s,%s)', dropping, one(1, VARIADIC aliases))
            WHEN kind < 95 THEN format('assoc.plan(%s,%s)', dropping, one(0.5, 'true', 'false'))
            WHEN kind < 97 THEN format('assoc.apply(%s)', one(0.4, VARIADIC models))
            ELSE format('assoc.describe(%s)', one(1, VARIADIC models)) END;
        before := fingerprint();
        state := '00000';
        BEGIN
            EXECUTE 'SELECT ' || call;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = MESSAGE_TEXT;
            IF state ~ '^(XX|21|24)' OR state IN ('23505', '42601', '42723') THEN
                INSERT INTO found VALUES ('a SQLSTATE nobody chose', state, said, call);
            END IF;
            IF fingerprint() <> before THEN
                INSERT INTO found VALUES ('a call that failed left something', state, said, call);
            END IF;
        END;
        INSERT INTO tried VALUES (call, state);
        BEGIN
            PERFORM count(*) FROM assoc.associations;
            PERFORM count(*) FROM assoc.models m, assoc.describe(m.model);
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = MESSAGE_TEXT;
            INSERT INTO found VALUES ('looking fails after it', state, said, call);
        END;
        -- two models of one table may each want its foreign key, and in another way: README, limits
        IF state = '00000' AND call = 'assoc.apply(NULL)'
            AND NOT EXISTS (SELECT FROM assoc.models GROUP BY table_name HAVING count(*) > 1) THEN
            BEGIN
                SELECT string_agg(a.sql || ': ' || a.reason, '; ') INTO again FROM assoc.apply() a WHERE a.outcome = 'done';
                IF again IS NOT NULL THEN
                    INSERT INTO found VALUES ('what apply() has done is to be done again', NULL, again, call);
                END IF;
            EXCEPTION WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = MESSAGE_TEXT;
                INSERT INTO found VALUES ('apply() fails once more', state, said, call);
            END;
        END IF;
        INSERT INTO found SELECT 'triggers of what is not in force', NULL, t.tgname || ' of ' || t.tgrelid::regclass, call FROM pg_trigger t
            WHERE NOT t.tgisinternal AND t.tgname ~ '^RI_assoc_[a-z]+_' AND NOT EXISTS
                (SELECT FROM assoc_internal.enforced e WHERE t.tgargs = convert_to(e.reference, 'UTF8') || '\x00'::bytea);
        INSERT INTO found SELECT 'in force without triggers', NULL, e.reference, call FROM assoc_internal.enforced e
            WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgargs = convert_to(e.reference, 'UTF8') || '\x00'::bytea);
        CONTINUE WHEN state <> '00000' OR random() > 0.15
            OR EXISTS (SELECT FROM assoc.associations WHERE status IN ('missing', 'conflict', 'differs'))
            OR EXISTS (SELECT FROM assoc.plan() WHERE sql IS NULL OR sql ~ 'ADD COLUMN');
        before := fingerprint();
        BEGIN
            PERFORM assoc.declare(assoc.document()::text, prune => random() < 0.5);
            IF fingerprint() <> before THEN
                INSERT INTO found VALUES ('its own document changed the catalog', state, NULL, call);
            END IF;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = MESSAGE_TEXT;
            INSERT INTO found VALUES ('its own document was refused', state, said, call);
        END;
    END LOOP;
END $$;
