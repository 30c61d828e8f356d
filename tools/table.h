#pragma once
// Text in columns.

#include <kj/string.h>
#include <kj/vector.h>

namespace troth::command {

// Rows under a heading. A column in which every cell is "-" or empty is left out.
class Table {
public:
  explicit Table(kj::ArrayPtr<const kj::StringPtr> headings): headings(headings) {}

  // One cell for each heading.
  void addRow(kj::Array<kj::String> cells) { rows.add(kj::mv(cells)); }

  kj::String format() const;

private:
  kj::ArrayPtr<const kj::StringPtr> headings;
  kj::Vector<kj::Array<kj::String>> rows;

  bool hasContent(size_t column) const;
  size_t widthOf(size_t column) const;
  void formatRow(kj::Vector<kj::String>& lines, kj::ArrayPtr<const kj::StringPtr> cells,
      kj::ArrayPtr<const size_t> widths) const;
};

// The characters that a terminal shows for UTF-8 text.
size_t widthOf(kj::StringPtr text);

// With spaces behind it, up to `width`.
kj::String padded(kj::StringPtr text, size_t width);

// Text of anybody's, made harmless for a terminal: line breaks and control characters as escapes.
kj::String onOneLine(kj::StringPtr text);

// Cut to `widthMax` characters, with an ellipsis if something is missing.
kj::String shortened(kj::StringPtr text, size_t widthMax);

}  // namespace troth::command
