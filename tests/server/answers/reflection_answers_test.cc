#include "server/reflection_answers.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/descriptor_database.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"

namespace pgsluice {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// A small world with extensions, which our own protos have none of.
constexpr std::string_view kBaseFile = R"(
  name: "base.proto" package: "t"
  message_type { name: "Base" extension_range { start: 100 end: 200 } })";
constexpr std::string_view kExtensionFile = R"(
  name: "extension.proto" package: "t" dependency: "base.proto"
  extension { name: "second" number: 120 label: LABEL_OPTIONAL type: TYPE_INT32
              extendee: ".t.Base" }
  extension { name: "first" number: 110 label: LABEL_OPTIONAL type: TYPE_INT32
              extendee: ".t.Base" })";

// The typed tests run for both versions.
template <class RequestType, class ResponseType>
struct Version {
  using Request = RequestType;
  using Response = ResponseType;
};
using Versions =
    ::testing::Types<Version<grpc::reflection::v1::ServerReflectionRequest,
                             grpc::reflection::v1::ServerReflectionResponse>,
                     Version<grpc::reflection::v1alpha::ServerReflectionRequest,
                             grpc::reflection::v1alpha::ServerReflectionResponse>>;

template <class V>
class Reflection : public ::testing::Test {
 protected:
  using Request = typename V::Request;
  using Response = typename V::Response;

  Reflection()
      : answers_(LinkedDescriptors(),
                 {"pgsluice.v1.GatewayService", "grpc.health.v1.Health"}) {}

  Response Answer(const Request& request) const {
    return AnswerReflection<Response>(answers_, request);
  }
  // Names of the files of an answer, in its order.
  static std::vector<std::string> FileNames(const Response& response) {
    std::vector<std::string> names;
    for (const auto& file : response.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto proto;
      EXPECT_TRUE(proto.ParseFromString(file));
      names.push_back(proto.name());
    }
    return names;
  }

  ReflectionAnswers answers_;
};
TYPED_TEST_SUITE(Reflection, Versions);

TYPED_TEST(Reflection, ListsTheServicesItWasGiven) {
  typename TestFixture::Request request;
  request.set_host("here");
  request.set_list_services("");
  const auto response = this->Answer(request);
  ASSERT_THAT(response.list_services_response().service(), SizeIs(2));
  EXPECT_EQ(response.list_services_response().service(0).name(),
            "pgsluice.v1.GatewayService");
  EXPECT_EQ(response.valid_host(), "here");
  EXPECT_EQ(response.original_request().SerializeAsString(), request.SerializeAsString());
}

TYPED_TEST(Reflection, GivesAFileWithAllItImports) {
  typename TestFixture::Request request;
  request.set_file_by_filename("pgsluice/v1/gateway_service.proto");
  const std::vector<std::string> names = this->FileNames(this->Answer(request));
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(names[0], "pgsluice/v1/gateway_service.proto");
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  for (const char* name :
       {"pgsluice/v1/query.proto", "pgsluice/v1/value.proto", "google/rpc/status.proto",
        "google/protobuf/any.proto", "google/protobuf/duration.proto"}) {
    EXPECT_THAT(names, Contains(name));
  }
}

TYPED_TEST(Reflection, GivesFilesAClientCanBuild) {
  typename TestFixture::Request request;
  request.set_file_by_filename("pgsluice/v1/gateway_service.proto");
  const auto response = this->Answer(request);
  google::protobuf::SimpleDescriptorDatabase database;
  for (const auto& file : response.file_descriptor_response().file_descriptor_proto()) {
    google::protobuf::FileDescriptorProto proto;
    ASSERT_TRUE(proto.ParseFromString(file));
    database.Add(proto);
  }
  google::protobuf::DescriptorPool pool(&database);
  ASSERT_NE(pool.FindServiceByName("pgsluice.v1.GatewayService"), nullptr);
}

TYPED_TEST(Reflection, FindsSymbolsOfEveryKind) {
  struct {
    const char* symbol;
    const char* file;
  } constexpr kCases[] = {
      {"pgsluice.v1.GatewayService", "pgsluice/v1/gateway_service.proto"},
      {"pgsluice.v1.GatewayService.Query", "pgsluice/v1/gateway_service.proto"},
      {"pgsluice.v1.Value", "pgsluice/v1/value.proto"},
      {"pgsluice.v1.Value.int64", "pgsluice/v1/value.proto"},
      {"pgsluice.v1.Intent", "pgsluice/v1/query.proto"},
      {"pgsluice.v1.INTENT_READ", "pgsluice/v1/query.proto"},
      {"pgsluice.v1.TransactionRequest.begin", "pgsluice/v1/transaction.proto"},
  };
  for (const auto& [symbol, file] : kCases) {
    typename TestFixture::Request request;
    request.set_file_containing_symbol(symbol);
    const std::vector<std::string> names = this->FileNames(this->Answer(request));
    ASSERT_FALSE(names.empty()) << symbol;
    EXPECT_EQ(names[0], file) << symbol;
  }
}

TYPED_TEST(Reflection, AnswersNotFoundWithinTheStream) {
  std::vector<typename TestFixture::Request> requests(4);
  requests[0].set_file_by_filename("no.proto");
  requests[1].set_file_containing_symbol("pgsluice.v1.No");
  requests[2].mutable_file_containing_extension()->set_containing_type("pgsluice.v1.No");
  requests[3].set_all_extension_numbers_of_type("pgsluice.v1.No");
  for (const auto& request : requests) {
    const auto response = this->Answer(request);
    EXPECT_EQ(response.error_response().error_code(), 5) << request.ShortDebugString();
    EXPECT_THAT(response.error_response().error_message(), HasSubstr("not found"));
  }
  EXPECT_EQ(this->Answer({}).error_response().error_code(), 3);
}

TYPED_TEST(Reflection, FindsExtensions) {
  google::protobuf::DescriptorPool pool;
  for (const std::string_view text : {kBaseFile, kExtensionFile}) {
    google::protobuf::FileDescriptorProto proto;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(std::string(text), &proto));
    ASSERT_NE(pool.BuildFile(proto), nullptr);
  }
  const ReflectionAnswers answers(pool, {});
  using Response = typename TestFixture::Response;

  typename TestFixture::Request numbers;
  numbers.set_all_extension_numbers_of_type("t.Base");
  const Response all = AnswerReflection<Response>(answers, numbers);
  EXPECT_EQ(all.all_extension_numbers_response().base_type_name(), "t.Base");
  EXPECT_THAT(all.all_extension_numbers_response().extension_number(),
              ElementsAre(110, 120));

  typename TestFixture::Request one;
  one.mutable_file_containing_extension()->set_containing_type("t.Base");
  one.mutable_file_containing_extension()->set_extension_number(110);
  EXPECT_THAT(this->FileNames(AnswerReflection<Response>(answers, one)),
              ElementsAre("extension.proto", "base.proto"));

  one.mutable_file_containing_extension()->set_extension_number(111);
  EXPECT_EQ(AnswerReflection<Response>(answers, one).error_response().error_code(), 5);
}

}  // namespace
}  // namespace pgsluice
