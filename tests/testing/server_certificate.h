// TLS for a server of the tests.
#pragma once

#include <string>
#include <vector>

#include "tests/testing/certificate_authority.h"
#include "tests/testing/postgres_cluster.h"

namespace pgsluice::testing {

// Gives server `i` a key and a certificate, signed by itself, for `name` ("IP:127.0.0.1",
// "DNS:localhost"); in force for every connection from now on. A failure fails the test.
void GiveCertificate(PostgresCluster& cluster, size_t i, const std::string& name);

// The same with a pair that a CA has signed; and clients' certificates are to be signed
// by a CA in `client_ca_file`.
void GiveCertificate(PostgresCluster& cluster, size_t i, const KeyPair& pair,
                     const std::string& client_ca_file);

// A file that trusts the certificates these servers have now, and stays when they get
// others. A failure fails the test.
std::string TrustCertificates(PostgresCluster& cluster,
                              const std::vector<size_t>& servers);

}  // namespace pgsluice::testing
