// Made from shapes.capnp by capnpc-troth. An edit here is lost at the next build.
#pragma once

#include <troth/stub.h>

#include "shapes.capnp.h"

namespace troth {

template <>
class Ref<::shapes::Shape>;
template <>
class Server<::shapes::Shape>;
template <>
class Promise<::shapes::Shape::AreaResults>;
template <>
class Ref<::shapes::Named>;
template <>
class Server<::shapes::Named>;
template <>
class Promise<::shapes::Named::NameResults>;
template <>
class Ref<::shapes::Circle>;
template <>
class Server<::shapes::Circle>;
template <>
class Promise<::shapes::Circle::RadiusResults>;
template <>
class Ref<::shapes::Square>;
template <>
class Server<::shapes::Square>;
template <>
class Promise<::shapes::Square::SideResults>;
template <>
class Ref<::shapes::Blob>;
template <>
class Server<::shapes::Blob>;
template <>
class Ref<::shapes::Painted>;
template <>
class Server<::shapes::Painted>;
template <>
class Promise<::shapes::Painted::SideResults>;
template <>
class Ref<::shapes::Tile>;
template <>
class Server<::shapes::Tile>;
template <>
class Ref<::shapes::Canvas>;
template <>
class Server<::shapes::Canvas>;
template <>
class Promise<::shapes::Canvas::FinishResults>;
template <>
class Promise<::shapes::Point>;
template <>
class Promise<::shapes::Ink>;
template <>
class Promise<::shapes::Drawing>;
template <>
class Promise<::shapes::Drawing::Fill>;
template <>
class Promise<::shapes::Drawing::Fill::Hatch>;

// ---------------------------------------------------------------------------------------
// Shape

template <>
class Ref<::shapes::Shape>: public RefBase<::shapes::Shape> {
public:
  using RefBase::RefBase;

  Promise<::shapes::Shape::AreaResults> area() const;

private:
  static constexpr Method METHOD_AREA{::capnp::typeId<::shapes::Shape>(), 0, "Shape", "area"};
};

// The results of Shape.area.
template <>
class Promise<::shapes::Shape::AreaResults>: public PromiseBase<::shapes::Shape::AreaResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<double> area() const;
};

template <>
class Server<::shapes::Shape>: public virtual ServerBase {
public:
  using Serves = ::shapes::Shape;

  class Area;

  virtual ::kj::Promise<void> area(Area call);

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<::shapes::Shape>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

class Server<::shapes::Shape>::Area:
    public Call<::shapes::Shape::AreaParams, ::shapes::Shape::AreaResults> {
public:
  using Call::Call;

  Done fulfill(Arg<double> area);
};

// ---------------------------------------------------------------------------------------
// Named

template <>
class Ref<::shapes::Named>: public RefBase<::shapes::Named> {
public:
  using RefBase::RefBase;

  Promise<::shapes::Named::NameResults> name() const;

  Promise<::shapes::Named::RenameResults> rename(Arg<::capnp::Text> name) const;
  template <std::invocable<::shapes::Named::RenameParams::Builder> Fill>
  Promise<::shapes::Named::RenameResults> rename(Fill&& fill) const;

private:
  static constexpr Method METHOD_NAME{::capnp::typeId<::shapes::Named>(), 0, "Named", "name"};
  static constexpr Method METHOD_RENAME{::capnp::typeId<::shapes::Named>(), 1, "Named", "rename"};
};

// The results of Named.name.
template <>
class Promise<::shapes::Named::NameResults>: public PromiseBase<::shapes::Named::NameResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<::capnp::Text> name() const;
};

template <>
class Server<::shapes::Named>: public virtual ServerBase {
public:
  using Serves = ::shapes::Named;

  class Name;
  class Rename;

  virtual ::kj::Promise<void> name(Name call);

  virtual ::kj::Promise<void> rename(Rename call);

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<::shapes::Named>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

class Server<::shapes::Named>::Name:
    public Call<::shapes::Named::NameParams, ::shapes::Named::NameResults> {
public:
  using Call::Call;

  Done fulfill(Arg<::capnp::Text> name);
};

class Server<::shapes::Named>::Rename:
    public Call<::shapes::Named::RenameParams, ::shapes::Named::RenameResults> {
public:
  using Call::Call;

  ::capnp::Text::Reader name();

  Done fulfill();
};

// ---------------------------------------------------------------------------------------
// Circle

// Inherits twice.
template <>
class Ref<::shapes::Circle>: public RefBase<::shapes::Circle> {
public:
  using RefBase::RefBase;

  Promise<::shapes::Circle::RadiusResults> radius() const;

  // Inherited from Shape:

  Promise<::shapes::Shape::AreaResults> area() const;

  // Inherited from Named:

  Promise<::shapes::Named::NameResults> name() const;

  Promise<::shapes::Named::RenameResults> rename(Arg<::capnp::Text> name) const;
  template <std::invocable<::shapes::Named::RenameParams::Builder> Fill>
  Promise<::shapes::Named::RenameResults> rename(Fill&& fill) const;

private:
  static constexpr Method METHOD_RADIUS{::capnp::typeId<::shapes::Circle>(), 0, "Circle", "radius"};
  static constexpr Method METHOD_AREA{::capnp::typeId<::shapes::Shape>(), 0, "Shape", "area"};
  static constexpr Method METHOD_NAME{::capnp::typeId<::shapes::Named>(), 0, "Named", "name"};
  static constexpr Method METHOD_RENAME{::capnp::typeId<::shapes::Named>(), 1, "Named", "rename"};
};

// The results of Circle.radius.
template <>
class Promise<::shapes::Circle::RadiusResults>:
    public PromiseBase<::shapes::Circle::RadiusResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<double> radius() const;
};

