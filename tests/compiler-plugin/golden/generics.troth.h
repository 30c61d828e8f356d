// Made from generics.capnp by capnpc-troth. An edit here is lost at the next build.
#pragma once

#include <troth/stub.h>

#include "generics.capnp.h"

namespace troth {

template <typename S>
class _::StructPromise<0xbd822825c69812cf, S>;
template <typename S>
class _::StructPromise<0xabb72b8c296954f0, S>;
template <typename S>
class _::StructPromise<0xf7dd8b2dc25558e0, S>;
template <typename I>
class _::InterfaceRef<0xedfae00e5736077f, I>;
template <typename I>
class _::InterfaceServer<0xedfae00e5736077f, I>;
template <typename S>
class _::StructPromise<0xfc24f0ad4ac85fb1, S>;
template <typename I>
class _::InterfaceRef<0xba54ba8d86424969, I>;
template <typename I>
class _::InterfaceServer<0xba54ba8d86424969, I>;
template <typename S>
class _::StructPromise<0x8c9b7d23f5bc1e7c, S>;
template <typename S>
class _::StructPromise<0xfef3f7b11612bc94, S>;
template <typename I>
class _::InterfaceRef<0x9d465faf5dfc10a3, I>;
template <typename I>
class _::InterfaceServer<0x9d465faf5dfc10a3, I>;
template <>
class Ref<::generics::Shop>;
template <>
class Server<::generics::Shop>;
template <>
class Promise<::generics::Shop::WordsResults>;
template <>
class Promise<::generics::Shop::BoxesResults>;
template <typename S>
class _::StructPromise<0xfe7b5d71b09be9a9, S>;
template <>
class Ref<::generics::WordStack>;
template <>
class Server<::generics::WordStack>;
template <>
class Promise<::generics::WordStack::CountResults>;

// ---------------------------------------------------------------------------------------
// Box

// Holds one thing.
template <typename S>
class _::StructPromise<0xbd822825c69812cf, S>: public PromiseBase<S> {
public:
  using PromiseBase<S>::PromiseBase;

  Pipelined<_::TypeOf<&S::Reader::getValue>> value() const;
  Promise<::capnp::Text> label() const;
  Promise<_::TypeOf<&S::Reader::getLid>> lid() const;
  Promise<_::TypeOf<&S::Reader::getOthers>> others() const;
};

// ---------------------------------------------------------------------------------------
// Box.Lid

// Covers a box.
template <typename S>
class _::StructPromise<0xabb72b8c296954f0, S>: public PromiseBase<S> {
public:
  using PromiseBase<S>::PromiseBase;

  Pipelined<_::TypeOf<&S::Reader::getBelow>> below() const;
  Promise<bool> isOpen() const;
};

// ---------------------------------------------------------------------------------------
// Pair

template <typename S>
class _::StructPromise<0xf7dd8b2dc25558e0, S>: public PromiseBase<S> {
public:
  using PromiseBase<S>::PromiseBase;

  Pipelined<_::TypeOf<&S::Reader::getFirst>> first() const;
  Pipelined<_::TypeOf<&S::Reader::getSecond>> second() const;
  Promise<::capnp::Void> neither() const;
};

// ---------------------------------------------------------------------------------------
// Source

// Gives things.
template <typename I>
class _::InterfaceRef<0xedfae00e5736077f, I>: public RefBase<I> {
public:
  using RefBase<I>::RefBase;

  // Gives the next one.
  Promise<typename I::NextResults> next() const;

private:
  static constexpr Method METHOD_NEXT{::capnp::typeId<I>(), 0, "Source", "next"};
};

// The results of Source.next.
template <typename S>
class _::StructPromise<0xfc24f0ad4ac85fb1, S>: public PromiseBase<S> {
public:
  using PromiseBase<S>::PromiseBase;

  Pipelined<_::TypeOf<&S::Reader::getValue>> value() const;
  Promise<bool> isLast() const;
};

// Gives things.
template <typename I>
class _::InterfaceServer<0xedfae00e5736077f, I>: public virtual ServerBase {
public:
  using Serves = I;

  class Next;

  // Gives the next one.
  virtual ::kj::Promise<void> next(Next call);

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<I>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

template <typename I>
class _::InterfaceServer<0xedfae00e5736077f, I>::Next:
    public Call<typename I::NextParams, typename I::NextResults> {
public:
  using Call<typename I::NextParams, typename I::NextResults>::Call;

  Done fulfill(Arg<_::TypeOf<&I::NextResults::Reader::getValue>> value, Arg<bool> isLast);
};

// ---------------------------------------------------------------------------------------
// Stack

// Keeps things in order.
template <typename I>
class _::InterfaceRef<0xba54ba8d86424969, I>: public RefBase<I> {
public:
  using RefBase<I>::RefBase;

  Promise<typename I::PushResults> push(
      Arg<_::TypeOf<&I::PushParams::Reader::getValue>> value) const;

