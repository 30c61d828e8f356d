#pragma once
// A PgProxy stands between a store and PostgreSQL, and cuts connections when a test says so.
//
// It counts the answers of the server: what it sends at a time, which for a run is all of it. To
// cut at one is to lose it on its way, after the server has done what it answers.

#include <kj/async-io.h>
#include <kj/function.h>
#include <kj/string.h>
#include <troth/loop.h>

namespace troth {

class PgProxy final: private kj::TaskSet::ErrorHandler {
public:
  // `folder` is that of the server's socket; the proxy's own is made in `ownFolder`.
  PgProxy(Loop& loop, kj::StringPtr folder, kj::StringPtr ownFolder);
  KJ_DISALLOW_COPY_AND_MOVE(PgProxy);

  // How to connect through it.
  kj::String where() const { return kj::str("host=", ownFolder, " user=troth dbname=postgres"); }

  // Is asked at each message whether its connection is cut: before it, or after it.
  enum class Message { REQUEST, ANSWER };
  enum class Fate { PASS, CUT, PASS_AND_CUT };
  using Bytes = kj::ArrayPtr<const char>;
  kj::Function<Fate(Message, Bytes)> judge = [](Message, Bytes) { return Fate::PASS; };

  uint64_t cuts = 0;

private:
  kj::Network& network;
  kj::String folder;
  kj::String ownFolder;
  kj::TaskSet tasks;

  kj::Promise<void> accept();
  kj::Promise<void> serve(kj::Own<kj::AsyncIoStream> client);
  kj::Promise<void> pass(kj::AsyncIoStream& from, kj::AsyncIoStream& to, Message message);
  void taskFailed(kj::Exception&& exception) override;
};

}  // namespace troth
