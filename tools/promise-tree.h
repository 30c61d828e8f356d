#pragma once
// The tree that a root and what is part of it make.

#include <troth/record.h>

#include "record-types.h"

namespace troth::command {

class PromiseTree {
public:
  // `records` are those of one tree, in the order of their creation.
  PromiseTree(kj::StringPtr root, kj::ArrayPtr<const Record> records);

  // One line for each promise, with lines that lead to it.
  kj::String draw(const RecordTypes& types, kj::Date now) const;

  // {"root": …, "promises": […]}: each before its children, with its depth.
  kj::String asJson(const RecordTypes& types) const;

private:
  struct Node {
    const Record* record;
    size_t depth;

    // The box characters before it.
    kj::String branch;
  };

  kj::StringPtr root;
  kj::Vector<Node> nodes;
};

}  // namespace troth::command
