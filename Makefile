# todo_assoc: built with PGXS.
#
#   make                      build against the pg_config found first in PATH (or PG_CONFIG=...)
#   make install              install into that PostgreSQL
#   make installcheck         run the test suites against a running server (PGHOST, PGPORT, PGUSER)
#   make dist                 todo_assoc-VERSION.zip, as for PGXN
#
# script/test does all of it on a server of its own.

EXTENSION = todo_assoc
MODULE_big = todo_assoc
DATA = $(wildcard sql/todo_assoc--*.sql)

# The lists below are kept by hand, one name a line, in the order of the layers; script/lint compares them with
# the tree.
OBJS = \
	src/todo_assoc.o \
	src/base/err.o \
	src/base/guc.o \
	src/base/ident.o \
	src/base/json.o \
	src/base/spi.o \
	src/base/spi_plan.o \
	src/base/spi_estimate.o \
	src/base/spi_stream.o \
	src/pg/expression.o \
	src/pg/extension.o \
	src/pg/facts.o \
	src/pg/keymatch.o \
	src/pg/partial.o \
	src/pg/trigger.o \
	src/store/cache.o \
	src/store/catalog.o \
	src/store/enforced.o \
	src/store/guard.o \
	src/store/ignored.o \
	src/store/quarantine.o \
	src/store/restored.o \
	src/model/check.o \
	src/model/declare.o \
	src/model/follow.o \
	src/model/infer.o \
	src/model/lookup.o \
	src/model/naming.o \
	src/model/option.o \
	src/model/path.o \
	src/model/reference.o \
	src/model/rename.o \
	src/model/resolve.o \
	src/model/element.o \
	src/model/target.o \
	src/schema/accessor.o \
	src/schema/apply.o \
	src/schema/ddl.o \
	src/schema/describe.o \
	src/schema/enforce.o \
	src/schema/facet.o \
	src/schema/inverse.o \
	src/schema/level.o \
	src/schema/native.o \
	src/schema/plan.o \
	src/schema/plan_native.o \
	src/schema/run.o \
	src/schema/soft.o \
	src/schema/state.o \
	src/schema/status.o \
	src/schema/trigger.o \
	src/enforce/absent.o \
	src/enforce/action.o \
	src/enforce/action_sql.o \
	src/enforce/batch.o \
	src/enforce/check.o \
	src/enforce/ending.o \
	src/enforce/memo.o \
	src/enforce/parent.o \
	src/enforce/parent_set.o \
	src/enforce/probe.o \
	src/enforce/probe_index.o \
	src/enforce/row.o \
	src/enforce/rule.o \
	src/enforce/rule_make.o \
	src/enforce/statement.o \
	src/enforce/violation.o \
	src/migrate/history.o \
	src/migrate/mark.o \
	src/migrate/package.o \
	src/migrate/release.o \
	src/migrate/restore.o \
	src/migrate/run.o \
	src/migrate/script.o \
	src/migrate/status.o \
	src/migrate/version.o \
	src/watch/apart.o \
	src/watch/aside.o \
	src/watch/command.o \
	src/watch/drop.o \
	src/watch/enforced.o \
	src/watch/event.o \
	src/watch/member.o \
	src/watch/rename.o \
	src/watch/report.o \
	src/watch/retype.o \
	src/check/childscan.o \
	src/check/data.o \
	src/check/default.o \
	src/check/element.o \
	src/check/finding.o \
	src/check/graph.o \
	src/check/ignore.o \
	src/check/indexes.o \
	src/check/keys.o \
	src/check/keybytes.o \
	src/check/keysearch.o \
	src/check/keyset.o \
	src/check/leaves.o \
	src/check/orphan.o \
	src/check/quick.o \
	src/check/reader.o \
	src/check/repair.o \
	src/check/rights.o \
	src/check/scan.o \
	src/check/subject.o \
	src/check/triggers.o \
	src/check/types.o \
	src/check/validate.o \
	src/check/work.o \
	src/exchange/diagram.o \
	src/exchange/document.o \
	src/exchange/generate.o \
	src/exchange/import.o \
	src/exchange/import_name.o \
	src/exchange/import_propose.o \
	src/exchange/import_read.o \
	src/exchange/picture.o \
	src/load/aggregate.o \
	src/load/allow.o \
	src/load/compile.o \
	src/load/explain.o \
	src/load/find.o \
	src/load/find_key.o \
	src/load/group.o \
	src/load/hop_sql.o \
	src/load/keys.o \
	src/load/on.o \
	src/load/params.o \
	src/load/prepare.o \
	src/load/query_parse.o \
	src/load/query_read.o \
	src/load/query_short.o \
	src/load/rank.o \
	src/load/receive.o \
	src/load/recurse.o \
	src/load/resolve.o \
	src/load/right.o \
	src/load/run.o \
	src/load/scan.o \
	src/load/select.o \
	src/load/strategy.o \
	src/load/targets.o \
	src/load/tree.o \
	src/load/way.o \
	src/load/where.o \
	src/load/where_op.o \
	src/load/where_value.o \
	src/load/writer.o \
	src/api/args.o \
	src/api/bulk.o \
	src/api/check.o \
	src/api/declare.o \
	src/api/diagram.o \
	src/api/enforce.o \
	src/api/ignore.o \
	src/api/import.o \
	src/api/line.o \
	src/api/load.o \
	src/api/look.o \
	src/api/migrate.o \
	src/api/plan.o \
	src/api/rows.o \
	src/api/scan.o \
	src/api/watch.o

