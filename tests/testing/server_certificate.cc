#include "tests/testing/server_certificate.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

int Shell(const std::string& command) { return std::system(command.c_str()); }

void Reload(PostgresCluster& cluster, size_t i) {
  const std::string before = cluster.Sql(i, "SELECT pg_conf_load_time()::text");
  cluster.Sql(i, "SELECT pg_reload_conf()");
  EXPECT_TRUE(WaitFor("it has reloaded", [&] {
    return cluster.Sql(i, "SELECT pg_conf_load_time()::text") != before;
  }));
}

}  // namespace

void GiveCertificate(PostgresCluster& cluster, size_t i, const std::string& name) {
  ASSERT_EQ(Shell(absl::StrCat("cd ", cluster.server(i).data_dir(),
                               " && openssl req -x509 -newkey rsa:2048 -nodes -days 2 "
                               "-subj /CN=db -addext subjectAltName=",
                               name,
                               " -keyout server.key -out server.crt 2>/dev/null && "
                               "chmod 600 server.key && "
                               "chown --reference=. server.key server.crt")),
            0);
  cluster.Sql(i, "ALTER SYSTEM SET ssl = on");
  Reload(cluster, i);
}

void GiveCertificate(PostgresCluster& cluster, size_t i, const KeyPair& pair,
                     const std::string& client_ca_file) {
  ASSERT_EQ(Shell(absl::StrCat("cp ", pair.cert, " ", cluster.server(i).data_dir(),
                               "/server.crt && cp ", pair.key, " ",
                               cluster.server(i).data_dir(), "/server.key && cp ",
                               client_ca_file, " ", cluster.server(i).data_dir(),
                               "/root.crt && cd ", cluster.server(i).data_dir(),
                               " && chmod 600 server.key && chown --reference=. "
                               "server.key server.crt root.crt")),
            0);
  cluster.Sql(i, "ALTER SYSTEM SET ssl_ca_file = 'root.crt'");
  cluster.Sql(i, "ALTER SYSTEM SET ssl = on");
  Reload(cluster, i);
}

std::string TrustCertificates(PostgresCluster& cluster,
                              const std::vector<size_t>& servers) {
  const std::string trusted = absl::StrCat(cluster.temp_path(), "/trusted.crt");
  std::string sources;
  for (const size_t i : servers) {
    absl::StrAppend(&sources, " ", cluster.server(i).data_dir(), "/server.crt");
  }
  EXPECT_EQ(Shell(absl::StrCat("cat", sources, " > ", trusted)), 0);
  return trusted;
}

}  // namespace pgsluice::testing
