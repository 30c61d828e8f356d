#pragma once
// The body of a map: what a function does with the elements of a list that is not there yet.
//
// The function runs once, on a placeholder. Calls made meanwhile are recorded as the steps of the
// body instead of being sent, those on captured refs too; a map inside is a step like a call. The
// body then goes where the list is, or, if that is here or with a peer that cannot run bodies, is
// run here.
//
// Programs use Promise<capnp::List<E>>::map; this header is what that is made of.

#include "pending-call.h"

namespace troth::_ {

class Body final: public kj::Refcounted {
public:
  // More steps than this are refused.
  static constexpr uint STEPS_MAX = 64;

  // More maps inside each other than this are refused.
  static constexpr uint NESTING_MAX = 4;

  // What stands for the element.
  kj::Own<PendingCall> element;

  kj::Vector<kj::Own<PendingCall>> steps;
  kj::Maybe<Source> result;

  // Whether `call` stands for the element or is a step.
  bool owns(const PendingCall& call) const;

  // The position of `call` among the steps.
  kj::Maybe<uint> findStep(const PendingCall& call) const;

  // The call of `step`, and what it is on, for error messages.
  kj::String describe(PendingCall& step) const;
};

// While one lives, calls of this thread are recorded.
class Recorder {
public:
  Recorder();
  ~Recorder() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(Recorder);

  static kj::Maybe<Recorder&> current();

  // Where promises get the element from.
  Source getElement();

  void add(PendingCall& call);

  // Somebody waits for a value that is only recorded, which finish() refuses.
  void noteAwaited() { awaited = true; }

  // Ends the body with what its function returned: something in the element or in the results of a
  // step.
  kj::Own<Body> finish(Source result);
  kj::Own<Body> finish(capnp::ClientHook& result);

private:
  kj::Own<Body> body;
  Recorder* outer;
  bool awaited = false;

  static void requireReturnedOnly(PendingCall& call);
};

// A result as it came over the wire. `number` also holds booleans and enums.
struct WireValue {
  // LIST: what a map inside the body gave.
  enum class Kind { VOID, NUMBER, REAL, POINTER, LIST };

  Kind kind = Kind::VOID;
  uint64_t number = 0;
  double real = 0;
  capnp::AnyPointer::Reader pointer{};
  capnp::AnyList::Reader list{};

  // Element `index` of `list`.
  WireValue getElement(uint index) const;
};

using ReadSource = void (*)(const Source& source, kj::_::ExceptionOrValue& output);

// How results of one type become a list.
struct ListType {
  void (*init)(capnp::AnyPointer::Builder list, uint size);
  void (*setFromSource)(
      capnp::AnyPointer::Builder list, uint index, const Source& source, ReadSource read);
  void (*setFromWire)(capnp::AnyPointer::Builder list, uint index, const WireValue& value);
};

// The results of a map: a list in a message of its own.
class Mapped final: public capnp::ResponseHook {
public:
  capnp::AnyPointer::Builder getList() {
    return capabilities.imbue(message.getRoot<capnp::AnyPointer>());
  }

private:
  capnp::MallocMessageBuilder message;
  capnp::BuilderCapabilityTable capabilities;
};

// What a call of map is to do, and with what.
class Plan {
public:
  // More elements than this are refused; a body that is run here is run for so many at once.
  static constexpr uint ELEMENTS_MAX = 65536;
  static constexpr uint LOCAL_FAN_OUT_MAX = 1024;

  struct Types {
    // The elements of the list, where they are lists.
    Path::IntoElement intoElement;
    // The results of the body.
    const ListType& results;
    ReadSource readResult;
  };

  // Makes a call that maps `list`. The source that is returned is that of the list of results.
  static Source start(kj::Own<Body> body, Source list, Types types);

  class Run;

  // `outer` is what a map inside a body belongs to, where that body runs here.
  Plan(kj::Own<Body> body, Source list, Types types, kj::Maybe<Run&> outer = nullptr);
  KJ_DISALLOW_COPY_AND_MOVE(Plan);

  // Whether `peer` can run it: everything in it that is known already can be written into
  // parameters, and no object of another vat is called. Those are nearer from here.
  bool canTravel(const void* peer) { return canTravel(*this, peer); }

  const Source& getList() const { return list; }

  // Writes the parameters of Object.map.
  void write(capnp::AnyPointer::Builder params);

  // Makes the list from the results of Object.map.
  capnp::Response<capnp::AnyPointer> read(capnp::AnyPointer::Reader results);

  // Runs the body here. The list must be there.
  kj::Promise<capnp::Response<capnp::AnyPointer>> evaluate();

  // Puts the names of calls in the place of the numbers of steps in `text`, an error of a peer that
  // has run it.
  kj::String nameSteps(kj::StringPtr text);

  // Running here, and what its calls inherit.
  kj::Promise<void> evaluation = nullptr;
  Inherited inherited;

private:
  class Writer;

  kj::Own<Body> body;
  Source list;
  Types types;
  kj::Maybe<Run&> outer;
  kj::Vector<kj::Own<PendingCall>> captured;

  static kj::Own<PendingCall> pend(kj::Own<Plan> plan);

  // What `source` is here, if it belongs to a body around this one that runs here.
  Source resolve(const Source& source) const;

  bool canTravel(const Plan& root, const void* peer);
  static bool isInDoubt(PendingCall& call, const void* peer);
  static bool isInDoubt(capnp::ClientHook& object, const void* peer);
  static bool canBeCalled(PendingCall& step, const Plan& root, const void* peer);
  bool canName(const Source& source, const Plan& root) const;
  bool canNameAll(const Plan& root);
  bool isOfMap(const Plan& root) const;
  void capture(const Source& source);
  kj::Promise<void> runFrom(uint& next, uint size, Mapped& mapped);
  kj::Promise<void> runOne(uint index, Mapped& mapped, kj::Maybe<uint>& broken);
};

}  // namespace troth::_
