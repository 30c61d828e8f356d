#include "text.h"

#include <kj/debug.h>
#include <kj/encoding.h>

#include <algorithm>

namespace troth::compiler {

namespace {

constexpr size_t COLUMNS_MAX = 100;
constexpr size_t CONTINUATION_INDENT = 4;

using Slice = kj::ArrayPtr<const char>;

kj::Vector<Slice> splitLines(kj::StringPtr text) {
  kj::Vector<Slice> result;
  while (text.size() > 0) {
    size_t end = text.findFirst('\n').orDefault(text.size());
    result.add(text.slice(0, end));
    text = text.slice(kj::min(end + 1, text.size()));
  }
  return result;
}

size_t indentOf(Slice line) {
  size_t result = 0;
  while (result < line.size() && line[result] == ' ') ++result;
  return result;
}

bool isBlank(Slice line) { return indentOf(line) == line.size(); }

void append(kj::Vector<char>& out, Slice text) { out.addAll(text); }

kj::String finish(kj::Vector<char>&& out) {
  out.add('\0');
  return kj::String(out.releaseAsArray());
}

// A template with its variables.
class Template {
public:
  Template(std::initializer_list<Variable> variables, kj::StringPtr text)
      : variables(variables), text(text) {}

  kj::String render() {
    auto all = splitLines(text);
    size_t shared = kj::maxValue;
    for (auto line: all) {
      if (!isBlank(line)) shared = kj::min(shared, indentOf(line));
    }
    for (auto i: kj::indices(all)) {
      bool isEdge = i == 0 || i + 1 == all.size();
      if (!isBlank(all[i])) {
        renderLine(all[i].slice(shared, all[i].size()));
      } else if (!isEdge) {
        out.add('\n');
      }
    }
    if (out.size() > 0) out.removeLast();
    return finish(kj::mv(out));
  }

private:
  std::initializer_list<Variable> variables;
  kj::StringPtr text;
  kj::Vector<char> out;

  void renderLine(Slice line) {
    size_t indent = indentOf(line);
    auto rest = line.slice(indent, line.size());
    KJ_IF_MAYBE(variable, soleVariable(rest)) {
      for (auto valueLine: splitLines(variable->value)) {
        if (!isBlank(valueLine)) append(out, line.slice(0, indent)), append(out, valueLine);
        out.add('\n');
      }
    } else {
      append(out, line.slice(0, indent));
      substitute(rest);
      out.add('\n');
    }
  }

  void substitute(Slice line) {
    for (size_t i = 0; i < line.size(); ++i) {
      if (line[i] != '$') {
        out.add(line[i]);
        continue;
      }
      size_t end = findDollar(line, i + 1);
      append(out, find(line.slice(i + 1, end)).value);
      i = end;
    }
  }

  kj::Maybe<const Variable&> soleVariable(Slice line) {
    if (line.size() < 3 || line[0] != '$') return nullptr;
    size_t end = findDollar(line, 1);
    if (end + 1 != line.size()) return nullptr;
    return find(line.slice(1, end));
  }

  size_t findDollar(Slice line, size_t from) {
    while (from < line.size() && line[from] != '$') ++from;
    KJ_ASSERT(from < line.size(), "a $ without its partner", kj::str(line));
    return from;
  }

  const Variable& find(Slice name) {
    for (auto& variable: variables) {
      if (variable.name.asArray() == name) return variable;
    }
    KJ_FAIL_ASSERT("a template uses a variable that is not there", kj::str(name));
  }
};

// A place to break a line that is too long.
struct Break {
  // CONTINUES: what follows is indented more, and so is all that is broken off it. BEGINS: what
  // follows is like a line of its own.
  enum class Rest { CONTINUES, BEGINS };

  size_t position;
  size_t indent;
  Rest rest = Rest::CONTINUES;
};

// Finds where a line that is too long is broken best: outside of as many brackets as possible.
class LineBreaker {
public:
  explicit LineBreaker(Slice line): line(line), indent(indentOf(line)) {}

  kj::Maybe<Break> find() {
    isCase = startsWith("case ") || startsWith("default:");
    isDeclaration = !startsWith("return ") && !startsWith("using ") && !startsWith("class ");
    for (size_t i = indent; i + 1 < line.size() && i < COLUMNS_MAX; ++i) visit(i);
    return best;
  }

private:
  // What a break inside one more bracket costs; and one after the type of a declaration.
  static constexpr int PARENTHESIS = 2;
  static constexpr int ANGLE = 6;
  static constexpr int AFTER_TYPE = 5;

  Slice line;
  size_t indent;
  bool isCase;
  bool isDeclaration;
  kj::Maybe<Break> best;
  int bestCost = kj::maxValue;
  int depth = 0;
  bool isQuoted = false;
  bool isEscaped = false;

  bool startsWith(kj::StringPtr word) const {
    auto text = line.slice(indent, line.size());
    return text.size() >= word.size() && text.slice(0, word.size()) == word.asArray();
  }

