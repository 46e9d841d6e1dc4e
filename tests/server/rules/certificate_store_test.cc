// With certificates made by the openssl command.
#include "server/certificate_store.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;

class CertificateStoreTest : public ::testing::Test {
 protected:
  CertificateStoreTest() {
    std::string pattern = ::testing::TempDir() + "certificate_XXXXXX";
    dir_ = mkdtemp(pattern.data());
    Make("a", 2, "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes");
    Make("b", 20, "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes");
    Install("a", "a");
  }
  ~CertificateStoreTest() override { std::filesystem::remove_all(dir_); }

  void Make(const std::string& name, int days, const std::string& how) {
    const std::string command =
        absl::StrCat("openssl req -x509 ", how, " -subj /CN=x -days ", days, " -keyout ",
                     dir_, "/", name, ".key -out ", dir_, "/", name, ".crt 2>/dev/null");
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  void Install(const std::string& cert, const std::string& key) {
    const auto copy = std::filesystem::copy_options::overwrite_existing;
    std::filesystem::copy_file(absl::StrCat(dir_, "/", cert, ".crt"), dir_ + "/crt",
                               copy);
    std::filesystem::copy_file(absl::StrCat(dir_, "/", key, ".key"), dir_ + "/key", copy);
  }
  void Write(const std::string& file, const std::string& text) {
    std::ofstream(dir_ + "/" + file) << text;
  }
  CertificateFiles Files() {
    return {.cert_file = dir_ + "/crt",
            .key_file = dir_ + "/key",
            .client_ca_file = "",
            .expiry_warning = absl::ZeroDuration()};
  }
  std::string WhyNot(absl::Time now = absl::Now()) {
    const auto store = CertificateStore::Load(Files(), now);
    return store.ok() ? "" : std::string(store.status().message());
  }

  std::string dir_;
};

TEST_F(CertificateStoreTest, ReplacesAGoodPairByAnotherGoodOne) {
  auto store = CertificateStore::Load(Files(), absl::Now());
  ASSERT_TRUE(store.ok()) << store.status();
  const auto first = (*store)->current();
  (*store)->Look(absl::Now());
  EXPECT_EQ((*store)->current(), first);

  Install("b", "b");
  (*store)->Look(absl::Now());

  EXPECT_GT((*store)->current()->expires, first->expires + absl::Hours(24));
  EXPECT_EQ((*store)->problem(), "");
}

TEST_F(CertificateStoreTest, KeepsThePairBeforeABadOneAndTellsOfWhatLasts) {
  auto store = CertificateStore::Load(Files(), absl::Now());
  ASSERT_TRUE(store.ok()) << store.status();
  const auto first = (*store)->current();

  Install("b", "a");
  (*store)->Look(absl::Now());
  EXPECT_EQ((*store)->problem(), "") << "it may be on its way";
  (*store)->Look(absl::Now());
  EXPECT_THAT((*store)->problem(), HasSubstr("not that of"));
  std::filesystem::remove(dir_ + "/key");
  (*store)->Look(absl::Now());
  (*store)->Look(absl::Now());
  EXPECT_THAT((*store)->problem(), HasSubstr("key_file cannot be read"));
  EXPECT_EQ((*store)->current(), first);

  Install("a", "a");
  (*store)->Look(absl::Now());
  EXPECT_EQ((*store)->problem(), "");
  EXPECT_EQ((*store)->current(), first);
}

TEST_F(CertificateStoreTest, SaysWhatIsWrong) {
  EXPECT_EQ(WhyNot(), "");
  EXPECT_THAT(WhyNot(absl::Now() + absl::Hours(72)), HasSubstr("has expired"));
  EXPECT_THAT(WhyNot(absl::Now() - absl::Hours(72)), HasSubstr("is not valid before"));
  Write("crt", "nothing");
  EXPECT_THAT(WhyNot(), HasSubstr("cert_file holds no PEM certificate"));
  Write("crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_THAT(WhyNot(), HasSubstr("cert_file holds a broken certificate"));
  std::filesystem::remove(dir_ + "/crt");
  EXPECT_THAT(WhyNot(), HasSubstr("cert_file cannot be read"));
  Install("a", "a");
  Write("key", "nothing");
  EXPECT_THAT(WhyNot(), HasSubstr("key_file holds no PEM private key"));
}

TEST_F(CertificateStoreTest, AsksNobodyForAPassphrase) {
  Make("c", 2, "-newkey rsa:2048 -passout pass:topsecret");
  Install("c", "c");
  EXPECT_THAT(WhyNot(), HasSubstr("without a passphrase"));
}

TEST_F(CertificateStoreTest, RefusesAKeyThatIsTooShortForTls) {
  Make("d", 2, "-newkey rsa:512 -nodes");
  Install("d", "d");
  EXPECT_NE(WhyNot(), "");
}

}  // namespace
}  // namespace pgsluice