  Promise<typename I::PushAllResults> pushAll(
      Arg<_::TypeOf<&I::PushAllParams::Reader::getValues>> values) const;

  Promise<_::ResultsOf<&I::Client::swapRequest>> swap(
      Arg<_::ParamsOf<&I::Client::swapRequest>> params) const;

  Promise<typename I::WalkResults> walk() const;

  // Inherited from Source:

  // Gives the next one.
  Promise<typename _::InterfaceOf<&I::Client::nextRequest>::NextResults> next() const;

private:
  static constexpr Method METHOD_PUSH{::capnp::typeId<I>(), 0, "Stack", "push"};
  static constexpr Method METHOD_PUSH_ALL{::capnp::typeId<I>(), 1, "Stack", "pushAll"};
  static constexpr Method METHOD_SWAP{::capnp::typeId<I>(), 2, "Stack", "swap"};
  static constexpr Method METHOD_WALK{::capnp::typeId<I>(), 3, "Stack", "walk"};
  static constexpr Method METHOD_NEXT{
      ::capnp::typeId<_::InterfaceOf<&I::Client::nextRequest>>(), 0, "Source", "next"};
};

// The results of Stack.pushAll.
template <typename S>
class _::StructPromise<0x8c9b7d23f5bc1e7c, S>: public PromiseBase<S> {
public:
  using PromiseBase<S>::PromiseBase;

  Promise<::uint32_t> size() const;
};

// The results of Stack.walk.
template <typename S>
class _::StructPromise<0xfef3f7b11612bc94, S>: public PromiseBase<S> {
public:
  using PromiseBase<S>::PromiseBase;

