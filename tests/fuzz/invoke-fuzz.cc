// Makes calls of Object.invoke from bytes, with whatever holes they say, and wants the server alive
// afterwards.

#include <troth/object.capnp.h>

#include "../values/desk.h"
#include "bytes.h"

namespace troth {
namespace {

// Calls made from one input at most.
constexpr int CALLS_MAX = 24;

// Turns of the event loop after each call, and after the last one.
constexpr uint TURNS_AFTER_CALL = 40;
constexpr uint TURNS_AT_END = 20000;

// An answer that gives what the bytes say.
class AnyAnswer final: public wire::Answer::Server {
public:
  AnyAnswer(uint8_t kind, uint8_t number): kind(kind), number(number) {}

  kj::Promise<void> get(GetContext context) override {
    auto value = context.getResults().initValue();
    switch (kind % 11) {
      case 0: value.setVoid(); break;
      case 1: value.setBool(number & 1); break;
      case 2: value.setInt(static_cast<int8_t>(number)); break;
      case 3: value.setUint(UINT64_MAX - number); break;
      case 4: value.setFloat(number * 1e300 * 1e10); break;
      case 5: value.setEnum(number); break;
      case 6: value.initPointer().setAs<capnp::Text>("text"); break;
      case 7:
        value.initPointer().initAsAnyList(static_cast<capnp::ElementSize>(number % 7), 3);
        break;
      case 9: value.initList(number % 4); break;
      case 8: value.initPointer().initAsAnyStruct(number % 5, number / 64); break;
      default: return kj::NEVER_DONE;
    }
    return kj::READY_NOW;
  }

private:
  uint8_t kind;
  uint8_t number;
};

class Caller {
public:
  Caller(Bytes& bytes, Desks& desks)
      : bytes(bytes), desks(desks), object(desk::Desk::Client(desks.desk).castAs<wire::Object>()) {}

  void call() {
    auto request = object.invokeRequest();
    request.setInterfaceId(chooseInterface());
    request.setMethodId(bytes.next() % 16);
    auto form = bytes.next();
    request.setNamed(form % 8 != 7);
    if (form >= 0xe0) request.initOptions().setTimeLeft(chooseTimeLeft());
    fill(request.getParams());
    auto holes = request.initHoles(bytes.next() % 67);
    for (auto hole: holes) {
      auto param = bytes.next();
      hole.setParam(param == 255 ? 65535 : param % 22);
      hole.setSource(chooseSource());
      auto path = hole.initPath(bytes.next() % 35);
      for (auto i: kj::indices(path)) path.set(i, bytes.next() % 22);
    }
    auto sent = request.send();
    answers.push_back(sent.getAnswer());
    if (bytes.next() % 4 != 0) calls.add(kj::mv(sent));
    desks.loop.waitScope().poll(bytes.next() % TURNS_AFTER_CALL);
  }

private:
  Bytes& bytes;
  Desks& desks;
  wire::Object::Client object;
  std::vector<wire::Answer::Client> answers;
  kj::Vector<capnp::RemotePromise<wire::Object::InvokeResults>> calls;

  uint64_t chooseInterface() {
    switch (bytes.next() % 16) {
      case 0: return 0;
      case 1: return capnp::typeId<wire::Object>();
      case 2: return capnp::typeId<wire::Answer>();
      default: return capnp::typeId<desk::Desk>();
    }
  }
  uint64_t chooseTimeLeft() {
    auto choice = bytes.next();
    return choice < 128 ? choice * 10000 : UINT64_MAX >> (choice % 64);
  }
  wire::Answer::Client chooseSource() {
    auto choice = bytes.next();
    if (choice < 8) return nullptr;
    if (choice < 16) return object.castAs<wire::Answer>();
    if (choice < 64 || answers.empty()) return kj::heap<AnyAnswer>(choice, bytes.next());
    return answers[choice % answers.size()];
  }
  void fill(capnp::AnyPointer::Builder params) {
    auto shape = bytes.next();
    if (shape < 32) return;
    if (shape < 40) return params.setAs<capnp::Text>("not a struct");
    if (shape < 48) return params.setAs<wire::Object>(object);
    if (shape < 56) {
      params.initAsAnyList(static_cast<capnp::ElementSize>(shape % 7), 3);
      return;
    }
    auto content = params.initAsAnyStruct(shape % 10, shape % 12);
    for (auto& byte: content.getDataSection()) byte = bytes.next();
    for (auto pointer: content.getPointerSection()) {
      if (bytes.next() % 2 == 0) pointer.setAs<capnp::Text>("text");
    }
  }
};

}  // namespace

// Runs one input. Aborts if the server does not work any more.
void runInvokeInput(const uint8_t* data, size_t size) {
  Desks desks;
  {
    Bytes bytes(data, size);
    Caller caller(bytes, desks);
    for (int i = 0; i < CALLS_MAX && !bytes.isEmpty(); ++i) caller.call();
    desks.loop.waitScope().poll(TURNS_AT_END);
    desks.world.open();
    desks.loop.waitScope().poll(TURNS_AT_END);
  }
  auto sum = desks.desk.add(desks.desk.add(1, 1).sum(), 1).sum().wait(desks);
  KJ_ASSERT(sum == 3, "the server cannot add any more", sum);
}

}  // namespace troth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  troth::runInvokeInput(data, size);
  return 0;
}
