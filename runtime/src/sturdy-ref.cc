#include <capnp/persistent.capnp.h>
#include <kj/debug.h>
#include <kj/encoding.h>
#include <troth/sturdy-ref.h>

#include "sturdy-path.h"

namespace troth {
namespace {

using Chars = kj::ArrayPtr<const char>;

constexpr kj::StringPtr SCHEME = "troth:"_kj;

// Splits `text` at the first `separator`: what is after it, or null if there is none.
kj::Maybe<Chars> cut(Chars& text, char separator) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != separator) continue;
    auto rest = text.slice(i + 1, text.size());
    text = text.slice(0, i);
    return rest;
  }
  return nullptr;
}

kj::Maybe<kj::String> decode(Chars text) {
  auto decoded = kj::decodeUriComponent(text);
  if (decoded.hadErrors) return nullptr;
  return kj::String(kj::mv(decoded));
}

// Decodes `text` into `to`; false if it is not percent-encoded text, or is empty.
bool decodePart(Chars text, kj::String& to) {
  for (char c: text) {
    if (c == '/' || c == '#') return false;
  }
  KJ_IF_MAYBE(decoded, decode(text)) {
    to = kj::mv(*decoded);
    return to.size() > 0;
  }
  return false;
}

// Reads what follows the host.
bool parsePath(Chars text, SturdyRef& ref) {
  KJ_IF_MAYBE(secret, cut(text, '#')) {
    if (!decodePart(*secret, ref.secret)) return false;
  }
  if (text.size() == 0) return true;
  KJ_IF_MAYBE(key, cut(text, '/')) {
    if (!decodePart(*key, ref.key)) return false;
  }
  return decodePart(text, ref.name);
}

bool parseInto(Chars text, SturdyRef& ref) {
  if (text.size() < SCHEME.size() || text.slice(0, SCHEME.size()) != SCHEME.asArray()) return false;
  text = text.slice(SCHEME.size(), text.size());
  if (text.size() == 0 || text[0] != '/') return false;
  text = text.slice(1, text.size());
  if (text.size() > 0 && text[0] == '/') {
    auto host = text.slice(1, text.size());
    KJ_IF_MAYBE(path, cut(host, '/')) {
      return decodePart(host, ref.host) && parsePath(*path, ref);
    }
    return false;
  }
  return parsePath(text, ref);
}

// Brackets and colons stay readable.
kj::String encodeHost(kj::StringPtr host) {
  kj::Vector<char> result;
  for (auto& c: host) {
    if (c == ':' || c == '[' || c == ']') {
      result.add(c);
    } else {
      result.addAll(kj::encodeUriComponent(kj::arrayPtr(&c, 1)));
    }
  }
  result.add('\0');
  return kj::String(result.releaseAsArray());
}

kj::String secretPart(kj::StringPtr secret) {
  return secret.size() == 0 ? kj::String() : kj::str('#', kj::encodeUriComponent(secret));
}

}  // namespace

SturdyRef SturdyRef::parse(kj::StringPtr text) {
  SturdyRef result;
  if (parseInto(text, result)) return result;
  // The secret is not for logs.
  Chars shown = text;
  cut(shown, '#');
  KJ_FAIL_REQUIRE(
      "not a sturdy ref; expected troth://host:port/name/key#secret, "
      "troth://host:port/name or troth:/name/key",
      kj::str(shown));
}

kj::String SturdyRef::toText() const {
  auto authority = host.size() == 0 ? kj::String() : kj::str("//", encodeHost(host));
  return kj::str(SCHEME, authority, '/', _::pathOf(name, key), secretPart(secret));
}

SturdyRef SturdyRef::clone() const {
  return {kj::str(host), kj::str(name), kj::str(key), kj::str(secret)};
}

namespace _ {

kj::String pathOf(kj::StringPtr name, kj::StringPtr key) {
  if (key.size() == 0) return kj::encodeUriComponent(name);
  KJ_REQUIRE(name.size() > 0, "a sturdy ref with a key has no name", key);
  return kj::str(kj::encodeUriComponent(name), '/', kj::encodeUriComponent(key));
}

kj::String objectName(const SturdyRef& ref) {
  if (ref.key.size() == 0) return kj::str(ref.name);
  return kj::str(pathOf(ref.name, ref.key), '#', kj::encodeUriComponent(ref.secret));
}

kj::Maybe<SturdyRef> parseObjectName(kj::StringPtr objectName) {
  SturdyRef result;
  Chars path = objectName;
  KJ_IF_MAYBE(secret, cut(path, '#')) {
    KJ_IF_MAYBE(decoded, decode(*secret)) {
      result.secret = kj::mv(*decoded);
      if (parsePath(path, result) && result.key.size() > 0) return kj::mv(result);
    }
  }
  return nullptr;
}

kj::Promise<SturdyRef> saveObject(kj::Own<capnp::ClientHook> object) {
  using Persistent = capnp::Persistent<capnp::Text, capnp::AnyPointer>;
  return Persistent::Client(kj::mv(object))
      .saveRequest(capnp::MessageSize{2, 0})
      .send()
      .then(
          [](capnp::Response<Persistent::SaveResults>&& saved) {
            auto ref = SturdyRef::parse(saved.getSturdyRef());
            // It would name one of our own objects.
            KJ_REQUIRE(ref.host.size() > 0, "a vat has given a sturdy ref that is relative");
            return ref;
          },
          [](kj::Exception&& exception) -> SturdyRef {
            exception.setDescription(
                kj::str("cannot save the object: ", exception.getDescription()));
            kj::throwFatalException(kj::mv(exception));
          });
}

}  // namespace _
}  // namespace troth
