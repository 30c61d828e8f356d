#include "pg-cluster.h"

#include <kj/debug.h>
#include <kj/vector.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troth {
namespace {

// Runs pg-cluster.sh, its input and output connected to `channel`.
[[noreturn]] void runScript(int channel, PgCluster::Disk disk, kj::StringPtr listening) {
  dup2(channel, STDIN_FILENO);
  dup2(channel, STDOUT_FILENO);
  auto setting = disk == PgCluster::Disk::FAST ? "fsync=off" : "fsync=on";
  // Before it recovers, the server syncs its files: all at once, not each by itself.
  execl(TROTH_PG_CLUSTER, TROTH_PG_CLUSTER, TROTH_PG_CACHE, setting,
      "recovery_init_sync_method=syncfs", listening.cStr(), nullptr);
  _exit(127);
}

}  // namespace

PgCluster::PgCluster(Disk disk, kj::StringPtr address) {
  auto listening = kj::str("listen_addresses=", address);
  int ends[2];
  KJ_SYSCALL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
  channel = kj::AutoCloseFd(ends[0]);
  kj::AutoCloseFd theirs(ends[1]);
  // Twice, so that the script is no child of this process, which would have to wait for it.
  pid_t child;
  KJ_SYSCALL(child = fork());
  if (child == 0) {
    if (fork() == 0) runScript(theirs, disk, listening);
    _exit(0);
  }
  KJ_SYSCALL(waitpid(child, nullptr, 0));
  theirs = nullptr;
  folder = readLine();
  start();
}

void PgCluster::command(kj::StringPtr word) {
  auto line = kj::str(word, '\n');
  KJ_SYSCALL(send(channel, line.begin(), line.size(), MSG_NOSIGNAL));
  auto answer = readLine();
  KJ_REQUIRE(answer == "ok", "pg-cluster.sh does not do as it is told", word, answer);
}

kj::String PgCluster::readLine() {
  kj::Vector<char> line;
  for (char byte = 0; byte != '\n';) {
    ssize_t size;
    KJ_SYSCALL(size = read(channel, &byte, 1));
    KJ_REQUIRE(size == 1, "pg-cluster.sh has ended; it says above why");
    line.add(byte);
  }
  line.back() = '\0';
  return kj::String(line.releaseAsArray());
}

}  // namespace troth
