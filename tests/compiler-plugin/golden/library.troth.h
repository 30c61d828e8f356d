// Made from library.capnp by capnpc-troth. An edit here is lost at the next build.
#pragma once

// A library lends books.

#include <troth/stub.h>

#include "library.capnp.h"

namespace troth {

template <>
class Ref<::library::Library>;
template <>
class Server<::library::Library>;
template <>
class Promise<::library::Library::JoinResults>;
template <>
class Promise<::library::Library::SearchResults>;
template <>
class Ref<::library::Member>;
template <>
class Server<::library::Member>;
template <>
class Promise<::library::Member::BorrowResults>;
template <>
class Promise<::library::Book>;
template <>
class Promise<::library::Book::Shelf>;
template <>
class Promise<::library::Date>;

// ---------------------------------------------------------------------------------------
// Library

// Lends books to its members.
template <>
class Ref<::library::Library>: public RefBase<::library::Library> {
public:
  using RefBase::RefBase;

  // Makes somebody a member.
  Promise<::library::Library::JoinResults> join(
      Arg<::capnp::Text> name, Arg<::library::Date> born) const;
  template <std::invocable<::library::Library::JoinParams::Builder> Fill>
  Promise<::library::Library::JoinResults> join(Fill&& fill) const;

  // Finds at most `limit` books. A path like C:\.
  // does not end the comment.
  Promise<::library::Library::SearchResults> search(
      Arg<::capnp::List<::capnp::Text>> words, Arg<::uint16_t> limit = 20,
      Arg<::library::Library::Order> order = ::library::Library::Order::BY_TITLE) const;

private:
  static constexpr Method METHOD_JOIN{::capnp::typeId<::library::Library>(), 0, "Library", "join"};
  static constexpr Method METHOD_SEARCH{
      ::capnp::typeId<::library::Library>(), 1, "Library", "search"};
};

// The results of Library.join.
template <>
class Promise<::library::Library::JoinResults>:
    public PromiseBase<::library::Library::JoinResults> {
public:
  using PromiseBase::PromiseBase;

  Ref<::library::Member> member() const;
};

// The results of Library.search.
template <>
class Promise<::library::Library::SearchResults>:
    public PromiseBase<::library::Library::SearchResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<::capnp::List<::library::Book>> books() const;
};

// Lends books to its members.
template <>
class Server<::library::Library>: public virtual ServerBase {
public:
  using Serves = ::library::Library;

  class Join;
  class Search;

  // Makes somebody a member.
  virtual ::kj::Promise<void> join(Join call);

  // Finds at most `limit` books. A path like C:\.
  // does not end the comment.
  virtual ::kj::Promise<void> search(Search call);

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<::library::Library>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

class Server<::library::Library>::Join:
    public Call<::library::Library::JoinParams, ::library::Library::JoinResults> {
public:
  using Call::Call;

  ::capnp::Text::Reader name();
  ::library::Date::Reader born();

  Done fulfill(Arg<::library::Member> member);
};

class Server<::library::Library>::Search:
    public Call<::library::Library::SearchParams, ::library::Library::SearchResults> {
public:
  using Call::Call;

  ::capnp::List<::capnp::Text>::Reader words();
  ::uint16_t limit();
  ::library::Library::Order order();

  Done fulfill(Arg<::capnp::List<::library::Book>> books);
};

// ---------------------------------------------------------------------------------------
// Member

// Somebody who borrows.
template <>
class Ref<::library::Member>: public RefBase<::library::Member> {
public:
  using RefBase::RefBase;

  Promise<::library::Member::BorrowResults> borrow(Arg<::library::Book> book) const;

  Promise<::library::Member::GiveBackResults> giveBack(Arg<::library::Book> book) const;

private:
  static constexpr Method METHOD_BORROW{
      ::capnp::typeId<::library::Member>(), 0, "Member", "borrow"};
  static constexpr Method METHOD_GIVE_BACK{
      ::capnp::typeId<::library::Member>(), 1, "Member", "giveBack"};
};

// The results of Member.borrow.
template <>
class Promise<::library::Member::BorrowResults>:
    public PromiseBase<::library::Member::BorrowResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<::library::Date> due() const;
};

// Somebody who borrows.
template <>
class Server<::library::Member>: public virtual ServerBase {
public:
  using Serves = ::library::Member;

  class Borrow;
  class GiveBack;

  virtual ::kj::Promise<void> borrow(Borrow call);