// Inherits twice.
template <>
class Server<::shapes::Circle>:
    public virtual ::troth::Server<::shapes::Shape>,
    public virtual ::troth::Server<::shapes::Named> {
public:
  using Serves = ::shapes::Circle;

  class Radius;

  virtual ::kj::Promise<void> radius(Radius call);

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<::shapes::Circle>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

class Server<::shapes::Circle>::Radius:
    public Call<::shapes::Circle::RadiusParams, ::shapes::Circle::RadiusResults> {
public:
  using Call::Call;

  Done fulfill(Arg<double> radius);
};

// ---------------------------------------------------------------------------------------
// Square

template <>
class Ref<::shapes::Square>: public RefBase<::shapes::Square> {
public:
  using RefBase::RefBase;

  Promise<::shapes::Square::SideResults> side() const;

  // Has a name that a base has too.
  Promise<::shapes::Square::RenameResults> rename_(Arg<double> side) const;
  template <std::invocable<::shapes::Square::RenameParams::Builder> Fill>
  Promise<::shapes::Square::RenameResults> rename_(Fill&& fill) const;

  // Inherited from Shape:

  Promise<::shapes::Shape::AreaResults> area() const;

  // Inherited from Named:

  Promise<::shapes::Named::NameResults> name() const;

  Promise<::shapes::Named::RenameResults> rename(Arg<::capnp::Text> name) const;
  template <std::invocable<::shapes::Named::RenameParams::Builder> Fill>
  Promise<::shapes::Named::RenameResults> rename(Fill&& fill) const;

private:
  static constexpr Method METHOD_SIDE{::capnp::typeId<::shapes::Square>(), 0, "Square", "side"};
  static constexpr Method METHOD_RENAME_{
      ::capnp::typeId<::shapes::Square>(), 1, "Square", "rename"};
  static constexpr Method METHOD_AREA{::capnp::typeId<::shapes::Shape>(), 0, "Shape", "area"};
  static constexpr Method METHOD_NAME{::capnp::typeId<::shapes::Named>(), 0, "Named", "name"};
  static constexpr Method METHOD_RENAME{::capnp::typeId<::shapes::Named>(), 1, "Named", "rename"};
};

// The results of Square.side.
template <>
class Promise<::shapes::Square::SideResults>: public PromiseBase<::shapes::Square::SideResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<double> side() const;
};

