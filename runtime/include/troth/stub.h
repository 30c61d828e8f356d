#pragma once
// What a generated stub includes: refs, promises, arguments and servers.

#include "arg.h"
#include "list.h"
#include "promise.h"
#include "ref.h"
#include "server.h"
