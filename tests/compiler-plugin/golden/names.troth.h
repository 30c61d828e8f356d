// Made from names.capnp by capnpc-troth. An edit here is lost at the next build.
#pragma once

#include <troth/stub.h>

#include "names.capnp.h"

namespace troth {

template <>
class Ref<::troth::names::Awkward>;
template <>
class Server<::troth::names::Awkward>;
template <>
class Promise<::troth::names::Awkward::CallResults>;
template <>
class Promise<::troth::names::Awkward::SendResults>;
template <>
class Promise<::troth::names::Awkward::DeleteResults>;
template <>
class Promise<::troth::names::Awkward::InterfaceResults>;
template <>
class Promise<::troth::names::Awkward::MajorResults>;
template <>
class Promise<::troth::names::Awkward::NullResults>;
template <>
class Promise<::troth::names::Awkward::FieldResults>;
template <>
class Promise<::troth::names::Awkward::AnotherNameResults>;
template <>
class Ref<::troth::names::Interface>;
template <>
class Server<::troth::names::Interface>;
template <>
class Promise<::troth::names::Interface::CallResults>;
template <>
class Promise<::troth::names::Renamed>;
template <>
class Promise<struct ::troth::names::Renamed::A>;
template <>
class Promise<::troth::names::Renamed::Int>;

// ---------------------------------------------------------------------------------------
// Awkward

// Names that C++, KJ or Troth use themselves.
template <>
class Ref<::troth::names::Awkward>: public RefBase<::troth::names::Awkward> {
public:
  using RefBase::RefBase;

  Promise<::troth::names::Awkward::CallResults> call(
      Arg<::capnp::Text> call_, Arg<::capnp::Text> results_, Arg<::capnp::Text> params,
      Arg<::capnp::Text> class_, Arg<::uint32_t> id) const;
  template <std::invocable<::troth::names::Awkward::CallParams::Builder> Fill>
  Promise<::troth::names::Awkward::CallResults> call(Fill&& fill) const;

  Promise<::troth::names::Renamed> then() const;

  Promise<::troth::names::Awkward::SendResults> send(Arg<bool> fill_) const;
  template <std::invocable<::troth::names::Awkward::SendParams::Builder> Fill>
  Promise<::troth::names::Awkward::SendResults> send(Fill&& fill) const;

  Promise<::troth::names::Awkward::DeleteResults> delete_(
      Arg<::int32_t> new_ = -1, Arg<float> this_ = ::kj::inf()) const;
  template <std::invocable<::troth::names::Awkward::DeleteParams::Builder> Fill>
  Promise<::troth::names::Awkward::DeleteResults> delete_(Fill&& fill) const;

  Promise<::troth::names::Awkward::GetHookResults> getHook_() const;

  Promise<::troth::names::Awkward::SaveResults> save_() const;

  Promise<::troth::names::Awkward::DispatchCallResults> dispatchCall_() const;

  Promise<::troth::names::Awkward::UnimplementedResults> unimplemented_() const;

  Promise<::troth::names::Awkward::RefResults> ref() const;

  Promise<::troth::names::Awkward::ServerResults> server() const;

  Promise<::troth::names::Awkward::PromiseResults> promise() const;

  Promise<::troth::names::Awkward::ArgResults> arg() const;

  Promise<::troth::names::Awkward::HookResults> hook_() const;

  Promise<::troth::names::Awkward::DispatchedResults> dispatched() const;

  Promise<::troth::names::Awkward::DoneResults> done() const;

  Promise<::troth::names::Awkward::MethodResults> method() const;

  Promise<::troth::names::Awkward::ServerBaseResults> serverBase() const;

  Promise<::troth::names::Awkward::InterfaceResults> interface(
      Arg<::troth::names::Interface> interface) const;
  template <std::invocable<::troth::names::Awkward::InterfaceParams::Builder> Fill>
  Promise<::troth::names::Awkward::InterfaceResults> interface(Fill&& fill) const;

  Promise<::troth::names::Awkward::MajorResults> major_(
      Arg<::int32_t> errno_, Arg<::capnp::Text> stdin_) const;
  template <std::invocable<::troth::names::Awkward::MajorParams::Builder> Fill>
  Promise<::troth::names::Awkward::MajorResults> major_(Fill&& fill) const;

  Promise<void> streamingCall(Arg<::capnp::Data> chunk) const;
  template <std::invocable<::troth::names::Awkward::StreamingCallParams::Builder> Fill>
  Promise<void> streamingCall(Fill&& fill) const;

  Promise<::troth::names::Awkward::NullResults> null(Arg<bool> eof) const;
  template <std::invocable<::troth::names::Awkward::NullParams::Builder> Fill>
  Promise<::troth::names::Awkward::NullResults> null(Fill&& fill) const;

  Promise<::troth::names::Awkward::FieldResults> field(Arg<::troth::names::Renamed> field) const;

  Promise<::troth::names::Awkward::AnotherNameResults> anotherName(Arg<bool> after) const;
  template <std::invocable<::troth::names::Awkward::AnotherNameParams::Builder> Fill>
  Promise<::troth::names::Awkward::AnotherNameResults> anotherName(Fill&& fill) const;

private:
  static constexpr Method METHOD_CALL{
      ::capnp::typeId<::troth::names::Awkward>(), 0, "Awkward", "call"};
  static constexpr Method METHOD_THEN{
      ::capnp::typeId<::troth::names::Awkward>(), 1, "Awkward", "then"};
  static constexpr Method METHOD_SEND{
      ::capnp::typeId<::troth::names::Awkward>(), 2, "Awkward", "send"};
  static constexpr Method METHOD_DELETE_{
      ::capnp::typeId<::troth::names::Awkward>(), 3, "Awkward", "delete"};
  static constexpr Method METHOD_GET_HOOK_{
      ::capnp::typeId<::troth::names::Awkward>(), 4, "Awkward", "getHook"};
  static constexpr Method METHOD_SAVE_{
      ::capnp::typeId<::troth::names::Awkward>(), 5, "Awkward", "save"};
  static constexpr Method METHOD_DISPATCH_CALL_{
      ::capnp::typeId<::troth::names::Awkward>(), 6, "Awkward", "dispatchCall"};
  static constexpr Method METHOD_UNIMPLEMENTED_{
      ::capnp::typeId<::troth::names::Awkward>(), 7, "Awkward", "unimplemented"};
  static constexpr Method METHOD_REF{
      ::capnp::typeId<::troth::names::Awkward>(), 8, "Awkward", "ref"};
  static constexpr Method METHOD_SERVER{
      ::capnp::typeId<::troth::names::Awkward>(), 9, "Awkward", "server"};
  static constexpr Method METHOD_PROMISE{
      ::capnp::typeId<::troth::names::Awkward>(), 10, "Awkward", "promise"};
  static constexpr Method METHOD_ARG{
      ::capnp::typeId<::troth::names::Awkward>(), 11, "Awkward", "arg"};
  static constexpr Method METHOD_HOOK_{
      ::capnp::typeId<::troth::names::Awkward>(), 12, "Awkward", "hook"};
  static constexpr Method METHOD_DISPATCHED{
      ::capnp::typeId<::troth::names::Awkward>(), 13, "Awkward", "dispatched"};
  static constexpr Method METHOD_DONE{
      ::capnp::typeId<::troth::names::Awkward>(), 14, "Awkward", "done"};
  static constexpr Method METHOD_METHOD{
      ::capnp::typeId<::troth::names::Awkward>(), 15, "Awkward", "method"};
  static constexpr Method METHOD_SERVER_BASE{
      ::capnp::typeId<::troth::names::Awkward>(), 16, "Awkward", "serverBase"};
  static constexpr Method METHOD_INTERFACE{
      ::capnp::typeId<::troth::names::Awkward>(), 17, "Awkward", "interface"};
  static constexpr Method METHOD_MAJOR_{
      ::capnp::typeId<::troth::names::Awkward>(), 18, "Awkward", "major"};
  static constexpr Method METHOD_STREAMING_CALL{
      ::capnp::typeId<::troth::names::Awkward>(), 19, "Awkward", "streamingCall"};
  static constexpr Method METHOD_NULL{
      ::capnp::typeId<::troth::names::Awkward>(), 20, "Awkward", "null"};
  static constexpr Method METHOD_FIELD{
      ::capnp::typeId<::troth::names::Awkward>(), 21, "Awkward", "field"};
  static constexpr Method METHOD_ANOTHER_NAME{
      ::capnp::typeId<::troth::names::Awkward>(), 22, "Awkward", "renamed"};
};

// The results of Awkward.call.
template <>
class Promise<::troth::names::Awkward::CallResults>:
    public PromiseBase<::troth::names::Awkward::CallResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<::capnp::Text> then_() const;
};