  Ref<_::TypeOf<&S::Reader::getCursor>> cursor() const;
};

// Keeps things in order.
template <typename I>
class _::InterfaceServer<0xba54ba8d86424969, I>:
    public virtual ServerBase,
    public virtual ::troth::Server<_::InterfaceOf<&I::Client::nextRequest>> {
public:
  using Serves = I;

  class Push;
  class PushAll;
  class Swap;
  class Walk;

  virtual ::kj::Promise<void> push(Push call);

  virtual ::kj::Promise<void> pushAll(PushAll call);

  virtual ::kj::Promise<void> swap(Swap call);

  virtual ::kj::Promise<void> walk(Walk call);

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<I>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

template <typename I>
class _::InterfaceServer<0xba54ba8d86424969, I>::Push:
    public Call<typename I::PushParams, typename I::PushResults> {
public:
  using Call<typename I::PushParams, typename I::PushResults>::Call;

  auto value();

  Done fulfill();
};

template <typename I>
class _::InterfaceServer<0xba54ba8d86424969, I>::PushAll:
    public Call<typename I::PushAllParams, typename I::PushAllResults> {
public:
  using Call<typename I::PushAllParams, typename I::PushAllResults>::Call;

  auto values();

  Done fulfill(Arg<::uint32_t> size);
};

template <typename I>
class _::InterfaceServer<0xba54ba8d86424969, I>::Swap:
    public Call<_::ParamsOf<&I::Client::swapRequest>, _::ResultsOf<&I::Client::swapRequest>> {
public:
  using Call<_::ParamsOf<&I::Client::swapRequest>, _::ResultsOf<&I::Client::swapRequest>>::Call;

  auto value();
  ::capnp::Text::Reader label();
  auto lid();
  auto others();

  Done fulfill(Arg<_::ResultsOf<&I::Client::swapRequest>> results);
};

template <typename I>
class _::InterfaceServer<0xba54ba8d86424969, I>::Walk:
    public Call<typename I::WalkParams, typename I::WalkResults> {
public:
  using Call<typename I::WalkParams, typename I::WalkResults>::Call;

  Done fulfill(Arg<_::TypeOf<&I::WalkResults::Reader::getCursor>> cursor);
};

// ---------------------------------------------------------------------------------------
// Stack.Cursor

template <typename I>
class _::InterfaceRef<0x9d465faf5dfc10a3, I>: public RefBase<I> {
public:
  using RefBase<I>::RefBase;

  Promise<void> skip(Arg<::uint32_t> count) const;
  template <std::invocable<typename I::SkipParams::Builder> Fill>
  Promise<void> skip(Fill&& fill) const;

  // Inherited from Source:

  // Gives the next one.
  Promise<typename _::InterfaceOf<&I::Client::nextRequest>::NextResults> next() const;

private:
  static constexpr Method METHOD_SKIP{::capnp::typeId<I>(), 0, "Stack.Cursor", "skip"};
  static constexpr Method METHOD_NEXT{
      ::capnp::typeId<_::InterfaceOf<&I::Client::nextRequest>>(), 0, "Source", "next"};
};

template <typename I>
class _::InterfaceServer<0x9d465faf5dfc10a3, I>:
    public virtual ServerBase,
    public virtual ::troth::Server<_::InterfaceOf<&I::Client::nextRequest>> {
public:
  using Serves = I;

  class Skip;

  virtual ::kj::Promise<void> skip(Skip call);

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<I>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

template <typename I>
class _::InterfaceServer<0x9d465faf5dfc10a3, I>::Skip:
    public StreamingCall<typename I::SkipParams> {
public:
  using StreamingCall<typename I::SkipParams>::StreamingCall;

  ::uint32_t count();
};

// ---------------------------------------------------------------------------------------
// Shop

// Uses what is above.
template <>
class Ref<::generics::Shop>: public RefBase<::generics::Shop> {
public:
  using RefBase::RefBase;

  Promise<::generics::Shop::WordsResults> words() const;

  Promise<::generics::Shop::BoxesResults> boxes(
      Arg<::capnp::List<::generics::Box<::capnp::Text>>> boxes) const;

  Promise<::generics::Shop::ExchangeResults<>> exchange(Arg<::capnp::AnyPointer> given) const;

private:
  static constexpr Method METHOD_WORDS{::capnp::typeId<::generics::Shop>(), 0, "Shop", "words"};
  static constexpr Method METHOD_BOXES{::capnp::typeId<::generics::Shop>(), 1, "Shop", "boxes"};
  static constexpr Method METHOD_EXCHANGE{
      ::capnp::typeId<::generics::Shop>(), 2, "Shop", "exchange"};
};

// The results of Shop.words.
template <>
class Promise<::generics::Shop::WordsResults>: public PromiseBase<::generics::Shop::WordsResults> {
public:
  using PromiseBase::PromiseBase;

  Ref<::generics::Stack<::capnp::Text>> stack() const;
};

// The results of Shop.boxes.
template <>
class Promise<::generics::Shop::BoxesResults>: public PromiseBase<::generics::Shop::BoxesResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<::generics::Box<::generics::Shop>> box() const;
  Promise<::generics::Box<::capnp::Text>::Lid> lid() const;
};

// The results of Shop.exchange.
template <typename S>
class _::StructPromise<0xfe7b5d71b09be9a9, S>: public PromiseBase<S> {
public:
  using PromiseBase<S>::PromiseBase;

  Promise<::capnp::AnyPointer> taken() const;
  Promise<::generics::Box<::capnp::AnyPointer>> box() const;
};

// Uses what is above.
template <>
class Server<::generics::Shop>: public virtual ServerBase {
public:
  using Serves = ::generics::Shop;

  class Words;
  class Boxes;
  class Exchange;

  virtual ::kj::Promise<void> words(Words call);

  virtual ::kj::Promise<void> boxes(Boxes call);

  virtual ::kj::Promise<void> exchange(Exchange call);

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<::generics::Shop>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

class Server<::generics::Shop>::Words:
    public Call<::generics::Shop::WordsParams, ::generics::Shop::WordsResults> {
public:
  using Call::Call;

  Done fulfill(Arg<::generics::Stack<::capnp::Text>> stack);
};

class Server<::generics::Shop>::Boxes:
    public Call<::generics::Shop::BoxesParams, ::generics::Shop::BoxesResults> {
public:
  using Call::Call;

  ::capnp::List<::generics::Box<::capnp::Text>>::Reader boxes();

  Done fulfill(
      Arg<::generics::Box<::generics::Shop>> box, Arg<::generics::Box<::capnp::Text>::Lid> lid);
};

class Server<::generics::Shop>::Exchange:
    public Call<::generics::Shop::ExchangeParams<>, ::generics::Shop::ExchangeResults<>> {
public:
  using Call::Call;

  ::capnp::AnyPointer::Reader given();

  Done fulfill(Arg<::capnp::AnyPointer> taken, Arg<::generics::Box<::capnp::AnyPointer>> box);
};

// ---------------------------------------------------------------------------------------
// WordStack

template <>
class Ref<::generics::WordStack>: public RefBase<::generics::WordStack> {
public:
  using RefBase::RefBase;

  Promise<::generics::WordStack::CountResults> count() const;

  // Inherited from Stack:

  Promise<::generics::Stack<::capnp::Text>::PushResults> push(Arg<::capnp::Text> value) const;
  template <std::invocable<::generics::Stack<::capnp::Text>::PushParams::Builder> Fill>
  Promise<::generics::Stack<::capnp::Text>::PushResults> push(Fill&& fill) const;

  Promise<::generics::Stack<::capnp::Text>::PushAllResults> pushAll(
      Arg<::capnp::List<::generics::Box<::capnp::Text>>> values) const;

  Promise<::generics::Pair<::capnp::Text, ::capnp::Text>> swap(
      Arg<::generics::Box<::capnp::Text>> params) const;

  Promise<::generics::Stack<::capnp::Text>::WalkResults> walk() const;

  // Inherited from Source:

  // Gives the next one.
  Promise<::generics::Source<::capnp::Text>::NextResults> next() const;

private:
  static constexpr Method METHOD_COUNT{
      ::capnp::typeId<::generics::WordStack>(), 0, "WordStack", "count"};
  static constexpr Method METHOD_PUSH{
      ::capnp::typeId<::generics::Stack<::capnp::Text>>(), 0, "Stack", "push"};
  static constexpr Method METHOD_PUSH_ALL{
      ::capnp::typeId<::generics::Stack<::capnp::Text>>(), 1, "Stack", "pushAll"};
  static constexpr Method METHOD_SWAP{
      ::capnp::typeId<::generics::Stack<::capnp::Text>>(), 2, "Stack", "swap"};
  static constexpr Method METHOD_WALK{
      ::capnp::typeId<::generics::Stack<::capnp::Text>>(), 3, "Stack", "walk"};
  static constexpr Method METHOD_NEXT{
      ::capnp::typeId<::generics::Source<::capnp::Text>>(), 0, "Source", "next"};
};

// The results of WordStack.count.
template <>
class Promise<::generics::WordStack::CountResults>:
    public PromiseBase<::generics::WordStack::CountResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<::uint64_t> words() const;
};

template <>
class Server<::generics::WordStack>:
    public virtual ::troth::Server<::generics::Stack<::capnp::Text>> {
public:
  using Serves = ::generics::WordStack;

  class Count;

  virtual ::kj::Promise<void> count(Count call);

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<::generics::WordStack>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

class Server<::generics::WordStack>::Count:
    public Call<::generics::WordStack::CountParams, ::generics::WordStack::CountResults> {
public:
  using Call::Call;

  Done fulfill(Arg<::uint64_t> words);
};

// =======================================================================================
// inline implementation details

template <typename S>
Pipelined<_::TypeOf<&S::Reader::getValue>> _::StructPromise<0xbd822825c69812cf, S>::value() const {
  using Reader = typename S::Reader;
  return this->template get<_::TypeOf<&S::Reader::getValue>, &Reader::getValue>({0, "value", 0});
}

template <typename S>
Promise<::capnp::Text> _::StructPromise<0xbd822825c69812cf, S>::label() const {
  using Reader = typename S::Reader;
  return this->template get<::capnp::Text, &Reader::getLabel>({1, "label", 1});
}

template <typename S>
Promise<_::TypeOf<&S::Reader::getLid>> _::StructPromise<0xbd822825c69812cf, S>::lid() const {
  using Reader = typename S::Reader;
  return this->template get<_::TypeOf<&S::Reader::getLid>, &Reader::getLid>({2, "lid", 2});
}

template <typename S>
Promise<_::TypeOf<&S::Reader::getOthers>> _::StructPromise<0xbd822825c69812cf, S>::others() const {
  using Reader = typename S::Reader;
  return this->template get<_::TypeOf<&S::Reader::getOthers>, &Reader::getOthers>({3, "others", 3});
}

template <typename S>
Pipelined<_::TypeOf<&S::Reader::getBelow>> _::StructPromise<0xabb72b8c296954f0, S>::below() const {
  using Reader = typename S::Reader;
  return this->template get<_::TypeOf<&S::Reader::getBelow>, &Reader::getBelow>({0, "below", 0});
}

template <typename S>
Promise<bool> _::StructPromise<0xabb72b8c296954f0, S>::isOpen() const {
  using Reader = typename S::Reader;
  return this->template get<bool, &Reader::getIsOpen>({1, "isOpen"});
}

template <typename S>
Pipelined<_::TypeOf<&S::Reader::getFirst>> _::StructPromise<0xf7dd8b2dc25558e0, S>::first() const {
  using Reader = typename S::Reader;
  return this->template get<_::TypeOf<&S::Reader::getFirst>, &Reader::getFirst, &Reader::isFirst>(
      {0, "first", 0});
}

template <typename S>
Pipelined<_::TypeOf<&S::Reader::getSecond>>
_::StructPromise<0xf7dd8b2dc25558e0, S>::second() const {
  using Reader = typename S::Reader;
  return this->template get<_::TypeOf<&S::Reader::getSecond>, &Reader::getSecond,
      &Reader::isSecond>({1, "second", 0});
}

template <typename S>
Promise<::capnp::Void> _::StructPromise<0xf7dd8b2dc25558e0, S>::neither() const {
  using Reader = typename S::Reader;
  return this->template get<::capnp::Void, &Reader::getNeither, &Reader::isNeither>({2, "neither"});
}

template <typename I>
Promise<typename I::NextResults> _::InterfaceRef<0xedfae00e5736077f, I>::next() const {
  using Params = typename I::NextParams;
  auto call = this->template newCall<Params, typename I::NextResults>(METHOD_NEXT);
  return call.pend();
}

template <typename S>
Pipelined<_::TypeOf<&S::Reader::getValue>> _::StructPromise<0xfc24f0ad4ac85fb1, S>::value() const {
  using Reader = typename S::Reader;
  return this->template get<_::TypeOf<&S::Reader::getValue>, &Reader::getValue>({0, "value", 0});
}

template <typename S>
Promise<bool> _::StructPromise<0xfc24f0ad4ac85fb1, S>::isLast() const {
  using Reader = typename S::Reader;
  return this->template get<bool, &Reader::getIsLast>({1, "isLast"});
}

template <typename I>
::kj::Promise<void> _::InterfaceServer<0xedfae00e5736077f, I>::next(Next) {
  return unimplemented("Source", "next", ::capnp::typeId<I>(), 0);
}

template <typename I>
ServerBase::Dispatched _::InterfaceServer<0xedfae00e5736077f, I>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<I>(): return dispatchMethod(methodId, context);
    default: return dispatchOther("Source", interfaceId, methodId, context);
  }
}

template <typename I>
ServerBase::Dispatched _::InterfaceServer<0xedfae00e5736077f, I>::dispatchMethod(
    uint16_t methodId, Context context) {
  switch (methodId) {
    case 0: return plain(next(Next(context)));
    default: return unimplementedMethod("Source", ::capnp::typeId<I>(), methodId);
  }
}

template <typename I>
Done _::InterfaceServer<0xedfae00e5736077f, I>::Next::fulfill(
    Arg<_::TypeOf<&I::NextResults::Reader::getValue>> value, Arg<bool> isLast) {
  auto results = this->initResults(value, isLast);
  setResult(results, {0, "value", 0}, value);
  setResult(results, {1, "isLast"}, isLast, &I::NextResults::Builder::setIsLast);
  return {};
}

template <typename I>
Promise<typename I::PushResults> _::InterfaceRef<0xba54ba8d86424969, I>::push(
    Arg<_::TypeOf<&I::PushParams::Reader::getValue>> value) const {
  using Params = typename I::PushParams;
  auto call = this->template newCall<Params, typename I::PushResults>(METHOD_PUSH, value);
  call.set({0, "value", 0}, value);
  return call.pend();
}

template <typename I>
Promise<typename I::PushAllResults> _::InterfaceRef<0xba54ba8d86424969, I>::pushAll(
    Arg<_::TypeOf<&I::PushAllParams::Reader::getValues>> values) const {
  using Params = typename I::PushAllParams;
  auto call = this->template newCall<Params, typename I::PushAllResults>(METHOD_PUSH_ALL, values);
  call.set({0, "values", 0}, values);
  return call.pend();
}

template <typename I>
Promise<_::ResultsOf<&I::Client::swapRequest>> _::InterfaceRef<0xba54ba8d86424969, I>::swap(
    Arg<_::ParamsOf<&I::Client::swapRequest>> params) const {
  using Params = _::ParamsOf<&I::Client::swapRequest>;
  return this->template newCallWith<Params, _::ResultsOf<&I::Client::swapRequest>>(
      METHOD_SWAP, params).pend();
}

template <typename I>
Promise<typename I::WalkResults> _::InterfaceRef<0xba54ba8d86424969, I>::walk() const {
  using Params = typename I::WalkParams;
  auto call = this->template newCall<Params, typename I::WalkResults>(METHOD_WALK);
  return call.pend();
}

template <typename I>
Promise<typename _::InterfaceOf<&I::Client::nextRequest>::NextResults>
_::InterfaceRef<0xba54ba8d86424969, I>::next() const {
  using Params = typename _::InterfaceOf<&I::Client::nextRequest>::NextParams;
  auto call = this->template newCall<Params,
      typename _::InterfaceOf<&I::Client::nextRequest>::NextResults>(METHOD_NEXT);
  return call.pend();
}

template <typename S>
Promise<::uint32_t> _::StructPromise<0x8c9b7d23f5bc1e7c, S>::size() const {
  using Reader = typename S::Reader;
  return this->template get<::uint32_t, &Reader::getSize>({0, "size"});
}

template <typename S>
Ref<_::TypeOf<&S::Reader::getCursor>> _::StructPromise<0xfef3f7b11612bc94, S>::cursor() const {
  using Reader = typename S::Reader;
  return this->template get<_::TypeOf<&S::Reader::getCursor>, &Reader::getCursor>({0, "cursor", 0});
}

template <typename I>
::kj::Promise<void> _::InterfaceServer<0xba54ba8d86424969, I>::push(Push) {
  return unimplemented("Stack", "push", ::capnp::typeId<I>(), 0);
}

template <typename I>
::kj::Promise<void> _::InterfaceServer<0xba54ba8d86424969, I>::pushAll(PushAll) {
  return unimplemented("Stack", "pushAll", ::capnp::typeId<I>(), 1);
}

template <typename I>
::kj::Promise<void> _::InterfaceServer<0xba54ba8d86424969, I>::swap(Swap) {
  return unimplemented("Stack", "swap", ::capnp::typeId<I>(), 2);
}

template <typename I>
::kj::Promise<void> _::InterfaceServer<0xba54ba8d86424969, I>::walk(Walk) {
  return unimplemented("Stack", "walk", ::capnp::typeId<I>(), 3);
}

template <typename I>
ServerBase::Dispatched _::InterfaceServer<0xba54ba8d86424969, I>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<I>(): return dispatchMethod(methodId, context);
    case ::capnp::typeId<_::InterfaceOf<&I::Client::nextRequest>>():
      return ::troth::Server<_::InterfaceOf<&I::Client::nextRequest>>::dispatchMethod(
          methodId, context);
    default: return dispatchOther("Stack", interfaceId, methodId, context);
  }
}