template <>
class Server<::shapes::Square>:
    public virtual ::troth::Server<::shapes::Shape>,
    public virtual ::troth::Server<::shapes::Named> {
public:
  using Serves = ::shapes::Square;

  class Side;
  class Rename_;

  virtual ::kj::Promise<void> side(Side call);

  // Has a name that a base has too.
  virtual ::kj::Promise<void> rename_(Rename_ call);

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<::shapes::Square>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

class Server<::shapes::Square>::Side:
    public Call<::shapes::Square::SideParams, ::shapes::Square::SideResults> {
public:
  using Call::Call;

  Done fulfill(Arg<double> side);
};

class Server<::shapes::Square>::Rename_:
    public Call<::shapes::Square::RenameParams, ::shapes::Square::RenameResults> {
public:
  using Call::Call;

  double side();

  Done fulfill();
};

// ---------------------------------------------------------------------------------------
// Blob

// A diamond.
template <>
class Ref<::shapes::Blob>: public RefBase<::shapes::Blob> {
public:
  using RefBase::RefBase;

  // Inherited from Circle:

  Promise<::shapes::Circle::RadiusResults> radius() const;

  // Inherited from Shape:

  Promise<::shapes::Shape::AreaResults> area() const;

  // Inherited from Named:

  Promise<::shapes::Named::NameResults> name() const;

  Promise<::shapes::Named::RenameResults> rename(Arg<::capnp::Text> name) const;
  template <std::invocable<::shapes::Named::RenameParams::Builder> Fill>
  Promise<::shapes::Named::RenameResults> rename(Fill&& fill) const;

  // Inherited from Square:

  Promise<::shapes::Square::SideResults> side() const;

  // Has a name that a base has too.
  Promise<::shapes::Square::RenameResults> rename_(Arg<double> side) const;
  template <std::invocable<::shapes::Square::RenameParams::Builder> Fill>
  Promise<::shapes::Square::RenameResults> rename_(Fill&& fill) const;

private:
  static constexpr Method METHOD_RADIUS{::capnp::typeId<::shapes::Circle>(), 0, "Circle", "radius"};
  static constexpr Method METHOD_AREA{::capnp::typeId<::shapes::Shape>(), 0, "Shape", "area"};
  static constexpr Method METHOD_NAME{::capnp::typeId<::shapes::Named>(), 0, "Named", "name"};
  static constexpr Method METHOD_RENAME{::capnp::typeId<::shapes::Named>(), 1, "Named", "rename"};
  static constexpr Method METHOD_SIDE{::capnp::typeId<::shapes::Square>(), 0, "Square", "side"};
  static constexpr Method METHOD_RENAME_{
      ::capnp::typeId<::shapes::Square>(), 1, "Square", "rename"};
};

// A diamond.
template <>
class Server<::shapes::Blob>:
    public virtual ::troth::Server<::shapes::Circle>,
    public virtual ::troth::Server<::shapes::Square> {
public:
  using Serves = ::shapes::Blob;

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<::shapes::Blob>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

// ---------------------------------------------------------------------------------------
// Painted

template <>
class Ref<::shapes::Painted>: public RefBase<::shapes::Painted> {
public:
  using RefBase::RefBase;

  Promise<::shapes::Painted::SideResults> side() const;

private:
  static constexpr Method METHOD_SIDE{::capnp::typeId<::shapes::Painted>(), 0, "Painted", "side"};
};

// The results of Painted.side.
template <>
class Promise<::shapes::Painted::SideResults>: public PromiseBase<::shapes::Painted::SideResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<::shapes::Color> color() const;
};

template <>
class Server<::shapes::Painted>: public virtual ServerBase {
public:
  using Serves = ::shapes::Painted;

  class Side;

  virtual ::kj::Promise<void> side(Side call);

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<::shapes::Painted>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

class Server<::shapes::Painted>::Side:
    public Call<::shapes::Painted::SideParams, ::shapes::Painted::SideResults> {
public:
  using Call::Call;

  Done fulfill(Arg<::shapes::Color> color);
};

// ---------------------------------------------------------------------------------------
// Tile

// Two bases have `side`.
template <>
class Ref<::shapes::Tile>: public RefBase<::shapes::Tile> {
public:
  using RefBase::RefBase;

  // Inherited from Square:

  // Left out, because another interface that this one extends has the same names: side.
  // Convert to Ref<::shapes::Square> to call them.

  // Has a name that a base has too.
  Promise<::shapes::Square::RenameResults> rename_(Arg<double> side) const;
  template <std::invocable<::shapes::Square::RenameParams::Builder> Fill>
  Promise<::shapes::Square::RenameResults> rename_(Fill&& fill) const;

  // Inherited from Shape:

  Promise<::shapes::Shape::AreaResults> area() const;

  // Inherited from Named:

  Promise<::shapes::Named::NameResults> name() const;

  Promise<::shapes::Named::RenameResults> rename(Arg<::capnp::Text> name) const;
  template <std::invocable<::shapes::Named::RenameParams::Builder> Fill>
  Promise<::shapes::Named::RenameResults> rename(Fill&& fill) const;

  // Inherited from Painted:

  // Left out, because another interface that this one extends has the same names: side.
  // Convert to Ref<::shapes::Painted> to call them.

private:
  static constexpr Method METHOD_RENAME_{
      ::capnp::typeId<::shapes::Square>(), 1, "Square", "rename"};
  static constexpr Method METHOD_AREA{::capnp::typeId<::shapes::Shape>(), 0, "Shape", "area"};
  static constexpr Method METHOD_NAME{::capnp::typeId<::shapes::Named>(), 0, "Named", "name"};
  static constexpr Method METHOD_RENAME{::capnp::typeId<::shapes::Named>(), 1, "Named", "rename"};
};

// Two bases have `side`.
template <>
class Server<::shapes::Tile>:
    public virtual ::troth::Server<::shapes::Square>,
    public virtual ::troth::Server<::shapes::Painted> {
public:
  using Serves = ::shapes::Tile;

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<::shapes::Tile>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

// ---------------------------------------------------------------------------------------
// Canvas

template <>
class Ref<::shapes::Canvas>: public RefBase<::shapes::Canvas> {
public:
  using RefBase::RefBase;

  Promise<void> draw(Arg<::shapes::Point> point) const;

  Promise<void> wipe(Arg<float> speed) const;
  template <std::invocable<::shapes::Canvas::WipeParams::Builder> Fill>
  Promise<void> wipe(Fill&& fill) const;

  Promise<::shapes::Canvas::FinishResults> finish() const;

  Promise<::shapes::Drawing> replace(Arg<::shapes::Drawing> params) const;

  Promise<::shapes::Ink> ink(Arg<::shapes::Ink> params) const;

private:
  static constexpr Method METHOD_DRAW{::capnp::typeId<::shapes::Canvas>(), 0, "Canvas", "draw"};
  static constexpr Method METHOD_WIPE{::capnp::typeId<::shapes::Canvas>(), 1, "Canvas", "wipe"};
  static constexpr Method METHOD_FINISH{::capnp::typeId<::shapes::Canvas>(), 2, "Canvas", "finish"};
  static constexpr Method METHOD_REPLACE{
      ::capnp::typeId<::shapes::Canvas>(), 3, "Canvas", "replace"};
  static constexpr Method METHOD_INK{::capnp::typeId<::shapes::Canvas>(), 4, "Canvas", "ink"};
};

// The results of Canvas.finish.
template <>
class Promise<::shapes::Canvas::FinishResults>:
    public PromiseBase<::shapes::Canvas::FinishResults> {
public:
  using PromiseBase::PromiseBase;

  Promise<::shapes::Drawing> drawing() const;
};

template <>
class Server<::shapes::Canvas>: public virtual ServerBase {
public:
  using Serves = ::shapes::Canvas;

  class Draw;
  class Wipe;
  class Finish;
  class Replace;
  class Ink;

  virtual ::kj::Promise<void> draw(Draw call);

  virtual ::kj::Promise<void> wipe(Wipe call);

  virtual ::kj::Promise<void> finish(Finish call);

  virtual ::kj::Promise<void> replace(Replace call);

  virtual ::kj::Promise<void> ink(Ink call);

  Dispatched dispatchCall(uint64_t interfaceId, uint16_t methodId, Context context) override;

protected:
  ::capnp::InterfaceSchema interfaceSchema() const override {
    return ::capnp::Schema::from<::shapes::Canvas>();
  }
  Dispatched dispatchMethod(uint16_t methodId, Context context);
};

class Server<::shapes::Canvas>::Draw: public StreamingCall<::shapes::Canvas::DrawParams> {
public:
  using StreamingCall::StreamingCall;

  ::shapes::Point::Reader point();
};

class Server<::shapes::Canvas>::Wipe: public StreamingCall<::shapes::Canvas::WipeParams> {
public:
  using StreamingCall::StreamingCall;

  float speed();
};

class Server<::shapes::Canvas>::Finish:
    public Call<::shapes::Canvas::FinishParams, ::shapes::Canvas::FinishResults> {
public:
  using Call::Call;

  Done fulfill(Arg<::shapes::Drawing> drawing);
};

class Server<::shapes::Canvas>::Replace: public Call<::shapes::Drawing, ::shapes::Drawing> {
public:
  using Call::Call;

  ::capnp::List<::shapes::Point>::Reader points();
  ::shapes::Drawing::Fill::Reader fill();

  Done fulfill(Arg<::shapes::Drawing> results);
};

class Server<::shapes::Canvas>::Ink: public Call<::shapes::Ink, ::shapes::Ink> {
public:
  using Call::Call;

  float amount();

  Done fulfill(Arg<::shapes::Ink> results);
};

// ---------------------------------------------------------------------------------------
// Point

template <>
class Promise<::shapes::Point>: public PromiseBase<::shapes::Point> {
public:
  using PromiseBase::PromiseBase;

  Promise<float> x() const;
  Promise<float> y() const;
};

// ---------------------------------------------------------------------------------------
// Ink

template <>
class Promise<::shapes::Ink>: public PromiseBase<::shapes::Ink> {
public:
  using PromiseBase::PromiseBase;

  Promise<float> amount() const;
  Promise<::shapes::Color> color() const;
  Promise<::capnp::List<::shapes::Ink>> mixture() const;
  Promise<::capnp::Void> none() const;
};

// ---------------------------------------------------------------------------------------
// Drawing

template <>
class Promise<::shapes::Drawing>: public PromiseBase<::shapes::Drawing> {
public:
  using PromiseBase::PromiseBase;

  Promise<::capnp::List<::shapes::Point>> points() const;
  Promise<::shapes::Drawing::Fill> fill() const;
};

// ---------------------------------------------------------------------------------------
// Drawing.fill

template <>
class Promise<::shapes::Drawing::Fill>: public PromiseBase<::shapes::Drawing::Fill> {
public:
  using PromiseBase::PromiseBase;

  Promise<::capnp::Void> none() const;
  Promise<::shapes::Color> color() const;
  Promise<::capnp::Data> image() const;
  Ref<::shapes::Canvas> canvas() const;
  Promise<::shapes::Drawing::Fill::Hatch> hatch() const;
};

// ---------------------------------------------------------------------------------------
// Drawing.fill.hatch

template <>
class Promise<::shapes::Drawing::Fill::Hatch>: public PromiseBase<::shapes::Drawing::Fill::Hatch> {
public:
  using PromiseBase::PromiseBase;

  Promise<float> angle() const;
  Promise<::shapes::Point> line() const;
};

// =======================================================================================
// inline implementation details

inline Promise<::shapes::Shape::AreaResults> Ref<::shapes::Shape>::area() const {
  using Params = ::shapes::Shape::AreaParams;
  auto call = newCall<Params, ::shapes::Shape::AreaResults>(METHOD_AREA);
  return call.pend();
}

inline Promise<double> Promise<::shapes::Shape::AreaResults>::area() const {
  using Reader = ::shapes::Shape::AreaResults::Reader;
  return get<double, &Reader::getArea>({0, "area"});
}

inline ::kj::Promise<void> Server<::shapes::Shape>::area(Area) {
  return unimplemented("Shape", "area", ::capnp::typeId<::shapes::Shape>(), 0);
}

inline ServerBase::Dispatched Server<::shapes::Shape>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<::shapes::Shape>(): return dispatchMethod(methodId, context);
    default: return dispatchOther("Shape", interfaceId, methodId, context);
  }
}

inline ServerBase::Dispatched Server<::shapes::Shape>::dispatchMethod(
    uint16_t methodId, Context context) {
  switch (methodId) {
    case 0: return plain(area(Area(context)));
    default: return unimplementedMethod("Shape", ::capnp::typeId<::shapes::Shape>(), methodId);
  }
}

inline Done Server<::shapes::Shape>::Area::fulfill(Arg<double> area) {
  auto results = initResults(area);
  setResult(results, {0, "area"}, area, &::shapes::Shape::AreaResults::Builder::setArea);
  return {};
}

inline Promise<::shapes::Named::NameResults> Ref<::shapes::Named>::name() const {
  using Params = ::shapes::Named::NameParams;
  auto call = newCall<Params, ::shapes::Named::NameResults>(METHOD_NAME);
  return call.pend();
}

inline Promise<::shapes::Named::RenameResults> Ref<::shapes::Named>::rename(
    Arg<::capnp::Text> name) const {
  using Params = ::shapes::Named::RenameParams;
  auto call = newCall<Params, ::shapes::Named::RenameResults>(METHOD_RENAME, name);
  call.set({0, "name", 0}, name);
  return call.pend();
}

template <std::invocable<::shapes::Named::RenameParams::Builder> Fill>
Promise<::shapes::Named::RenameResults> Ref<::shapes::Named>::rename(Fill&& fill) const {
  using Params = ::shapes::Named::RenameParams;
  return newCallWith<Params, ::shapes::Named::RenameResults>(METHOD_RENAME, fill).pend();
}

inline Promise<::capnp::Text> Promise<::shapes::Named::NameResults>::name() const {
  using Reader = ::shapes::Named::NameResults::Reader;
  return get<::capnp::Text, &Reader::getName>({0, "name", 0});
}

inline ::kj::Promise<void> Server<::shapes::Named>::name(Name) {
  return unimplemented("Named", "name", ::capnp::typeId<::shapes::Named>(), 0);
}

inline ::kj::Promise<void> Server<::shapes::Named>::rename(Rename) {
  return unimplemented("Named", "rename", ::capnp::typeId<::shapes::Named>(), 1);
}

inline ServerBase::Dispatched Server<::shapes::Named>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<::shapes::Named>(): return dispatchMethod(methodId, context);
    default: return dispatchOther("Named", interfaceId, methodId, context);
  }
}

