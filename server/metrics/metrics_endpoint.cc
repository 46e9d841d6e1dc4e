#include "server/metrics/metrics_endpoint.h"

#include <exception>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "server/metrics/to_prometheus.h"

namespace pgsluice {

namespace {

// Prometheus itself needs one; two for somebody who sends half a request.
constexpr char kThreads[] = "3";
constexpr char kRequestTimeoutMs[] = "10000";

class Collector final : public prometheus::Collectable {
 public:
  explicit Collector(std::function<Families()> collect) : collect_(std::move(collect)) {}
  std::vector<prometheus::MetricFamily> Collect() const override {
    return ToPrometheus(collect_());
  }

 private:
  const std::function<Families()> collect_;
};

class HttpEndpoint final : public MetricsEndpoint {
 public:
  HttpEndpoint(const std::string& address, std::function<Families()> collect)
      : collector_(std::make_shared<Collector>(std::move(collect))),
        exposer_(std::vector<std::string>{"listening_ports", address, "num_threads",
                                          kThreads, "request_timeout_ms",
                                          kRequestTimeoutMs}) {
    exposer_.RegisterCollectable(collector_);
    port_ = exposer_.GetListeningPorts().at(0);
  }

  int port() const override { return port_; }

 private:
  const std::shared_ptr<Collector> collector_;  // The exposer holds it weakly.
  prometheus::Exposer exposer_;
  int port_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::Start(
    const std::string& address, std::function<Families()> collect) {
  try {
    return std::make_unique<HttpEndpoint>(address, std::move(collect));
  } catch (const std::exception& error) {
    return absl::UnavailableError(
        absl::StrCat("could not listen on ", address, " for metrics: ", error.what()));
  }
}

}  // namespace pgsluice
