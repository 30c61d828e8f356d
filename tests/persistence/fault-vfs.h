#pragma once
// SQLite's way to the disk, with a fault in it at a chosen step.

#include <kj/array.h>
#include <sqlite3.h>

#include <atomic>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace troth {

// What SQLite uses by default, as long as this lives. A step is a write, a sync, a truncation or a
// deletion.
class FaultVfs {
public:
  enum class Loss {
    // Of nothing: only processes died, and the system keeps what they wrote.
    NOTHING,
    // Of all that was not synced.
    EVERYTHING,
    // Of some of it, written to the disk in any order before the power went.
    SOMETHING,
  };

  FaultVfs();
  ~FaultVfs();
  KJ_DISALLOW_COPY_AND_MOVE(FaultVfs);

  // Ends the process at the `step`th step from now, with exit status POWER_CUT.
  static constexpr int POWER_CUT = 99;
  void cutPowerAt(uint64_t step, Loss loss);

  // Makes that step fail: a sync as such, anything else for want of space.
  void failAt(uint64_t step);
  bool hasFailed() const { return failed; }

  // Makes that step fail and all after it, as if power was cut but the process lived on. What the
  // disk loses, it loses in heal().
  void failFrom(uint64_t step, Loss loss);

  // Makes nothing fail any more. After failFrom(), close all files before.
  void heal();

private:
  // What is in a file once power returns, if a write is lost.
  struct Undo {
    std::string path;
    int64_t offset;
    std::vector<char> bytes;
    sqlite3_int64 size;
  };
  struct File;

  std::mutex mutex;
  sqlite3_vfs& real;
  sqlite3_vfs vfs;
  sqlite3_io_methods methods;
  enum class Fault { NONE, FAILURE, FAILURES, POWER_CUT };
  Fault fault = Fault::NONE;
  uint64_t stepsLeft = 0;
  Loss loss = Loss::EVERYTHING;
  std::minstd_rand random;
  std::vector<Undo> unsynced;
  std::atomic<bool> failed = false;

  void plan(Fault fault, uint64_t step, Loss loss);
  bool isFaulty();
  bool losesWrites() const { return fault == Fault::FAILURES || fault == Fault::POWER_CUT; }
  void lose();
  void undo(const Undo& undo);
  void remember(File& file, sqlite3_int64 offset, int size);

  static FaultVfs& of(sqlite3_vfs* vfs);
  static File& of(sqlite3_file* file);
  static int open(sqlite3_vfs*, const char*, sqlite3_file*, int, int*);
  static int remove(sqlite3_vfs*, const char*, int);
  static int close(sqlite3_file*);
  static int write(sqlite3_file*, const void*, int, sqlite3_int64);
  static int truncate(sqlite3_file*, sqlite3_int64);
  static int sync(sqlite3_file*, int);
  template <auto method, typename... Params>
  static auto forward(sqlite3_file*, Params...);
};

}  // namespace troth