inline ServerBase::Dispatched Server<::shapes::Named>::dispatchMethod(
    uint16_t methodId, Context context) {
  switch (methodId) {
    case 0: return cancelable(name(Name(context)));
    case 1: return cancelable(rename(Rename(context)));
    default: return unimplementedMethod("Named", ::capnp::typeId<::shapes::Named>(), methodId);
  }
}

inline Done Server<::shapes::Named>::Name::fulfill(Arg<::capnp::Text> name) {
  auto results = initResults(name);
  setResult(results, {0, "name", 0}, name);
  return {};
}

inline ::capnp::Text::Reader Server<::shapes::Named>::Rename::name() {
  return get<&::shapes::Named::RenameParams::Reader::getName>();
}

inline Done Server<::shapes::Named>::Rename::fulfill() { return {}; }

inline Promise<::shapes::Circle::RadiusResults> Ref<::shapes::Circle>::radius() const {
  using Params = ::shapes::Circle::RadiusParams;
  auto call = newCall<Params, ::shapes::Circle::RadiusResults>(METHOD_RADIUS);
  return call.pend();
}

inline Promise<::shapes::Shape::AreaResults> Ref<::shapes::Circle>::area() const {
  using Params = ::shapes::Shape::AreaParams;
  auto call = newCall<Params, ::shapes::Shape::AreaResults>(METHOD_AREA);
  return call.pend();
}

