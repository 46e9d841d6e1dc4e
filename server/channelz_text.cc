#include "server/channelz_text.h"

#include "absl/strings/numbers.h"

#include "nlohmann/json.hpp"

namespace pgsluice {

namespace {

using Json = nlohmann::json;

Json Parse(std::string_view text) {
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

// Null if there is none.
const Json& Member(const Json& object, const char* name) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

// gRPC leaves out what is zero.
uint64_t Number(const Json& object, const char* name) {
  const Json& member = Member(object, name);
  uint64_t number = 0;
  if (member.is_string() &&
      absl::SimpleAtoi(member.get_ref<const std::string&>(), &number)) {
    return number;
  }
  return 0;
}

// "chttp2 ipv4:192.0.2.1:40000": the transport's name comes first.
std::string PeerIn(const Json& name) {
  if (!name.is_string()) return "";
  const auto& text = name.get_ref<const std::string&>();
  return text.substr(text.find(' ') + 1);
}

}  // namespace

std::vector<int64_t> ServersIn(std::string_view json) {
  const Json page = Parse(json);
  std::vector<int64_t> servers;
  for (const Json& server : Member(page, "server")) {
    const uint64_t id = Number(Member(server, "ref"), "serverId");
    if (id > 0) servers.push_back(static_cast<int64_t>(id));
  }
  return servers;
}

SocketPage SocketsIn(std::string_view json) {
  const Json page = Parse(json);
  SocketPage sockets;
  for (const Json& entry : Member(page, "socketRef")) {
    const uint64_t id = Number(entry, "socketId");
    if (id == 0) continue;
    sockets.sockets.push_back({static_cast<int64_t>(id), PeerIn(Member(entry, "name"))});
  }
  const Json& end = Member(page, "end");
  sockets.is_last = sockets.sockets.empty() || (end.is_boolean() && end.get<bool>());
  return sockets;
}

std::optional<CallCounts> CallCountsIn(std::string_view json) {
  const Json answer = Parse(json);
  const Json& data = Member(Member(answer, "socket"), "data");
  if (!data.is_object()) return std::nullopt;
  return CallCounts{.begun = Number(data, "streamsStarted"),
                    .answered = Number(data, "streamsSucceeded"),
                    .abandoned = Number(data, "streamsFailed"),
                    .received = Number(data, "messagesReceived")};
}

}  // namespace pgsluice
