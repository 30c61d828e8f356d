#pragma once
// The bytes of one input, read one after the other; zeros when there are no more.

#include <cstddef>
#include <cstdint>

namespace troth {

class Bytes {
public:
  Bytes(const uint8_t* data, size_t size): at(data), end(data + size) {}

  uint8_t next() { return at == end ? 0 : *at++; }
  bool isEmpty() const { return at == end; }

private:
  const uint8_t* at;
  const uint8_t* end;
};

}  // namespace troth