template <typename I>
ServerBase::Dispatched _::InterfaceServer<0xba54ba8d86424969, I>::dispatchMethod(
    uint16_t methodId, Context context) {
  switch (methodId) {
    case 0: return plain(push(Push(context)));
    case 1: return plain(pushAll(PushAll(context)));
    case 2: return plain(swap(Swap(context)));
    case 3: return plain(walk(Walk(context)));
    default: return unimplementedMethod("Stack", ::capnp::typeId<I>(), methodId);
  }
}

template <typename I>
auto _::InterfaceServer<0xba54ba8d86424969, I>::Push::value() {
  return this->template get<&I::PushParams::Reader::getValue>();
}

template <typename I>
Done _::InterfaceServer<0xba54ba8d86424969, I>::Push::fulfill() { return {}; }

template <typename I>
auto _::InterfaceServer<0xba54ba8d86424969, I>::PushAll::values() {
  return this->template get<&I::PushAllParams::Reader::getValues>();
}

template <typename I>
Done _::InterfaceServer<0xba54ba8d86424969, I>::PushAll::fulfill(Arg<::uint32_t> size) {
  auto results = this->initResults(size);
  setResult(results, {0, "size"}, size, &I::PushAllResults::Builder::setSize);
  return {};
}

template <typename I>
auto _::InterfaceServer<0xba54ba8d86424969, I>::Swap::value() {
  return this->template get<&_::ParamsOf<&I::Client::swapRequest>::Reader::getValue>();
}

