#include "templates.h"
#include "text.h"

namespace troth::compiler {

namespace {

Specialization specialize(const Interface& interface) {
  return {interface.type, interface.id, "Server", "_::InterfaceServer"};
}

kj::String baseOfCall(const Method& method) {
  KJ_IF_MAYBE(results, method.results) {
    return kj::str("Call<", method.params.type.type(), ", ", results->type.type(), ">");
  }
  return kj::str("StreamingCall<", method.params.type.type(), ">");
}

// A member of an unnamed union may not be set: params() is the way to it.
kj::Vector<const Field*> readableFields(const Method& method) {
  kj::Vector<const Field*> result;
  for (auto& field: method.params.fields) {
    if (!field.isUnionMember) result.add(&field);
  }
  return result;
}

kj::String typeOfAccessor(const Field& field) {
  if (field.type.isDependent()) return kj::str("auto");
  switch (field.kind) {
    case Field::Kind::SCALAR: return field.type.type();
    case Field::Kind::INTERFACE: return kj::str("Ref<", field.type.type(), ">");
    case Field::Kind::POINTER:
    case Field::Kind::UNKNOWN: return field.type.member("Reader");
  }
  KJ_UNREACHABLE;
}

kj::String declareAccessor(const Field& field) {
  return render(
      {{"doc", comment(field.doc)}, {"type", typeOfAccessor(field)}, {"name", field.callName}},
      R"stub(
      $doc$
      $type$ $name$();
      )stub");
}

kj::String argumentsOfFulfill(const Payload& results) {
  bool isList = results.form == Payload::Form::LIST;
  return isList ? defineArguments(results.fields)
                : kj::str("Arg<", results.type.type(), "> results");
}

kj::String declareFulfill(const Method& method) {
  KJ_IF_MAYBE(results, method.results) {
    return kj::str("Done fulfill(", argumentsOfFulfill(*results), ");");
  }
  return kj::String();
}

kj::String declareCall(const Interface& interface, const Method& method) {
  auto special = specialize(interface);
  auto accessors = KJ_MAP(field, readableFields(method)) { return declareAccessor(*field); };
  auto base = baseOfCall(method);
  kj::StringPtr name = method.isStreaming() ? "StreamingCall"_kj : "Call"_kj;
  bool isGeneric = interface.type.isDependent();
  return render({{"head", isGeneric ? special.head.asPtr() : nullptr}, {"class", special.name},
                    {"name", method.className}, {"base", base},
                    {"constructors", kj::str(isGeneric ? base.asPtr() : name, "::", name)},
                    {"accessors", lines(accessors)}, {"fulfill", declareFulfill(method)}},
      R"stub(
      $head$
      class $class$::$name$: public $base$ {
      public:
        using $constructors$;

        $accessors$

        $fulfill$
      };
      )stub");
}

kj::String declareMethod(const Method& method) {
  return render({{"doc", comment(method.doc)}, {"name", method.name}, {"class", method.className}},
      R"stub(
      $doc$
      virtual ::kj::Promise<void> $name$($class$ call);
      )stub");
}

// The bases, each on its line if there are more than one.
kj::String basesOf(const Interface& interface) {
  kj::Vector<kj::String> bases;
  bool isGeneric = interface.type.isDependent();
  if (isGeneric || interface.bases.size() == 0) bases.add(kj::str("public virtual ServerBase"));
  for (auto& base: interface.bases) {
    bases.add(kj::str("public virtual ::troth::Server<", base.type(), ">"));
  }
  return kj::str(bases.size() > 1 ? "\n    " : " ", kj::strArray(bases, ",\n    "));
}

kj::String defineAccessor(const Interface& interface, const Method& method, const Field& field) {
  auto special = specialize(interface);
  return render(
      {{"head", special.functionHead}, {"class", special.name}, {"call", method.className},
          {"self", special.selfTemplate}, {"type", typeOfAccessor(field)}, {"name", field.callName},
          {"params", method.params.type.text}, {"suffix", field.suffix}},
      R"stub(
      $head$$type$ $class$::$call$::$name$() {
        return $self$get<&$params$::Reader::get$suffix$>();
      }
      )stub");
}

kj::String setResult(const Payload& results, const Field& field) {
  auto setter = field.kind == Field::Kind::SCALAR
      ? kj::str(", &", results.type.text, "::Builder::set", field.suffix)
      : kj::String();
  return render({{"field", describe(field)}, {"name", field.argumentName}, {"setter", setter}},
      R"stub(
      setResult(results, $field$, $name$$setter$);
      )stub");
}

kj::String bodyOfFulfill(const Payload& results, kj::StringPtr self) {
  if (results.form == Payload::Form::NAMED) return kj::str(self, "setResults(results);");
  if (results.fields.size() == 0) return kj::String();
  auto names = KJ_MAP(field, results.fields) { return kj::str(field.argumentName); };
  auto setters = KJ_MAP(field, results.fields) { return setResult(results, field); };
  return render({{"self", self}, {"names", kj::strArray(names, ", ")}, {"setters", lines(setters)}},
      R"stub(
      auto results = $self$initResults($names$);
      $setters$
      )stub");
}

kj::String defineFulfill(const Interface& interface, const Method& method) {
  if (method.isStreaming()) return kj::String();
  auto special = specialize(interface);
  auto& results = KJ_ASSERT_NONNULL(method.results);
  auto body = bodyOfFulfill(results, special.self);
  return render(
      {{"head", special.functionHead}, {"class", special.name}, {"call", method.className},
          {"arguments", argumentsOfFulfill(results)}, {"body", body}},
      body.size() == 0 ? R"stub(
      $head$Done $class$::$call$::fulfill() { return {}; }
      )stub"_kj
                       : R"stub(
      $head$Done $class$::$call$::fulfill($arguments$) {
        $body$
        return {};
      }
      )stub"_kj);
}

kj::String defineCall(const Interface& interface, const Method& method) {
  kj::Vector<kj::String> parts;
  for (auto field: readableFields(method)) parts.add(defineAccessor(interface, method, *field));
  parts.add(defineFulfill(interface, method));
  return paragraphs(parts);
}

kj::String defineMethod(const Interface& interface, const Method& method) {
  auto special = specialize(interface);
  return render(
      {{"head", special.functionHead}, {"class", special.name}, {"call", method.className},
          {"name", method.name}, {"id", method.id}, {"interface", interface.type.type()},
          {"title", method.interfaceTitle}, {"schemaName", method.schemaName}},
      R"stub(
      $head$::kj::Promise<void> $class$::$name$($call$) {
        return unimplemented("$title$", "$schemaName$", ::capnp::typeId<$interface$>(), $id$);
      }
      )stub");
}

kj::String dispatchAncestor(const Ancestor& ancestor) {
  auto server = kj::str("::troth::Server<", ancestor.type.type(), ">");
  return render({{"type", ancestor.type.type()}, {"server", server}},
      R"stub(
      case ::capnp::typeId<$type$>(): return $server$::dispatchMethod(methodId, context);
      )stub");
}

kj::String defineDispatchCall(const Interface& interface) {
  auto special = specialize(interface);
  auto ancestors = KJ_MAP(ancestor, interface.ancestors) { return dispatchAncestor(ancestor); };
  return render(
      {{"head", special.functionHead}, {"class", special.name}, {"type", interface.type.type()},
          {"title", interface.title}, {"ancestors", lines(ancestors)}},
      R"stub(
      $head$ServerBase::Dispatched $class$::dispatchCall(
          uint64_t interfaceId, uint16_t methodId, Context context) {
        switch (interfaceId) {
          case ::capnp::typeId<$type$>(): return dispatchMethod(methodId, context);
          $ancestors$
          default: return dispatchOther("$title$", interfaceId, methodId, context);
        }
      }
      )stub");
}

kj::StringPtr functionOf(Method::Flavor flavor) {
  switch (flavor) {
    case Method::Flavor::PLAIN: return "plain";
    case Method::Flavor::CANCELABLE: return "cancelable";
    case Method::Flavor::STREAMING: return "streaming";
    case Method::Flavor::CANCELABLE_STREAMING: return "cancelableStreaming";
  }
  KJ_UNREACHABLE;
}

kj::String dispatchMethod(const Interface& interface, const Method& method) {
  if (method.recording == Method::Recording::DURABLE) {
    return render(
        {{"type", interface.type.type()}, {"id", method.id}, {"flavor", functionOf(method.flavor)},
            {"name", method.name}, {"call", method.className}},
        R"stub(
        case $id$:
          return durable(::capnp::typeId<$type$>(), $id$, context,
              [&]() { return $flavor$($name$($call$(context))); });
        )stub");
  }
  return render({{"id", method.id}, {"flavor", functionOf(method.flavor)},
                    {"start", method.isStreaming() ? "[&]() { return " : ""},
                    {"end", method.isStreaming() ? "; }" : ""}, {"name", method.name},
                    {"call", method.className}},
      R"stub(
      case $id$: return $flavor$($start$$name$($call$(context))$end$);
      )stub");
}

kj::String defineDispatchMethod(const Interface& interface) {
  auto special = specialize(interface);
  auto methods = KJ_MAP(method, interface.methods) { return dispatchMethod(interface, method); };
  if (methods.size() == 0) {
    return render({{"head", special.functionHead}, {"class", special.name},
                      {"type", interface.type.type()}, {"title", interface.title}},
        R"stub(
      $head$ServerBase::Dispatched $class$::dispatchMethod(uint16_t methodId, Context) {
        return unimplementedMethod("$title$", ::capnp::typeId<$type$>(), methodId);
      }
      )stub");
  }
  return render(
      {{"head", special.functionHead}, {"class", special.name}, {"type", interface.type.type()},
          {"title", interface.title}, {"methods", lines(methods)}},
      R"stub(
      $head$ServerBase::Dispatched $class$::dispatchMethod(uint16_t methodId, Context context) {
        switch (methodId) {
          $methods$
          default: return unimplementedMethod("$title$", ::capnp::typeId<$type$>(), methodId);
        }
      }
      )stub");
}

}  // namespace

