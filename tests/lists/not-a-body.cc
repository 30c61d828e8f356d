// Bodies of maps that must not compile, one for each value of TROTH_NOT_A_BODY.

#include "folder.troth.h"

namespace troth {

kj::Promise<int64_t> later(Promise<int64_t> number) { co_return co_await number; }

auto mapFiles(Promise<capnp::List<folder::Entry>>& entries, Ref<folder::Folder> folder) {
  return entries.map([folder](auto entry) mutable {
#if TROTH_NOT_A_BODY == 0
    // What is like the others and does compile, so that they fail for what they are about.
    auto size = entry.size();
    return folder.add(entry.file().size().bytes(), size).sum();
#elif TROTH_NOT_A_BODY == 1
    co_return co_await entry.size();
#elif TROTH_NOT_A_BODY == 2
    return later(entry.size());
#elif TROTH_NOT_A_BODY == 3
    return entry.size().then([](int64_t size) { return size + 1; });
#elif TROTH_NOT_A_BODY == 4
    if (entry.size() == 3) return entry.name();
    return entry.file().name().name();
#elif TROTH_NOT_A_BODY == 5
    if (entry.size()) return entry.name();
    return entry.file().name().name();
#elif TROTH_NOT_A_BODY == 6
    if (entry.size() < 3) return entry.name();
    return entry.file().name().name();
#elif TROTH_NOT_A_BODY == 7
    return 3;
#elif TROTH_NOT_A_BODY == 8
    (void)entry.file().size();
#elif TROTH_NOT_A_BODY == 9
    return std::make_tuple(entry.size(), entry.name());
#endif
  });
}

}  // namespace troth