template <typename I>
::capnp::Text::Reader _::InterfaceServer<0xba54ba8d86424969, I>::Swap::label() {
  return this->template get<&_::ParamsOf<&I::Client::swapRequest>::Reader::getLabel>();
}

template <typename I>
auto _::InterfaceServer<0xba54ba8d86424969, I>::Swap::lid() {
  return this->template get<&_::ParamsOf<&I::Client::swapRequest>::Reader::getLid>();
}

template <typename I>
auto _::InterfaceServer<0xba54ba8d86424969, I>::Swap::others() {
  return this->template get<&_::ParamsOf<&I::Client::swapRequest>::Reader::getOthers>();
}

template <typename I>
Done _::InterfaceServer<0xba54ba8d86424969, I>::Swap::fulfill(
    Arg<_::ResultsOf<&I::Client::swapRequest>> results) {
  this->setResults(results);
  return {};
}

template <typename I>
Done _::InterfaceServer<0xba54ba8d86424969, I>::Walk::fulfill(
    Arg<_::TypeOf<&I::WalkResults::Reader::getCursor>> cursor) {
  auto results = this->initResults(cursor);
  setResult(results, {0, "cursor", 0}, cursor);
  return {};
}

template <typename I>
Promise<void> _::InterfaceRef<0x9d465faf5dfc10a3, I>::skip(Arg<::uint32_t> count) const {
  using Params = typename I::SkipParams;
  auto call = this->template newCall<Params, void>(METHOD_SKIP, count);
  call.set({0, "count"}, count, &Params::Builder::setCount);
  return call.pendStream();
}

