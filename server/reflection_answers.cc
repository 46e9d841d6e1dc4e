#include "server/reflection_answers.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "google/protobuf/descriptor.pb.h"

#include "pgsluice/v1/gateway_service.pb.h"

namespace pgsluice {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

absl::Status NotFound(std::string_view what, std::string_view name) {
  return absl::NotFoundError(std::string(what) + " not found: " + std::string(name));
}

// `file`, then everything it imports, directly or not, each once.
ReflectionAnswers::Files WithImports(const FileDescriptor* file) {
  ReflectionAnswers::Files out;
  std::vector<const FileDescriptor*> files = {file};
  std::unordered_set<const FileDescriptor*> seen = {file};
  for (size_t i = 0; i < files.size(); ++i) {
    const FileDescriptor* current = files[i];
    google::protobuf::FileDescriptorProto proto;
    current->CopyTo(&proto);
    current->CopyJsonNameTo(&proto);
    out.push_back(proto.SerializeAsString());
    for (int j = 0; j < current->dependency_count(); ++j) {
      const FileDescriptor* import = current->dependency(j);
      if (seen.insert(import).second) files.push_back(import);
    }
  }
  return out;
}

}  // namespace

const DescriptorPool& LinkedDescriptors() {
  const void* volatile keep = &descriptor_table_pgsluice_2fv1_2fgateway_5fservice_2eproto;
  static_cast<void>(keep);
  return *DescriptorPool::generated_pool();
}

ReflectionAnswers::ReflectionAnswers(const DescriptorPool& pool,
                                     std::vector<std::string> services)
    : pool_(pool), services_(std::move(services)) {}

absl::StatusOr<ReflectionAnswers::Files> ReflectionAnswers::FileByName(
    std::string_view name) const {
  const FileDescriptor* file = pool_.FindFileByName(std::string(name));
  if (file == nullptr) return NotFound("file", name);
  return WithImports(file);
}

absl::StatusOr<ReflectionAnswers::Files> ReflectionAnswers::FileContainingSymbol(
    std::string_view symbol) const {
  const FileDescriptor* file = pool_.FindFileContainingSymbol(std::string(symbol));
  if (file == nullptr) return NotFound("symbol", symbol);
  return WithImports(file);
}

absl::StatusOr<ReflectionAnswers::Files> ReflectionAnswers::FileContainingExtension(
    std::string_view type, int number) const {
  const Descriptor* message = pool_.FindMessageTypeByName(std::string(type));
  if (message == nullptr) return NotFound("message type", type);
  const FieldDescriptor* extension = pool_.FindExtensionByNumber(message, number);
  if (extension == nullptr) {
    return NotFound("extension " + std::to_string(number) + " of message type", type);
  }
  return WithImports(extension->file());
}

absl::StatusOr<std::vector<int>> ReflectionAnswers::ExtensionNumbersOf(
    std::string_view type) const {
  const Descriptor* message = pool_.FindMessageTypeByName(std::string(type));
  if (message == nullptr) return NotFound("message type", type);
  std::vector<const FieldDescriptor*> extensions;
  pool_.FindAllExtensions(message, &extensions);
  std::vector<int> numbers;
  for (const FieldDescriptor* extension : extensions)
    numbers.push_back(extension->number());
  std::ranges::sort(numbers);
  return numbers;
}

}  // namespace pgsluice
