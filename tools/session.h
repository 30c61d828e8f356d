#pragma once
// An open store, for the time of one command.

#include <troth/loop.h>
#include <troth/store.h>

namespace troth::command {

// Where promises are if nobody says: $TROTH_STORE, else promises.db in $XDG_DATA_HOME/troth or
// ~/.local/share/troth. Throws FAILED if that is no place.
kj::String defaultLocation();

// Whether `location` has the form of one.
bool isLocation(kj::StringPtr location);
constexpr auto LOCATION_HINT = "a store is sqlite:PATH or postgresql://USER@HOST/DATABASE"_kj;

enum class WhenMissing { MAKE, REFUSE };

class Session {
public:
  // Only a store that is a file can be missing; making it makes the default folder too. Throws
  // DISCONNECTED if it is missing and not to be made.
  Session(kj::StringPtr location, WhenMissing whenMissing);
  KJ_DISALLOW_COPY_AND_MOVE(Session);

  Store& store() { return *opened; }
  kj::Timer& timer() { return loop.timer(); }

  template <typename T>
  T wait(kj::Promise<T>&& promise) {
    return promise.wait(loop.waitScope());
  }

private:
  troth::Loop loop;
  kj::Own<Store> opened;
};

}  // namespace troth::command