kj::String forwardServer(const Interface& interface) {
  auto special = specialize(interface);
  return render({{"head", special.head}, {"class", special.name}},
      R"stub(
      $head$
      class $class$;
      )stub");
}

kj::String declareServer(const Interface& interface) {
  auto special = specialize(interface);
  auto classes = KJ_MAP(method, interface.methods) {
    return kj::str("class ", method.className, ";");
  };
  auto methods = KJ_MAP(method, interface.methods) { return declareMethod(method); };
  auto calls = KJ_MAP(method, interface.methods) { return declareCall(interface, method); };
  return render(
      {{"doc", comment(interface.doc)}, {"head", special.head}, {"class", special.name},
          {"bases", basesOf(interface)}, {"type", interface.type.text}, {"classes", lines(classes)},
          {"methods", paragraphs(methods)}, {"calls", paragraphs(calls)}},
      R"stub(
      $doc$
      $head$
      class $class$:$bases$ {
      public:
        using Serves = $type$;

        $classes$

        $methods$

        Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

      protected:
        ::capnp::InterfaceSchema interfaceSchema() const override {
          return ::capnp::Schema::from<$type$>();
        }
        Dispatched dispatchMethod(uint16_t methodId, Context context);
      };

      $calls$
      )stub");
}

kj::String defineServer(const Interface& interface) {
  kj::Vector<kj::String> parts;
  for (auto& method: interface.methods) parts.add(defineMethod(interface, method));
  parts.add(defineDispatchCall(interface));
  parts.add(defineDispatchMethod(interface));
  for (auto& method: interface.methods) parts.add(defineCall(interface, method));
  return paragraphs(parts);
}

}  // namespace troth::compiler