inline Promise<::shapes::Named::NameResults> Ref<::shapes::Circle>::name() const {
  using Params = ::shapes::Named::NameParams;
  auto call = newCall<Params, ::shapes::Named::NameResults>(METHOD_NAME);
  return call.pend();
}

inline Promise<::shapes::Named::RenameResults> Ref<::shapes::Circle>::rename(
    Arg<::capnp::Text> name) const {
  using Params = ::shapes::Named::RenameParams;
  auto call = newCall<Params, ::shapes::Named::RenameResults>(METHOD_RENAME, name);
  call.set({0, "name", 0}, name);
  return call.pend();
}

template <std::invocable<::shapes::Named::RenameParams::Builder> Fill>
Promise<::shapes::Named::RenameResults> Ref<::shapes::Circle>::rename(Fill&& fill) const {
  using Params = ::shapes::Named::RenameParams;
  return newCallWith<Params, ::shapes::Named::RenameResults>(METHOD_RENAME, fill).pend();
}

inline Promise<double> Promise<::shapes::Circle::RadiusResults>::radius() const {
  using Reader = ::shapes::Circle::RadiusResults::Reader;
  return get<double, &Reader::getRadius>({0, "radius"});
}

inline ::kj::Promise<void> Server<::shapes::Circle>::radius(Radius) {
  return unimplemented("Circle", "radius", ::capnp::typeId<::shapes::Circle>(), 0);
}

inline ServerBase::Dispatched Server<::shapes::Circle>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<::shapes::Circle>(): return dispatchMethod(methodId, context);
    case ::capnp::typeId<::shapes::Shape>():
      return ::troth::Server<::shapes::Shape>::dispatchMethod(methodId, context);
    case ::capnp::typeId<::shapes::Named>():
      return ::troth::Server<::shapes::Named>::dispatchMethod(methodId, context);
    default: return dispatchOther("Circle", interfaceId, methodId, context);
  }
}

inline ServerBase::Dispatched Server<::shapes::Circle>::dispatchMethod(
    uint16_t methodId, Context context) {
  switch (methodId) {
    case 0: return plain(radius(Radius(context)));
    default: return unimplementedMethod("Circle", ::capnp::typeId<::shapes::Circle>(), methodId);
  }
}

inline Done Server<::shapes::Circle>::Radius::fulfill(Arg<double> radius) {
  auto results = initResults(radius);
  setResult(results, {0, "radius"}, radius, &::shapes::Circle::RadiusResults::Builder::setRadius);
  return {};
}

inline Promise<::shapes::Square::SideResults> Ref<::shapes::Square>::side() const {
  using Params = ::shapes::Square::SideParams;
  auto call = newCall<Params, ::shapes::Square::SideResults>(METHOD_SIDE);
  return call.pend();
}

inline Promise<::shapes::Square::RenameResults> Ref<::shapes::Square>::rename_(
    Arg<double> side) const {
  using Params = ::shapes::Square::RenameParams;
  auto call = newCall<Params, ::shapes::Square::RenameResults>(METHOD_RENAME_, side);
  call.set({0, "side"}, side, &Params::Builder::setSide);
  return call.pend();
}

template <std::invocable<::shapes::Square::RenameParams::Builder> Fill>
Promise<::shapes::Square::RenameResults> Ref<::shapes::Square>::rename_(Fill&& fill) const {
  using Params = ::shapes::Square::RenameParams;
  return newCallWith<Params, ::shapes::Square::RenameResults>(METHOD_RENAME_, fill).pend();
}

inline Promise<::shapes::Shape::AreaResults> Ref<::shapes::Square>::area() const {
  using Params = ::shapes::Shape::AreaParams;
  auto call = newCall<Params, ::shapes::Shape::AreaResults>(METHOD_AREA);
  return call.pend();
}

inline Promise<::shapes::Named::NameResults> Ref<::shapes::Square>::name() const {
  using Params = ::shapes::Named::NameParams;
  auto call = newCall<Params, ::shapes::Named::NameResults>(METHOD_NAME);
  return call.pend();
}

inline Promise<::shapes::Named::RenameResults> Ref<::shapes::Square>::rename(
    Arg<::capnp::Text> name) const {
  using Params = ::shapes::Named::RenameParams;
  auto call = newCall<Params, ::shapes::Named::RenameResults>(METHOD_RENAME, name);
  call.set({0, "name", 0}, name);
  return call.pend();
}

template <std::invocable<::shapes::Named::RenameParams::Builder> Fill>
Promise<::shapes::Named::RenameResults> Ref<::shapes::Square>::rename(Fill&& fill) const {
  using Params = ::shapes::Named::RenameParams;
  return newCallWith<Params, ::shapes::Named::RenameResults>(METHOD_RENAME, fill).pend();
}

inline Promise<double> Promise<::shapes::Square::SideResults>::side() const {
  using Reader = ::shapes::Square::SideResults::Reader;
  return get<double, &Reader::getSide>({0, "side"});
}

inline ::kj::Promise<void> Server<::shapes::Square>::side(Side) {
  return unimplemented("Square", "side", ::capnp::typeId<::shapes::Square>(), 0);
}

inline ::kj::Promise<void> Server<::shapes::Square>::rename_(Rename_) {
  return unimplemented("Square", "rename", ::capnp::typeId<::shapes::Square>(), 1);
}

inline ServerBase::Dispatched Server<::shapes::Square>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<::shapes::Square>(): return dispatchMethod(methodId, context);
    case ::capnp::typeId<::shapes::Shape>():
      return ::troth::Server<::shapes::Shape>::dispatchMethod(methodId, context);
    case ::capnp::typeId<::shapes::Named>():
      return ::troth::Server<::shapes::Named>::dispatchMethod(methodId, context);
    default: return dispatchOther("Square", interfaceId, methodId, context);
  }
}

