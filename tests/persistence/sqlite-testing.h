#pragma once
// What tests of the SQLite store share.

#include <gtest/gtest.h>
#include <kj/debug.h>
#include <troth/loop.h>
#include <troth/store.h>

#include <string>

#include "temporary-folder.h"

namespace troth {

inline CreateRequest external(kj::StringPtr id) { return {.id = kj::str(id)}; }

inline CreateRequest call(kj::StringPtr id, kj::StringPtr target) {
  CreateRequest request{.id = kj::str(id)};
  request.call.target = kj::str(target);
  request.call.interfaceId = 0xfedcba9876543210;
  request.call.methodId = 3;
  request.call.params = kj::heapArray<kj::byte>("params"_kj.asBytes());
  return request;
}

inline SettleRequest fulfillment(kj::StringPtr id, kj::StringPtr value) {
  return {.id = kj::str(id), .value = kj::heapArray<kj::byte>(value.asBytes())};
}

// Runs `func`, which is to throw, and checks what it throws.
template <typename Func>
void expectFailure(kj::Exception::Type type, kj::StringPtr words, Func&& func) {
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions(func)) {
    EXPECT_EQ(type, exception->getType()) << exception->getDescription().cStr();
    EXPECT_NE(std::string::npos, std::string(exception->getDescription().cStr()).find(words.cStr()))
        << exception->getDescription().cStr();
  } else {
    ADD_FAILURE() << "expected a failure with: " << words.cStr();
  }
}

}  // namespace troth
