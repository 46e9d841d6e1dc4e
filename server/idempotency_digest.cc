#include "server/idempotency_digest.h"

#include <array>
#include <cstdint>
#include <memory>
#include <openssl/evp.h>
#include <string_view>

namespace pgsluice {

namespace {

// Goes first: another one when anything below changes.
constexpr std::string_view kVersion = "pgsluice digest 1";

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Numbers have eight bytes, texts their length ahead: no two inputs look alike.
class Hash final {
 public:
  Hash() : context_(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  void Add(uint64_t number) {
    std::array<unsigned char, 8> bytes{};
    for (size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<unsigned char>(number >> (8 * i));
    }
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
  }
  void Add(std::string_view text) {
    Add(uint64_t{text.size()});
    EVP_DigestUpdate(context_.get(), text.data(), text.size());
  }
  void Add(bool is_there, uint64_t number) {
    Add(uint64_t{is_there});
    Add(number);
  }
  std::string Result() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), bytes.data(), &size);
    return {bytes.begin(), bytes.begin() + size};
  }

 private:
  const std::unique_ptr<EVP_MD_CTX, ContextDeleter> context_;
};

void AddStatement(const Statement& statement, Hash& hash) {
  hash.Add(statement.sql);
  hash.Add(uint64_t{statement.parameters.size()});
  for (const Parameter& parameter : statement.parameters) {
    hash.Add(uint64_t{parameter.type});
    hash.Add(uint64_t{parameter.is_binary});
    hash.Add(uint64_t{parameter.value.has_value()});
    hash.Add(parameter.value.value_or(""));
  }
}

void AddExpectation(const v1::Expectation& expect, Hash& hash) {
  hash.Add(expect.has_min_rows_affected(), expect.min_rows_affected());
  hash.Add(expect.has_max_rows_affected(), expect.max_rows_affected());
  hash.Add(expect.has_min_rows(), expect.min_rows());
  hash.Add(expect.has_max_rows(), expect.max_rows());
  hash.Add(uint64_t{expect.has_first_cell()});
  hash.Add(expect.first_cell());
}

}  // namespace

std::string DigestOf(const BatchProgram& program, v1::Isolation isolation,
                     v1::RowEncoding encoding, const Statement* settings) {
  // Unset means VALUES.
  const bool is_packed = encoding == v1::ROW_ENCODING_PACKED;
  Hash hash;
  hash.Add(kVersion);
  hash.Add(uint64_t{program.is_query});
  hash.Add(static_cast<uint64_t>(isolation));
  hash.Add(uint64_t{is_packed});
  hash.Add(uint64_t{program.steps.size()});
  for (const BatchStepPlan& step : program.steps) {
    AddStatement(step.statement, hash);
    hash.Add(uint64_t{step.cells.size()});
    for (const v1::CellParameter& cell : step.cells) {
      hash.Add(uint64_t{cell.parameter()});
      hash.Add(uint64_t{cell.step()});
      hash.Add(uint64_t{cell.row()});
      hash.Add(uint64_t{cell.column()});
    }
    hash.Add(uint64_t{step.has_expectation});
    AddExpectation(step.expect, hash);
  }
  // Another tenant's answer is not for this one. Without, digests are as ever.
  if (settings != nullptr) AddStatement(*settings, hash);
  return hash.Result();
}

}  // namespace pgsluice