inline ServerBase::Dispatched Server<::shapes::Square>::dispatchMethod(
    uint16_t methodId, Context context) {
  switch (methodId) {
    case 0: return plain(side(Side(context)));
    case 1: return plain(rename_(Rename_(context)));
    default: return unimplementedMethod("Square", ::capnp::typeId<::shapes::Square>(), methodId);
  }
}

inline Done Server<::shapes::Square>::Side::fulfill(Arg<double> side) {
  auto results = initResults(side);
  setResult(results, {0, "side"}, side, &::shapes::Square::SideResults::Builder::setSide);
  return {};
}

inline double Server<::shapes::Square>::Rename_::side() {
  return get<&::shapes::Square::RenameParams::Reader::getSide>();
}

inline Done Server<::shapes::Square>::Rename_::fulfill() { return {}; }

inline Promise<::shapes::Circle::RadiusResults> Ref<::shapes::Blob>::radius() const {
  using Params = ::shapes::Circle::RadiusParams;
  auto call = newCall<Params, ::shapes::Circle::RadiusResults>(METHOD_RADIUS);
  return call.pend();
}

inline Promise<::shapes::Shape::AreaResults> Ref<::shapes::Blob>::area() const {
  using Params = ::shapes::Shape::AreaParams;
  auto call = newCall<Params, ::shapes::Shape::AreaResults>(METHOD_AREA);
  return call.pend();
}

inline Promise<::shapes::Named::NameResults> Ref<::shapes::Blob>::name() const {
  using Params = ::shapes::Named::NameParams;
  auto call = newCall<Params, ::shapes::Named::NameResults>(METHOD_NAME);
  return call.pend();
}

inline Promise<::shapes::Named::RenameResults> Ref<::shapes::Blob>::rename(
    Arg<::capnp::Text> name) const {
  using Params = ::shapes::Named::RenameParams;
  auto call = newCall<Params, ::shapes::Named::RenameResults>(METHOD_RENAME, name);
  call.set({0, "name", 0}, name);
  return call.pend();
}

template <std::invocable<::shapes::Named::RenameParams::Builder> Fill>
Promise<::shapes::Named::RenameResults> Ref<::shapes::Blob>::rename(Fill&& fill) const {
  using Params = ::shapes::Named::RenameParams;
  return newCallWith<Params, ::shapes::Named::RenameResults>(METHOD_RENAME, fill).pend();
}

inline Promise<::shapes::Square::SideResults> Ref<::shapes::Blob>::side() const {
  using Params = ::shapes::Square::SideParams;
  auto call = newCall<Params, ::shapes::Square::SideResults>(METHOD_SIDE);
  return call.pend();
}

inline Promise<::shapes::Square::RenameResults> Ref<::shapes::Blob>::rename_(
    Arg<double> side) const {
  using Params = ::shapes::Square::RenameParams;
  auto call = newCall<Params, ::shapes::Square::RenameResults>(METHOD_RENAME_, side);
  call.set({0, "side"}, side, &Params::Builder::setSide);
  return call.pend();
}

template <std::invocable<::shapes::Square::RenameParams::Builder> Fill>
Promise<::shapes::Square::RenameResults> Ref<::shapes::Blob>::rename_(Fill&& fill) const {
  using Params = ::shapes::Square::RenameParams;
  return newCallWith<Params, ::shapes::Square::RenameResults>(METHOD_RENAME_, fill).pend();
}

inline ServerBase::Dispatched Server<::shapes::Blob>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<::shapes::Blob>(): return dispatchMethod(methodId, context);
    case ::capnp::typeId<::shapes::Circle>():
      return ::troth::Server<::shapes::Circle>::dispatchMethod(methodId, context);
    case ::capnp::typeId<::shapes::Shape>():
      return ::troth::Server<::shapes::Shape>::dispatchMethod(methodId, context);
    case ::capnp::typeId<::shapes::Named>():
      return ::troth::Server<::shapes::Named>::dispatchMethod(methodId, context);
    case ::capnp::typeId<::shapes::Square>():
      return ::troth::Server<::shapes::Square>::dispatchMethod(methodId, context);
    default: return dispatchOther("Blob", interfaceId, methodId, context);
  }
}

inline ServerBase::Dispatched Server<::shapes::Blob>::dispatchMethod(uint16_t methodId, Context) {
  return unimplementedMethod("Blob", ::capnp::typeId<::shapes::Blob>(), methodId);
}

inline Promise<::shapes::Painted::SideResults> Ref<::shapes::Painted>::side() const {
  using Params = ::shapes::Painted::SideParams;
  auto call = newCall<Params, ::shapes::Painted::SideResults>(METHOD_SIDE);
  return call.pend();
}

inline Promise<::shapes::Color> Promise<::shapes::Painted::SideResults>::color() const {
  using Reader = ::shapes::Painted::SideResults::Reader;
  return get<::shapes::Color, &Reader::getColor>({0, "color"});
}

inline ::kj::Promise<void> Server<::shapes::Painted>::side(Side) {
  return unimplemented("Painted", "side", ::capnp::typeId<::shapes::Painted>(), 0);
}

inline ServerBase::Dispatched Server<::shapes::Painted>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<::shapes::Painted>(): return dispatchMethod(methodId, context);
    default: return dispatchOther("Painted", interfaceId, methodId, context);
  }
}

inline ServerBase::Dispatched Server<::shapes::Painted>::dispatchMethod(
    uint16_t methodId, Context context) {
  switch (methodId) {
    case 0: return plain(side(Side(context)));
    default: return unimplementedMethod("Painted", ::capnp::typeId<::shapes::Painted>(), methodId);
  }
}

inline Done Server<::shapes::Painted>::Side::fulfill(Arg<::shapes::Color> color) {
  auto results = initResults(color);
  setResult(results, {0, "color"}, color, &::shapes::Painted::SideResults::Builder::setColor);
  return {};
}

