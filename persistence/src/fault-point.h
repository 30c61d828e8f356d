#pragma once
// A fault point is a place in the code at which a test can end the process, or stop it.
//
//     faultPoint("before-outcome");
//
// In the library that programs use it is nothing. In the one that is built for tests, with
// TROTH_FAULT_POINTS, the environment says what happens there:
//
//     TROTH_FAULT=before-outcome      the process ends with SIGKILL when it comes to that point
//     TROTH_FAULT=before-outcome:3    when it comes there for the third time
//     TROTH_STOP=before-outcome       it stops with SIGSTOP, until it gets SIGCONT
//
// docs/reference/crashes.md tells what holds at each point.

namespace troth {

#ifdef TROTH_FAULT_POINTS
void faultPoint(const char* name);
#else
inline void faultPoint(const char*) {}
#endif

}  // namespace troth
