#include "pg-proxy.h"

#include <kj/debug.h>

namespace troth {
namespace {

// Where PostgreSQL listens in a folder; its port is the default.
kj::String socketIn(kj::StringPtr folder) { return kj::str("unix:", folder, "/.s.PGSQL.5432"); }

// More than the server sends at a time in these tests.
constexpr size_t MESSAGE_BYTES_MAX = 256 << 10;

}  // namespace

PgProxy::PgProxy(Loop& loop, kj::StringPtr folder, kj::StringPtr ownFolder)
    : network(loop.network()),
      folder(kj::str(folder)),
      ownFolder(kj::str(ownFolder)),
      tasks(*this) {
  tasks.add(accept());
}

kj::Promise<void> PgProxy::accept() {
  auto address = co_await network.parseAddress(socketIn(ownFolder));
  auto listener = address->listen();
  for (;;) tasks.add(serve(co_await listener->accept()));
}

kj::Promise<void> PgProxy::serve(kj::Own<kj::AsyncIoStream> client) {
  auto address = co_await network.parseAddress(socketIn(folder));
  auto server = co_await address->connect();
  // Whichever ends first ends both.
  auto requests = pass(*client, *server, Message::REQUEST);
  co_await requests.exclusiveJoin(pass(*server, *client, Message::ANSWER));
}

kj::Promise<void> PgProxy::pass(kj::AsyncIoStream& from, kj::AsyncIoStream& to, Message message) {
  auto buffer = kj::heapArray<kj::byte>(MESSAGE_BYTES_MAX);
  for (;;) {
    auto size = co_await from.tryRead(buffer.begin(), 1, buffer.size());
    if (size == 0) co_return;
    auto fate = judge(message, buffer.slice(0, size).asChars());
    if (fate != Fate::PASS) ++cuts;
    if (fate != Fate::CUT) co_await to.write(buffer.begin(), size);
    if (fate != Fate::PASS) co_return;
  }
}

void PgProxy::taskFailed(kj::Exception&& exception) {
  KJ_LOG(INFO, "a connection through the proxy has ended", exception);
}

}  // namespace troth
