#pragma once
// Places for the files of tests.

#include <kj/debug.h>
#include <kj/string.h>
#include <stdlib.h>
#include <sys/mount.h>

#include <filesystem>
#include <string>

namespace troth {

// A folder that is gone when this is.
class TemporaryFolder {
public:
  TemporaryFolder() {
    auto name = (std::filesystem::temp_directory_path() / "troth-XXXXXX").string();
    KJ_SYSCALL(mkdtemp(name.data()) == nullptr ? -1 : 0);
    path = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  KJ_DISALLOW_COPY_AND_MOVE(TemporaryFolder);

  kj::String file(kj::StringPtr name) const { return kj::str(path.c_str(), '/', name); }

  std::string path;
};

// A small file system; null where this user may not mount one.
class SmallDisk {
public:
  // `size` is what tmpfs takes, such as `4m`.
  static kj::Maybe<kj::Own<SmallDisk>> tryMount(const std::string& path, kj::StringPtr size) {
    auto options = kj::str("size=", size);
    if (mount("tmpfs", path.c_str(), "tmpfs", 0, options.cStr()) < 0) return nullptr;
    return kj::heap<SmallDisk>(path);
  }
  explicit SmallDisk(const std::string& path): path(path) {}

  // Also if somebody still has a file open there.
  ~SmallDisk() { umount2(path.c_str(), MNT_DETACH); }
  KJ_DISALLOW_COPY_AND_MOVE(SmallDisk);

private:
  std::string path;
};

}  // namespace troth
