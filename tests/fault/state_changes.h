// Statements that leave state behind on their session, in every way we know of.
#pragma once

namespace pgsluice::testing {

// What the statements below stand on.
inline constexpr const char* kStateFixtures[] = {
    "CREATE ROLE guest",
    "CREATE SCHEMA leak",
    "GRANT ALL ON SCHEMA leak TO guest",
    "CREATE SEQUENCE leak.numbers",
    "CREATE FUNCTION leak.hold(key int8) RETURNS void LANGUAGE plpgsql AS "
    "$$ BEGIN PERFORM pg_advisory_lock(key); END $$",
    "CREATE FUNCTION leak.tune() RETURNS text LANGUAGE plpgsql AS "
    "$$ BEGIN SET work_mem = '88MB'; RETURN set_config('my.custom', 'fn', false); END $$",
    "CREATE FUNCTION leak.scratch() RETURNS void LANGUAGE plpgsql AS "
    "$$ BEGIN CREATE TEMP TABLE IF NOT EXISTS scratch_fn (a int); END $$",
    "CREATE FUNCTION leak.hear() RETURNS void LANGUAGE plpgsql AS "
    "$$ BEGIN LISTEN from_function; END $$",
    "CREATE FUNCTION leak.prepare(name text) RETURNS void LANGUAGE plpgsql AS "
    "$$ BEGIN EXECUTE format('PREPARE %I AS SELECT 666::int8', name); END $$",
    "CREATE FUNCTION leak.impostors() RETURNS void LANGUAGE plpgsql AS "
    "$$ DECLARE n text; BEGIN FOR n IN SELECT name FROM pg_prepared_statements LOOP "
    "EXECUTE format('DEALLOCATE %I', n); "
    "EXECUTE format('PREPARE %I (int8) AS SELECT 666::int8', n); END LOOP; END $$",
    "CREATE FUNCTION leak.step() RETURNS int8 LANGUAGE sql AS "
    "$$ SELECT nextval('leak.numbers') $$",
    // What hides its calls.
    "CREATE TABLE leak.serials (id serial, a int)",
    "CREATE VIEW leak.holding AS SELECT 1 AS a, pg_try_advisory_lock(71) AS held",
    "CREATE TABLE leak.defaults (a text DEFAULT set_config('work_mem', '55MB', false))",
    "CREATE FUNCTION leak.on_insert() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN PERFORM leak.tune(); PERFORM leak.hear(); RETURN new; END $$",
    "CREATE TABLE leak.watched (a int)",
    "CREATE TRIGGER t BEFORE INSERT ON leak.watched FOR EACH ROW "
    "EXECUTE FUNCTION leak.on_insert()",
    "CREATE FUNCTION leak.op(a int, b int) RETURNS int LANGUAGE plpgsql AS "
    "$$ BEGIN PERFORM leak.hold(72); PERFORM leak.scratch(); RETURN a; END $$",
    "CREATE OPERATOR public.<!> (FUNCTION = leak.op, LEFTARG = int, RIGHTARG = int)",
    "CREATE FUNCTION leak.check_it(a int) RETURNS bool LANGUAGE plpgsql AS "
    "$$ BEGIN PERFORM leak.prepare('in_check'); RETURN true; EXCEPTION WHEN OTHERS THEN "
    "RETURN true; END $$",
    "CREATE DOMAIN leak.checked AS int CHECK (leak.check_it(value))",
};

// Their text shows that they call something, or are no plain statements.
inline constexpr const char* kVisibleChanges[] = {
    "SET work_mem = '77MB'",
    "SET search_path = leak",
    "SET TimeZone = 'Asia/Tokyo'",
    "SET DateStyle = 'German'",
    "SET application_name = 'somebody'",
    "SET statement_timeout = '77s'",
    "SET enable_seqscan = off",
    "SET client_min_messages = error",
    "SET default_transaction_read_only = on",
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "SET session_replication_role = replica",
    "SET plpgsql.extra_warnings = 'all'",
    "DO $$ BEGIN SET plpgsql.check_asserts = off; END $$",
    "SET SESSION AUTHORIZATION guest",
    "SET ROLE guest",
    "RESET ALL",
    "SELECT set_config('work_mem', '66MB', false)",
    "SELECT 1, pg_catalog . \"set_config\" /* hidden? */ ('my.custom', 'x', false)",
    "SELECT set_config('role', 'guest', false)",
    "WITH a AS (SELECT set_config('extra_float_digits', '3', false)) SELECT * FROM a",
    "SELECT leak.tune()",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_lock_shared(2, 3)",
    "DO $$ BEGIN PERFORM pg_advisory_lock(4); END $$",
    "DO $$ BEGIN PERFORM pg_advisory_lock(5); RAISE EXCEPTION 'after the lock'; END $$",
    "SELECT leak.hold(6)",
    "SELECT count(*), 'it''s' FROM leak.hold(7)",
    "CREATE TEMP TABLE IF NOT EXISTS scratch AS SELECT 1 AS a",
    "CREATE TEMP SEQUENCE IF NOT EXISTS scratch_numbers",
    "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "SELECT 1 AS a INTO TEMP scratch_into",
    "SELECT leak.scratch()",
    "DO $$ BEGIN LISTEN from_do; END $$",
    "SELECT leak.hear()",
    "DECLARE held CURSOR WITH HOLD FOR SELECT 1",
    "DO $$ BEGIN EXECUTE 'DECLARE held_do CURSOR WITH HOLD FOR SELECT 1'; END $$",
    "PREPARE mine AS SELECT 666",
    "DO $$ BEGIN EXECUTE 'PREPARE in_do AS SELECT 666'; END $$",
    "SELECT leak.prepare('pgsluice_1000')",
    "SELECT leak.impostors()",
    "DEALLOCATE ALL",
    "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$",
    "DISCARD ALL",
    "SELECT nextval('leak.numbers')",
    "SELECT setval('leak.numbers', 100)",
    "SELECT leak.step() FROM generate_series(1, 3)",
    "SELECT setseed(0.42)",
    "SET statement_timeout = '3ms'",
    // Errors, and statements that the deadline or a time-out may cut.
    "SELECT 1 / 0, pg_advisory_lock(8)",
    "SELEC 1",
    "SELECT pg_advisory_lock(9), pg_sleep(0.01)",
    "DO $$ BEGIN PERFORM leak.tune(); PERFORM pg_sleep(0.01); END $$",
    // Harmless ones in between.
    "SELECT 1",
    "SELECT count(*) FROM pg_class",
};

// Plain statements that call something all the same: only `session.reset: always` helps.
inline constexpr const char* kHiddenChanges[] = {
    "INSERT INTO leak.serials (a) VALUES (1)",
    "SELECT * FROM leak.holding",
    "INSERT INTO leak.defaults DEFAULT VALUES",
    "INSERT INTO leak.watched VALUES (1)",
    "SELECT 1 <!> 2",
    "SELECT 1::leak.checked",
};

}  // namespace pgsluice::testing
