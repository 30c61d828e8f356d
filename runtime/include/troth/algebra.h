#pragma once
// The promise algebra: what can be done with promises beside awaiting them.
//
//     combine.h     all, any, race, settled

#include "combine.h"
