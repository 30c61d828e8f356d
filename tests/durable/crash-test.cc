// The cases with a store in a SQLite file.

#include "crash-scene.h"

namespace troth {
namespace {

class SqliteGround final: public Ground {
public:
  kj::String newLocation(const TemporaryFolder& folder) override {
    return kj::str("sqlite:", folder.file("promises.db"));
  }
};

}  // namespace

Ground& ground() {
  static SqliteGround ground;
  return ground;
}

}  // namespace troth
