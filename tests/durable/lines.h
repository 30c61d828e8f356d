#pragma once
// A file of lines, to which processes append that may be killed at any moment: even a short write
// may be cut where a page of the file ends. A line is there whole, or not at all.

#include <fcntl.h>
#include <kj/debug.h>
#include <kj/io.h>
#include <kj/string.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

namespace troth {

// How a line ends that was written to its end.
constexpr kj::StringPtr LINE_END = " ."_kj;

class Lines {
public:
  explicit Lines(kj::StringPtr path) {
    int fd;
    KJ_SYSCALL(fd = open(path.cStr(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    file = kj::AutoCloseFd(fd);
  }

  template <typename... Parts>
  void append(Parts&&... parts) {
    // The one before may have no end.
    auto line = kj::str('\n', kj::fwd<Parts>(parts)..., LINE_END, '\n');
    KJ_ASSERT(write(file, line.begin(), line.size()) == ssize_t(line.size()));
    KJ_SYSCALL(fdatasync(file));
  }

private:
  kj::AutoCloseFd file;
};

inline std::vector<std::string> readLines(kj::StringPtr path) {
  std::vector<std::string> lines;
  std::ifstream file(path.cStr());
  for (std::string line; std::getline(file, line);) {
    if (!kj::StringPtr(line.c_str()).endsWith(LINE_END)) continue;
    line.resize(line.size() - LINE_END.size());
    lines.push_back(line);
  }
  return lines;
}

}  // namespace troth
