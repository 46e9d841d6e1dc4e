// Writes into a table `ledger` with a column `name`, whose COMMITs take their time, so
// that faults meet them: of names that begin with "slow" until advisory lock 99 is free,
// of those that begin with "w" up to 20 ms.
#pragma once

namespace pgsluice::testing {

// To be run once the table is there.
inline constexpr const char* kSlowCommits[] = {
    "CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN PERFORM pg_advisory_xact_lock(99); RETURN NULL; END $$",
    "CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON ledger DEFERRABLE "
    "INITIALLY DEFERRED FOR EACH ROW WHEN (new.name LIKE 'slow%') EXECUTE FUNCTION "
    "wait_at_commit()",
    "CREATE FUNCTION dawdle_at_commit() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN PERFORM pg_sleep(random() * 0.02); RETURN NULL; END $$",
    "CREATE CONSTRAINT TRIGGER dawdle_at_commit AFTER INSERT ON ledger DEFERRABLE "
    "INITIALLY DEFERRED FOR EACH ROW WHEN (new.name LIKE 'w%') EXECUTE FUNCTION "
    "dawdle_at_commit()",
};

}  // namespace pgsluice::testing
