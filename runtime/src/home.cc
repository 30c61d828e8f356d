// Where server objects live, and how they tell it.

#include <capnp/persistent.capnp.h>
#include <kj/debug.h>
#include <troth/peers.h>
#include <troth/server.h>

namespace troth {
namespace {

using Persistent = capnp::Persistent<capnp::Text, capnp::AnyPointer>;
using SaveContext = capnp::CallContext<Persistent::SaveParams, Persistent::SaveResults>;

// Set by a server that is asked for its file descriptor.
thread_local ServerBase* serverAsked = nullptr;

}  // namespace

// A server that is asked so stands for nothing else, and has no descriptor.
kj::Maybe<int> ServerBase::getFd() {
  serverAsked = this;
  return nullptr;
}

kj::Maybe<const _::Home&> ServerBase::getHome() const {
  if (homeRecord.get() == nullptr) return nullptr;
  return homeRecord->find();
}

ServerBase::Dispatched ServerBase::dispatchSave(Context untyped) {
  SaveContext context(capnp::CallContextHook::from(untyped));
  if (context.getParams().hasSealFor()) {
    return cancelable(KJ_EXCEPTION(UNIMPLEMENTED, "sturdy refs cannot be sealed for an owner"));
  }
  if (getHome() == nullptr) {
    return cancelable(KJ_EXCEPTION(UNIMPLEMENTED,
        "this object is neither served under a name nor made by a restorer",
        interfaceSchema().getShortDisplayName()));
  }
  context.releaseParams();
  return cancelable(kj::evalNow([&]() {
    return homeRecord->publish();
  }).then([context](SturdyRef&& ref) mutable { context.getResults().setSturdyRef(ref.toText()); }));
}

namespace _ {

void HomeRecord::assign(ServerBase& server, kj::Own<HomeRecord> record) {
  if (server.getHome() == nullptr) server.homeRecord = kj::mv(record);
}

kj::Maybe<ServerBase&> findServer(capnp::ClientHook& object) {
  auto* hook = &object;
  for (;;) {
    KJ_IF_MAYBE(next, hook->getResolved()) {
      hook = next;
    } else {
      break;
    }
  }
  if (!Peers::isLocal(hook->getBrand())) return nullptr;
  serverAsked = nullptr;
  hook->getFd();
  if (serverAsked == nullptr) return nullptr;
  return *serverAsked;
}

}  // namespace _
}  // namespace troth
