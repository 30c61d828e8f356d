#pragma once
// A DurableId says under which id a call is recorded: text of the caller's choice, or, in a method
// that runs for a durable call itself, that call.

#include <kj/string.h>

#include <concepts>
#include <string>

namespace troth {

namespace _ {

class DurableContext;
class PendingCall;

template <typename C>
concept CanBeDurable = requires(const C& call) {
  { call.durableContext() } -> std::same_as<kj::Maybe<DurableContext&>>;
};

}  // namespace _

class DurableId {
public:
  // At most 512 bytes of UTF-8 without control characters.
  DurableId(const char* id): text(id) {}
  DurableId(kj::StringPtr id): text(id) {}
  DurableId(const kj::String& id): text(id) {}
  DurableId(const std::string& id): text(id.c_str()) {}

  // The next id of `call`, a durable call that is being served. The call does not settle before the
  // one that gets the id.
  template <_::CanBeDurable C>
  DurableId(const C& call) {
    KJ_IF_MAYBE(c, call.durableContext()) {
      context = c;
    } else {
      throwNotDurable();
    }
  }

  kj::StringPtr getText() const { return text; }
  kj::Maybe<_::DurableContext&> getContext() const {
    if (context == nullptr) return nullptr;
    return *context;
  }

private:
  kj::StringPtr text;
  _::DurableContext* context = nullptr;

  [[noreturn]] static void throwNotDurable();
};

namespace _ {

void applyDurable(PendingCall& call, const DurableId& id);

}  // namespace _
}  // namespace troth
