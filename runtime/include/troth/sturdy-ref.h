#pragma once
// A SturdyRef is a reference that outlives connection and process: it says where an object is and
// proves that its holder may have it. It is data, to be stored, sent or printed.
//
//     auto text = alice.save().wait(vat).toText();              // troth://bank.example:7700/…
//     auto again = vat.restore<Account>(text);                  // now, or next year
//
// Whoever knows the text of a sturdy ref with a secret can have the object: keep it like a
// password.

#include <capnp/capability.h>
#include <kj/async.h>
#include <kj/string.h>

namespace troth {

struct SturdyRef {
  // The vat's address, as Vat::connect() takes it: host:port or unix:/path. Empty in a relative
  // ref, which is one of the vat that reads it.
  kj::String host;

  // What the object is served under, or the name of its restorer. Empty: the vat's main object.
  kj::String name;

  // What the restorer calls the object. Empty for objects that are served under a name.
  kj::String key;

  // Proves that the vat gave this ref to somebody. Empty for objects that are served under a name.
  kj::String secret;

  // Reads
  //
  //     troth://host:port/name/key#secret      an object of a restorer
  //     troth://host:port/name                 a named object
  //     troth://host:port/                     the main object
  //     troth:/name/key                        relative
  //
  // Characters that mean something else are percent-encoded, so that a Unix socket is
  // troth://unix:%2Frun%2Fbank.sock/name. Throws FAILED for anything else.
  static SturdyRef parse(kj::StringPtr text);

  // The text that parse() reads.
  kj::String toText() const;

  SturdyRef clone() const;
};

namespace _ {

// Asks the object itself for its sturdy ref, wherever it is. Never gives a relative one.
kj::Promise<SturdyRef> saveObject(kj::Own<capnp::ClientHook> object);

}  // namespace _
}  // namespace troth