template <typename I>
template <std::invocable<typename I::SkipParams::Builder> Fill>
Promise<void> _::InterfaceRef<0x9d465faf5dfc10a3, I>::skip(Fill&& fill) const {
  using Params = typename I::SkipParams;
  return this->template newCallWith<Params, void>(METHOD_SKIP, fill).pendStream();
}

template <typename I>
Promise<typename _::InterfaceOf<&I::Client::nextRequest>::NextResults>
_::InterfaceRef<0x9d465faf5dfc10a3, I>::next() const {
  using Params = typename _::InterfaceOf<&I::Client::nextRequest>::NextParams;
  auto call = this->template newCall<Params,
      typename _::InterfaceOf<&I::Client::nextRequest>::NextResults>(METHOD_NEXT);
  return call.pend();
}

template <typename I>
::kj::Promise<void> _::InterfaceServer<0x9d465faf5dfc10a3, I>::skip(Skip) {
  return unimplemented("Stack.Cursor", "skip", ::capnp::typeId<I>(), 0);
}

template <typename I>
ServerBase::Dispatched _::InterfaceServer<0x9d465faf5dfc10a3, I>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<I>(): return dispatchMethod(methodId, context);
    case ::capnp::typeId<_::InterfaceOf<&I::Client::nextRequest>>():
      return ::troth::Server<_::InterfaceOf<&I::Client::nextRequest>>::dispatchMethod(
          methodId, context);
    default: return dispatchOther("Stack.Cursor", interfaceId, methodId, context);
  }
}