// The results of Awkward.send.
template <>
class Promise<::troth::names::Awkward::SendResults>:
    public PromiseBase<::troth::names::Awkward::SendResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<bool> results() const;
  Promise<bool> call() const;
};

// The results of Awkward.delete.
template <>
class Promise<::troth::names::Awkward::DeleteResults>:
    public PromiseBase<::troth::names::Awkward::DeleteResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<::int32_t> delete_() const;
};

// The results of Awkward.interface.
template <>
class Promise<::troth::names::Awkward::InterfaceResults>:
    public PromiseBase<::troth::names::Awkward::InterfaceResults> {
public:
  using PromiseBase::PromiseBase;

  Ref<::troth::names::Interface> interface() const;
};

// The results of Awkward.major.
template <>
class Promise<::troth::names::Awkward::MajorResults>:
    public PromiseBase<::troth::names::Awkward::MajorResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<::int32_t> assert_() const;
};

// The results of Awkward.null.
template <>
class Promise<::troth::names::Awkward::NullResults>:
    public PromiseBase<::troth::names::Awkward::NullResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<bool> null() const;
};

// The results of Awkward.field.
template <>
class Promise<::troth::names::Awkward::FieldResults>:
    public PromiseBase<::troth::names::Awkward::FieldResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<::troth::names::Renamed> field() const;
};

// The results of Awkward.renamed.
template <>
class Promise<::troth::names::Awkward::AnotherNameResults>:
    public PromiseBase<::troth::names::Awkward::AnotherNameResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<bool> after() const;
};

// Names that C++, KJ or Troth use themselves.
template <>
class Server<::troth::names::Awkward>: public virtual ServerBase {
public:
  using Serves = ::troth::names::Awkward;

  class Call_;
  class Then;
  class Send;
  class Delete;
  class GetHook;
  class Save;
  class DispatchCall;
  class Unimplemented;
  class Ref_;
  class Server_;
  class Promise;
  class Arg_;
  class Hook;
  class Dispatched_;
  class Done_;
  class Method;
  class ServerBase_;
  class Interface;
  class Major;
  class StreamingCall_;
  class Null;
  class Field;
  class AnotherName;

  virtual ::kj::Promise<void> call(Call_ call);

  virtual ::kj::Promise<void> then(Then call);

  virtual ::kj::Promise<void> send(Send call);

  virtual ::kj::Promise<void> delete_(Delete call);

  virtual ::kj::Promise<void> getHook_(GetHook call);

  virtual ::kj::Promise<void> save_(Save call);

  virtual ::kj::Promise<void> dispatchCall_(DispatchCall call);

  virtual ::kj::Promise<void> unimplemented_(Unimplemented call);

  virtual ::kj::Promise<void> ref(Ref_ call);

  virtual ::kj::Promise<void> server(Server_ call);

  virtual ::kj::Promise<void> promise(Promise call);

  virtual ::kj::Promise<void> arg(Arg_ call);

  virtual ::kj::Promise<void> hook_(Hook call);

  virtual ::kj::Promise<void> dispatched(Dispatched_ call);

  virtual ::kj::Promise<void> done(Done_ call);

  virtual ::kj::Promise<void> method(Method call);

  virtual ::kj::Promise<void> serverBase(ServerBase_ call);

  virtual ::kj::Promise<void> interface(Interface call);

  virtual ::kj::Promise<void> major_(Major call);

  virtual ::kj::Promise<void> streamingCall(StreamingCall_ call);

  virtual ::kj::Promise<void> null(Null call);

  virtual ::kj::Promise<void> field(Field call);

  virtual ::kj::Promise<void> anotherName(AnotherName call);

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<::troth::names::Awkward>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

class Server<::troth::names::Awkward>::Call_:
    public Call<::troth::names::Awkward::CallParams, ::troth::names::Awkward::CallResults> {
public:
  using Call::Call;

  ::capnp::Text::Reader call();
  ::capnp::Text::Reader results_();
  ::capnp::Text::Reader params_();
  ::capnp::Text::Reader class_();
  ::uint32_t id_();

  Done fulfill(Arg<::capnp::Text> then);
};

class Server<::troth::names::Awkward>::Then:
    public Call<::troth::names::Awkward::ThenParams, ::troth::names::Renamed> {
public:
  using Call::Call;

  Done fulfill(Arg<::troth::names::Renamed> results);
};

class Server<::troth::names::Awkward>::Send:
    public Call<::troth::names::Awkward::SendParams, ::troth::names::Awkward::SendResults> {
public:
  using Call::Call;

  bool fill();

  Done fulfill(Arg<bool> results_, Arg<bool> call_);
};

class Server<::troth::names::Awkward>::Delete:
    public Call<::troth::names::Awkward::DeleteParams, ::troth::names::Awkward::DeleteResults> {
public:
  using Call::Call;

  ::int32_t new_();
  float this_();

  Done fulfill(Arg<::int32_t> delete_);
};

class Server<::troth::names::Awkward>::GetHook:
    public Call<::troth::names::Awkward::GetHookParams, ::troth::names::Awkward::GetHookResults> {
public:
  using Call::Call;

  Done fulfill();
};

class Server<::troth::names::Awkward>::Save:
    public Call<::troth::names::Awkward::SaveParams, ::troth::names::Awkward::SaveResults> {
public:
  using Call::Call;

  Done fulfill();
};

class Server<::troth::names::Awkward>::DispatchCall:
    public Call<::troth::names::Awkward::DispatchCallParams,
    ::troth::names::Awkward::DispatchCallResults> {
public:
  using Call::Call;

  Done fulfill();
};

class Server<::troth::names::Awkward>::Unimplemented:
    public Call<::troth::names::Awkward::UnimplementedParams,
    ::troth::names::Awkward::UnimplementedResults> {
public:
  using Call::Call;

  Done fulfill();
};

class Server<::troth::names::Awkward>::Ref_:
    public Call<::troth::names::Awkward::RefParams, ::troth::names::Awkward::RefResults> {
public:
  using Call::Call;

  Done fulfill();
};

class Server<::troth::names::Awkward>::Server_:
    public Call<::troth::names::Awkward::ServerParams, ::troth::names::Awkward::ServerResults> {
public:
  using Call::Call;

  Done fulfill();
};

class Server<::troth::names::Awkward>::Promise:
    public Call<::troth::names::Awkward::PromiseParams, ::troth::names::Awkward::PromiseResults> {
public:
  using Call::Call;

  Done fulfill();
};

class Server<::troth::names::Awkward>::Arg_:
    public Call<::troth::names::Awkward::ArgParams, ::troth::names::Awkward::ArgResults> {
public:
  using Call::Call;

  Done fulfill();
};

class Server<::troth::names::Awkward>::Hook:
    public Call<::troth::names::Awkward::HookParams, ::troth::names::Awkward::HookResults> {
public:
  using Call::Call;

  Done fulfill();
};

class Server<::troth::names::Awkward>::Dispatched_:
    public Call<::troth::names::Awkward::DispatchedParams,
    ::troth::names::Awkward::DispatchedResults> {
public:
  using Call::Call;

  Done fulfill();
};

class Server<::troth::names::Awkward>::Done_:
    public Call<::troth::names::Awkward::DoneParams, ::troth::names::Awkward::DoneResults> {
public:
  using Call::Call;

  Done fulfill();
};

class Server<::troth::names::Awkward>::Method:
    public Call<::troth::names::Awkward::MethodParams, ::troth::names::Awkward::MethodResults> {
public:
  using Call::Call;

  Done fulfill();
};

class Server<::troth::names::Awkward>::ServerBase_:
    public Call<::troth::names::Awkward::ServerBaseParams,
    ::troth::names::Awkward::ServerBaseResults> {
public:
  using Call::Call;

  Done fulfill();
};

class Server<::troth::names::Awkward>::Interface:
    public Call<::troth::names::Awkward::InterfaceParams,
    ::troth::names::Awkward::InterfaceResults> {
public:
  using Call::Call;

  Ref<::troth::names::Interface> interface();

  Done fulfill(Arg<::troth::names::Interface> interface);
};

class Server<::troth::names::Awkward>::Major:
    public Call<::troth::names::Awkward::MajorParams, ::troth::names::Awkward::MajorResults> {
public:
  using Call::Call;

  ::int32_t errno_();
  ::capnp::Text::Reader stdin_();

  Done fulfill(Arg<::int32_t> assert_);
};

class Server<::troth::names::Awkward>::StreamingCall_:
    public StreamingCall<::troth::names::Awkward::StreamingCallParams> {
public:
  using StreamingCall::StreamingCall;

  ::capnp::Data::Reader chunk();
};

class Server<::troth::names::Awkward>::Null:
    public Call<::troth::names::Awkward::NullParams, ::troth::names::Awkward::NullResults> {
public:
  using Call::Call;

  bool eof();

  Done fulfill(Arg<bool> null);
};

class Server<::troth::names::Awkward>::Field:
    public Call<::troth::names::Awkward::FieldParams, ::troth::names::Awkward::FieldResults> {
public:
  using Call::Call;

  ::troth::names::Renamed::Reader field();

  Done fulfill(Arg<::troth::names::Renamed> field);
};

class Server<::troth::names::Awkward>::AnotherName:
    public Call<::troth::names::Awkward::AnotherNameParams,
    ::troth::names::Awkward::AnotherNameResults> {
public:
  using Call::Call;

  bool after();

  Done fulfill(Arg<bool> after);
};

// ---------------------------------------------------------------------------------------
// Interface

template <>
class Ref<::troth::names::Interface>: public RefBase<::troth::names::Interface> {
public:
  using RefBase::RefBase;

