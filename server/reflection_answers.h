// Answers to requests of server reflection, v1 and v1alpha alike: their messages differ
// in package only. Thread-safe: holds nothing that changes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"

namespace pgsluice {

// The pool of all protos linked into the program, with our own service surely in it: no
// code refers to a file that declares only a service, so that a linker may leave it out.
const google::protobuf::DescriptorPool& LinkedDescriptors();

class ReflectionAnswers final {
 public:
  // Serialised FileDescriptorProtos: the file asked for, then what it imports.
  using Files = std::vector<std::string>;

  // `pool` must outlive this. `services` are full names, listed as they are given.
  ReflectionAnswers(const google::protobuf::DescriptorPool& pool,
                    std::vector<std::string> services);

  const std::vector<std::string>& services() const { return services_; }
  absl::StatusOr<Files> FileByName(std::string_view name) const;
  // A message, field, enum, enum value, service, method or extension, by full name.
  absl::StatusOr<Files> FileContainingSymbol(std::string_view symbol) const;
  absl::StatusOr<Files> FileContainingExtension(std::string_view type, int number) const;
  // In rising order.
  absl::StatusOr<std::vector<int>> ExtensionNumbersOf(std::string_view type) const;

 private:
  const google::protobuf::DescriptorPool& pool_;
  const std::vector<std::string> services_;
};

// The response to one ServerReflectionRequest. An error is a part of it, not of the
// stream: the stream goes on.
template <class Response, class Request>
Response AnswerReflection(const ReflectionAnswers& answers, const Request& request) {
  Response response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;

  const auto set_error = [&response](const absl::Status& status) {
    response.mutable_error_response()->set_error_code(static_cast<int>(status.code()));
    response.mutable_error_response()->set_error_message(std::string(status.message()));
  };
  const auto set_files = [&](const absl::StatusOr<ReflectionAnswers::Files>& files) {
    if (!files.ok()) return set_error(files.status());
    for (const std::string& file : *files) {
      response.mutable_file_descriptor_response()->add_file_descriptor_proto(file);
    }
  };

  switch (request.message_request_case()) {
    case Request::kFileByFilename:
      set_files(answers.FileByName(request.file_by_filename()));
      break;
    case Request::kFileContainingSymbol:
      set_files(answers.FileContainingSymbol(request.file_containing_symbol()));
      break;
    case Request::kFileContainingExtension:
      set_files(answers.FileContainingExtension(
          request.file_containing_extension().containing_type(),
          request.file_containing_extension().extension_number()));
      break;
    case Request::kAllExtensionNumbersOfType: {
      const std::string& type = request.all_extension_numbers_of_type();
      const absl::StatusOr<std::vector<int>> numbers = answers.ExtensionNumbersOf(type);
      if (!numbers.ok()) {
        set_error(numbers.status());
        break;
      }
      auto& all = *response.mutable_all_extension_numbers_response();
      all.set_base_type_name(type);
      for (const int number : *numbers) all.add_extension_number(number);
      break;
    }
    case Request::kListServices: {
      auto& list = *response.mutable_list_services_response();
      for (const std::string& name : answers.services())
        list.add_service()->set_name(name);
      break;
    }
    case Request::MESSAGE_REQUEST_NOT_SET:
      set_error(absl::InvalidArgumentError("the request asks for nothing"));
      break;
  }
  return response;
}

}  // namespace pgsluice