REGRESS = \
	surface \
	declare_basics \
	declare_inference \
	declare_options \
	declare_names \
	declare_errors \
	declare_document \
	polymorphic_declare \
	polymorphic_errors \
	polymorphic_junction \
	polymorphic_keys \
	polymorphic_rows \
	array_declare \
	array_errors \
	array_rows \
	polymorphic_validate \
	import \
	rename_drop \
	watch_rename \
	watch_drop \
	watch_alter \
	watch_retype \
	watch_triggers \
	plan_steps \
	plan_adopt \
	plan_locks \
	plan_triggers \
	enforce_switch \
	apply_outcomes \
	diagram \
	validate_schema \
	validate_ignore \
	scan \
	soft_declare \
	enforce_changes \
	orphans \
	repair \
	enforce_child \
	enforce_types \
	enforce_statement \
	enforce_walk heirs \
	enforce_closed \
	enforce_array \
	enforce_refused \
	enforce_scope \
	scope_enforced \
	condition \
	enforce_polymorphic \
	enforce_actions \
	enforce_kinds \
	enforce_level \
	enforce_partitions \
	enforce_soft \
	enforce_together \
	enforce_truncate \
	enforce_errors \
	load_basics \
	load_where \
	load_types \
	load_errors \
	load_explain \
	load_aggregates \
	load_all \
	load_allow \
	load_arrays \
	load_random \
	load_kept \
	load_keys \
	load_on \
	load_rank \
	load_recursive \
	load_right

ISOLATION = \
	declare_read_committed \
	declare_repeatable_read \
	declare_serializable \
	repair_sessions \
	enforce_parent_goes \
	enforce_snapshots \
	enforce_locks \
	enforce_many \
	enforce_moves \
	enforce_ends \
	enforce_declared \
	enforce_targets \
	enforce_heirs \
	enforce_arrays \
	enforce_attach \
	enforce_deferred \
	enforce_truncated \
	enforce_memo \
	enforce_share \
	enforce_maintenance

# Inputs are under test/, expected outputs of both kinds in expected/. pg_isolation_regress knows no
# --expecteddir and looks below its output directory: output_iso/expected is a link.
REGRESS_OPTS = --inputdir=$(srcdir)/test --load-extension=todo_assoc
ISOLATION_OPTS = --inputdir=$(srcdir)/test/isolation --load-extension=todo_assoc
REGRESS_PREP = output_iso/expected

# TAP tests start servers of their own, which needs IPC::Run and a user that is not root.
PROVE_TESTS = test/t/*.pl
TAP_TESTS := $(if $(wildcard $(PROVE_TESTS)),$(shell perl -MIPC::Run -e 'print 1 if $$>' 2>/dev/null))

TA_VERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" todo_assoc.control)

# PostgreSQL's own headers do not pass these three of -Wextra's warnings.
WERROR = -Werror
PG_CFLAGS = -Wall -Wextra $(WERROR) -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
PG_CPPFLAGS = -I$(srcdir)/src -DTA_VERSION='"$(TA_VERSION)"'

EXTRA_CLEAN = $(OBJS:.o=.d) $(OBJS:.o=.gcno) $(OBJS:.o=.gcda) META.json $(EXTENSION)-*.zip

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Debian's PostgreSQL is built without dependency tracking, and then PGXS rebuilds nothing when a header changes.
override CFLAGS += -MMD -MP
-include $(OBJS:.o=.d)
$(OBJS): Makefile todo_assoc.control

.PHONY: output_iso/expected
output_iso/expected:
	@mkdir -p output_iso
	@ln -sfn '$(abspath $(srcdir))/expected' $@

# PGXN wants three numbers in a version.
PGXN_VERSION = $(TA_VERSION)$(if $(word 3,$(subst ., ,$(TA_VERSION))),,.0)

META.json: META.json.in todo_assoc.control
	sed 's/@VERSION@/$(TA_VERSION)/g; s/@PGXN_VERSION@/$(PGXN_VERSION)/g' $< >$@

.PHONY: dist
dist: META.json
	git archive --format=zip --prefix=$(EXTENSION)-$(TA_VERSION)/ --add-file=META.json \
		-o $(EXTENSION)-$(TA_VERSION).zip HEAD
