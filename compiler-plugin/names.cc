#include "names.h"

namespace troth::compiler {

namespace {

using Words = kj::ArrayPtr<const kj::StringPtr>;

// Keywords of C++20, its alternative tokens, and macros in lower case that headers of the C library
// define.
constexpr kj::StringPtr KEYWORDS[] = {"alignas"_kj, "alignof"_kj, "alloca"_kj, "and"_kj,
    "and_eq"_kj, "asm"_kj, "assert"_kj, "auto"_kj, "bitand"_kj, "bitor"_kj, "bool"_kj, "break"_kj,
    "case"_kj, "catch"_kj, "char"_kj, "char16_t"_kj, "char32_t"_kj, "char8_t"_kj, "class"_kj,
    "co_await"_kj, "co_return"_kj, "co_yield"_kj, "compl"_kj, "concept"_kj, "const"_kj,
    "const_cast"_kj, "consteval"_kj, "constexpr"_kj, "constinit"_kj, "continue"_kj, "decltype"_kj,
    "default"_kj, "delete"_kj, "do"_kj, "double"_kj, "dynamic_cast"_kj, "else"_kj, "enum"_kj,
    "errno"_kj, "explicit"_kj, "export"_kj, "extern"_kj, "false"_kj, "float"_kj, "for"_kj,
    "friend"_kj, "goto"_kj, "if"_kj, "inline"_kj, "int"_kj, "linux"_kj, "long"_kj, "major"_kj,
    "makedev"_kj, "minor"_kj, "mutable"_kj, "namespace"_kj, "new"_kj, "noexcept"_kj, "not"_kj,
    "not_eq"_kj, "nullptr"_kj, "offsetof"_kj, "operator"_kj, "or"_kj, "or_eq"_kj, "private"_kj,
    "protected"_kj, "public"_kj, "register"_kj, "reinterpret_cast"_kj, "requires"_kj, "return"_kj,
    "setjmp"_kj, "short"_kj, "signed"_kj, "sizeof"_kj, "static"_kj, "static_assert"_kj,
    "static_cast"_kj, "stderr"_kj, "stdin"_kj, "stdout"_kj, "struct"_kj, "switch"_kj, "template"_kj,
    "this"_kj, "thread_local"_kj, "throw"_kj, "true"_kj, "try"_kj, "typedef"_kj, "typeid"_kj,
    "typename"_kj, "union"_kj, "unix"_kj, "unsigned"_kj, "using"_kj, "virtual"_kj, "void"_kj,
    "volatile"_kj, "wchar_t"_kj, "while"_kj, "xor"_kj, "xor_eq"_kj};

// What kj::Promise and Promise have, or will have.
constexpr kj::StringPtr ACCESSORS_OF_PROMISE[] = {"all"_kj, "any"_kj, "at"_kj, "attach"_kj,
    "cancel"_kj, "catch_"_kj, "detach"_kj, "durable"_kj, "eagerlyEvaluate"_kj, "exclusiveJoin"_kj,
    "finally"_kj, "finally_"_kj, "flatMap"_kj, "fork"_kj, "get"_kj, "ignoreResult"_kj, "lazy"_kj,
    "map"_kj, "poll"_kj, "race"_kj, "recover"_kj, "retry"_kj, "settled"_kj, "share"_kj, "source"_kj,
    "split"_kj, "then"_kj, "trace"_kj, "via"_kj, "wait"_kj, "within"_kj};

// What RefBase, ServerBase and capnp::Capability::Server have, or will have. One list, so that a
// method has the same name in the ref and in the server.
constexpr kj::StringPtr METHODS[] = {"cancelable"_kj, "cancelableStreaming"_kj, "dispatchCall"_kj,
    "dispatchMethod"_kj, "getFd"_kj, "getHook"_kj, "hook"_kj, "internalGetTypedContext"_kj,
    "internalGetTypedStreamingContext"_kj, "internalUnimplemented"_kj, "newCall"_kj,
    "newCallWith"_kj, "newStreamingCall"_kj, "pendingCall"_kj, "plain"_kj, "restore"_kj, "save"_kj,
    "shortenPath"_kj, "streaming"_kj, "thisCap"_kj, "thisHook"_kj, "unimplemented"_kj,
    "unimplementedInterface"_kj, "unimplementedMethod"_kj};

// The names by which a generated server refers to other types.
constexpr kj::StringPtr CLASSES_OF_CALLS[] = {"Arg"_kj, "Call"_kj, "Context"_kj,
    "DispatchCallResult"_kj, "Dispatched"_kj, "Done"_kj, "InterfaceServer"_kj, "Ref"_kj,
    "Server"_kj, "ServerBase"_kj, "Serves"_kj, "StreamingCall"_kj};

// What Call has, or will have.
constexpr kj::StringPtr ACCESSORS_OF_CALL[] = {"cancel"_kj, "children"_kj, "context"_kj,
    "deadline"_kj, "durable"_kj, "fulfill"_kj, "get"_kj, "id"_kj, "initResults"_kj, "params"_kj,
    "promise"_kj, "releaseParams"_kj, "results"_kj, "setResults"_kj, "sleep"_kj, "step"_kj,
    "transaction"_kj, "version"_kj};

// What the bodies of generated functions use.
constexpr kj::StringPtr ARGUMENTS[] = {"call"_kj, "fill"_kj, "initResults"_kj, "newCall"_kj,
    "newCallWith"_kj, "results"_kj, "setResult"_kj, "setResults"_kj};

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
  for (auto& w: words) {
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
