SELECT pg_temp.told('migrate makes the package', $$SELECT from_version, to_version FROM assoc.migrate('todo_app')$$, '|1.0, 1.0|1.1');
SELECT pg_temp.told('the history goes on', 'SELECT action, from_version, to_version, rows_dropped FROM assoc_internal.history ORDER BY applied_at',
	'migrate||1.0|, migrate|1.0|1.1|, undo_all|1.1|1.0|0, undo_all|1.0||1, migrate||1.0|, migrate|1.0|1.1|');