inline Promise<::shapes::Square::RenameResults> Ref<::shapes::Tile>::rename_(
    Arg<double> side) const {
  using Params = ::shapes::Square::RenameParams;
  auto call = newCall<Params, ::shapes::Square::RenameResults>(METHOD_RENAME_, side);
  call.set({0, "side"}, side, &Params::Builder::setSide);
  return call.pend();
}

template <std::invocable<::shapes::Square::RenameParams::Builder> Fill>
Promise<::shapes::Square::RenameResults> Ref<::shapes::Tile>::rename_(Fill&& fill) const {
  using Params = ::shapes::Square::RenameParams;
  return newCallWith<Params, ::shapes::Square::RenameResults>(METHOD_RENAME_, fill).pend();
}

inline Promise<::shapes::Shape::AreaResults> Ref<::shapes::Tile>::area() const {
  using Params = ::shapes::Shape::AreaParams;
  auto call = newCall<Params, ::shapes::Shape::AreaResults>(METHOD_AREA);
  return call.pend();
}

inline Promise<::shapes::Named::NameResults> Ref<::shapes::Tile>::name() const {
  using Params = ::shapes::Named::NameParams;
  auto call = newCall<Params, ::shapes::Named::NameResults>(METHOD_NAME);
  return call.pend();
}

inline Promise<::shapes::Named::RenameResults> Ref<::shapes::Tile>::rename(
    Arg<::capnp::Text> name) const {
  using Params = ::shapes::Named::RenameParams;
  auto call = newCall<Params, ::shapes::Named::RenameResults>(METHOD_RENAME, name);
  call.set({0, "name", 0}, name);
  return call.pend();
}

template <std::invocable<::shapes::Named::RenameParams::Builder> Fill>
Promise<::shapes::Named::RenameResults> Ref<::shapes::Tile>::rename(Fill&& fill) const {
  using Params = ::shapes::Named::RenameParams;
  return newCallWith<Params, ::shapes::Named::RenameResults>(METHOD_RENAME, fill).pend();
}

inline ServerBase::Dispatched Server<::shapes::Tile>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<::shapes::Tile>(): return dispatchMethod(methodId, context);
    case ::capnp::typeId<::shapes::Square>():
      return ::troth::Server<::shapes::Square>::dispatchMethod(methodId, context);
    case ::capnp::typeId<::shapes::Shape>():
      return ::troth::Server<::shapes::Shape>::dispatchMethod(methodId, context);
    case ::capnp::typeId<::shapes::Named>():
      return ::troth::Server<::shapes::Named>::dispatchMethod(methodId, context);
    case ::capnp::typeId<::shapes::Painted>():
      return ::troth::Server<::shapes::Painted>::dispatchMethod(methodId, context);
    default: return dispatchOther("Tile", interfaceId, methodId, context);
  }
}

inline ServerBase::Dispatched Server<::shapes::Tile>::dispatchMethod(uint16_t methodId, Context) {
  return unimplementedMethod("Tile", ::capnp::typeId<::shapes::Tile>(), methodId);
}

inline Promise<void> Ref<::shapes::Canvas>::draw(Arg<::shapes::Point> point) const {
  using Params = ::shapes::Canvas::DrawParams;
  auto call = newCall<Params, void>(METHOD_DRAW, point);
  call.set({0, "point", 0}, point);
  return call.pendStream();
}

inline Promise<void> Ref<::shapes::Canvas>::wipe(Arg<float> speed) const {
  using Params = ::shapes::Canvas::WipeParams;
  auto call = newCall<Params, void>(METHOD_WIPE, speed);
  call.set({0, "speed"}, speed, &Params::Builder::setSpeed);
  return call.pendStream();
}

template <std::invocable<::shapes::Canvas::WipeParams::Builder> Fill>
Promise<void> Ref<::shapes::Canvas>::wipe(Fill&& fill) const {
  using Params = ::shapes::Canvas::WipeParams;
  return newCallWith<Params, void>(METHOD_WIPE, fill).pendStream();
}

inline Promise<::shapes::Canvas::FinishResults> Ref<::shapes::Canvas>::finish() const {
  using Params = ::shapes::Canvas::FinishParams;
  auto call = newCall<Params, ::shapes::Canvas::FinishResults>(METHOD_FINISH);
  return call.pend();
}

inline Promise<::shapes::Drawing> Ref<::shapes::Canvas>::replace(
    Arg<::shapes::Drawing> params) const {
  using Params = ::shapes::Drawing;
  return newCallWith<Params, ::shapes::Drawing>(METHOD_REPLACE, params).pend();
}

inline Promise<::shapes::Ink> Ref<::shapes::Canvas>::ink(Arg<::shapes::Ink> params) const {
  using Params = ::shapes::Ink;
  return newCallWith<Params, ::shapes::Ink>(METHOD_INK, params).pend();
}

inline Promise<::shapes::Drawing> Promise<::shapes::Canvas::FinishResults>::drawing() const {
  using Reader = ::shapes::Canvas::FinishResults::Reader;
  return get<::shapes::Drawing, &Reader::getDrawing>({0, "drawing", 0});
}

inline ::kj::Promise<void> Server<::shapes::Canvas>::draw(Draw) {
  return unimplemented("Canvas", "draw", ::capnp::typeId<::shapes::Canvas>(), 0);
}

inline ::kj::Promise<void> Server<::shapes::Canvas>::wipe(Wipe) {
  return unimplemented("Canvas", "wipe", ::capnp::typeId<::shapes::Canvas>(), 1);
}

inline ::kj::Promise<void> Server<::shapes::Canvas>::finish(Finish) {
  return unimplemented("Canvas", "finish", ::capnp::typeId<::shapes::Canvas>(), 2);
}

inline ::kj::Promise<void> Server<::shapes::Canvas>::replace(Replace) {
  return unimplemented("Canvas", "replace", ::capnp::typeId<::shapes::Canvas>(), 3);
}

inline ::kj::Promise<void> Server<::shapes::Canvas>::ink(Ink) {
  return unimplemented("Canvas", "ink", ::capnp::typeId<::shapes::Canvas>(), 4);
}

