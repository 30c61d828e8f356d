#include "fault-vfs.h"

#include <fcntl.h>
#include <kj/debug.h>
#include <unistd.h>

namespace troth {

// SQLite's view of a file, and behind it in memory that of the real VFS.
struct FaultVfs::File {
  sqlite3_file base;
  FaultVfs* vfs;
  std::string* path;

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FaultVfs& FaultVfs::of(sqlite3_vfs* vfs) { return *static_cast<FaultVfs*>(vfs->pAppData); }
FaultVfs::File& FaultVfs::of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

// Calls the real file's method.
template <auto method, typename... Params>
auto FaultVfs::forward(sqlite3_file* file, Params... params) {
  auto real = of(file).real();
  return (real->pMethods->*method)(real, params...);
}

FaultVfs::FaultVfs(): real(*sqlite3_vfs_find(nullptr)), vfs(real) {
  using M = sqlite3_io_methods;
  vfs.zName = "fault";
  vfs.pAppData = this;
  vfs.szOsFile = sizeof(File) + real.szOsFile;
  vfs.xOpen = &FaultVfs::open;
  vfs.xDelete = &FaultVfs::remove;
  methods = {.iVersion = 2,
      .xClose = &close,
      .xRead = &forward<&M::xRead, void*, int, sqlite3_int64>,
      .xWrite = &write,
      .xTruncate = &truncate,
      .xSync = &sync,
      .xFileSize = &forward<&M::xFileSize, sqlite3_int64*>,
      .xLock = &forward<&M::xLock, int>,
      .xUnlock = &forward<&M::xUnlock, int>,
      .xCheckReservedLock = &forward<&M::xCheckReservedLock, int*>,
      .xFileControl = &forward<&M::xFileControl, int, void*>,
      .xSectorSize = &forward<&M::xSectorSize>,
      .xDeviceCharacteristics = &forward<&M::xDeviceCharacteristics>,
      .xShmMap = &forward<&M::xShmMap, int, int, int, void volatile**>,
      .xShmLock = &forward<&M::xShmLock, int, int, int>,
      .xShmBarrier = &forward<&M::xShmBarrier>,
      .xShmUnmap = &forward<&M::xShmUnmap, int>,
      .xFetch = nullptr,
      .xUnfetch = nullptr};
  sqlite3_vfs_register(&vfs, 1);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&vfs);
  sqlite3_vfs_register(&real, 1);
}

void FaultVfs::cutPowerAt(uint64_t step, Loss loss) { plan(Fault::POWER_CUT, step, loss); }
void FaultVfs::failAt(uint64_t step) { plan(Fault::FAILURE, step, Loss::NOTHING); }
void FaultVfs::failFrom(uint64_t step, Loss loss) { plan(Fault::FAILURES, step, loss); }

void FaultVfs::plan(Fault f, uint64_t step, Loss l) {
  std::unique_lock lock(mutex);
  fault = f;
  stepsLeft = step;
  loss = l;
  failed = false;
  random.seed(step);
}

void FaultVfs::heal() {
  std::unique_lock lock(mutex);
  lose();
  fault = Fault::NONE;
}

// Takes a step. Returns whether it is to fail.
bool FaultVfs::isFaulty() {
  if (fault == Fault::NONE || --stepsLeft > 0) return false;
  if (fault == Fault::POWER_CUT) {
    lose();
    _exit(POWER_CUT);
  }
  if (fault == Fault::FAILURE) fault = Fault::NONE;
  // The next step is faulty, too.
  if (fault == Fault::FAILURES) stepsLeft = 1;
  failed = true;
  return true;
}

// What was not synced, or some of it.
void FaultVfs::lose() {
  for (auto i = unsynced.rbegin(); i != unsynced.rend() && loss != Loss::NOTHING; ++i) {
    if (loss == Loss::EVERYTHING || random() % 2 == 0) undo(*i);
  }
  unsynced.clear();
}

void FaultVfs::undo(const Undo& undo) {
  int file = ::open(undo.path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  ssize_t size = undo.bytes.size();
  KJ_ASSERT(pwrite(file, undo.bytes.data(), size, undo.offset) == size);
  if (loss == Loss::EVERYTHING) {
    KJ_ASSERT(ftruncate(file, undo.size) == 0);
  }
  ::close(file);
}

// What `size` bytes at `offset` were before they are written, zeros where there was nothing.
void FaultVfs::remember(File& file, sqlite3_int64 offset, int size) {
  Undo undo{*file.path, offset, std::vector<char>(size), 0};
  auto& methods = *file.real()->pMethods;
  KJ_ASSERT(methods.xFileSize(file.real(), &undo.size) == 0);
  int code = methods.xRead(file.real(), undo.bytes.data(), size, offset);
  KJ_ASSERT(code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ, code);
  unsynced.push_back(std::move(undo));
}

int FaultVfs::open(
    sqlite3_vfs* self, const char* name, sqlite3_file* raw, int flags, int* flagsOut) {
  auto& vfs = of(self);
  auto& file = of(raw);
  file.base.pMethods = nullptr;
  int code = vfs.real.xOpen(&vfs.real, name, file.real(), flags, flagsOut);
  if (code != SQLITE_OK) return code;
  file.vfs = &vfs;
  file.path = new std::string(name == nullptr ? "" : name);
  file.base.pMethods = &vfs.methods;
  return SQLITE_OK;
}

int FaultVfs::remove(sqlite3_vfs* self, const char* name, int syncFolder) {
  auto& vfs = of(self);
  {
    std::unique_lock lock(vfs.mutex);
    if (vfs.isFaulty()) return SQLITE_IOERR_DELETE;
    std::erase_if(vfs.unsynced, [&](auto& undo) { return undo.path == name; });
  }
  return vfs.real.xDelete(&vfs.real, name, syncFolder);
}

int FaultVfs::close(sqlite3_file* raw) {
  auto& file = of(raw);
  delete file.path;
  return file.real()->pMethods->xClose(file.real());
}

int FaultVfs::write(sqlite3_file* raw, const void* bytes, int size, sqlite3_int64 offset) {
  auto& file = of(raw);
  std::unique_lock lock(file.vfs->mutex);
  if (file.vfs->isFaulty()) return SQLITE_FULL;
  if (file.vfs->losesWrites()) file.vfs->remember(file, offset, size);
  return file.real()->pMethods->xWrite(file.real(), bytes, size, offset);
}

int FaultVfs::truncate(sqlite3_file* raw, sqlite3_int64 size) {
  auto& file = of(raw);
  std::unique_lock lock(file.vfs->mutex);
  if (file.vfs->isFaulty()) return SQLITE_IOERR_TRUNCATE;
  return file.real()->pMethods->xTruncate(file.real(), size);
}

int FaultVfs::sync(sqlite3_file* raw, int flags) {
  auto& file = of(raw);
  std::unique_lock lock(file.vfs->mutex);
  if (file.vfs->isFaulty()) return SQLITE_IOERR_FSYNC;
  std::erase_if(file.vfs->unsynced, [&](auto& undo) { return undo.path == *file.path; });
  return file.real()->pMethods->xSync(file.real(), flags);
}

}  // namespace troth
