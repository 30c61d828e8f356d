#pragma once
// Turns libuv's error codes into exceptions that tell the caller what to do next.

#include <kj/exception.h>
#include <kj/source-location.h>
#include <kj/string.h>

namespace troth {

// `code` is a negative libuv (or errno) code. The text reads `<operation>: <reason>`, as in
// `connect to 127.0.0.1:7700: connection refused`.
kj::Exception uvError(int code, kj::StringPtr operation, kj::SourceLocation location = {});

// Throws uvError() if `code` is negative, and returns it otherwise.
int checkUv(int code, kj::StringPtr operation, kj::SourceLocation location = {});

// The same for system calls, which return -1 and set errno.
int checkSystem(int result, kj::StringPtr operation, kj::SourceLocation location = {});

}  // namespace troth
