#pragma once
// What a method passes on to the calls that it makes for its own call: the deadline of that call.
//
// It ends with the call. What a method keeps for later, such as the ref of somebody who wants to be
// told of news, is bound by it no longer.
//
// Programs use Deadline; this header is what refs and calls of servers keep of it.

#include <kj/common.h>
#include <kj/refcount.h>
#include <kj/time.h>

namespace troth::_ {

class Inherited {
public:
  // Nothing: calls have no deadline but their own.
  Inherited() = default;

  explicit Inherited(kj::TimePoint end);

  // Copies end together.
  Inherited(const Inherited& other) {
    if (other.state != nullptr) share(other);
  }
  Inherited(Inherited&&) = default;
  Inherited& operator=(const Inherited& other) { return *this = Inherited(other); }
  Inherited& operator=(Inherited&&) = default;

  // That of the method which is being started, or of the map whose steps are.
  static const Inherited& current();

  // The time by which calls are to be done; null if there is none, or if the call has ended.
  kj::Maybe<kj::TimePoint> getEnd() const {
    KJ_IF_MAYBE(s, state) {
      if ((*s)->open) return (*s)->end;
    }
    return nullptr;
  }

  // The call has ended.
  void close();

  // While one lives, `inherited` is current().
  class Scope {
  public:
    explicit Scope(const Inherited& inherited);
    ~Scope() noexcept(false);
    KJ_DISALLOW_COPY_AND_MOVE(Scope);

  private:
    const Inherited* outer;
  };

private:
  struct State final: public kj::Refcounted {
    explicit State(kj::TimePoint end): end(end) {}

    kj::TimePoint end;
    bool open = true;
  };

  kj::Maybe<kj::Own<State>> state;

  void share(const Inherited& other);
};

}  // namespace troth::_