  void visit(size_t i) {
    char c = line[i];
    if (isEscaped || (isQuoted && c == '\\')) {
      isEscaped = !isEscaped;
      return;
    }
    if (c == '"') isQuoted = !isQuoted;
    if (isQuoted) return;
    bool isOpening = c == '(' || c == '{';
    if (isOpening || c == '<') depth += isOpening ? PARENTHESIS : ANGLE;
    if (c == ')' || c == '}' || c == '>') depth -= c == '>' ? ANGLE : PARENTHESIS;
    if (isOpening && line[i + 1] != ')' && line[i + 1] != '}') continueAt(i + 1, depth - 1);
    if (c == '<') continueAt(i + 1, depth);
    if (line[i + 1] == ' ') visitEndOfWord(i);
  }

  void visitEndOfWord(size_t i) {
    char c = line[i];
    if (c == ',') continueAt(i + 2, depth);
    if (c == '=' && depth == 0 && restFits(i + 2)) continueAt(i + 2, depth);
    if (c == ':' && !isCase) continueAt(i + 2, depth);
    if (c == ':' && isCase) consider({i + 2, indent + 2, Break::Rest::BEGINS}, depth);
    bool isAfterType = c == '>' && depth == 0 && isDeclaration && hasParenthesisAfter(i);
    if (isAfterType) consider({i + 2, indent, Break::Rest::BEGINS}, AFTER_TYPE);
  }

  bool restFits(size_t position) const {
    return indent + CONTINUATION_INDENT + line.size() - position <= COLUMNS_MAX;
  }

  bool hasParenthesisAfter(size_t position) const {
    auto rest = line.slice(position, line.size());
    return std::find(rest.begin(), rest.end(), '(') != rest.end();
  }

  void continueAt(size_t position, int cost) {
    consider({position, indent + CONTINUATION_INDENT}, cost);
  }

  void consider(Break place, int cost) {
    size_t end = line[place.position - 1] == ' ' ? place.position - 1 : place.position;
    if (end > COLUMNS_MAX || cost > bestCost) return;
    best = place;
    bestCost = cost;
  }
};

// Adds `line`, broken where it is too long.
void addLine(kj::Vector<char>& out, Slice line, kj::Maybe<size_t> continuationIndent = nullptr) {
  bool isComment = line.size() > indentOf(line) && line[indentOf(line)] == '/';
  bool isDirective = line.size() > 0 && line[0] == '#';
  if (line.size() > COLUMNS_MAX && !isComment && !isDirective) {
    KJ_IF_MAYBE(place, LineBreaker(line).find()) {
      bool begins = place->rest == Break::Rest::BEGINS;
      size_t indent = begins ? place->indent : continuationIndent.orDefault(place->indent);
      size_t end = line[place->position - 1] == ' ' ? place->position - 1 : place->position;
      append(out, line.slice(0, end));
      out.add('\n');
      auto rest = kj::str(
          kj::repeat(' ', indent), kj::heapString(line.slice(place->position, line.size())));
      return addLine(out, rest, begins ? nullptr : kj::Maybe<size_t>(indent));
    }
  }
  append(out, line);
  out.add('\n');
}

kj::String join(kj::ArrayPtr<const kj::String> parts, kj::StringPtr separator) {
  kj::Vector<kj::StringPtr> present;
  for (auto& part: parts) {
    if (part.size() > 0) present.add(part);
  }
  return kj::strArray(present, separator.cStr());
}

}  // namespace

kj::String render(std::initializer_list<Variable> variables, kj::StringPtr text) {
  return Template(variables, text).render();
}

kj::String paragraphs(kj::ArrayPtr<const kj::String> parts) { return join(parts, "\n\n"); }

kj::String lines(kj::ArrayPtr<const kj::String> parts) { return join(parts, "\n"); }

kj::String comment(kj::StringPtr doc) {
  kj::Vector<kj::String> result;
  for (auto line: splitLines(doc)) {
    while (line.size() > 0 && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) {
      line = line.slice(0, line.size() - 1);
    }
    if (line.size() == 0) {
      result.add(kj::str("//"));
    } else {
      // A backslash at the end would make the next line part of the comment.
      result.add(kj::str("// ", line, line.back() == '\\' ? "." : ""));
    }
  }
  return lines(result);
}

kj::String quote(kj::StringPtr text) { return kj::str('"', kj::encodeCEscape(text), '"'); }

kj::String tidy(kj::StringPtr text) {
  kj::Vector<char> out;
  bool isAfterBlank = true;
  bool hasPendingBlank = false;
  for (auto line: splitLines(text)) {
    if (isBlank(line)) {
      hasPendingBlank = true;
      continue;
    }
    bool closes = line[indentOf(line)] == '}' && indentOf(line) + 3 > line.size();
    if (hasPendingBlank && !isAfterBlank && !closes) out.add('\n');
    hasPendingBlank = false;
    isAfterBlank = line.back() == '{' && indentOf(line) > 0;
    addLine(out, line);
  }
  return finish(kj::mv(out));
}

}  // namespace troth::compiler
