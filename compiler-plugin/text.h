#pragma once
// Text templates that look like what they make.
//
//     render({{"class", name}, {"methods", methods}}, R"stub(
//         class $class$ {
//           $methods$
//         };
//         )stub")
//
// The indentation that all lines of a template share is removed. A variable alone on its line
// stands for any number of lines, which get the line's indentation; with an empty value the line
// vanishes. A variable that is not there is a bug and aborts.

#include <kj/string.h>
#include <kj/vector.h>

#include <initializer_list>

namespace troth::compiler {

struct Variable {
  kj::StringPtr name;
  kj::String value;

  template <typename T>
  Variable(kj::StringPtr name, T&& value): name(name), value(kj::str(kj::fwd<T>(value))) {}
};

kj::String render(std::initializer_list<Variable> variables, kj::StringPtr text);

// Puts `parts` below each other, with an empty line between them; skips those that are empty.
kj::String paragraphs(kj::ArrayPtr<const kj::String> parts);
kj::String lines(kj::ArrayPtr<const kj::String> parts);

// `doc` as a comment; empty if there is none.
kj::String comment(kj::StringPtr doc);

// `text` as a string literal.
kj::String quote(kj::StringPtr text);

// Breaks lines that are too long, and leaves one empty line where templates left more.
kj::String tidy(kj::StringPtr text);

}  // namespace troth::compiler
