#include "templates.h"
#include "text.h"

namespace troth::compiler {

namespace {

Specialization specialize(const Interface& interface) {
  return {interface.type, interface.id, "Ref", "_::InterfaceRef"};
}

kj::String typeOfResults(const Method& method) {
  KJ_IF_MAYBE(results, method.results) return results->type.type();
  return kj::str("void");
}

kj::String declareMethod(const Method& method) {
  auto& params = method.params;
  bool isList = params.form == Payload::Form::LIST;
  auto arguments =
      isList ? declareArguments(params.fields) : kj::str("Arg<", params.type.type(), "> params");
  kj::String builderForm;
  if (method.hasBuilderForm) {
    builderForm = render({{"result", typeOfResults(method)}, {"name", method.name},
                             {"builder", params.type.member("Builder")}},
        R"stub(
      template <std::invocable<$builder$> Fill>
      Promise<$result$> $name$(Fill&& fill) const;
      )stub");
  }
  return render({{"doc", comment(method.doc)}, {"result", typeOfResults(method)},
                    {"name", method.name}, {"arguments", arguments}, {"builderForm", builderForm}},
      R"stub(
      $doc$
      Promise<$result$> $name$($arguments$) const;
      $builderForm$
      )stub");
}

kj::String declareConstant(const Method& method) {
  return render(
      {{"constant", method.constant}, {"interface", method.interface.type()}, {"id", method.id},
          {"title", method.interfaceTitle}, {"name", method.schemaName}},
      R"stub(
      static constexpr Method $constant${::capnp::typeId<$interface$>(), $id$, "$title$", "$name$"};
      )stub");
}

// What a comment says of methods that two ancestors have in common.
kj::String noteAmbiguous(const Ancestor& ancestor) {
  if (ancestor.ambiguous.size() == 0) return kj::String();
  return render({{"title", ancestor.title}, {"names", kj::strArray(ancestor.ambiguous, ", ")},
                    {"type", ancestor.type.text}},
      R"stub(
      // Left out, because another interface that this one extends has the same names: $names$.
      // Convert to Ref<$type$> to call them.
      )stub");
}

kj::String declareMethods(const Interface& interface) {
  kj::Vector<kj::String> parts;
  for (auto& method: interface.methods) parts.add(declareMethod(method));
  for (auto& ancestor: interface.ancestors) {
    if (ancestor.methods.size() + ancestor.ambiguous.size() == 0) continue;
    parts.add(kj::str("// Inherited from ", ancestor.title, ":"));
    parts.add(noteAmbiguous(ancestor));
    for (auto& method: ancestor.methods) parts.add(declareMethod(method));
  }
  return paragraphs(parts);
}

template <typename Function>
kj::Vector<kj::String> mapMethods(const Interface& interface, Function&& function) {
  kj::Vector<kj::String> result;
  for (auto& method: interface.methods) result.add(function(method));
  for (auto& ancestor: interface.ancestors) {
    for (auto& method: ancestor.methods) result.add(function(method));
  }
  return result;
}

kj::String setParameter(const Field& field) {
  auto setter = field.kind == Field::Kind::SCALAR ? kj::str(", &Params::Builder::set", field.suffix)
                                                  : kj::String();
  return render({{"field", describe(field)}, {"name", field.argumentName}, {"setter", setter}},
      R"stub(
      call.set($field$, $name$$setter$);
      )stub");
}

kj::String defineWithList(const Interface& interface, const Method& method) {
  auto special = specialize(interface);
  auto setters = KJ_MAP(field, method.params.fields) { return setParameter(field); };
  return render(
      {{"head", special.functionHead}, {"class", special.name}, {"self", special.selfTemplate},
          {"result", typeOfResults(method)}, {"name", method.name},
          {"arguments", defineArguments(method.params.fields)},
          {"passed", passArguments(method.params.fields)}, {"params", method.params.type.type()},
          {"constant", method.constant}, {"setters", lines(setters)},
          {"pend", method.isStreaming() ? "pendStream" : "pend"}},
      R"stub(
      $head$Promise<$result$> $class$::$name$($arguments$) const {
        using Params = $params$;
        auto call = $self$newCall<Params, $result$>($constant$$passed$);
        $setters$
        return call.$pend$();
      }
      )stub");
}

kj::String defineWithStruct(const Interface& interface, const Method& method) {
  auto special = specialize(interface);
  return render(
      {{"head", special.functionHead}, {"class", special.name}, {"self", special.selfTemplate},
          {"result", typeOfResults(method)}, {"name", method.name},
          {"params", method.params.type.type()}, {"constant", method.constant},
          {"pend", method.isStreaming() ? "pendStream" : "pend"}},
      R"stub(
      $head$Promise<$result$> $class$::$name$(Arg<$params$> params) const {
        using Params = $params$;
        return $self$newCallWith<Params, $result$>($constant$, params).$pend$();
      }
      )stub");
}

kj::String defineBuilderForm(const Interface& interface, const Method& method) {
  if (!method.hasBuilderForm) return kj::String();
  auto special = specialize(interface);
  auto head = interface.type.isDependent() ? kj::str(special.head, "\n") : kj::String();
  return render(
      {{"head", head}, {"class", special.name}, {"self", special.selfTemplate},
          {"result", typeOfResults(method)}, {"name", method.name},
          {"params", method.params.type.type()}, {"builder", method.params.type.member("Builder")},
          {"constant", method.constant}, {"pend", method.isStreaming() ? "pendStream" : "pend"}},
      R"stub(
      $head$template <std::invocable<$builder$> Fill>
      Promise<$result$> $class$::$name$(Fill&& fill) const {
        using Params = $params$;
        return $self$newCallWith<Params, $result$>($constant$, fill).$pend$();
      }
      )stub");
}

}  // namespace

kj::String forwardRef(const Interface& interface) {
  auto special = specialize(interface);
  return render({{"head", special.head}, {"class", special.name}},
      R"stub(
      $head$
      class $class$;
      )stub");
}

kj::String declareRef(const Interface& interface) {
  auto special = specialize(interface);
  auto base = kj::str("RefBase<", interface.type.text, ">");
  auto constants = lines(mapMethods(interface, declareConstant));
  return render({{"doc", comment(interface.doc)}, {"head", special.head}, {"class", special.name},
                    {"base", base},
                    {"constructors", interface.type.isDependent() ? base.asPtr() : "RefBase"_kj},
                    {"methods", declareMethods(interface)},
                    {"private", constants.size() > 0 ? "private:" : ""}, {"constants", constants}},
      R"stub(
      $doc$
      $head$
      class $class$: public $base$ {
      public:
        using $constructors$::RefBase;

        $methods$

      $private$
        $constants$
      };
      )stub");
}

kj::String defineRef(const Interface& interface) {
  auto bodies = mapMethods(interface, [&](const Method& method) {
    bool isList = method.params.form == Payload::Form::LIST;
    kj::String forms[] = {
        isList ? defineWithList(interface, method) : defineWithStruct(interface, method),
        defineBuilderForm(interface, method)};
    return paragraphs(forms);
  });
  return paragraphs(bodies);
}

}  // namespace troth::compiler
