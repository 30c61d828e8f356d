#pragma once
// OpenParts are what a start of a durable call has asked for and not got yet: what it waits for,
// and what it works on.

#include <kj/refcount.h>
#include <kj/string.h>
#include <kj/time.h>

#include <list>

namespace troth {

class OpenParts final: public kj::Refcounted {
public:
  // WORK is a step or a transaction, or a request to the store.
  enum class Kind { WORK, SLEEP, PROMISE, CALL };

  struct Part {
    Kind kind;
    kj::String id = nullptr;

    // Of a sleep.
    kj::Maybe<kj::Date> end = nullptr;
  };

  // A part is open until its piece is dropped.
  class Piece {
  public:
    Piece(OpenParts& all, Part part)
        : all(kj::addRef(all)), place(all.parts.insert(all.parts.end(), kj::mv(part))) {
      all.noteChange(place->kind, 1);
    }
    ~Piece() noexcept(false) {
      all->noteChange(place->kind, -1);
      all->parts.erase(place);
    }
    KJ_DISALLOW_COPY_AND_MOVE(Piece);

  private:
    kj::Own<OpenParts> all;
    std::list<Part>::iterator place;
  };

  // Grows whenever a part is opened or is open no more.
  uint64_t getChanges() const { return changes; }

  // Whether there are parts, and nothing is done for any.
  bool areWaitedFor() const { return work == 0 && !parts.empty(); }

  const std::list<Part>& get() const { return parts; }

private:
  std::list<Part> parts;
  int work = 0;
  uint64_t changes = 0;

  void noteChange(Kind kind, int difference) {
    ++changes;
    if (kind == Kind::WORK) work += difference;
  }
};

}  // namespace troth
