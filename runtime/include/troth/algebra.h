#pragma once
// The promise algebra: what can be done with promises beside awaiting them.
//
//     combine.h      all, any, race, settled: one promise of several
//     transform.h    map, flatMap, recover, finally, via, lazy: one of another
//     resolver.h     newResolver: one that the program settles
//     retry.h        retry: calls that are made again
//     deadline.h     within: a promise that must not take too long
//     as-promise.h   asPromise: a troth::Promise of a kj::Promise
//
// To run blocking or long work, see Vat::offload().

#include "as-promise.h"
#include "combine.h"
#include "deadline.h"
#include "resolver.h"
#include "retry.h"
#include "transform.h"
