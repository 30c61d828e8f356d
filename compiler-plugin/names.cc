#include "names.h"

namespace troth::compiler {

namespace {

using Words = kj::ArrayPtr<const char* const>;

// Keywords of C++20, its alternative tokens, and macros in lower case that headers of the C library
// define.
constexpr const char* KEYWORDS[] = {"alignas", "alignof", "alloca", "and", "and_eq", "asm",
    "assert", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char", "char16_t",
    "char32_t", "char8_t", "class", "co_await", "co_return", "co_yield", "compl", "concept",
    "const", "const_cast", "consteval", "constexpr", "constinit", "continue", "decltype", "default",
    "delete", "do", "double", "dynamic_cast", "else", "enum", "errno", "explicit", "export",
    "extern", "false", "float", "for", "friend", "goto", "if", "inline", "int", "linux", "long",
    "major", "makedev", "minor", "mutable", "namespace", "new", "noexcept", "not", "not_eq",
    "nullptr", "offsetof", "operator", "or", "or_eq", "private", "protected", "public", "register",
    "reinterpret_cast", "requires", "return", "setjmp", "short", "signed", "sizeof", "static",
    "static_assert", "static_cast", "stderr", "stdin", "stdout", "struct", "switch", "template",
    "this", "thread_local", "throw", "true", "try", "typedef", "typeid", "typename", "union",
    "unix", "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor",
    "xor_eq"};

// What kj::Promise and Promise have, or will have.
constexpr const char* ACCESSORS_OF_PROMISE[] = {"all", "any", "at", "attach", "cancel", "catch_",
    "detach", "durable", "eagerlyEvaluate", "exclusiveJoin", "finally", "finally_", "flatMap",
    "fork", "get", "ignoreResult", "lazy", "map", "poll", "race", "recover", "retry", "settled",
    "share", "source", "split", "then", "trace", "via", "wait", "within"};

// What RefBase, ServerBase and capnp::Capability::Server have, or will have, and what dispatching
// uses. One list, so that a method has the same name in the ref and in the server.
constexpr const char* METHODS[] = {"cancelable", "cancelableStreaming", "context", "dispatchCall",
    "dispatchMethod", "durable", "getFd", "getHome", "getHook", "hook", "interfaceId",
    "internalGetTypedContext", "internalGetTypedStreamingContext", "internalUnimplemented",
    "methodId", "newCall", "newCallWith", "newStreamingCall", "pendingCall", "plain", "restore",
    "save", "shortenPath", "streaming", "thisCap", "thisHook", "unimplemented",
    "unimplementedInterface", "unimplementedMethod"};

// The names by which a generated server refers to other types.
constexpr const char* CLASSES_OF_CALLS[] = {"Arg", "Call", "Context", "DispatchCallResult",
    "Dispatched", "Done", "InterfaceServer", "Ref", "Server", "ServerBase", "Serves",
    "StreamingCall"};

// What Call has, or will have.
constexpr const char* ACCESSORS_OF_CALL[] = {"cancel", "children", "context", "deadline", "durable",
    "durableContext", "fulfill", "get", "id", "initResults", "isDurable", "params", "promise",
    "releaseParams", "results", "setResults", "sleep", "step", "transaction", "tries", "version"};

// What the bodies of generated functions use.
constexpr const char* ARGUMENTS[] = {
    "call", "fill", "initResults", "newCall", "newCallWith", "results", "setResult", "setResults"};

Words wordsOf(Reserved reserved) {
  switch (reserved) {
    case Reserved::ACCESSORS_OF_PROMISE: return ACCESSORS_OF_PROMISE;
    case Reserved::METHODS: return METHODS;
    case Reserved::CLASSES_OF_CALLS: return CLASSES_OF_CALLS;
    case Reserved::ACCESSORS_OF_CALL: return ACCESSORS_OF_CALL;
    case Reserved::ARGUMENTS: return ARGUMENTS;
  }
  KJ_UNREACHABLE;
}

bool contains(Words words, kj::StringPtr word) {
  for (kj::StringPtr w: words) {
    if (w == word) return true;
  }
  return false;
}

bool isLetter(char c) { return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || c == '_'; }

bool isDigit(char c) { return '0' <= c && c <= '9'; }

}  // namespace

NameScope::NameScope(Reserved reserved): reserved(reserved) {}

kj::String NameScope::claim(kj::StringPtr wanted) {
  auto name = kj::heapString(wanted);
  while (isKeyword(name) || contains(wordsOf(reserved), name) || taken.contains(name)) {
    name = kj::str(name, '_');
  }
  taken.insert(kj::heapString(name));
  return name;
}

void NameScope::block(kj::StringPtr name) {
  taken.upsert(kj::heapString(name), [](auto&, auto&&) {});
}

kj::String toTitleCase(kj::StringPtr name) {
  auto result = kj::heapString(name);
  if ('a' <= result[0] && result[0] <= 'z') result[0] += 'A' - 'a';
  return result;
}

kj::String toCapitals(kj::StringPtr name) {
  kj::Vector<char> result;
  for (char c: name) {
    bool isCapital = 'A' <= c && c <= 'Z';
    if (isCapital && result.size() > 0) result.add('_');
    result.add('a' <= c && c <= 'z' ? c + ('A' - 'a') : c);
  }
  result.add('\0');
  return kj::String(result.releaseAsArray());
}

bool isIdentifier(kj::StringPtr name) {
  if (name.size() == 0 || !isLetter(name[0])) return false;
  for (char c: name) {
    if (!isLetter(c) && !isDigit(c)) return false;
  }
  return true;
}

bool isKeyword(kj::StringPtr name) { return contains(KEYWORDS, name); }

}  // namespace troth::compiler
