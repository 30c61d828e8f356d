#include "templates.h"
#include "text.h"

namespace troth::compiler {

namespace {

Specialization specialize(const Struct& structure) {
  return {structure.type, structure.id, "Promise", "_::StructPromise"};
}

// What an accessor gives.
kj::String typeOfAccessor(const Field& field) {
  switch (field.kind) {
    case Field::Kind::INTERFACE: return kj::str("Ref<", field.type.type(), ">");
    case Field::Kind::UNKNOWN: return kj::str("Pipelined<", field.type.type(), ">");
    case Field::Kind::SCALAR:
    case Field::Kind::POINTER: return kj::str("Promise<", field.type.type(), ">");
  }
  KJ_UNREACHABLE;
}

kj::String declareAccessor(const Field& field) {
  return render(
      {{"doc", comment(field.doc)}, {"type", typeOfAccessor(field)}, {"name", field.promiseName}},
      R"stub(
      $doc$
      $type$ $name$() const;
      )stub");
}

kj::String defineAccessor(const Struct& structure, const Field& field) {
  auto special = specialize(structure);
  auto isSet = field.isUnionMember ? kj::str(", &Reader::is", field.suffix) : kj::String();
  return render(
      {{"head", special.functionHead}, {"class", special.name}, {"self", special.selfTemplate},
          {"result", typeOfAccessor(field)}, {"type", field.type.type()},
          {"name", field.promiseName}, {"reader", structure.type.member("Reader")},
          {"suffix", field.suffix}, {"isSet", isSet}, {"field", describe(field)}},
      R"stub(
      $head$$result$ $class$::$name$() const {
        using Reader = $reader$;
        return $self$get<$type$, &Reader::get$suffix$$isSet$>($field$);
      }
      )stub");
}

// Accessors that have comments stand apart, the others close together.
kj::String declareAccessors(const Struct& structure) {
  kj::Vector<kj::String> all;
  bool wasCommented = false;
  for (auto& field: structure.fields) {
    bool isCommented = field.doc.size() > 0;
    bool needsSpace = all.size() > 0 && (isCommented || wasCommented);
    all.add(kj::str(needsSpace ? "\n" : "", declareAccessor(field)));
    wasCommented = isCommented;
  }
  return lines(all);
}

}  // namespace

kj::String forwardPromise(const Struct& structure) {
  auto special = specialize(structure);
  return render({{"head", special.head}, {"class", special.name}},
      R"stub(
      $head$
      class $class$;
      )stub");
}

kj::String declarePromise(const Struct& structure) {
  auto special = specialize(structure);
  auto base = kj::str("PromiseBase<", structure.type.type(), ">");
  auto constructors = structure.type.isDependent() ? kj::str(base, "::PromiseBase")
                                                   : kj::str("PromiseBase::PromiseBase");
  return render({{"doc", comment(structure.doc)}, {"head", special.head}, {"class", special.name},
                    {"base", base}, {"constructors", constructors},
                    {"accessors", declareAccessors(structure)}},
      R"stub(
      $doc$
      $head$
      class $class$: public $base$ {
      public:
        using $constructors$;

        $accessors$
      };
      )stub");
}

kj::String definePromise(const Struct& structure) {
  auto bodies = KJ_MAP(field, structure.fields) { return defineAccessor(structure, field); };
  return paragraphs(bodies);
}

}  // namespace troth::compiler
