// Spans of calls, and what became of them.
#include "server/metrics/gateway_snapshot.h"

namespace pgsluice {

void AddTracingFamilies(const GatewaySnapshot& snapshot, Families& families) {
  const TracingTotals& tracing = snapshot.tracing;
  families.push_back(Counter("pgsluice_tracing_spans_exported_total",
                             "Spans that the collector has taken",
                             static_cast<double>(tracing.exported)));
  Family dropped{.type = FamilyType::kCounter,
                 .name = "pgsluice_tracing_spans_dropped_total",
                 .labels = {"reason"},
                 .help = "Spans of traced calls that no collector has, by why"};
  for (size_t i = 0; i < kSpanDrops; ++i) {
    dropped.Add({SpanDropName(static_cast<SpanDrop>(i))}, tracing.dropped[i]);
  }
  families.push_back(std::move(dropped));
  families.push_back(
      Counter("pgsluice_tracing_export_failures_total",
              "Requests to the collector that failed; a batch that is sent again and "
              "again counts each time",
              static_cast<double>(tracing.failed_exports)));
}

}  // namespace pgsluice
