-- Keys of every kind of type, by index and read all together; dense integers, negative ones and ones far apart.
\t on
\a
SET client_min_messages = warning;
CREATE SCHEMA load_keys;
SET search_path = load_keys;
SET timezone = 'UTC';
CREATE TYPE mood AS ENUM ('a','b');
CREATE DOMAIN code AS varchar(5);
SELECT format('CREATE TABLE p_%s (id %s PRIMARY KEY); CREATE TABLE c_%1$s (id int PRIMARY KEY, fk %2$s); CREATE INDEX ON c_%1$s (fk)', n, t) FROM (VALUES ('varchar','varchar(9)'),('enum','mood'),('uuid','uuid'),('date','date'),('oid','oid'),('bool','bool'),('i2','int2'),('i8','int8'),('dom','code'),('ts','timestamptz'),('num','numeric'),('char','char(4)'),('name','name')) v(n,t) \gexec
INSERT INTO p_varchar VALUES ('x'),('y'); INSERT INTO c_varchar VALUES (1,'x'),(2,'x'),(3,NULL);
INSERT INTO p_enum VALUES ('a'),('b'); INSERT INTO c_enum VALUES (1,'a'),(2,'b'),(3,NULL);
INSERT INTO p_uuid VALUES (md5('1')::uuid); INSERT INTO c_uuid VALUES (1,md5('1')::uuid);
INSERT INTO p_date VALUES ('2026-01-01'),('infinity'); INSERT INTO c_date VALUES (1,'infinity'),(2,'2026-01-01');
INSERT INTO p_oid VALUES (4000000000); INSERT INTO c_oid VALUES (1,4000000000);
INSERT INTO p_bool VALUES (true),(false); INSERT INTO c_bool VALUES (1,true),(2,false);
INSERT INTO p_i2 VALUES (-1),(5); INSERT INTO c_i2 VALUES (1,-1),(2,5);
INSERT INTO p_i8 VALUES (-9223372036854775808),(9223372036854775807); INSERT INTO c_i8 VALUES (1,-9223372036854775808),(2,9223372036854775807);
INSERT INTO p_dom VALUES ('q'); INSERT INTO c_dom VALUES (1,'q');
INSERT INTO p_ts VALUES ('2026-01-01'); INSERT INTO c_ts VALUES (1,'2026-01-01');
INSERT INTO p_num VALUES (1.0),(2); INSERT INTO c_num VALUES (1,1.00),(2,2);
INSERT INTO p_char VALUES ('ab'); INSERT INTO c_char VALUES (1,'ab  ');
INSERT INTO p_name VALUES ('nm'); INSERT INTO c_name VALUES (1,'nm');
SELECT count(*) FROM (SELECT format('%s', n) n FROM unnest('{varchar,enum,uuid,date,oid,bool,i2,i8,dom,ts,num,char,name}'::text[]) n) x, assoc.define_model('P_'||n, 'p_'||n) a, assoc.define_model('C_'||n,'c_'||n) b, assoc.has_many('P_'||n, 'C_'||n, 'cs', foreign_key=>'fk', inverse=>'p') c;
SELECT n, assoc.find_all('P_'||n, '{"include":{"cs":{"attributes":["id"],"order":["id"]}},"order":["id"]}'), assoc.find_all('C_'||n, '{"attributes":["id"],"include":"p","order":["id"]}') FROM unnest('{varchar,enum,uuid,date,oid,bool,i2,i8,dom,ts,num,char,name}'::text[]) n;
-- all of many: negative numbers, far apart, dense
CREATE TABLE np (id int PRIMARY KEY); CREATE TABLE nc (id int PRIMARY KEY, np_id bigint);
INSERT INTO np SELECT i - 500 FROM generate_series(1,1000) i; INSERT INTO np VALUES (2147483647),(-2147483648);
INSERT INTO nc SELECT i, CASE WHEN i%10=0 THEN NULL WHEN i%77=0 THEN 5000000000 ELSE (i*31)%1000-500 END FROM generate_series(1,5000) i; INSERT INTO nc VALUES (6000,2147483647);
ANALYZE np,nc;
SELECT assoc.define_model('Np','np')is not null, assoc.define_model('Nc','nc') is not null, assoc.has_many('Np','Nc','ncs',foreign_key=>'np_id')is not null;
SELECT edge,strategy FROM assoc.explain('Np','ncs',true);
SELECT (SELECT jsonb_agg(jsonb_build_object('id',p.id,'ncs',(SELECT coalesce(jsonb_agg(jsonb_build_object('id',c.id) ORDER BY c.id),'[]') FROM nc c WHERE c.np_id=p.id)) ORDER BY p.id) FROM np p) = assoc.find_all('Np','{"order":["id"],"include":{"ncs":{"attributes":["id"],"order":["id"]}}}')::jsonb;
SELECT (SELECT jsonb_agg(jsonb_build_object('id',p.id,'ncs',(SELECT coalesce(jsonb_agg(jsonb_build_object('id',c.id) ORDER BY c.id),'[]') FROM nc c WHERE c.np_id=p.id)) ORDER BY p.id) FROM np p WHERE id<300) = assoc.find_all('Np','{"order":["id"],"where":{"id":{"lt":300}},"include":{"ncs":{"attributes":["id"],"order":["id"]}}}')::jsonb;
DROP SCHEMA load_keys CASCADE;
