#pragma once
// Names: what a schema's identifier is called in C++.
//
// A name that is taken gets an underscore at its end, and another one until it is free. Taken are
// C++'s own words, what the headers of Troth and KJ use or will use in the same scope, and names
// given out before.

#include <kj/map.h>
#include <kj/string.h>

namespace troth::compiler {

using kj::uint;

// What a scope reserves for itself. The lists are in names.cc.
enum class Reserved {
  ACCESSORS_OF_PROMISE,
  METHODS,
  CLASSES_OF_CALLS,
  ACCESSORS_OF_CALL,
  ARGUMENTS,
};

class NameScope {
public:
  explicit NameScope(Reserved reserved);

  // Gives out `wanted`, or what comes closest.
  kj::String claim(kj::StringPtr wanted);

  // Takes `name` without giving it out.
  void block(kj::StringPtr name);

private:
  Reserved reserved;
  kj::HashSet<kj::String> taken;
};

kj::String toTitleCase(kj::StringPtr name);
kj::String toCapitals(kj::StringPtr name);

// Whether `name` can stand in C++ code as a name of something.
bool isIdentifier(kj::StringPtr name);

// Whether `name` is a keyword, an alternative token, or a macro of the standard library.
bool isKeyword(kj::StringPtr name);

}  // namespace troth::compiler