  virtual ::kj::Promise<void> giveBack(GiveBack call);

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<::library::Member>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

class Server<::library::Member>::Borrow:
    public Call<::library::Member::BorrowParams, ::library::Member::BorrowResults> {
public:
  using Call::Call;

  ::library::Book::Reader book();

  Done fulfill(Arg<::library::Date> due);
};

class Server<::library::Member>::GiveBack:
    public Call<::library::Member::GiveBackParams, ::library::Member::GiveBackResults> {
public:
  using Call::Call;

  ::library::Book::Reader book();

  Done fulfill();
};

// ---------------------------------------------------------------------------------------
// Book

// A book, of which there may be copies.
template <>
class Promise<::library::Book>: public PromiseBase<::library::Book> {
public:
  using PromiseBase::PromiseBase;

  // What is written on it.
  Promise<::capnp::Text> title() const;

  Promise<::int16_t> year() const;

  // Where it stands.
  Promise<::library::Book::Shelf> shelf() const;
};

// ---------------------------------------------------------------------------------------
// Book.shelf

// Where it stands.
template <>
class Promise<::library::Book::Shelf>: public PromiseBase<::library::Book::Shelf> {
public:
  using PromiseBase::PromiseBase;

  Promise<::capnp::Text> room() const;
  Promise<::uint32_t> number() const;
};

// ---------------------------------------------------------------------------------------
// Date

template <>
class Promise<::library::Date>: public PromiseBase<::library::Date> {
public:
  using PromiseBase::PromiseBase;

  Promise<::int16_t> year() const;
  Promise<::uint8_t> month() const;
  Promise<::uint8_t> day() const;
};

// =======================================================================================
// inline implementation details

inline Promise<::library::Library::JoinResults> Ref<::library::Library>::join(
    Arg<::capnp::Text> name, Arg<::library::Date> born) const {
  using Params = ::library::Library::JoinParams;
  auto call = newCall<Params, ::library::Library::JoinResults>(METHOD_JOIN, name, born);
  call.set({0, "name", 0}, name);
  call.set({1, "born", 1}, born);
  return call.pend();
}

template <std::invocable<::library::Library::JoinParams::Builder> Fill>
Promise<::library::Library::JoinResults> Ref<::library::Library>::join(Fill&& fill) const {
  using Params = ::library::Library::JoinParams;
  return newCallWith<Params, ::library::Library::JoinResults>(METHOD_JOIN, fill).pend();
}

inline Promise<::library::Library::SearchResults> Ref<::library::Library>::search(
    Arg<::capnp::List<::capnp::Text>> words, Arg<::uint16_t> limit,
    Arg<::library::Library::Order> order) const {
  using Params = ::library::Library::SearchParams;
  auto call =
      newCall<Params, ::library::Library::SearchResults>(METHOD_SEARCH, words, limit, order);
  call.set({0, "words", 0}, words);
  call.set({1, "limit"}, limit, &Params::Builder::setLimit);
  call.set({2, "order"}, order, &Params::Builder::setOrder);
  return call.pend();
}

inline Ref<::library::Member> Promise<::library::Library::JoinResults>::member() const {
  using Reader = ::library::Library::JoinResults::Reader;
  return get<::library::Member, &Reader::getMember>({0, "member", 0});
}

inline Promise<::capnp::List<::library::Book>>
Promise<::library::Library::SearchResults>::books() const {
  using Reader = ::library::Library::SearchResults::Reader;
  return get<::capnp::List<::library::Book>, &Reader::getBooks>({0, "books", 0});
}

inline ::kj::Promise<void> Server<::library::Library>::join(Join) {
  return unimplemented("Library", "join", ::capnp::typeId<::library::Library>(), 0);
}

inline ::kj::Promise<void> Server<::library::Library>::search(Search) {
  return unimplemented("Library", "search", ::capnp::typeId<::library::Library>(), 1);
}

inline ServerBase::Dispatched Server<::library::Library>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<::library::Library>(): return dispatchMethod(methodId, context);
    default: return dispatchOther("Library", interfaceId, methodId, context);
  }
}

inline ServerBase::Dispatched Server<::library::Library>::dispatchMethod(
    uint16_t methodId, Context context) {
  switch (methodId) {
    case 0: return plain(join(Join(context)));
    case 1: return plain(search(Search(context)));
    default: return unimplementedMethod("Library", ::capnp::typeId<::library::Library>(), methodId);
  }
}

inline ::capnp::Text::Reader Server<::library::Library>::Join::name() {
  return get<&::library::Library::JoinParams::Reader::getName>();
}

inline ::library::Date::Reader Server<::library::Library>::Join::born() {
  return get<&::library::Library::JoinParams::Reader::getBorn>();
}

inline Done Server<::library::Library>::Join::fulfill(Arg<::library::Member> member) {
  auto results = initResults(member);
  setResult(results, {0, "member", 0}, member);
  return {};
}

inline ::capnp::List<::capnp::Text>::Reader Server<::library::Library>::Search::words() {
  return get<&::library::Library::SearchParams::Reader::getWords>();
}

