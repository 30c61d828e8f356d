#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/debug.h>
#include <troth/store.h>
#include <troth/stored-message.h>
#include <troth/stored.capnp.h>

namespace troth {
namespace {

// Every part of a message may be read this often before reading it fails.
constexpr size_t READS_MAX = 8;

capnp::ReaderOptions readerOptions() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = READS_MAX * Store::MESSAGE_BYTES_MAX / sizeof(capnp::word);
  return options;
}

// Cap'n Proto reads words, at addresses of words.
kj::Array<capnp::word> copyWords(kj::ArrayPtr<const kj::byte> bytes) {
  KJ_REQUIRE(bytes.size() % sizeof(capnp::word) == 0,
      "this is no stored message: it does not consist of whole words", bytes.size());
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  memcpy(words.begin(), bytes.begin(), bytes.size());
  return words;
}

}  // namespace

struct StoredMessage::Impl {
  explicit Impl(kj::ArrayPtr<const kj::byte> bytes)
      : words(copyWords(bytes)), message(words, readerOptions()) {}

  kj::Array<capnp::word> words;
  capnp::FlatArrayMessageReader message;
  stored::Message::Reader root = message.getRoot<stored::Message>();
};

StoredMessage::StoredMessage(kj::ArrayPtr<const kj::byte> bytes) {
  if (bytes.size() > 0) impl = kj::heap<Impl>(bytes);
}
StoredMessage::~StoredMessage() noexcept(false) {}

capnp::AnyPointer::Reader StoredMessage::content() const {
  return impl.get() == nullptr ? capnp::AnyPointer::Reader() : impl->root.getContent();
}

kj::Array<kj::StringPtr> StoredMessage::refs() const {
  if (impl.get() == nullptr) return nullptr;
  return KJ_MAP(ref, impl->root.getRefs())->kj::StringPtr { return ref; };
}

kj::StringPtr StoredMessage::key() const {
  if (impl.get() == nullptr) return "";
  return impl->root.getKey();
}

kj::StringPtr StoredMessage::step() const {
  if (impl.get() == nullptr) return "";
  return impl->root.getStep();
}

struct StoredMessageBuilder::Impl {
  capnp::MallocMessageBuilder message;
  stored::Message::Builder root = message.initRoot<stored::Message>();
};

StoredMessageBuilder::StoredMessageBuilder(): impl(kj::heap<Impl>()) {}
StoredMessageBuilder::~StoredMessageBuilder() noexcept(false) {}

capnp::AnyPointer::Builder StoredMessageBuilder::content() { return impl->root.getContent(); }

void StoredMessageBuilder::setRefs(kj::ArrayPtr<const kj::StringPtr> refs) {
  auto list = impl->root.initRefs(refs.size());
  for (auto i: kj::indices(refs)) list.set(i, capnp::Text::Reader(refs[i]));
}

kj::Array<const kj::byte> StoredMessageBuilder::finish() {
  auto words = capnp::messageToFlatArray(impl->message);
  return kj::heapArray<const kj::byte>(words.asBytes());
}

}  // namespace troth
