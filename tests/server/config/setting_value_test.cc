#include "server/config/setting_value.h"

#include <algorithm>

#include "gtest/gtest.h"

#include "server/config/setting_path.h"
#include "server/config/setting_storage.h"

namespace pgsluice {
namespace {

const google::protobuf::FieldDescriptor& FieldOf(const std::string& path) {
  return *ParsePath(path).value().back().field;
}

struct Case {
  const char* path;
  const char* text;
  const char* expected;  // Text of the value, or the error.
};

TEST(SettingValue, ReadsEveryType) {
  const Case cases[] = {
      {"pools.primary.max_size", "20", "20"},
      {"pools.primary.max_uses", "18446744073709551615", "18446744073709551615"},
      {"pools.primary.lifetime_jitter", "0.25", "0.25"},
      {"pools.primary.idle_timeout", "90s", "1m30s"},
      {"limits.max_sql_bytes", "2MiB", "2MiB"},
      {"log.level", "warn", "WARN"},
      {"session.default_isolation", "repeatable read", "REPEATABLE_READ"},
      {"session.default_isolation", "Repeatable-Read", "REPEATABLE_READ"},
      {"server.reflection", "no", "false"},
      {"server.reflection", "on", "true"},
      {"server.listen_address", "[::1]:7432", "[::1]:7432"},
      {"server.listen_address", "unix:/run/pgsluice.sock", "unix:/run/pgsluice.sock"},
      {"session.search_path", "", ""},
      {"endpoints[0].conninfo", "host=db password=secret", "password=*** host=db"},
  };
  for (const Case& c : cases) {
    const auto value = ParseSetting(FieldOf(c.path), c.text);
    ASSERT_TRUE(value.ok()) << c.path << " " << c.text << ": " << value.status();
    EXPECT_EQ(SettingText(*value, FieldOf(c.path)), c.expected) << c.path;
  }
}

TEST(SettingValue, SaysWhatIsWrong) {
  const Case cases[] = {
      {"pools.primary.max_size", "ten", "\"ten\" is not a whole number"},
      {"pools.primary.max_size", "-1", "\"-1\" is not a whole number"},
      {"pools.primary.max_size", "5000000000", "\"5000000000\" is not a whole number"},
      {"pools.primary.max_size", "0", "\"0\" is below the minimum, 1"},
      {"pools.primary.max_size", "10001", "\"10001\" is above the maximum, 10000"},
      {"pools.primary.lifetime_jitter", "nan", "\"nan\" is not a number"},
      {"pools.primary.lifetime_jitter", "1.5", "\"1.5\" is above the maximum, 1"},
      {"probe.interval", "5", "\"5\" has no unit: write 5s or 5ms"},
      {"probe.interval", "soon",
       "\"soon\" is not a duration: write 250ms, 1.5s, 5m or 1h"},
      {"probe.interval", "1ms", "\"1ms\" is below the minimum, 10ms"},
      {"limits.max_sql_bytes", "4M",
       "\"4M\" is not a size: write a number of bytes, or 64KiB or 4MiB"},
      {"limits.max_sql_bytes", "1", "\"1\" is below the minimum, 1KiB"},
      {"routing.read_fallback", "PRIMRAY",
       "\"PRIMRAY\" is none of PRIMARY, NONE (did you mean \"PRIMARY\"?)"},
      {"routing.read_fallback", "unspecified",
       "\"unspecified\" is none of PRIMARY, NONE"},
      {"server.reflection", "maybe", "\"maybe\" is neither true nor false"},
      {"server.listen_address", "7432",
       "not an address: write host:port, [IPv6]:port or unix:/path"},
      {"server.listen_address", "::1:7432",
       "not an address: write host:port, [IPv6]:port or unix:/path"},
      {"server.listen_address", "localhost:70000",
       "not an address: write host:port, [IPv6]:port or unix:/path"},
      {"server.metrics_listen_address", "unix:/run/metrics.sock",
       "not host:port, nor [IPv6]:port"},
      {"server.metrics_listen_address", "9432", "not host:port, nor [IPv6]:port"},
      {"session.application_name", "a\nb", "the value holds a control character"},
      {"log.level", "postgres://u:secret@h",
       "the value is none of TRACE, DEBUG, INFO, WARN, ERROR"},
  };
  for (const Case& c : cases) {
    const auto value = ParseSetting(FieldOf(c.path), c.text);
    ASSERT_FALSE(value.ok()) << c.path << " " << c.text;
    EXPECT_EQ(value.status().message(), c.expected) << c.path << " " << c.text;
  }
}

TEST(SettingValue, EveryDefaultAndLimitIsAValue) {
  for (const SettingPath& path : AllSettings()) {
    const auto& field = *path.back().field;
    const config::v1::Setting& facts = FactsOf(field);
    const auto value = ParseSetting(field, facts.default_value());
    EXPECT_TRUE(value.ok()) << PathText(path) << ": " << value.status();
    for (const std::string& limit : {facts.min(), facts.max()}) {
      if (limit.empty()) continue;
      EXPECT_TRUE(ParseSetting(field, limit).ok()) << PathText(path) << ": " << limit;
    }
    if (!facts.has_profiles()) continue;
    EXPECT_FALSE(path.front().field->is_repeated())
        << "a list has no defaults to fill in";
    const config::v1::ProfileDefaults& profiles = facts.profiles();
    for (const std::string& text :
         {profiles.development(), profiles.test(), profiles.production()}) {
      EXPECT_TRUE(ParseSetting(field, text).ok()) << PathText(path) << ": " << text;
    }
  }
}

TEST(SettingValue, StoresWhatItReads) {
  config::v1::Config config;
  FillDefaults(config);
  for (const SettingPath& path : AllSettings()) {
    // A list has no defaults to fill in.
    if (std::any_of(path.begin(), path.end(),
                    [](const auto& step) { return step.field->is_repeated(); })) {
      continue;
    }
    const auto& field = *path.back().field;
    google::protobuf::Message& owner = *OwnerOf(path, config);
    EXPECT_TRUE(owner.GetReflection()->HasField(owner, &field)) << PathText(path);
    const auto by_default = ParseSetting(field, FactsOf(field).default_value());
    EXPECT_EQ(SettingText(ReadSetting(field, owner), field),
              SettingText(by_default.value(), field))
        << PathText(path);
  }
}

}  // namespace
}  // namespace pgsluice
