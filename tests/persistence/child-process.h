#pragma once
// Another process, whose output a test reads line by line.

#include <fcntl.h>
#include <kj/debug.h>
#include <kj/string.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>
#include <string>
#include <vector>

namespace troth {

class ChildProcess {
public:
  // `command` is a program's path, and its arguments.
  explicit ChildProcess(std::initializer_list<kj::StringPtr> command) {
    int ends[2];
    KJ_SYSCALL(pipe2(ends, O_CLOEXEC));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    KJ_DEFER(posix_spawn_file_actions_destroy(&actions));
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::vector<char*> arguments;
    for (auto argument: command) arguments.push_back(const_cast<char*>(argument.cStr()));
    arguments.push_back(nullptr);
    KJ_REQUIRE(posix_spawn(&id, arguments[0], &actions, nullptr, arguments.data(), environ) == 0);
    ::close(ends[1]);
    output = fdopen(ends[0], "r");
    setvbuf(output, nullptr, _IONBF, 0);
  }
  ~ChildProcess() {
    if (id > 0) kill();
    fclose(output);
  }
  KJ_DISALLOW_COPY_AND_MOVE(ChildProcess);

  // The next line without its end; an empty one once the process has closed its output.
  std::string readLine() {
    std::string line;
    for (int c = fgetc(output); c != EOF && c != '\n'; c = fgetc(output)) line.push_back(c);
    return line;
  }

  std::vector<std::string> readAll() {
    std::vector<std::string> lines;
    for (auto line = readLine(); !line.empty(); line = readLine()) lines.push_back(line);
    return lines;
  }

  // Whether there is more output, or its end, within so many milliseconds.
  bool hasLine(int patience_ms) {
    pollfd ready{fileno(output), POLLIN, 0};
    return poll(&ready, 1, patience_ms) > 0;
  }

  // Ends it with SIGKILL.
  void kill() {
    ::kill(id, SIGKILL);
    wait();
  }

  // Blocks until it has been stopped by a signal. False if it has ended instead.
  bool waitForStop() {
    int status;
    KJ_SYSCALL(waitpid(id, &status, WUNTRACED));
    if (WIFSTOPPED(status)) return true;
    id = 0;
    return false;
  }
  void resume() { ::kill(id, SIGCONT); }

  // Its exit status, or 128 and the signal that ended it.
  int wait() {
    int status;
    KJ_SYSCALL(waitpid(id, &status, 0));
    id = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

private:
  pid_t id = 0;
  FILE* output;
};

// How many processes a test kills: what TROTH_KILLS says, if it says anything.
inline int killCount(int otherwise) {
  auto value = getenv("TROTH_KILLS");
  return value == nullptr ? otherwise : atoi(value);
}

}  // namespace troth