template <typename I>
ServerBase::Dispatched _::InterfaceServer<0x9d465faf5dfc10a3, I>::dispatchMethod(
    uint16_t methodId, Context context) {
  switch (methodId) {
    case 0: return streaming([&]() { return skip(Skip(context)); });
    default: return unimplementedMethod("Stack.Cursor", ::capnp::typeId<I>(), methodId);
  }
}

template <typename I>
::uint32_t _::InterfaceServer<0x9d465faf5dfc10a3, I>::Skip::count() {
  return this->template get<&I::SkipParams::Reader::getCount>();
}

inline Promise<::generics::Shop::WordsResults> Ref<::generics::Shop>::words() const {
  using Params = ::generics::Shop::WordsParams;
  auto call = newCall<Params, ::generics::Shop::WordsResults>(METHOD_WORDS);
  return call.pend();
}

inline Promise<::generics::Shop::BoxesResults> Ref<::generics::Shop>::boxes(
    Arg<::capnp::List<::generics::Box<::capnp::Text>>> boxes) const {
  using Params = ::generics::Shop::BoxesParams;
  auto call = newCall<Params, ::generics::Shop::BoxesResults>(METHOD_BOXES, boxes);
  call.set({0, "boxes", 0}, boxes);
  return call.pend();
}

inline Promise<::generics::Shop::ExchangeResults<>> Ref<::generics::Shop>::exchange(
    Arg<::capnp::AnyPointer> given) const {
  using Params = ::generics::Shop::ExchangeParams<>;
  auto call = newCall<Params, ::generics::Shop::ExchangeResults<>>(METHOD_EXCHANGE, given);
  call.set({0, "given", 0}, given);
  return call.pend();
}

inline Ref<::generics::Stack<::capnp::Text>>
Promise<::generics::Shop::WordsResults>::stack() const {
  using Reader = ::generics::Shop::WordsResults::Reader;
  return get<::generics::Stack<::capnp::Text>, &Reader::getStack>({0, "stack", 0});
}

inline Promise<::generics::Box<::generics::Shop>>
Promise<::generics::Shop::BoxesResults>::box() const {
  using Reader = ::generics::Shop::BoxesResults::Reader;
  return get<::generics::Box<::generics::Shop>, &Reader::getBox>({0, "box", 0});
}

inline Promise<::generics::Box<::capnp::Text>::Lid>
Promise<::generics::Shop::BoxesResults>::lid() const {
  using Reader = ::generics::Shop::BoxesResults::Reader;
  return get<::generics::Box<::capnp::Text>::Lid, &Reader::getLid>({1, "lid", 1});
}

template <typename S>
Promise<::capnp::AnyPointer> _::StructPromise<0xfe7b5d71b09be9a9, S>::taken() const {
  using Reader = typename S::Reader;
  return this->template get<::capnp::AnyPointer, &Reader::getTaken>({0, "taken", 0});
}

template <typename S>
Promise<::generics::Box<::capnp::AnyPointer>> _::StructPromise<0xfe7b5d71b09be9a9, S>::box() const {
  using Reader = typename S::Reader;
  return this->template get<::generics::Box<::capnp::AnyPointer>, &Reader::getBox>({1, "box", 1});
}

inline ::kj::Promise<void> Server<::generics::Shop>::words(Words) {
  return unimplemented("Shop", "words", ::capnp::typeId<::generics::Shop>(), 0);
}

inline ::kj::Promise<void> Server<::generics::Shop>::boxes(Boxes) {
  return unimplemented("Shop", "boxes", ::capnp::typeId<::generics::Shop>(), 1);
}

inline ::kj::Promise<void> Server<::generics::Shop>::exchange(Exchange) {
  return unimplemented("Shop", "exchange", ::capnp::typeId<::generics::Shop>(), 2);
}

inline ServerBase::Dispatched Server<::generics::Shop>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<::generics::Shop>(): return dispatchMethod(methodId, context);
    default: return dispatchOther("Shop", interfaceId, methodId, context);
  }
}

inline ServerBase::Dispatched Server<::generics::Shop>::dispatchMethod(
    uint16_t methodId, Context context) {
  switch (methodId) {
    case 0: return plain(words(Words(context)));
    case 1: return plain(boxes(Boxes(context)));
    case 2: return plain(exchange(Exchange(context)));
    default: return unimplementedMethod("Shop", ::capnp::typeId<::generics::Shop>(), methodId);
  }
}

inline Done Server<::generics::Shop>::Words::fulfill(Arg<::generics::Stack<::capnp::Text>> stack) {
  auto results = initResults(stack);
  setResult(results, {0, "stack", 0}, stack);
  return {};
}

inline ::capnp::List<::generics::Box<::capnp::Text>>::Reader Server<
    ::generics::Shop>::Boxes::boxes() {
  return get<&::generics::Shop::BoxesParams::Reader::getBoxes>();
}

inline Done Server<::generics::Shop>::Boxes::fulfill(
    Arg<::generics::Box<::generics::Shop>> box, Arg<::generics::Box<::capnp::Text>::Lid> lid) {
  auto results = initResults(box, lid);
  setResult(results, {0, "box", 0}, box);
  setResult(results, {1, "lid", 1}, lid);
  return {};
}

