#include "table.h"

namespace troth::command {
namespace {

bool isContinuation(char c) { return (c & 0xc0) == 0x80; }

kj::Array<kj::StringPtr> pointersTo(const kj::Array<kj::String>& texts) {
  return KJ_MAP(text, texts)->kj::StringPtr { return text; };
}

}  // namespace

size_t widthOf(kj::StringPtr text) {
  size_t width = 0;
  for (auto c: text) {
    if (!isContinuation(c)) ++width;
  }
  return width;
}

kj::String padded(kj::StringPtr text, size_t width) {
  auto spaces = kj::heapArray<char>(width - kj::min(width, widthOf(text)));
  for (auto& c: spaces) c = ' ';
  return kj::str(text, spaces);
}

kj::String onOneLine(kj::StringPtr text) {
  kj::Vector<char> result(text.size() + 1);
  for (auto c: text) {
    auto byte = static_cast<kj::byte>(c);
    if (c == '\n') {
      result.addAll("\\n"_kj);
    } else if (byte < 0x20 || byte == 0x7f) {
      result.addAll(kj::str("\\x", byte < 0x10 ? "0" : "", kj::hex(byte)));
    } else {
      result.add(c);
    }
  }
  result.add('\0');
  return kj::String(result.releaseAsArray());
}

kj::String shortened(kj::StringPtr text, size_t widthMax) {
  if (widthOf(text) <= widthMax) return kj::str(text);
  size_t end = 0;
  for (size_t width = 0; end < text.size(); ++end) {
    if (!isContinuation(text[end]) && ++width == widthMax) break;
  }
  return kj::str(text.slice(0, end), "…");
}

bool Table::hasContent(size_t column) const {
  for (auto& row: rows) {
    if (row[column].size() > 0 && row[column] != "-") return true;
  }
  return false;
}

size_t Table::widthOf(size_t column) const {
  if (!hasContent(column)) return 0;
  auto width = command::widthOf(headings[column]);
  for (auto& row: rows) width = kj::max(width, command::widthOf(row[column]));
  return width;
}

void Table::formatRow(kj::Vector<kj::String>& lines, kj::ArrayPtr<const kj::StringPtr> cells,
    kj::ArrayPtr<const size_t> widths) const {
  kj::String line;
  for (auto i: kj::indices(cells)) {
    if (widths[i] == 0) continue;
    line = kj::str(line, line.size() == 0 ? "" : "  ", padded(cells[i], widths[i]));
  }
  size_t end = line.size();
  while (end > 0 && line[end - 1] == ' ') --end;
  lines.add(kj::str(line.slice(0, end), '\n'));
}

kj::String Table::format() const {
  kj::Vector<size_t> widths;
  for (auto column: kj::indices(headings)) widths.add(widthOf(column));
  kj::Vector<kj::String> lines;
  formatRow(lines, headings, widths);
  for (auto& row: rows) formatRow(lines, pointersTo(row), widths);
  return kj::strArray(lines, "");
}

}  // namespace troth::command