  // The name is taken by the base.
  Promise<::troth::names::Interface::CallResults> call_() const;

  Promise<::troth::names::Interface::FulfillResults> fulfill() const;

  // Inherited from Awkward:

  Promise<::troth::names::Awkward::CallResults> call(
      Arg<::capnp::Text> call_, Arg<::capnp::Text> results_, Arg<::capnp::Text> params,
      Arg<::capnp::Text> class_, Arg<::uint32_t> id) const;
  template <std::invocable<::troth::names::Awkward::CallParams::Builder> Fill>
  Promise<::troth::names::Awkward::CallResults> call(Fill&& fill) const;

  Promise<::troth::names::Renamed> then() const;

  Promise<::troth::names::Awkward::SendResults> send(Arg<bool> fill_) const;
  template <std::invocable<::troth::names::Awkward::SendParams::Builder> Fill>
  Promise<::troth::names::Awkward::SendResults> send(Fill&& fill) const;

  Promise<::troth::names::Awkward::DeleteResults> delete_(
      Arg<::int32_t> new_ = -1, Arg<float> this_ = ::kj::inf()) const;
  template <std::invocable<::troth::names::Awkward::DeleteParams::Builder> Fill>
  Promise<::troth::names::Awkward::DeleteResults> delete_(Fill&& fill) const;

  Promise<::troth::names::Awkward::GetHookResults> getHook_() const;

  Promise<::troth::names::Awkward::SaveResults> save_() const;

  Promise<::troth::names::Awkward::DispatchCallResults> dispatchCall_() const;

  Promise<::troth::names::Awkward::UnimplementedResults> unimplemented_() const;

  Promise<::troth::names::Awkward::RefResults> ref() const;

  Promise<::troth::names::Awkward::ServerResults> server() const;

  Promise<::troth::names::Awkward::PromiseResults> promise() const;

  Promise<::troth::names::Awkward::ArgResults> arg() const;

  Promise<::troth::names::Awkward::HookResults> hook_() const;

  Promise<::troth::names::Awkward::DispatchedResults> dispatched() const;

  Promise<::troth::names::Awkward::DoneResults> done() const;

  Promise<::troth::names::Awkward::MethodResults> method() const;

  Promise<::troth::names::Awkward::ServerBaseResults> serverBase() const;

  Promise<::troth::names::Awkward::InterfaceResults> interface(
      Arg<::troth::names::Interface> interface) const;
  template <std::invocable<::troth::names::Awkward::InterfaceParams::Builder> Fill>
  Promise<::troth::names::Awkward::InterfaceResults> interface(Fill&& fill) const;

  Promise<::troth::names::Awkward::MajorResults> major_(
      Arg<::int32_t> errno_, Arg<::capnp::Text> stdin_) const;
  template <std::invocable<::troth::names::Awkward::MajorParams::Builder> Fill>
  Promise<::troth::names::Awkward::MajorResults> major_(Fill&& fill) const;

  Promise<void> streamingCall(Arg<::capnp::Data> chunk) const;
  template <std::invocable<::troth::names::Awkward::StreamingCallParams::Builder> Fill>
  Promise<void> streamingCall(Fill&& fill) const;

  Promise<::troth::names::Awkward::NullResults> null(Arg<bool> eof) const;
  template <std::invocable<::troth::names::Awkward::NullParams::Builder> Fill>
  Promise<::troth::names::Awkward::NullResults> null(Fill&& fill) const;

  Promise<::troth::names::Awkward::FieldResults> field(Arg<::troth::names::Renamed> field) const;

  Promise<::troth::names::Awkward::AnotherNameResults> anotherName(Arg<bool> after) const;
  template <std::invocable<::troth::names::Awkward::AnotherNameParams::Builder> Fill>
  Promise<::troth::names::Awkward::AnotherNameResults> anotherName(Fill&& fill) const;

private:
  static constexpr Method METHOD_CALL_{
      ::capnp::typeId<::troth::names::Interface>(), 0, "Interface", "call"};
  static constexpr Method METHOD_FULFILL{
      ::capnp::typeId<::troth::names::Interface>(), 1, "Interface", "fulfill"};
  static constexpr Method METHOD_CALL{
      ::capnp::typeId<::troth::names::Awkward>(), 0, "Awkward", "call"};
  static constexpr Method METHOD_THEN{
      ::capnp::typeId<::troth::names::Awkward>(), 1, "Awkward", "then"};
  static constexpr Method METHOD_SEND{
      ::capnp::typeId<::troth::names::Awkward>(), 2, "Awkward", "send"};
  static constexpr Method METHOD_DELETE_{
      ::capnp::typeId<::troth::names::Awkward>(), 3, "Awkward", "delete"};
  static constexpr Method METHOD_GET_HOOK_{
      ::capnp::typeId<::troth::names::Awkward>(), 4, "Awkward", "getHook"};
  static constexpr Method METHOD_SAVE_{
      ::capnp::typeId<::troth::names::Awkward>(), 5, "Awkward", "save"};
  static constexpr Method METHOD_DISPATCH_CALL_{
      ::capnp::typeId<::troth::names::Awkward>(), 6, "Awkward", "dispatchCall"};
  static constexpr Method METHOD_UNIMPLEMENTED_{
      ::capnp::typeId<::troth::names::Awkward>(), 7, "Awkward", "unimplemented"};
  static constexpr Method METHOD_REF{
      ::capnp::typeId<::troth::names::Awkward>(), 8, "Awkward", "ref"};
  static constexpr Method METHOD_SERVER{
      ::capnp::typeId<::troth::names::Awkward>(), 9, "Awkward", "server"};
  static constexpr Method METHOD_PROMISE{
      ::capnp::typeId<::troth::names::Awkward>(), 10, "Awkward", "promise"};
  static constexpr Method METHOD_ARG{
      ::capnp::typeId<::troth::names::Awkward>(), 11, "Awkward", "arg"};
  static constexpr Method METHOD_HOOK_{
      ::capnp::typeId<::troth::names::Awkward>(), 12, "Awkward", "hook"};
  static constexpr Method METHOD_DISPATCHED{
      ::capnp::typeId<::troth::names::Awkward>(), 13, "Awkward", "dispatched"};
  static constexpr Method METHOD_DONE{
      ::capnp::typeId<::troth::names::Awkward>(), 14, "Awkward", "done"};
  static constexpr Method METHOD_METHOD{
      ::capnp::typeId<::troth::names::Awkward>(), 15, "Awkward", "method"};
  static constexpr Method METHOD_SERVER_BASE{
      ::capnp::typeId<::troth::names::Awkward>(), 16, "Awkward", "serverBase"};
  static constexpr Method METHOD_INTERFACE{
      ::capnp::typeId<::troth::names::Awkward>(), 17, "Awkward", "interface"};
  static constexpr Method METHOD_MAJOR_{
      ::capnp::typeId<::troth::names::Awkward>(), 18, "Awkward", "major"};
  static constexpr Method METHOD_STREAMING_CALL{
      ::capnp::typeId<::troth::names::Awkward>(), 19, "Awkward", "streamingCall"};
  static constexpr Method METHOD_NULL{
      ::capnp::typeId<::troth::names::Awkward>(), 20, "Awkward", "null"};
  static constexpr Method METHOD_FIELD{
      ::capnp::typeId<::troth::names::Awkward>(), 21, "Awkward", "field"};
  static constexpr Method METHOD_ANOTHER_NAME{
      ::capnp::typeId<::troth::names::Awkward>(), 22, "Awkward", "renamed"};
};

// The results of Interface.call.
template <>
class Promise<::troth::names::Interface::CallResults>:
    public PromiseBase<::troth::names::Interface::CallResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<bool> own() const;
};

template <>
class Server<::troth::names::Interface>: public virtual ::troth::Server<::troth::names::Awkward> {
public:
  using Serves = ::troth::names::Interface;

  class Call__;
  class Fulfill;

  // The name is taken by the base.
  virtual ::kj::Promise<void> call_(Call__ call);

