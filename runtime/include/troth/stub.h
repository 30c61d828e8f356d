#pragma once
// What a generated stub includes: refs, promises and what can be done with them, arguments and
// servers.

#include "algebra.h"
#include "arg.h"
#include "list.h"
#include "promise.h"
#include "ref.h"
#include "server.h"
