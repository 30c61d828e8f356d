#include "uv-error.h"

#include <errno.h>
#include <uv.h>

namespace troth {
namespace {

kj::Exception::Type typeOf(int code) {
  switch (code) {
    case UV_ECONNABORTED:
    case UV_ECONNREFUSED:
    case UV_ECONNRESET:
    case UV_EHOSTUNREACH:
    case UV_ENETDOWN:
    case UV_ENETUNREACH:
    case UV_ENOTCONN:
    case UV_EPIPE:
    case UV_ESHUTDOWN:
    case UV_ETIMEDOUT:
    case UV_EAI_AGAIN: return kj::Exception::Type::DISCONNECTED;
    case UV_EAGAIN:
    case UV_EMFILE:
    case UV_ENFILE:
    case UV_ENOBUFS:
    case UV_ENOMEM:
    case UV_EAI_MEMORY: return kj::Exception::Type::OVERLOADED;
    default: return kj::Exception::Type::FAILED;
  }
}

}  // namespace

kj::Exception uvError(int code, kj::StringPtr operation, kj::SourceLocation location) {
  return kj::Exception(typeOf(code), location.fileName, location.lineNumber,
      kj::str(operation, ": ", uv_strerror(code)));
}

int checkUv(int code, kj::StringPtr operation, kj::SourceLocation location) {
  if (code < 0) kj::throwFatalException(uvError(code, operation, location));
  return code;
}

int checkSystem(int result, kj::StringPtr operation, kj::SourceLocation location) {
  return result < 0 ? checkUv(-errno, operation, location) : result;
}

}  // namespace troth
