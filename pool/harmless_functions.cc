#include "pool/harmless_functions.h"

#include <algorithm>
#include <array>

namespace pgsluice {

namespace {

template <size_t N>
consteval std::array<std::string_view, N> Sorted(std::array<std::string_view, N> names) {
  std::sort(names.begin(), names.end());
  return names;
}

// Only what all supported servers have: on an older one, the name of a newer built-in
// function may belong to a function of its users. Among them are none that run SQL given
// as text (query_to_xml, ts_stat), change settings or sequences, or open what stays open.
constexpr auto kFunctions = Sorted(std::array<std::string_view, 382>{
    // Aggregates and window functions.
    "array_agg", "avg", "bit_and", "bit_or", "bool_and", "bool_or", "corr", "count",
    "covar_pop", "covar_samp", "cume_dist", "dense_rank", "every", "first_value",
    "json_agg", "json_object_agg", "jsonb_agg", "jsonb_object_agg", "lag", "last_value",
    "lead", "max", "min", "mode", "nth_value", "ntile", "percent_rank", "percentile_cont",
    "percentile_disc", "rank", "regr_avgx", "regr_avgy", "regr_count", "regr_intercept",
    "regr_r2", "regr_slope", "regr_sxx", "regr_sxy", "regr_syy", "row_number", "stddev",
    "stddev_pop", "stddev_samp", "string_agg", "sum", "var_pop", "var_samp", "variance",
    "xmlagg",
    // Numbers.
    "abs", "acos", "acosd", "asin", "asind", "atan", "atan2", "atan2d", "atand", "cbrt",
    "ceil", "ceiling", "cos", "cosd", "cosh", "cot", "cotd", "degrees", "div", "exp",
    "factorial", "floor", "gcd", "lcm", "ln", "log", "log10", "min_scale", "mod", "pi",
    "pow", "power", "radians", "random", "round", "scale", "sign", "sin", "sind", "sinh",
    "sqrt", "tan", "tand", "tanh", "to_hex", "trim_scale", "trunc", "width_bucket",
    "float4", "float8", "int2", "int4", "int8",
    // Text and binary strings.
    "ascii", "bit_length", "btrim", "char_length", "character_length", "chr", "concat",
    "concat_ws", "convert", "convert_from", "convert_to", "decode", "encode", "format",
    "get_bit", "get_byte", "hashtext", "hashtextextended", "initcap", "left", "length",
    "lower", "lpad", "ltrim", "md5", "octet_length", "parse_ident", "quote_ident",
    "quote_literal", "quote_nullable", "regexp_match", "regexp_matches", "regexp_replace",
    "regexp_split_to_array", "regexp_split_to_table", "repeat", "replace", "reverse",
    "right", "rpad", "rtrim", "set_bit", "set_byte", "sha224", "sha256", "sha384",
    "sha512", "split_part", "starts_with", "string_to_array", "strpos", "substr", "text",
    "to_ascii", "to_char", "to_number", "translate", "upper", "gen_random_uuid",
    // Times.
    "age", "clock_timestamp", "date", "date_part", "date_trunc", "isfinite",
    "justify_days", "justify_hours", "justify_interval", "make_date", "make_interval",
    "make_time", "make_timestamp", "make_timestamptz", "now", "overlaps",
    "statement_timestamp", "timeofday", "timestamptz", "timezone", "to_date",
    "to_timestamp", "transaction_timestamp",
    // Arrays, ranges and sets of rows.
    "array_append", "array_cat", "array_dims", "array_fill", "array_length",
    "array_lower", "array_ndims", "array_position", "array_positions", "array_prepend",
    "array_remove", "array_replace", "array_to_string", "array_upper", "cardinality",
    "daterange", "generate_series", "generate_subscripts", "int4range", "int8range",
    "isempty", "lower_inc", "lower_inf", "num_nonnulls", "num_nulls", "numrange",
    "range_merge", "tsrange", "tstzrange", "unnest", "upper_inc", "upper_inf",
    // JSON and XML.
    "array_to_json", "json_array_elements", "json_array_elements_text",
    "json_array_length", "json_build_array", "json_build_object", "json_each",
    "json_each_text", "json_extract_path", "json_extract_path_text", "json_object",
    "json_object_keys", "json_populate_record", "json_populate_recordset",
    "json_strip_nulls", "json_to_record", "json_to_recordset", "json_typeof",
    "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_array_length",
    "jsonb_build_array", "jsonb_build_object", "jsonb_each", "jsonb_each_text",
    "jsonb_extract_path", "jsonb_extract_path_text", "jsonb_insert", "jsonb_object",
    "jsonb_object_keys", "jsonb_path_exists", "jsonb_path_match", "jsonb_path_query",
    "jsonb_path_query_array", "jsonb_path_query_first", "jsonb_populate_record",
    "jsonb_populate_recordset", "jsonb_pretty", "jsonb_set", "jsonb_set_lax",
    "jsonb_strip_nulls", "jsonb_to_record", "jsonb_to_recordset", "jsonb_typeof",
    "row_to_json", "to_json", "to_jsonb", "xpath", "xpath_exists",
    // Text search, networks, geometry.
    "numnode", "phraseto_tsquery", "plainto_tsquery", "querytree", "setweight", "strip",
    "to_tsquery", "to_tsvector", "ts_headline", "ts_rank", "ts_rank_cd",
    "tsvector_to_array", "websearch_to_tsquery", "abbrev", "broadcast", "family", "host",
    "hostmask", "inet_merge", "inet_same_family", "masklen", "netmask", "network",
    "set_masklen", "area", "box", "center", "circle", "diameter", "height", "line",
    "lseg", "npoints", "path", "point", "polygon", "width",
    // What the session and the server are; reading state leaves none.
    "col_description", "current_database", "current_query", "current_schema",
    "current_schemas", "current_setting", "currval", "format_type",
    "has_any_column_privilege", "has_column_privilege", "has_database_privilege",
    "has_function_privilege", "has_schema_privilege", "has_sequence_privilege",
    "has_table_privilege", "has_type_privilege", "inet_client_addr", "inet_client_port",
    "inet_server_addr", "inet_server_port", "lastval", "obj_description",
    "pg_backend_pid", "pg_blocking_pids", "pg_client_encoding", "pg_column_size",
    "pg_current_snapshot", "pg_current_wal_insert_lsn", "pg_current_wal_lsn",
    "pg_current_xact_id", "pg_current_xact_id_if_assigned", "pg_database_size",
    "pg_get_constraintdef", "pg_get_expr", "pg_get_functiondef", "pg_get_indexdef",
    "pg_get_serial_sequence", "pg_get_userbyid", "pg_get_viewdef", "pg_has_role",
    "pg_indexes_size", "pg_is_in_recovery", "pg_last_wal_replay_lsn",
    "pg_logical_emit_message", "pg_postmaster_start_time", "pg_relation_size",
    "pg_size_bytes", "pg_size_pretty", "pg_stat_get_bgwriter_stat_reset_time",
    "pg_table_is_visible", "pg_table_size", "pg_total_relation_size", "pg_typeof",
    "pg_wal_lsn_diff", "pg_walfile_name", "pg_xact_status", "row_security_active",
    "textcat", "timestamptz_send", "to_regclass", "to_regnamespace", "to_regproc",
    "to_regprocedure", "to_regrole", "to_regtype", "txid_current",
    "txid_current_if_assigned", "version",
    // Held until the transaction ends, or not at all.
    "pg_advisory_xact_lock", "pg_advisory_xact_lock_shared", "pg_cancel_backend",
    "pg_notify", "pg_sleep", "pg_sleep_for", "pg_sleep_until", "pg_terminate_backend",
    "pg_try_advisory_xact_lock", "pg_try_advisory_xact_lock_shared",
    // Sampling methods.
    "bernoulli", "system"});

// The unreserved ones (JOIN, OVER, SET, ...) could be names of functions, too.
constexpr auto kWords = Sorted(std::array<std::string_view, 88>{
    "all",        "and",          "any",       "array",         "as",
    "between",    "bit",          "by",        "case",          "cast",
    "char",       "character",    "coalesce",  "conflict",      "cube",
    "dec",        "decimal",      "distinct",  "else",          "except",
    "exists",     "extract",      "filter",    "float",         "from",
    "greatest",   "group",        "grouping",  "having",        "ilike",
    "in",         "insert",       "intersect", "interval",      "join",
    "lateral",    "least",        "like",      "limit",         "materialized",
    "national",   "nchar",        "not",       "normalize",     "nullif",
    "numeric",    "offset",       "on",        "only",          "or",
    "over",       "overlay",      "position",  "precision",     "returning",
    "rollup",     "row",          "select",    "set",           "sets",
    "similar",    "some",         "substring", "symmetric",     "then",
    "time",       "timestamp",    "to",        "treat",         "trim",
    "union",      "using",        "values",    "varchar",       "varying",
    "when",       "where",        "within",    "xmlattributes", "xmlconcat",
    "xmlelement", "xmlexists",    "xmlforest", "xmlparse",      "xmlpi",
    "xmlroot",    "xmlserialize", "xmltable"});

}  // namespace

bool IsHarmlessFunction(std::string_view name) {
  return std::binary_search(kFunctions.begin(), kFunctions.end(), name);
}

bool IsWordBeforeParenthesis(std::string_view name) {
  return std::binary_search(kWords.begin(), kWords.end(), name);
}

std::span<const std::string_view> HarmlessFunctions() { return kFunctions; }

}  // namespace pgsluice
