SELECT pg_temp.told('migrate goes up again', $$SELECT from_version, to_version FROM assoc.migrate('todo_app')$$, '1.0|1.1');
SELECT pg_temp.told('... and once is enough', $$SELECT from_version, to_version FROM assoc.migrate('todo_app')$$, '');
SELECT pg_temp.told('undo to a version', $$SELECT from_version, to_version FROM assoc.undo('todo_app', version => '1.0')$$, '1.1|1.0');
SELECT pg_temp.told('the history goes on', 'SELECT action, from_version, to_version FROM assoc_internal.history ORDER BY applied_at',
	'migrate||1.0, migrate|1.0|1.1, undo|1.1|1.0, migrate|1.0|1.1, undo|1.1|1.0');
SELECT pg_temp.told('... and knows the server', 'SELECT count(DISTINCT server_version) FROM assoc_internal.history', '2');