inline ::uint16_t Server<::library::Library>::Search::limit() {
  return get<&::library::Library::SearchParams::Reader::getLimit>();
}

inline ::library::Library::Order Server<::library::Library>::Search::order() {
  return get<&::library::Library::SearchParams::Reader::getOrder>();
}

inline Done Server<::library::Library>::Search::fulfill(Arg<::capnp::List<::library::Book>> books) {
  auto results = initResults(books);
  setResult(results, {0, "books", 0}, books);
  return {};
}

inline Promise<::library::Member::BorrowResults> Ref<::library::Member>::borrow(
    Arg<::library::Book> book) const {
  using Params = ::library::Member::BorrowParams;
  auto call = newCall<Params, ::library::Member::BorrowResults>(METHOD_BORROW, book);
  call.set({0, "book", 0}, book);
  return call.pend();
}

inline Promise<::library::Member::GiveBackResults> Ref<::library::Member>::giveBack(
    Arg<::library::Book> book) const {
  using Params = ::library::Member::GiveBackParams;
  auto call = newCall<Params, ::library::Member::GiveBackResults>(METHOD_GIVE_BACK, book);
  call.set({0, "book", 0}, book);
  return call.pend();
}

inline Promise<::library::Date> Promise<::library::Member::BorrowResults>::due() const {
  using Reader = ::library::Member::BorrowResults::Reader;
  return get<::library::Date, &Reader::getDue>({0, "due", 0});
}

inline ::kj::Promise<void> Server<::library::Member>::borrow(Borrow) {
  return unimplemented("Member", "borrow", ::capnp::typeId<::library::Member>(), 0);
}

inline ::kj::Promise<void> Server<::library::Member>::giveBack(GiveBack) {
  return unimplemented("Member", "giveBack", ::capnp::typeId<::library::Member>(), 1);
}

inline ServerBase::Dispatched Server<::library::Member>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<::library::Member>(): return dispatchMethod(methodId, context);
    default: return dispatchOther("Member", interfaceId, methodId, context);
  }
}

inline ServerBase::Dispatched Server<::library::Member>::dispatchMethod(
    uint16_t methodId, Context context) {
  switch (methodId) {
    case 0: return plain(borrow(Borrow(context)));
    case 1: return plain(giveBack(GiveBack(context)));
    default: return unimplementedMethod("Member", ::capnp::typeId<::library::Member>(), methodId);
  }
}

inline ::library::Book::Reader Server<::library::Member>::Borrow::book() {
  return get<&::library::Member::BorrowParams::Reader::getBook>();
}

inline Done Server<::library::Member>::Borrow::fulfill(Arg<::library::Date> due) {
  auto results = initResults(due);
  setResult(results, {0, "due", 0}, due);
  return {};
}

inline ::library::Book::Reader Server<::library::Member>::GiveBack::book() {
  return get<&::library::Member::GiveBackParams::Reader::getBook>();
}

inline Done Server<::library::Member>::GiveBack::fulfill() { return {}; }

inline Promise<::capnp::Text> Promise<::library::Book>::title() const {
  using Reader = ::library::Book::Reader;
  return get<::capnp::Text, &Reader::getTitle>({0, "title", 0});
}

inline Promise<::int16_t> Promise<::library::Book>::year() const {
  using Reader = ::library::Book::Reader;
  return get<::int16_t, &Reader::getYear>({1, "year"});
}

inline Promise<::library::Book::Shelf> Promise<::library::Book>::shelf() const {
  using Reader = ::library::Book::Reader;
  return get<::library::Book::Shelf, &Reader::getShelf>({2, "shelf"});
}

inline Promise<::capnp::Text> Promise<::library::Book::Shelf>::room() const {
  using Reader = ::library::Book::Shelf::Reader;
  return get<::capnp::Text, &Reader::getRoom>({0, "room", 1});
}

inline Promise<::uint32_t> Promise<::library::Book::Shelf>::number() const {
  using Reader = ::library::Book::Shelf::Reader;
  return get<::uint32_t, &Reader::getNumber>({1, "number"});
}

inline Promise<::int16_t> Promise<::library::Date>::year() const {
  using Reader = ::library::Date::Reader;
  return get<::int16_t, &Reader::getYear>({0, "year"});
}

inline Promise<::uint8_t> Promise<::library::Date>::month() const {
  using Reader = ::library::Date::Reader;
  return get<::uint8_t, &Reader::getMonth>({1, "month"});
}

inline Promise<::uint8_t> Promise<::library::Date>::day() const {
  using Reader = ::library::Date::Reader;
  return get<::uint8_t, &Reader::getDay>({2, "day"});
}

}  // namespace troth
