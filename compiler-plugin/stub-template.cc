#include "templates.h"
#include "text.h"

namespace troth::compiler {

namespace {

// Calls the function that is made for what `definition` is.
template <typename ForStruct, typename ForInterface>
kj::String match(const Definition& definition, ForStruct&& forStruct, ForInterface&& forInterface) {
  KJ_SWITCH_ONEOF(definition) {
    KJ_CASE_ONEOF(structure, Struct) { return forStruct(structure); }
    KJ_CASE_ONEOF(interface, Interface) { return forInterface(interface); }
  }
  KJ_UNREACHABLE;
}

kj::String forwardInterface(const Interface& interface) {
  kj::Vector<kj::String> parts;
  parts.add(forwardRef(interface));
  parts.add(forwardServer(interface));
  for (auto& results: interface.results) parts.add(forwardPromise(results));
  return lines(parts);
}

kj::String declareInterface(const Interface& interface) {
  kj::Vector<kj::String> parts;
  parts.add(declareRef(interface));
  for (auto& results: interface.results) parts.add(declarePromise(results));
  parts.add(declareServer(interface));
  return paragraphs(parts);
}

kj::String defineInterface(const Interface& interface) {
  kj::Vector<kj::String> parts;
  parts.add(defineRef(interface));
  for (auto& results: interface.results) parts.add(definePromise(results));
  parts.add(defineServer(interface));
  return paragraphs(parts);
}

kj::String writeInclude(const Include& include) {
  auto path = include.quotes == Include::Quotes::LOCAL ? kj::str('"', include.path, ".troth.h\"")
                                                       : kj::str('<', include.path, ".troth.h>");
  return render({{"path", path}}, R"stub(
      #if __has_include($path$)
      #include $path$
      #endif
      )stub");
}

kj::String writeSection(const Definition& definition) {
  auto title = match(
      definition, [](const Struct& s) { return kj::str(s.title); },
      [](const Interface& i) { return kj::str(i.title); });
  return render(
      {{"title", title}, {"classes", match(definition, declarePromise, declareInterface)}},
      R"stub(
      // ---------------------------------------------------------------------------------------
      // $title$

      $classes$
      )stub");
}

}  // namespace

kj::String writeStub(const File& file) {
  auto includes = KJ_MAP(include, file.includes) { return writeInclude(include); };
  auto forwards = KJ_MAP(d, file.definitions) {
    return match(d, forwardPromise, forwardInterface);
  };
  auto sections = KJ_MAP(d, file.definitions) { return writeSection(d); };
  auto bodies = KJ_MAP(d, file.definitions) { return match(d, definePromise, defineInterface); };
  kj::StringPtr name = file.path;
  KJ_IF_MAYBE(slash, name.findLast('/')) name = name.slice(*slash + 1);
  auto text = render({{"name", name}, {"doc", comment(file.doc)}, {"includes", lines(includes)},
                         {"forwards", lines(forwards)}, {"sections", paragraphs(sections)},
                         {"bodies", paragraphs(bodies)}},
      R"stub(
      // Made from $name$.capnp by capnpc-troth. An edit here is lost at the next build.
      #pragma once

      $doc$

      #include <troth/stub.h>

      #include "$name$.capnp.h"
      $includes$

      namespace troth {

      $forwards$

      $sections$

      // =======================================================================================
      // inline implementation details

      $bodies$

      }  // namespace troth
      )stub");
  return tidy(text);
}

Specialization::Specialization(
    const TypeName& type, uint64_t id, kj::StringPtr concrete, kj::StringPtr generic) {
  if (type.isDependent()) {
    head = kj::str("template <typename ", type.text, ">");
    functionHead = kj::str(head, "\n");
    name = kj::str(generic, "<0x", kj::hex(id), ", ", type.text, ">");
    self = "this->";
    selfTemplate = "this->template ";
  } else {
    head = kj::str("template <>");
    functionHead = kj::str("inline ");
    name = kj::str(concrete, "<", type.type(), ">");
    self = "";
    selfTemplate = "";
  }
}

kj::String declareArguments(const kj::Vector<Field>& fields) {
  auto arguments = KJ_MAP(field, fields) {
    auto value = field.defaultArgument.map([](auto& text) { return kj::str(" = ", text); });
    return kj::str(
        "Arg<", field.type.type(), "> ", field.argumentName, kj::mv(value).orDefault(kj::String()));
  };
  return kj::strArray(arguments, ", ");
}

kj::String defineArguments(const kj::Vector<Field>& fields) {
  auto arguments = KJ_MAP(field, fields) {
    return kj::str("Arg<", field.type.type(), "> ", field.argumentName);
  };
  return kj::strArray(arguments, ", ");
}

kj::String passArguments(const kj::Vector<Field>& fields) {
  auto arguments = KJ_MAP(field, fields) { return kj::str(", ", field.argumentName); };
  return kj::strArray(arguments, "");
}

kj::String describe(const Field& field) {
  auto slot = field.pointer.map([](uint pointer) { return kj::str(", ", pointer); });
  return kj::str(
      "{", field.index, ", \"", field.name, "\"", kj::mv(slot).orDefault(kj::String()), "}");
}

}  // namespace troth::compiler
