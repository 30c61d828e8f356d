// Makes bodies of Object.map from bytes, with steps, holes, captures and maps inside each other,
// and wants the server alive afterwards, and what belongs to others unseen.

#include <capnp/serialize.h>
#include <troth/object.capnp.h>

#include <string_view>

#include "../lists/folder.h"
#include "bytes.h"

namespace troth {
namespace {

// Maps made from one input at most, elements in one list, and maps inside each other: one more than
// is allowed.
constexpr int MAPS_MAX = 6;
constexpr uint ELEMENTS_MAX = 4;
constexpr uint NESTING_MAX = 5;

// Turns of the event loop after all maps were sent.
constexpr uint TURNS_AT_END = 100000;

// The name of a file whose folder is served to another client only.
constexpr const char* SECRET = "the secret of another client";

constexpr uint16_t FILES = 1;
constexpr uint16_t METHODS_WITH_LISTS[] = {0, FILES, 2, 3, 4, 5, 8};

class Mapper {
public:
  Mapper(Bytes& bytes, Setting& setting, Ref<folder::Folder> folder)
      : bytes(bytes),
        setting(setting),
        object(folder::Folder::Client(folder).castAs<wire::Object>()) {
    for (auto method: METHODS_WITH_LISTS) lists.push_back(callForList(method));
  }

  void map() {
    auto request = object.mapRequest();
    request.setList(chooseList());
    fillPath(request.initPath(bytes.next() % 4));
    auto captures = request.initCaptures(bytes.next() % 5);
    for (uint i = 0; i < captures.size(); ++i) captures.set(i, chooseList());
    fill(request.initBody(), 1);
    request.setNamed(true);
    auto sent = request.send();
    lists.push_back(sent.getAnswer());
    maps.add(kj::mv(sent));
  }

  // Looks at what the maps gave.
  void finish() {
    setting.loop.waitScope().poll(TURNS_AT_END);
    setting.counts.openGate();
    setting.loop.waitScope().poll(TURNS_AT_END);
    for (auto& map: maps) {
      if (!map.poll(setting.loop.waitScope())) continue;
      KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { look(map.wait(setting)); })) {
        refuseSecret(exception->getDescription());
      }
    }
  }

private:
  Bytes& bytes;
  Setting& setting;
  wire::Object::Client object;
  std::vector<wire::Answer::Client> lists;
  kj::Vector<capnp::RemotePromise<wire::Object::InvokeResults>> calls;
  kj::Vector<capnp::RemotePromise<wire::Object::MapResults>> maps;

  static void refuseSecret(kj::ArrayPtr<const char> text) {
    std::string_view all(text.begin(), text.size());
    KJ_ASSERT(all.find(SECRET) == std::string_view::npos, "another client's data was given");
  }
  static void look(wire::Object::MapResults::Reader results) {
    capnp::MallocMessageBuilder copy;
    capnp::BuilderCapabilityTable capabilities;
    capabilities.imbue(copy.getRoot<capnp::AnyPointer>()).setAs<wire::Object::MapResults>(results);
    for (auto segment: copy.getSegmentsForOutput()) refuseSecret(segment.asBytes().asChars());
  }

  wire::Answer::Client callForList(uint16_t method) {
    auto request = object.invokeRequest();
    request.setInterfaceId(capnp::typeId<folder::Folder>());
    request.setMethodId(method);
    request.setNamed(true);
    request.getParams().initAs<folder::Folder::ListParams>().setCount(ELEMENTS_MAX);
    auto sent = request.send();
    auto answer = sent.getAnswer();
    calls.add(kj::mv(sent));
    return answer;
  }
  wire::Answer::Client chooseList() {
    auto choice = bytes.next();
    if (choice >= 250) return nullptr;
    if (choice >= 245) return object.castAs<wire::Answer>();
    return lists[choice % lists.size()];
  }

  // Mostly what exists: deep inputs are rare otherwise.
  void fillPath(capnp::List<uint16_t>::Builder path) {
    for (uint i = 0; i < path.size(); ++i) path.set(i, bytes.next() % 8);
  }
  void fill(wire::Operand::Builder operand) {
    auto choice = bytes.next();
    switch (choice % 4) {
      case 0:
      case 1: operand.setElement(); break;
      case 2: operand.setStep(choice / 4 % 6); break;
      default: operand.setCapture(choice / 4 % 6);
    }
    fillPath(operand.initPath(bytes.next() % 4));
  }
  void fill(wire::Body::Builder body, uint nesting) {
    auto steps = body.initSteps(bytes.next() % 6);
    for (auto step: steps) fill(step, nesting);
    fill(body.initResult());
  }
  void fill(wire::Step::Builder step, uint nesting) {
    auto kind = bytes.next();
    if (kind % 4 == 3 && nesting < NESTING_MAX) return fillMap(step.initMap(), nesting);
    fillTarget(step.getTarget(), kind);
    auto ofFile = kind / 4 % 2 == 0;
    step.setInterfaceId(ofFile ? capnp::typeId<folder::File>() : capnp::typeId<folder::Folder>());
    step.setMethodId(bytes.next() % 17);
    auto params = step.getParams().initAsAnyStruct(2, 1);
    params.getDataSection()[0] = bytes.next() % (ELEMENTS_MAX + 1);
    auto holes = step.initHoles(bytes.next() % 4);
    for (auto hole: holes) {
      hole.setParam(bytes.next() % 4);
      fill(hole.initSource());
    }
  }
  void fillTarget(wire::Step::Target::Builder target, uint8_t kind) {
    switch (kind % 4) {
      case 0: return fill(target.initOperand());
      case 1: target.initObject().setAs<wire::Object>(object); return;
      default:
        if (bytes.next() % 4 == 0) target.initObject().setAs<capnp::Text>("no object");
    }
  }
  void fillMap(wire::StepMap::Builder map, uint nesting) {
    fill(map.initList());
    auto captures = map.initCaptures(bytes.next() % 4);
    for (auto capture: captures) fill(capture);
    fill(map.initBody(), nesting + 1);
  }
};

// The other client, which has used what the first one cannot name.
class Other {
public:
  explicit Other(Setting& setting): file(kj::heap<FileServer>(setting.counts, SECRET, 1)) {
    VatOptions options;
    options.loop = setting.loop;
    vat = kj::heap<Vat>(kj::mv(options));
    setting.server.serve("other", folder::File::Client(file));
    auto pipe = setting.loop.newTwoWayPipe();
    setting.server.accept(kj::mv(pipe.ends[0]));
    remote = vat->connect<folder::File>(kj::mv(pipe.ends[1]), "other");
    name = remote.name();
    KJ_IF_MAYBE(n, name) n->share();
  }

private:
  Ref<folder::File> file;
  kj::Own<Vat> vat;
  Ref<folder::File> remote = nullptr;
  kj::Maybe<Promise<folder::File::NameResults>> name;
};

}  // namespace

// Runs one input. Aborts if the server does not work any more, or told what it should not.
void runMapInput(const uint8_t* data, size_t size) {
  Setting setting;
  auto folder = setting.connect();
  Other other(setting);
  {
    Bytes bytes(data, size);
    Mapper mapper(bytes, setting, folder);
    for (int i = 0; i < MAPS_MAX && !bytes.isEmpty(); ++i) mapper.map();
    mapper.finish();
  }
  auto sum = folder.add(folder.add(1, 1).sum(), 1).sum().wait(setting);
  KJ_ASSERT(sum == 3, "the server cannot add any more", sum);
}

}  // namespace troth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  troth::runMapInput(data, size);
  return 0;
}
