#include "server/channelz_text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// As gRPC 1.51 writes them.
TEST(ChannelzTextTest, ReadsServers) {
  EXPECT_THAT(
      ServersIn(
          R"({"end":true,"server":[{"data":{"callsStarted":"7"},"ref":{"serverId":"1"}},)"
          R"({"data":{},"listenSocket":[{"name":"a","socketId":"2"}],)"
          R"("ref":{"serverId":"12"}}]})"),
      ElementsAre(1, 12));
  EXPECT_THAT(ServersIn(R"({"end":true})"), IsEmpty());
}

TEST(ChannelzTextTest, ReadsConnectionsAndTheirPeers) {
  const SocketPage page =
      SocketsIn(R"({"end":true,"socketRef":[)"
                R"({"name":"chttp2 ipv6:%5B::1%5D:50868","socketId":"3"},)"
                R"({"name":"chttp2 ipv4:127.0.0.1:45310","socketId":"4"}]})");

  EXPECT_TRUE(page.is_last);
  EXPECT_THAT(page.sockets, ElementsAre(SocketEntry{3, "ipv6:%5B::1%5D:50868"},
                                        SocketEntry{4, "ipv4:127.0.0.1:45310"}));
  EXPECT_FALSE(SocketsIn(R"({"socketRef":[{"name":"x y","socketId":"3"}]})").is_last);
  // There is nothing behind an empty page, whatever it says.
  EXPECT_TRUE(SocketsIn(R"({"socketRef":[]})").is_last);
}

TEST(ChannelzTextTest, ReadsCountsOfCallsOfWhichThoseOfZeroAreLeftOut) {
  EXPECT_EQ(
      CallCountsIn(R"({"socket":{"data":{"messagesReceived":"792","messagesSent":"791",)"
                   R"("streamsFailed":"209","streamsStarted":"1000",)"
                   R"("streamsSucceeded":"791"},"ref":{"name":"n","socketId":"9"}}})"),
      (CallCounts{.begun = 1000, .answered = 791, .abandoned = 209, .received = 792}));
  EXPECT_EQ(CallCountsIn(R"({"socket":{"data":{}}})"), CallCounts{});
}

TEST(ChannelzTextTest, WhatCannotBeReadIsNotThere) {
  for (const char* text :
       {"", "{", "[]", "1", R"({"socket":5,"server":5})",
        R"({"socket":{"data":[]},"server":[5,{}],"socketRef":[{}]})"}) {
    EXPECT_EQ(CallCountsIn(text), std::nullopt) << text;
    EXPECT_THAT(ServersIn(text), IsEmpty()) << text;
    EXPECT_THAT(SocketsIn(text).sockets, IsEmpty()) << text;
    EXPECT_TRUE(SocketsIn(text).is_last) << text;
  }
}

}  // namespace
}  // namespace pgsluice