  virtual ::kj::Promise<void> fulfill(Fulfill call);

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<::troth::names::Interface>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

class Server<::troth::names::Interface>::Call__:
    public Call<::troth::names::Interface::CallParams, ::troth::names::Interface::CallResults> {
public:
  using Call::Call;

  Done fulfill(Arg<bool> own);
};

class Server<::troth::names::Interface>::Fulfill:
    public Call<::troth::names::Interface::FulfillParams,
    ::troth::names::Interface::FulfillResults> {
public:
  using Call::Call;

  Done fulfill();
};

// ---------------------------------------------------------------------------------------
// Everything

template <>
class Promise<::troth::names::Renamed>: public PromiseBase<::troth::names::Renamed> {
public:
  using PromiseBase::PromiseBase;

  Promise<::capnp::Text> then_() const;
  Promise<::capnp::Text> wait_() const;
  Promise<::int32_t> get_() const;
  Promise<::capnp::List<::capnp::Text>> map_() const;
  Promise<bool> detach_() const;
  Ref<::troth::names::Interface> within_() const;
  Promise<::capnp::Void> then__() const;
  Promise<struct ::troth::names::Renamed::A> a() const;
  Promise<bool> b() const;
  Promise<::troth::names::Renamed::Int> int_() const;
};

// ---------------------------------------------------------------------------------------
// Everything.a

template <>
class Promise<struct ::troth::names::Renamed::A>:
    public PromiseBase<struct ::troth::names::Renamed::A> {
public:
  using PromiseBase::PromiseBase;

  Promise<bool> first() const;
};

// ---------------------------------------------------------------------------------------
// Everything.int

template <>
class Promise<::troth::names::Renamed::Int>: public PromiseBase<::troth::names::Renamed::Int> {
public:
  using PromiseBase::PromiseBase;

