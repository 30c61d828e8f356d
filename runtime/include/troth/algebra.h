#pragma once
// The promise algebra: what can be done with promises beside awaiting them.
//
//     combine.h      all, any, race, settled: one promise of several
//     transform.h    map, flatMap, recover, finally, via, lazy: one of another
//     resolver.h     newResolver: one that the program settles
//
// To run blocking or long work, see Vat::offload().

#include "combine.h"
#include "resolver.h"
#include "transform.h"
