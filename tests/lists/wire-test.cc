// Round trips of maps as the wire sees them.

#include "../values/slow-link.h"
#include "folder.h"

namespace troth {
namespace {

TEST(Wire, AThousandElementsMappedWithTwoCallsEachTakeOneRoundTrip) {
  Setting s;
  SlowLink link(s.loop);
  s.server.serve(kj::heap<FolderServer>(s.counts));
  s.server.accept(link.takeServerEnd());
  auto folder = s.client.connect<folder::Folder>(link.takeClientEnd());
  auto texts = folder.list(1000).entries().map([](auto entry) {
    auto file = entry.file();
    return file.read(0, file.size().bytes()).text();
  });
  EXPECT_EQ(link.countRoundTrips(texts, s.loop), 1u);
  EXPECT_EQ(texts.wait(s).size(), 1000u);
  EXPECT_EQ(s.counts.calls, 2000);
}

}  // namespace
}  // namespace troth