  Promise<::int64_t> long_() const;
  Promise<::int16_t> short_() const;
};

// =======================================================================================
// inline implementation details

inline Promise<::troth::names::Awkward::CallResults> Ref<::troth::names::Awkward>::call(
    Arg<::capnp::Text> call_, Arg<::capnp::Text> results_, Arg<::capnp::Text> params,
    Arg<::capnp::Text> class_, Arg<::uint32_t> id) const {
  using Params = ::troth::names::Awkward::CallParams;
  auto call = newCall<Params, ::troth::names::Awkward::CallResults>(
      METHOD_CALL, call_, results_, params, class_, id);
  call.set({0, "call", 0}, call_);
  call.set({1, "results", 1}, results_);
  call.set({2, "params", 2}, params);
  call.set({3, "class", 3}, class_);
  call.set({4, "id"}, id, &Params::Builder::setId);
  return call.pend();
}

template <std::invocable<::troth::names::Awkward::CallParams::Builder> Fill>
Promise<::troth::names::Awkward::CallResults> Ref<::troth::names::Awkward>::call(
    Fill&& fill) const {
  using Params = ::troth::names::Awkward::CallParams;
  return newCallWith<Params, ::troth::names::Awkward::CallResults>(METHOD_CALL, fill).pend();
}

inline Promise<::troth::names::Renamed> Ref<::troth::names::Awkward>::then() const {
  using Params = ::troth::names::Awkward::ThenParams;
  auto call = newCall<Params, ::troth::names::Renamed>(METHOD_THEN);
  return call.pend();
}

inline Promise<::troth::names::Awkward::SendResults> Ref<::troth::names::Awkward>::send(
    Arg<bool> fill_) const {
  using Params = ::troth::names::Awkward::SendParams;
  auto call = newCall<Params, ::troth::names::Awkward::SendResults>(METHOD_SEND, fill_);
  call.set({0, "fill"}, fill_, &Params::Builder::setFill);
  return call.pend();
}

template <std::invocable<::troth::names::Awkward::SendParams::Builder> Fill>
Promise<::troth::names::Awkward::SendResults> Ref<::troth::names::Awkward>::send(
    Fill&& fill) const {
  using Params = ::troth::names::Awkward::SendParams;
  return newCallWith<Params, ::troth::names::Awkward::SendResults>(METHOD_SEND, fill).pend();
}

inline Promise<::troth::names::Awkward::DeleteResults> Ref<::troth::names::Awkward>::delete_(
    Arg<::int32_t> new_, Arg<float> this_) const {
  using Params = ::troth::names::Awkward::DeleteParams;
  auto call = newCall<Params, ::troth::names::Awkward::DeleteResults>(METHOD_DELETE_, new_, this_);
  call.set({0, "new"}, new_, &Params::Builder::setNew);
  call.set({1, "this"}, this_, &Params::Builder::setThis);
  return call.pend();
}

template <std::invocable<::troth::names::Awkward::DeleteParams::Builder> Fill>
Promise<::troth::names::Awkward::DeleteResults> Ref<::troth::names::Awkward>::delete_(
    Fill&& fill) const {
  using Params = ::troth::names::Awkward::DeleteParams;
  return newCallWith<Params, ::troth::names::Awkward::DeleteResults>(METHOD_DELETE_, fill).pend();
}

inline Promise<::troth::names::Awkward::GetHookResults>
Ref<::troth::names::Awkward>::getHook_() const {
  using Params = ::troth::names::Awkward::GetHookParams;
  auto call = newCall<Params, ::troth::names::Awkward::GetHookResults>(METHOD_GET_HOOK_);
  return call.pend();
}

inline Promise<::troth::names::Awkward::SaveResults> Ref<::troth::names::Awkward>::save_() const {
  using Params = ::troth::names::Awkward::SaveParams;
  auto call = newCall<Params, ::troth::names::Awkward::SaveResults>(METHOD_SAVE_);
  return call.pend();
}

inline Promise<::troth::names::Awkward::DispatchCallResults>
Ref<::troth::names::Awkward>::dispatchCall_() const {
  using Params = ::troth::names::Awkward::DispatchCallParams;
  auto call = newCall<Params, ::troth::names::Awkward::DispatchCallResults>(METHOD_DISPATCH_CALL_);
  return call.pend();
}

inline Promise<::troth::names::Awkward::UnimplementedResults>
Ref<::troth::names::Awkward>::unimplemented_() const {
  using Params = ::troth::names::Awkward::UnimplementedParams;
  auto call = newCall<Params, ::troth::names::Awkward::UnimplementedResults>(METHOD_UNIMPLEMENTED_);
  return call.pend();
}

inline Promise<::troth::names::Awkward::RefResults> Ref<::troth::names::Awkward>::ref() const {
  using Params = ::troth::names::Awkward::RefParams;
  auto call = newCall<Params, ::troth::names::Awkward::RefResults>(METHOD_REF);
  return call.pend();
}

inline Promise<::troth::names::Awkward::ServerResults>
Ref<::troth::names::Awkward>::server() const {
  using Params = ::troth::names::Awkward::ServerParams;
  auto call = newCall<Params, ::troth::names::Awkward::ServerResults>(METHOD_SERVER);
  return call.pend();
}

inline Promise<::troth::names::Awkward::PromiseResults>
Ref<::troth::names::Awkward>::promise() const {
  using Params = ::troth::names::Awkward::PromiseParams;
  auto call = newCall<Params, ::troth::names::Awkward::PromiseResults>(METHOD_PROMISE);
  return call.pend();
}

inline Promise<::troth::names::Awkward::ArgResults> Ref<::troth::names::Awkward>::arg() const {
  using Params = ::troth::names::Awkward::ArgParams;
  auto call = newCall<Params, ::troth::names::Awkward::ArgResults>(METHOD_ARG);
  return call.pend();
}

inline Promise<::troth::names::Awkward::HookResults> Ref<::troth::names::Awkward>::hook_() const {
  using Params = ::troth::names::Awkward::HookParams;
  auto call = newCall<Params, ::troth::names::Awkward::HookResults>(METHOD_HOOK_);
  return call.pend();
}

inline Promise<::troth::names::Awkward::DispatchedResults>
Ref<::troth::names::Awkward>::dispatched() const {
  using Params = ::troth::names::Awkward::DispatchedParams;
  auto call = newCall<Params, ::troth::names::Awkward::DispatchedResults>(METHOD_DISPATCHED);
  return call.pend();
}

inline Promise<::troth::names::Awkward::DoneResults> Ref<::troth::names::Awkward>::done() const {
  using Params = ::troth::names::Awkward::DoneParams;
  auto call = newCall<Params, ::troth::names::Awkward::DoneResults>(METHOD_DONE);
  return call.pend();
}

inline Promise<::troth::names::Awkward::MethodResults>
Ref<::troth::names::Awkward>::method() const {
  using Params = ::troth::names::Awkward::MethodParams;
  auto call = newCall<Params, ::troth::names::Awkward::MethodResults>(METHOD_METHOD);
  return call.pend();
}

inline Promise<::troth::names::Awkward::ServerBaseResults>
Ref<::troth::names::Awkward>::serverBase() const {
  using Params = ::troth::names::Awkward::ServerBaseParams;
  auto call = newCall<Params, ::troth::names::Awkward::ServerBaseResults>(METHOD_SERVER_BASE);
  return call.pend();
}

inline Promise<::troth::names::Awkward::InterfaceResults> Ref<::troth::names::Awkward>::interface(
    Arg<::troth::names::Interface> interface) const {
  using Params = ::troth::names::Awkward::InterfaceParams;
  auto call =
      newCall<Params, ::troth::names::Awkward::InterfaceResults>(METHOD_INTERFACE, interface);
  call.set({0, "interface", 0}, interface);
  return call.pend();
}

template <std::invocable<::troth::names::Awkward::InterfaceParams::Builder> Fill>
Promise<::troth::names::Awkward::InterfaceResults> Ref<::troth::names::Awkward>::interface(
    Fill&& fill) const {
  using Params = ::troth::names::Awkward::InterfaceParams;
  return newCallWith<Params, ::troth::names::Awkward::InterfaceResults>(
      METHOD_INTERFACE, fill).pend();
}

inline Promise<::troth::names::Awkward::MajorResults> Ref<::troth::names::Awkward>::major_(
    Arg<::int32_t> errno_, Arg<::capnp::Text> stdin_) const {
  using Params = ::troth::names::Awkward::MajorParams;
  auto call = newCall<Params, ::troth::names::Awkward::MajorResults>(METHOD_MAJOR_, errno_, stdin_);
  call.set({0, "errno"}, errno_, &Params::Builder::setErrno);
  call.set({1, "stdin", 0}, stdin_);
  return call.pend();
}

template <std::invocable<::troth::names::Awkward::MajorParams::Builder> Fill>
Promise<::troth::names::Awkward::MajorResults> Ref<::troth::names::Awkward>::major_(
    Fill&& fill) const {
  using Params = ::troth::names::Awkward::MajorParams;
  return newCallWith<Params, ::troth::names::Awkward::MajorResults>(METHOD_MAJOR_, fill).pend();
}

inline Promise<void> Ref<::troth::names::Awkward>::streamingCall(Arg<::capnp::Data> chunk) const {
  using Params = ::troth::names::Awkward::StreamingCallParams;
  auto call = newCall<Params, void>(METHOD_STREAMING_CALL, chunk);
  call.set({0, "chunk", 0}, chunk);
  return call.pendStream();
}

template <std::invocable<::troth::names::Awkward::StreamingCallParams::Builder> Fill>
Promise<void> Ref<::troth::names::Awkward>::streamingCall(Fill&& fill) const {
  using Params = ::troth::names::Awkward::StreamingCallParams;
  return newCallWith<Params, void>(METHOD_STREAMING_CALL, fill).pendStream();
}

inline Promise<::troth::names::Awkward::NullResults> Ref<::troth::names::Awkward>::null(
    Arg<bool> eof) const {
  using Params = ::troth::names::Awkward::NullParams;
  auto call = newCall<Params, ::troth::names::Awkward::NullResults>(METHOD_NULL, eof);
  call.set({0, "eof"}, eof, &Params::Builder::setEof);
  return call.pend();
}

template <std::invocable<::troth::names::Awkward::NullParams::Builder> Fill>
Promise<::troth::names::Awkward::NullResults> Ref<::troth::names::Awkward>::null(
    Fill&& fill) const {
  using Params = ::troth::names::Awkward::NullParams;
  return newCallWith<Params, ::troth::names::Awkward::NullResults>(METHOD_NULL, fill).pend();
}

inline Promise<::troth::names::Awkward::FieldResults> Ref<::troth::names::Awkward>::field(
    Arg<::troth::names::Renamed> field) const {
  using Params = ::troth::names::Awkward::FieldParams;
  auto call = newCall<Params, ::troth::names::Awkward::FieldResults>(METHOD_FIELD, field);
  call.set({0, "field", 0}, field);
  return call.pend();
}

inline Promise<::troth::names::Awkward::AnotherNameResults>
Ref<::troth::names::Awkward>::anotherName(Arg<bool> after) const {
  using Params = ::troth::names::Awkward::AnotherNameParams;
  auto call =
      newCall<Params, ::troth::names::Awkward::AnotherNameResults>(METHOD_ANOTHER_NAME, after);
  call.set({0, "before"}, after, &Params::Builder::setAfter);
  return call.pend();
}

template <std::invocable<::troth::names::Awkward::AnotherNameParams::Builder> Fill>
Promise<::troth::names::Awkward::AnotherNameResults> Ref<::troth::names::Awkward>::anotherName(
    Fill&& fill) const {
  using Params = ::troth::names::Awkward::AnotherNameParams;
  return newCallWith<Params, ::troth::names::Awkward::AnotherNameResults>(
      METHOD_ANOTHER_NAME, fill).pend();
}

inline Promise<::capnp::Text> Promise<::troth::names::Awkward::CallResults>::then_() const {
  using Reader = ::troth::names::Awkward::CallResults::Reader;
  return get<::capnp::Text, &Reader::getThen>({0, "then", 0});
}

inline Promise<bool> Promise<::troth::names::Awkward::SendResults>::results() const {
  using Reader = ::troth::names::Awkward::SendResults::Reader;
  return get<bool, &Reader::getResults>({0, "results"});
}

inline Promise<bool> Promise<::troth::names::Awkward::SendResults>::call() const {
  using Reader = ::troth::names::Awkward::SendResults::Reader;
  return get<bool, &Reader::getCall>({1, "call"});
}

inline Promise<::int32_t> Promise<::troth::names::Awkward::DeleteResults>::delete_() const {
  using Reader = ::troth::names::Awkward::DeleteResults::Reader;
  return get<::int32_t, &Reader::getDelete>({0, "delete"});
}

inline Ref<::troth::names::Interface>
Promise<::troth::names::Awkward::InterfaceResults>::interface() const {
  using Reader = ::troth::names::Awkward::InterfaceResults::Reader;
  return get<::troth::names::Interface, &Reader::getInterface>({0, "interface", 0});
}

inline Promise<::int32_t> Promise<::troth::names::Awkward::MajorResults>::assert_() const {
  using Reader = ::troth::names::Awkward::MajorResults::Reader;
  return get<::int32_t, &Reader::getAssert>({0, "assert"});
}

inline Promise<bool> Promise<::troth::names::Awkward::NullResults>::null() const {
  using Reader = ::troth::names::Awkward::NullResults::Reader;
  return get<bool, &Reader::getNull>({0, "null"});
}

inline Promise<::troth::names::Renamed>
Promise<::troth::names::Awkward::FieldResults>::field() const {
  using Reader = ::troth::names::Awkward::FieldResults::Reader;
  return get<::troth::names::Renamed, &Reader::getField>({0, "field", 0});
}

inline Promise<bool> Promise<::troth::names::Awkward::AnotherNameResults>::after() const {
  using Reader = ::troth::names::Awkward::AnotherNameResults::Reader;
  return get<bool, &Reader::getAfter>({0, "before"});
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::call(Call_) {
  return unimplemented("Awkward", "call", ::capnp::typeId<::troth::names::Awkward>(), 0);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::then(Then) {
  return unimplemented("Awkward", "then", ::capnp::typeId<::troth::names::Awkward>(), 1);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::send(Send) {
  return unimplemented("Awkward", "send", ::capnp::typeId<::troth::names::Awkward>(), 2);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::delete_(Delete) {
  return unimplemented("Awkward", "delete", ::capnp::typeId<::troth::names::Awkward>(), 3);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::getHook_(GetHook) {
  return unimplemented("Awkward", "getHook", ::capnp::typeId<::troth::names::Awkward>(), 4);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::save_(Save) {
  return unimplemented("Awkward", "save", ::capnp::typeId<::troth::names::Awkward>(), 5);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::dispatchCall_(DispatchCall) {
  return unimplemented("Awkward", "dispatchCall", ::capnp::typeId<::troth::names::Awkward>(), 6);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::unimplemented_(Unimplemented) {
  return unimplemented("Awkward", "unimplemented", ::capnp::typeId<::troth::names::Awkward>(), 7);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::ref(Ref_) {
  return unimplemented("Awkward", "ref", ::capnp::typeId<::troth::names::Awkward>(), 8);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::server(Server_) {
  return unimplemented("Awkward", "server", ::capnp::typeId<::troth::names::Awkward>(), 9);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::promise(Promise) {
  return unimplemented("Awkward", "promise", ::capnp::typeId<::troth::names::Awkward>(), 10);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::arg(Arg_) {
  return unimplemented("Awkward", "arg", ::capnp::typeId<::troth::names::Awkward>(), 11);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::hook_(Hook) {
  return unimplemented("Awkward", "hook", ::capnp::typeId<::troth::names::Awkward>(), 12);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::dispatched(Dispatched_) {
  return unimplemented("Awkward", "dispatched", ::capnp::typeId<::troth::names::Awkward>(), 13);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::done(Done_) {
  return unimplemented("Awkward", "done", ::capnp::typeId<::troth::names::Awkward>(), 14);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::method(Method) {
  return unimplemented("Awkward", "method", ::capnp::typeId<::troth::names::Awkward>(), 15);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::serverBase(ServerBase_) {
  return unimplemented("Awkward", "serverBase", ::capnp::typeId<::troth::names::Awkward>(), 16);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::interface(Interface) {
  return unimplemented("Awkward", "interface", ::capnp::typeId<::troth::names::Awkward>(), 17);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::major_(Major) {
  return unimplemented("Awkward", "major", ::capnp::typeId<::troth::names::Awkward>(), 18);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::streamingCall(StreamingCall_) {
  return unimplemented("Awkward", "streamingCall", ::capnp::typeId<::troth::names::Awkward>(), 19);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::null(Null) {
  return unimplemented("Awkward", "null", ::capnp::typeId<::troth::names::Awkward>(), 20);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::field(Field) {
  return unimplemented("Awkward", "field", ::capnp::typeId<::troth::names::Awkward>(), 21);
}

inline ::kj::Promise<void> Server<::troth::names::Awkward>::anotherName(AnotherName) {
  return unimplemented("Awkward", "renamed", ::capnp::typeId<::troth::names::Awkward>(), 22);
}

inline ServerBase::Dispatched Server<::troth::names::Awkward>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<::troth::names::Awkward>(): return dispatchMethod(methodId, context);
    default: return dispatchOther("Awkward", interfaceId, methodId, context);
  }
}

inline ServerBase::Dispatched Server<::troth::names::Awkward>::dispatchMethod(
    uint16_t methodId, Context context) {
  switch (methodId) {
    case 0: return plain(call(Call_(context)));
    case 1: return plain(then(Then(context)));
    case 2: return plain(send(Send(context)));
    case 3: return plain(delete_(Delete(context)));
    case 4: return plain(getHook_(GetHook(context)));
    case 5: return plain(save_(Save(context)));
    case 6: return plain(dispatchCall_(DispatchCall(context)));
    case 7: return plain(unimplemented_(Unimplemented(context)));
    case 8: return plain(ref(Ref_(context)));
    case 9: return plain(server(Server_(context)));
    case 10: return plain(promise(Promise(context)));
    case 11: return plain(arg(Arg_(context)));
    case 12: return plain(hook_(Hook(context)));
    case 13: return plain(dispatched(Dispatched_(context)));
    case 14: return plain(done(Done_(context)));
    case 15: return plain(method(Method(context)));
    case 16: return plain(serverBase(ServerBase_(context)));
    case 17: return plain(interface(Interface(context)));
    case 18: return plain(major_(Major(context)));
    case 19: return streaming([&]() { return streamingCall(StreamingCall_(context)); });
    case 20: return plain(null(Null(context)));
    case 21: return plain(field(Field(context)));
    case 22: return plain(anotherName(AnotherName(context)));
    default:
      return unimplementedMethod("Awkward", ::capnp::typeId<::troth::names::Awkward>(), methodId);
  }
}

inline ::capnp::Text::Reader Server<::troth::names::Awkward>::Call_::call() {
  return get<&::troth::names::Awkward::CallParams::Reader::getCall>();
}

inline ::capnp::Text::Reader Server<::troth::names::Awkward>::Call_::results_() {
  return get<&::troth::names::Awkward::CallParams::Reader::getResults>();
}

inline ::capnp::Text::Reader Server<::troth::names::Awkward>::Call_::params_() {
  return get<&::troth::names::Awkward::CallParams::Reader::getParams>();
}

inline ::capnp::Text::Reader Server<::troth::names::Awkward>::Call_::class_() {
  return get<&::troth::names::Awkward::CallParams::Reader::getClass>();
}

inline ::uint32_t Server<::troth::names::Awkward>::Call_::id_() {
  return get<&::troth::names::Awkward::CallParams::Reader::getId>();
}

inline Done Server<::troth::names::Awkward>::Call_::fulfill(Arg<::capnp::Text> then) {
  auto results = initResults(then);
  setResult(results, {0, "then", 0}, then);
  return {};
}

inline Done Server<::troth::names::Awkward>::Then::fulfill(Arg<::troth::names::Renamed> results) {
  setResults(results);
  return {};
}

inline bool Server<::troth::names::Awkward>::Send::fill() {
  return get<&::troth::names::Awkward::SendParams::Reader::getFill>();
}

inline Done Server<::troth::names::Awkward>::Send::fulfill(Arg<bool> results_, Arg<bool> call_) {
  auto results = initResults(results_, call_);
  setResult(
      results, {0, "results"}, results_,
      &::troth::names::Awkward::SendResults::Builder::setResults);
  setResult(results, {1, "call"}, call_, &::troth::names::Awkward::SendResults::Builder::setCall);
  return {};
}

inline ::int32_t Server<::troth::names::Awkward>::Delete::new_() {
  return get<&::troth::names::Awkward::DeleteParams::Reader::getNew>();
}

inline float Server<::troth::names::Awkward>::Delete::this_() {
  return get<&::troth::names::Awkward::DeleteParams::Reader::getThis>();
}

inline Done Server<::troth::names::Awkward>::Delete::fulfill(Arg<::int32_t> delete_) {
  auto results = initResults(delete_);
  setResult(
      results, {0, "delete"}, delete_, &::troth::names::Awkward::DeleteResults::Builder::setDelete);
  return {};
}

inline Done Server<::troth::names::Awkward>::GetHook::fulfill() { return {}; }

inline Done Server<::troth::names::Awkward>::Save::fulfill() { return {}; }

inline Done Server<::troth::names::Awkward>::DispatchCall::fulfill() { return {}; }

inline Done Server<::troth::names::Awkward>::Unimplemented::fulfill() { return {}; }

inline Done Server<::troth::names::Awkward>::Ref_::fulfill() { return {}; }

inline Done Server<::troth::names::Awkward>::Server_::fulfill() { return {}; }

inline Done Server<::troth::names::Awkward>::Promise::fulfill() { return {}; }

inline Done Server<::troth::names::Awkward>::Arg_::fulfill() { return {}; }

inline Done Server<::troth::names::Awkward>::Hook::fulfill() { return {}; }

inline Done Server<::troth::names::Awkward>::Dispatched_::fulfill() { return {}; }

inline Done Server<::troth::names::Awkward>::Done_::fulfill() { return {}; }

inline Done Server<::troth::names::Awkward>::Method::fulfill() { return {}; }

inline Done Server<::troth::names::Awkward>::ServerBase_::fulfill() { return {}; }

inline Ref<::troth::names::Interface> Server<::troth::names::Awkward>::Interface::interface() {
  return get<&::troth::names::Awkward::InterfaceParams::Reader::getInterface>();
}

inline Done Server<::troth::names::Awkward>::Interface::fulfill(
    Arg<::troth::names::Interface> interface) {
  auto results = initResults(interface);
  setResult(results, {0, "interface", 0}, interface);
  return {};
}

inline ::int32_t Server<::troth::names::Awkward>::Major::errno_() {
  return get<&::troth::names::Awkward::MajorParams::Reader::getErrno>();
}

inline ::capnp::Text::Reader Server<::troth::names::Awkward>::Major::stdin_() {
  return get<&::troth::names::Awkward::MajorParams::Reader::getStdin>();
}

inline Done Server<::troth::names::Awkward>::Major::fulfill(Arg<::int32_t> assert_) {
  auto results = initResults(assert_);
  setResult(
      results, {0, "assert"}, assert_, &::troth::names::Awkward::MajorResults::Builder::setAssert);
  return {};
}

inline ::capnp::Data::Reader Server<::troth::names::Awkward>::StreamingCall_::chunk() {
  return get<&::troth::names::Awkward::StreamingCallParams::Reader::getChunk>();
}

inline bool Server<::troth::names::Awkward>::Null::eof() {
  return get<&::troth::names::Awkward::NullParams::Reader::getEof>();
}

inline Done Server<::troth::names::Awkward>::Null::fulfill(Arg<bool> null) {
  auto results = initResults(null);
  setResult(results, {0, "null"}, null, &::troth::names::Awkward::NullResults::Builder::setNull);
  return {};
}

inline ::troth::names::Renamed::Reader Server<::troth::names::Awkward>::Field::field() {
  return get<&::troth::names::Awkward::FieldParams::Reader::getField>();
}

inline Done Server<::troth::names::Awkward>::Field::fulfill(Arg<::troth::names::Renamed> field) {
  auto results = initResults(field);
  setResult(results, {0, "field", 0}, field);
  return {};
}

inline bool Server<::troth::names::Awkward>::AnotherName::after() {
  return get<&::troth::names::Awkward::AnotherNameParams::Reader::getAfter>();
}

inline Done Server<::troth::names::Awkward>::AnotherName::fulfill(Arg<bool> after) {
  auto results = initResults(after);
  setResult(
      results, {0, "before"}, after,
      &::troth::names::Awkward::AnotherNameResults::Builder::setAfter);
  return {};
}

inline Promise<::troth::names::Interface::CallResults>
Ref<::troth::names::Interface>::call_() const {
  using Params = ::troth::names::Interface::CallParams;
  auto call = newCall<Params, ::troth::names::Interface::CallResults>(METHOD_CALL_);
  return call.pend();
}

inline Promise<::troth::names::Interface::FulfillResults>
Ref<::troth::names::Interface>::fulfill() const {
  using Params = ::troth::names::Interface::FulfillParams;
  auto call = newCall<Params, ::troth::names::Interface::FulfillResults>(METHOD_FULFILL);
  return call.pend();
}

inline Promise<::troth::names::Awkward::CallResults> Ref<::troth::names::Interface>::call(
    Arg<::capnp::Text> call_, Arg<::capnp::Text> results_, Arg<::capnp::Text> params,
    Arg<::capnp::Text> class_, Arg<::uint32_t> id) const {
  using Params = ::troth::names::Awkward::CallParams;
  auto call = newCall<Params, ::troth::names::Awkward::CallResults>(
      METHOD_CALL, call_, results_, params, class_, id);
  call.set({0, "call", 0}, call_);
  call.set({1, "results", 1}, results_);
  call.set({2, "params", 2}, params);
  call.set({3, "class", 3}, class_);
  call.set({4, "id"}, id, &Params::Builder::setId);
  return call.pend();
}

template <std::invocable<::troth::names::Awkward::CallParams::Builder> Fill>
Promise<::troth::names::Awkward::CallResults> Ref<::troth::names::Interface>::call(
    Fill&& fill) const {
  using Params = ::troth::names::Awkward::CallParams;
  return newCallWith<Params, ::troth::names::Awkward::CallResults>(METHOD_CALL, fill).pend();
}

inline Promise<::troth::names::Renamed> Ref<::troth::names::Interface>::then() const {
  using Params = ::troth::names::Awkward::ThenParams;
  auto call = newCall<Params, ::troth::names::Renamed>(METHOD_THEN);
  return call.pend();
}

inline Promise<::troth::names::Awkward::SendResults> Ref<::troth::names::Interface>::send(
    Arg<bool> fill_) const {
  using Params = ::troth::names::Awkward::SendParams;
  auto call = newCall<Params, ::troth::names::Awkward::SendResults>(METHOD_SEND, fill_);
  call.set({0, "fill"}, fill_, &Params::Builder::setFill);
  return call.pend();
}

template <std::invocable<::troth::names::Awkward::SendParams::Builder> Fill>
Promise<::troth::names::Awkward::SendResults> Ref<::troth::names::Interface>::send(
    Fill&& fill) const {
  using Params = ::troth::names::Awkward::SendParams;
  return newCallWith<Params, ::troth::names::Awkward::SendResults>(METHOD_SEND, fill).pend();
}

inline Promise<::troth::names::Awkward::DeleteResults> Ref<::troth::names::Interface>::delete_(
    Arg<::int32_t> new_, Arg<float> this_) const {
  using Params = ::troth::names::Awkward::DeleteParams;
  auto call = newCall<Params, ::troth::names::Awkward::DeleteResults>(METHOD_DELETE_, new_, this_);
  call.set({0, "new"}, new_, &Params::Builder::setNew);
  call.set({1, "this"}, this_, &Params::Builder::setThis);
  return call.pend();
}

template <std::invocable<::troth::names::Awkward::DeleteParams::Builder> Fill>
Promise<::troth::names::Awkward::DeleteResults> Ref<::troth::names::Interface>::delete_(
    Fill&& fill) const {
  using Params = ::troth::names::Awkward::DeleteParams;
  return newCallWith<Params, ::troth::names::Awkward::DeleteResults>(METHOD_DELETE_, fill).pend();
}

inline Promise<::troth::names::Awkward::GetHookResults>
Ref<::troth::names::Interface>::getHook_() const {
  using Params = ::troth::names::Awkward::GetHookParams;
  auto call = newCall<Params, ::troth::names::Awkward::GetHookResults>(METHOD_GET_HOOK_);
  return call.pend();
}

inline Promise<::troth::names::Awkward::SaveResults> Ref<::troth::names::Interface>::save_() const {
  using Params = ::troth::names::Awkward::SaveParams;
  auto call = newCall<Params, ::troth::names::Awkward::SaveResults>(METHOD_SAVE_);
  return call.pend();
}

inline Promise<::troth::names::Awkward::DispatchCallResults>
Ref<::troth::names::Interface>::dispatchCall_() const {
  using Params = ::troth::names::Awkward::DispatchCallParams;
  auto call = newCall<Params, ::troth::names::Awkward::DispatchCallResults>(METHOD_DISPATCH_CALL_);
  return call.pend();
}

inline Promise<::troth::names::Awkward::UnimplementedResults>
Ref<::troth::names::Interface>::unimplemented_() const {
  using Params = ::troth::names::Awkward::UnimplementedParams;
  auto call = newCall<Params, ::troth::names::Awkward::UnimplementedResults>(METHOD_UNIMPLEMENTED_);
  return call.pend();
}

inline Promise<::troth::names::Awkward::RefResults> Ref<::troth::names::Interface>::ref() const {
  using Params = ::troth::names::Awkward::RefParams;
  auto call = newCall<Params, ::troth::names::Awkward::RefResults>(METHOD_REF);
  return call.pend();
}

inline Promise<::troth::names::Awkward::ServerResults>
Ref<::troth::names::Interface>::server() const {
  using Params = ::troth::names::Awkward::ServerParams;
  auto call = newCall<Params, ::troth::names::Awkward::ServerResults>(METHOD_SERVER);
  return call.pend();
}

inline Promise<::troth::names::Awkward::PromiseResults>
Ref<::troth::names::Interface>::promise() const {
  using Params = ::troth::names::Awkward::PromiseParams;
  auto call = newCall<Params, ::troth::names::Awkward::PromiseResults>(METHOD_PROMISE);
  return call.pend();
}

inline Promise<::troth::names::Awkward::ArgResults> Ref<::troth::names::Interface>::arg() const {
  using Params = ::troth::names::Awkward::ArgParams;
  auto call = newCall<Params, ::troth::names::Awkward::ArgResults>(METHOD_ARG);
  return call.pend();
}

inline Promise<::troth::names::Awkward::HookResults> Ref<::troth::names::Interface>::hook_() const {
  using Params = ::troth::names::Awkward::HookParams;
  auto call = newCall<Params, ::troth::names::Awkward::HookResults>(METHOD_HOOK_);
  return call.pend();
}

inline Promise<::troth::names::Awkward::DispatchedResults>
Ref<::troth::names::Interface>::dispatched() const {
  using Params = ::troth::names::Awkward::DispatchedParams;
  auto call = newCall<Params, ::troth::names::Awkward::DispatchedResults>(METHOD_DISPATCHED);
  return call.pend();
}

inline Promise<::troth::names::Awkward::DoneResults> Ref<::troth::names::Interface>::done() const {
  using Params = ::troth::names::Awkward::DoneParams;
  auto call = newCall<Params, ::troth::names::Awkward::DoneResults>(METHOD_DONE);
  return call.pend();
}

inline Promise<::troth::names::Awkward::MethodResults>
Ref<::troth::names::Interface>::method() const {
  using Params = ::troth::names::Awkward::MethodParams;
  auto call = newCall<Params, ::troth::names::Awkward::MethodResults>(METHOD_METHOD);
  return call.pend();
}

inline Promise<::troth::names::Awkward::ServerBaseResults>
Ref<::troth::names::Interface>::serverBase() const {
  using Params = ::troth::names::Awkward::ServerBaseParams;
  auto call = newCall<Params, ::troth::names::Awkward::ServerBaseResults>(METHOD_SERVER_BASE);
  return call.pend();
}

inline Promise<::troth::names::Awkward::InterfaceResults> Ref<::troth::names::Interface>::interface(
    Arg<::troth::names::Interface> interface) const {
  using Params = ::troth::names::Awkward::InterfaceParams;
  auto call =
      newCall<Params, ::troth::names::Awkward::InterfaceResults>(METHOD_INTERFACE, interface);
  call.set({0, "interface", 0}, interface);
  return call.pend();
}

template <std::invocable<::troth::names::Awkward::InterfaceParams::Builder> Fill>
Promise<::troth::names::Awkward::InterfaceResults> Ref<::troth::names::Interface>::interface(
    Fill&& fill) const {
  using Params = ::troth::names::Awkward::InterfaceParams;
  return newCallWith<Params, ::troth::names::Awkward::InterfaceResults>(
      METHOD_INTERFACE, fill).pend();
}

inline Promise<::troth::names::Awkward::MajorResults> Ref<::troth::names::Interface>::major_(
    Arg<::int32_t> errno_, Arg<::capnp::Text> stdin_) const {
  using Params = ::troth::names::Awkward::MajorParams;
  auto call = newCall<Params, ::troth::names::Awkward::MajorResults>(METHOD_MAJOR_, errno_, stdin_);
  call.set({0, "errno"}, errno_, &Params::Builder::setErrno);
  call.set({1, "stdin", 0}, stdin_);
  return call.pend();
}

template <std::invocable<::troth::names::Awkward::MajorParams::Builder> Fill>
Promise<::troth::names::Awkward::MajorResults> Ref<::troth::names::Interface>::major_(
    Fill&& fill) const {
  using Params = ::troth::names::Awkward::MajorParams;
  return newCallWith<Params, ::troth::names::Awkward::MajorResults>(METHOD_MAJOR_, fill).pend();
}

inline Promise<void> Ref<::troth::names::Interface>::streamingCall(Arg<::capnp::Data> chunk) const {
  using Params = ::troth::names::Awkward::StreamingCallParams;
  auto call = newCall<Params, void>(METHOD_STREAMING_CALL, chunk);
  call.set({0, "chunk", 0}, chunk);
  return call.pendStream();
}

template <std::invocable<::troth::names::Awkward::StreamingCallParams::Builder> Fill>
Promise<void> Ref<::troth::names::Interface>::streamingCall(Fill&& fill) const {
  using Params = ::troth::names::Awkward::StreamingCallParams;
  return newCallWith<Params, void>(METHOD_STREAMING_CALL, fill).pendStream();
}

inline Promise<::troth::names::Awkward::NullResults> Ref<::troth::names::Interface>::null(
    Arg<bool> eof) const {
  using Params = ::troth::names::Awkward::NullParams;
  auto call = newCall<Params, ::troth::names::Awkward::NullResults>(METHOD_NULL, eof);
  call.set({0, "eof"}, eof, &Params::Builder::setEof);
  return call.pend();
}

template <std::invocable<::troth::names::Awkward::NullParams::Builder> Fill>
Promise<::troth::names::Awkward::NullResults> Ref<::troth::names::Interface>::null(
    Fill&& fill) const {
  using Params = ::troth::names::Awkward::NullParams;
  return newCallWith<Params, ::troth::names::Awkward::NullResults>(METHOD_NULL, fill).pend();
}

inline Promise<::troth::names::Awkward::FieldResults> Ref<::troth::names::Interface>::field(
    Arg<::troth::names::Renamed> field) const {
  using Params = ::troth::names::Awkward::FieldParams;
  auto call = newCall<Params, ::troth::names::Awkward::FieldResults>(METHOD_FIELD, field);
  call.set({0, "field", 0}, field);
  return call.pend();
}

inline Promise<::troth::names::Awkward::AnotherNameResults>
Ref<::troth::names::Interface>::anotherName(Arg<bool> after) const {
  using Params = ::troth::names::Awkward::AnotherNameParams;
  auto call =
      newCall<Params, ::troth::names::Awkward::AnotherNameResults>(METHOD_ANOTHER_NAME, after);
  call.set({0, "before"}, after, &Params::Builder::setAfter);
  return call.pend();
}

template <std::invocable<::troth::names::Awkward::AnotherNameParams::Builder> Fill>
Promise<::troth::names::Awkward::AnotherNameResults> Ref<::troth::names::Interface>::anotherName(
    Fill&& fill) const {
  using Params = ::troth::names::Awkward::AnotherNameParams;
  return newCallWith<Params, ::troth::names::Awkward::AnotherNameResults>(
      METHOD_ANOTHER_NAME, fill).pend();
}

inline Promise<bool> Promise<::troth::names::Interface::CallResults>::own() const {
  using Reader = ::troth::names::Interface::CallResults::Reader;
  return get<bool, &Reader::getOwn>({0, "own"});
}

inline ::kj::Promise<void> Server<::troth::names::Interface>::call_(Call__) {
  return unimplemented("Interface", "call", ::capnp::typeId<::troth::names::Interface>(), 0);
}

inline ::kj::Promise<void> Server<::troth::names::Interface>::fulfill(Fulfill) {
  return unimplemented("Interface", "fulfill", ::capnp::typeId<::troth::names::Interface>(), 1);
}

inline ServerBase::Dispatched Server<::troth::names::Interface>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<::troth::names::Interface>(): return dispatchMethod(methodId, context);
    case ::capnp::typeId<::troth::names::Awkward>():
      return ::troth::Server<::troth::names::Awkward>::dispatchMethod(methodId, context);
    default: return dispatchOther("Interface", interfaceId, methodId, context);
  }
}

inline ServerBase::Dispatched Server<::troth::names::Interface>::dispatchMethod(
    uint16_t methodId, Context context) {
  switch (methodId) {
    case 0: return plain(call_(Call__(context)));
    case 1: return plain(fulfill(Fulfill(context)));
    default:
      return unimplementedMethod(
          "Interface", ::capnp::typeId<::troth::names::Interface>(), methodId);
  }
}

inline Done Server<::troth::names::Interface>::Call__::fulfill(Arg<bool> own) {
  auto results = initResults(own);
  setResult(results, {0, "own"}, own, &::troth::names::Interface::CallResults::Builder::setOwn);
  return {};
}

inline Done Server<::troth::names::Interface>::Fulfill::fulfill() { return {}; }

inline Promise<::capnp::Text> Promise<::troth::names::Renamed>::then_() const {
  using Reader = ::troth::names::Renamed::Reader;
  return get<::capnp::Text, &Reader::getThen>({0, "then", 0});
}

inline Promise<::capnp::Text> Promise<::troth::names::Renamed>::wait_() const {
  using Reader = ::troth::names::Renamed::Reader;
  return get<::capnp::Text, &Reader::getWait>({1, "wait", 1});
}

inline Promise<::int32_t> Promise<::troth::names::Renamed>::get_() const {
  using Reader = ::troth::names::Renamed::Reader;
  return get<::int32_t, &Reader::getGet>({2, "get"});
}

inline Promise<::capnp::List<::capnp::Text>> Promise<::troth::names::Renamed>::map_() const {
  using Reader = ::troth::names::Renamed::Reader;
  return get<::capnp::List<::capnp::Text>, &Reader::getMap>({3, "map", 2});
}

inline Promise<bool> Promise<::troth::names::Renamed>::detach_() const {
  using Reader = ::troth::names::Renamed::Reader;
  return get<bool, &Reader::getDetach>({4, "detach"});
}

inline Ref<::troth::names::Interface> Promise<::troth::names::Renamed>::within_() const {
  using Reader = ::troth::names::Renamed::Reader;
  return get<::troth::names::Interface, &Reader::getWithin>({5, "within", 3});
}

inline Promise<::capnp::Void> Promise<::troth::names::Renamed>::then__() const {
  using Reader = ::troth::names::Renamed::Reader;
  return get<::capnp::Void, &Reader::getThen_>({6, "other"});
}

inline Promise<struct ::troth::names::Renamed::A> Promise<::troth::names::Renamed>::a() const {
  using Reader = ::troth::names::Renamed::Reader;
  return get<struct ::troth::names::Renamed::A, &Reader::getA, &Reader::isA>({7, "a"});
}

inline Promise<bool> Promise<::troth::names::Renamed>::b() const {
  using Reader = ::troth::names::Renamed::Reader;
  return get<bool, &Reader::getB, &Reader::isB>({8, "b"});
}

inline Promise<::troth::names::Renamed::Int> Promise<::troth::names::Renamed>::int_() const {
  using Reader = ::troth::names::Renamed::Reader;
  return get<::troth::names::Renamed::Int, &Reader::getInt>({9, "int"});
}

inline Promise<bool> Promise<struct ::troth::names::Renamed::A>::first() const {
  using Reader = ::troth::names::Renamed::A::Reader;
  return get<bool, &Reader::getFirst>({0, "first"});
}

inline Promise<::int64_t> Promise<::troth::names::Renamed::Int>::long_() const {
  using Reader = ::troth::names::Renamed::Int::Reader;
  return get<::int64_t, &Reader::getLong, &Reader::isLong>({0, "long"});
}

inline Promise<::int16_t> Promise<::troth::names::Renamed::Int>::short_() const {
  using Reader = ::troth::names::Renamed::Int::Reader;
  return get<::int16_t, &Reader::getShort, &Reader::isShort>({1, "short"});
}

}  // namespace troth