inline ::capnp::AnyPointer::Reader Server<::generics::Shop>::Exchange::given() {
  return get<&::generics::Shop::ExchangeParams<>::Reader::getGiven>();
}

inline Done Server<::generics::Shop>::Exchange::fulfill(
    Arg<::capnp::AnyPointer> taken, Arg<::generics::Box<::capnp::AnyPointer>> box) {
  auto results = initResults(taken, box);
  setResult(results, {0, "taken", 0}, taken);
  setResult(results, {1, "box", 1}, box);
  return {};
}

inline Promise<::generics::WordStack::CountResults> Ref<::generics::WordStack>::count() const {
  using Params = ::generics::WordStack::CountParams;
  auto call = newCall<Params, ::generics::WordStack::CountResults>(METHOD_COUNT);
  return call.pend();
}

inline Promise<::generics::Stack<::capnp::Text>::PushResults> Ref<::generics::WordStack>::push(
    Arg<::capnp::Text> value) const {
  using Params = ::generics::Stack<::capnp::Text>::PushParams;
  auto call = newCall<Params, ::generics::Stack<::capnp::Text>::PushResults>(METHOD_PUSH, value);
  call.set({0, "value", 0}, value);
  return call.pend();
}

template <std::invocable<::generics::Stack<::capnp::Text>::PushParams::Builder> Fill>
Promise<::generics::Stack<::capnp::Text>::PushResults> Ref<::generics::WordStack>::push(
    Fill&& fill) const {
  using Params = ::generics::Stack<::capnp::Text>::PushParams;
  return newCallWith<Params, ::generics::Stack<::capnp::Text>::PushResults>(
      METHOD_PUSH, fill).pend();
}

inline Promise<::generics::Stack<::capnp::Text>::PushAllResults>
Ref<::generics::WordStack>::pushAll(
    Arg<::capnp::List<::generics::Box<::capnp::Text>>> values) const {
  using Params = ::generics::Stack<::capnp::Text>::PushAllParams;
  auto call =
      newCall<Params, ::generics::Stack<::capnp::Text>::PushAllResults>(METHOD_PUSH_ALL, values);
  call.set({0, "values", 0}, values);
  return call.pend();
}

inline Promise<::generics::Pair<::capnp::Text, ::capnp::Text>> Ref<::generics::WordStack>::swap(
    Arg<::generics::Box<::capnp::Text>> params) const {
  using Params = ::generics::Box<::capnp::Text>;
  return newCallWith<Params, ::generics::Pair<::capnp::Text, ::capnp::Text>>(
      METHOD_SWAP, params).pend();
}

inline Promise<::generics::Stack<::capnp::Text>::WalkResults>
Ref<::generics::WordStack>::walk() const {
  using Params = ::generics::Stack<::capnp::Text>::WalkParams;
  auto call = newCall<Params, ::generics::Stack<::capnp::Text>::WalkResults>(METHOD_WALK);
  return call.pend();
}

inline Promise<::generics::Source<::capnp::Text>::NextResults>
Ref<::generics::WordStack>::next() const {
  using Params = ::generics::Source<::capnp::Text>::NextParams;
  auto call = newCall<Params, ::generics::Source<::capnp::Text>::NextResults>(METHOD_NEXT);
  return call.pend();
}

inline Promise<::uint64_t> Promise<::generics::WordStack::CountResults>::words() const {
  using Reader = ::generics::WordStack::CountResults::Reader;
  return get<::uint64_t, &Reader::getWords>({0, "words"});
}

inline ::kj::Promise<void> Server<::generics::WordStack>::count(Count) {
  return unimplemented("WordStack", "count", ::capnp::typeId<::generics::WordStack>(), 0);
}

inline ServerBase::Dispatched Server<::generics::WordStack>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<::generics::WordStack>(): return dispatchMethod(methodId, context);
    case ::capnp::typeId<::generics::Stack<::capnp::Text>>():
      return ::troth::Server<::generics::Stack<::capnp::Text>>::dispatchMethod(methodId, context);
    case ::capnp::typeId<::generics::Source<::capnp::Text>>():
      return ::troth::Server<::generics::Source<::capnp::Text>>::dispatchMethod(methodId, context);
    default: return dispatchOther("WordStack", interfaceId, methodId, context);
  }
}

inline ServerBase::Dispatched Server<::generics::WordStack>::dispatchMethod(
    uint16_t methodId, Context context) {
  switch (methodId) {
    case 0: return plain(count(Count(context)));
    default:
      return unimplementedMethod("WordStack", ::capnp::typeId<::generics::WordStack>(), methodId);
  }
}

inline Done Server<::generics::WordStack>::Count::fulfill(Arg<::uint64_t> words) {
  auto results = initResults(words);
  setResult(results, {0, "words"}, words, &::generics::WordStack::CountResults::Builder::setWords);
  return {};
}

}  // namespace troth
