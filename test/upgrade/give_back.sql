-- Extensions get back the owner that pg_upgrade does not keep: all but PostgreSQL's own become the :owner's.
WITH given AS (
	UPDATE pg_extension e SET extowner = r.oid FROM pg_roles r WHERE r.rolname = :'owner' AND e.extname <> 'plpgsql'
	RETURNING e.oid, r.oid AS owner)
INSERT INTO pg_shdepend (dbid, classid, objid, objsubid, refclassid, refobjid, deptype)
SELECT d.oid, 'pg_extension'::regclass, g.oid, 0, 'pg_authid'::regclass, g.owner, 'o'
FROM given g, pg_database d WHERE d.datname = current_database();
