// What ThreadSanitizer reports and is not so. Linked into test programs that cross threads.

// KJ counts references down with `release` and puts an `acquire` fence before the destructor. That
// is correct, but the sanitizer does not understand fences, so it takes the destructor for a race.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:kj::AtomicRefcounted::disposeImpl\n";
}