inline ServerBase::Dispatched Server<::shapes::Canvas>::dispatchCall(
    uint64_t interfaceId, uint16_t methodId, Context context) {
  switch (interfaceId) {
    case ::capnp::typeId<::shapes::Canvas>(): return dispatchMethod(methodId, context);
    default: return dispatchOther("Canvas", interfaceId, methodId, context);
  }
}

inline ServerBase::Dispatched Server<::shapes::Canvas>::dispatchMethod(
    uint16_t methodId, Context context) {
  switch (methodId) {
    case 0: return streaming([&]() { return draw(Draw(context)); });
    case 1: return cancelableStreaming([&]() { return wipe(Wipe(context)); });
    case 2: return cancelable(finish(Finish(context)));
    case 3: return plain(replace(Replace(context)));
    case 4: return plain(ink(Ink(context)));
    default: return unimplementedMethod("Canvas", ::capnp::typeId<::shapes::Canvas>(), methodId);
  }
}

inline ::shapes::Point::Reader Server<::shapes::Canvas>::Draw::point() {
  return get<&::shapes::Canvas::DrawParams::Reader::getPoint>();
}

inline float Server<::shapes::Canvas>::Wipe::speed() {
  return get<&::shapes::Canvas::WipeParams::Reader::getSpeed>();
}

inline Done Server<::shapes::Canvas>::Finish::fulfill(Arg<::shapes::Drawing> drawing) {
  auto results = initResults(drawing);
  setResult(results, {0, "drawing", 0}, drawing);
  return {};
}

inline ::capnp::List<::shapes::Point>::Reader Server<::shapes::Canvas>::Replace::points() {
  return get<&::shapes::Drawing::Reader::getPoints>();
}

inline ::shapes::Drawing::Fill::Reader Server<::shapes::Canvas>::Replace::fill() {
  return get<&::shapes::Drawing::Reader::getFill>();
}

inline Done Server<::shapes::Canvas>::Replace::fulfill(Arg<::shapes::Drawing> results) {
  setResults(results);
  return {};
}

inline float Server<::shapes::Canvas>::Ink::amount() {
  return get<&::shapes::Ink::Reader::getAmount>();
}

inline Done Server<::shapes::Canvas>::Ink::fulfill(Arg<::shapes::Ink> results) {
  setResults(results);
  return {};
}

inline Promise<float> Promise<::shapes::Point>::x() const {
  using Reader = ::shapes::Point::Reader;
  return get<float, &Reader::getX>({0, "x"});
}

inline Promise<float> Promise<::shapes::Point>::y() const {
  using Reader = ::shapes::Point::Reader;
  return get<float, &Reader::getY>({1, "y"});
}

inline Promise<float> Promise<::shapes::Ink>::amount() const {
  using Reader = ::shapes::Ink::Reader;
  return get<float, &Reader::getAmount>({0, "amount"});
}

inline Promise<::shapes::Color> Promise<::shapes::Ink>::color() const {
  using Reader = ::shapes::Ink::Reader;
  return get<::shapes::Color, &Reader::getColor, &Reader::isColor>({1, "color"});
}

inline Promise<::capnp::List<::shapes::Ink>> Promise<::shapes::Ink>::mixture() const {
  using Reader = ::shapes::Ink::Reader;
  return get<::capnp::List<::shapes::Ink>, &Reader::getMixture, &Reader::isMixture>(
      {2, "mixture", 0});
}

inline Promise<::capnp::Void> Promise<::shapes::Ink>::none() const {
  using Reader = ::shapes::Ink::Reader;
  return get<::capnp::Void, &Reader::getNone, &Reader::isNone>({3, "none"});
}

inline Promise<::capnp::List<::shapes::Point>> Promise<::shapes::Drawing>::points() const {
  using Reader = ::shapes::Drawing::Reader;
  return get<::capnp::List<::shapes::Point>, &Reader::getPoints>({0, "points", 0});
}

inline Promise<::shapes::Drawing::Fill> Promise<::shapes::Drawing>::fill() const {
  using Reader = ::shapes::Drawing::Reader;
  return get<::shapes::Drawing::Fill, &Reader::getFill>({1, "fill"});
}

inline Promise<::capnp::Void> Promise<::shapes::Drawing::Fill>::none() const {
  using Reader = ::shapes::Drawing::Fill::Reader;
  return get<::capnp::Void, &Reader::getNone, &Reader::isNone>({0, "none"});
}

inline Promise<::shapes::Color> Promise<::shapes::Drawing::Fill>::color() const {
  using Reader = ::shapes::Drawing::Fill::Reader;
  return get<::shapes::Color, &Reader::getColor, &Reader::isColor>({1, "color"});
}

inline Promise<::capnp::Data> Promise<::shapes::Drawing::Fill>::image() const {
  using Reader = ::shapes::Drawing::Fill::Reader;
  return get<::capnp::Data, &Reader::getImage, &Reader::isImage>({2, "image", 1});
}

inline Ref<::shapes::Canvas> Promise<::shapes::Drawing::Fill>::canvas() const {
  using Reader = ::shapes::Drawing::Fill::Reader;
  return get<::shapes::Canvas, &Reader::getCanvas, &Reader::isCanvas>({3, "canvas", 1});
}

inline Promise<::shapes::Drawing::Fill::Hatch> Promise<::shapes::Drawing::Fill>::hatch() const {
  using Reader = ::shapes::Drawing::Fill::Reader;
  return get<::shapes::Drawing::Fill::Hatch, &Reader::getHatch, &Reader::isHatch>({4, "hatch"});
}

inline Promise<float> Promise<::shapes::Drawing::Fill::Hatch>::angle() const {
  using Reader = ::shapes::Drawing::Fill::Hatch::Reader;
  return get<float, &Reader::getAngle>({0, "angle"});
}

inline Promise<::shapes::Point> Promise<::shapes::Drawing::Fill::Hatch>::line() const {
  using Reader = ::shapes::Drawing::Fill::Hatch::Reader;
  return get<::shapes::Point, &Reader::getLine>({1, "line", 1});
}

}  // namespace troth
