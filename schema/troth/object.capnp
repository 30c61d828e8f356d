@0x85216283386907ef;
# What Troth adds to Cap'n Proto on the wire: calls whose arguments are not known yet.
#
# It travels in ordinary calls of one more interface, which every object served by Troth implements.
# A peer without it answers such a call with UNIMPLEMENTED, before anything has run; the caller then
# waits for the arguments itself and makes a plain call. It maps a list itself when that has
# arrived, one call for each step and element. So a peer without this schema never looks at the
# structs below, and a caller sends it no more of them once it has answered so.
#
# Members are only ever added, and a peer that does not know one ignores it, as in any schema.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troth::wire");

interface Object @0xd05000cf7e1ff657 {
  # Calls methods of the object that implements it, and of no other: a caller can do nothing through
  # this interface that it could not do without it.

  invoke @0 (interfaceId :UInt64, methodId :UInt16, params :AnyPointer, holes :List(Hole),
          named :Bool, options :CallOptions)
      -> (results :AnyPointer, answer :Answer);
  # Calls method `methodId` of interface `interfaceId` with `params`, once every hole in them is filled.
  #
  # `results` are what the method gives, and pipeline as its own results would. If `named` is set,
  # `answer` names the outcome, and can be used before there is one; else there is no answer, which
  # spares both sides an object.
  #
  # A call without holes keeps its place among the calls of its caller. One with holes starts when
  # the last of them is filled, and does not hold back calls made later.
  #
  # At most 64 holes; more are refused with OVERLOADED. So is a call whose holes are not filled after
  # an hour, unless the vat is told otherwise.
  #
  # `options` say how the call is to be made; null is the same as all defaults.
  #
  # An object that has this method marks every UNIMPLEMENTED that it breaks with: the reason starts
  # with "invoked: ". Any other UNIMPLEMENTED says that the object has no such method.

  map @1 (list :Answer, path :List(UInt16), body :Body, captures :List(Answer),
          options :CallOptions, named :Bool)
      -> (values :List(Value), answer :Answer);
  # Runs `body` for each element of the list at `path` in `list`, which is an answer of this vat.
  # `values` are the results, in the order of the list. Breaks with the error of the first element
  # whose body breaks. `options` hold for all of it, and for the calls of its steps. If `named` is
  # set, `answer` names the outcome: in its paths `values` is field 0, and each value is a whole,
  # except that one which is a list has elements.
  #
  # UNIMPLEMENTED is marked as in invoke.
  #
  # The reason of an error has a line for the element that broke, "while mapping element 17 (step 2)".
  #
  # At most 64 elements are worked on at once. At most 65536 elements, 64 steps and 64 captures;
  # more are refused with OVERLOADED, as are more than 1048576 elements with those of all the lists
  # that maps in the body map. Of such lists 8, 2 and 1 elements are worked on at once.
}

interface Answer @0xac691d2d727eb4b5 {
  # The outcome of one call, existing or to come. It keeps the results, and so is to be dropped when
  # no more holes need it. There are as many as the references that a peer may hold.

  get @0 (path :List(UInt16)) -> (value :Value);
  # Waits for the outcome and gives the value at `path`. Breaks with the error of the call if it
  # broke. This is for an answer in another vat, and for an object that pipelining does not lead to,
  # because it is in a list or in a union; a vat reads values in its own answers directly.
}

struct CallOptions {
  # How a call is to be made. A peer that does not know a member makes the call as if it was not set.

  timeLeft @0 :UInt64;
  # Nanoseconds, from the arrival of the call, in which it is to be done; 0 for as long as it takes.
  # It is no point in time, because the clocks of two vats differ; so the time on the way comes on
  # top, and a caller keeps the time by itself too.
  #
  # Waiting for holes counts. When the time is up the call breaks with OVERLOADED, and its method is
  # cancelled with all that it waits for, whether or not its calls can be cancelled by callers who go
  # away. Calls that are made for it get what is left of it, or less.
  #
  # Every number is valid; more than a hundred years are taken as a hundred years. A peer that does
  # not know it learns of the end by the Finish of a caller that has given up.

  durable @1 :Text;
  # The id under which the call is recorded by the vat that runs it; null for a call that is not. The
  # same id gives the same outcome, whoever asks for it and whenever. A vat that cannot record the
  # call breaks it with FAILED, before anything has run. At most 512 bytes of UTF-8 without control
  # characters. Once the call is recorded, a Finish without an answer only means that the caller does
  # not wait any longer.

  parent @2 :Text;
  # The id of the durable call on whose behalf this one is made, if its vat keeps its records in the
  # same store; null, or the id of what is not there, makes no difference but to who looks at records.

  cancelReason @3 :Text;
  # If this is not null, and the durable call has no outcome, it is canceled, with the durable calls
  # that it has made, and this text is what it breaks with. To be answered is to know that it has an
  # outcome, whichever. It takes all that the call itself takes: the same object, method, parameters
  # and id. A call that is not recorded yet is recorded as canceled, and never runs. A peer that does
  # not know this member makes the call. At most 4096 bytes; without `durable` it means nothing.
}

struct Hole {
  # A parameter that is not known yet. At most 64 in a call, one for each parameter. A peer without
  # it gets the call when the parameter is known to its caller.

  param @0 :UInt16;
  # Which parameter: its position in the list of the fields of the method's parameters. 65535 is all
  # of them: the value is the struct of the parameters. There are no other holes then.

  source @1 :Answer;
  # The call whose outcome has the value.

  path @2 :List(UInt16);
  # The way from the results of that call to the value: for each struct on it the position of a field,
  # for each list the position of an element. Without a step it leads to the results
  # themselves. At most 32 steps. A step into a member of a union that is
  # not the one that is set, or beyond the end of a list, breaks the call.
}

struct Value {
  # A value of any type, for Answer.get and for the results of map, because neither is bound to one
  # schema. Who gets it knows the type: from the schema of the parameter, or from its own program.
  # What is of another type breaks the call. Bounded by the size of a message.

  union {
    void @0 :Void;
    bool @1 :Bool;
    int @2 :Int64;
    # Int8 to Int64.
    uint @3 :UInt64;
    # UInt8 to UInt64.
    float @4 :Float64;
    # Float32 and Float64.
    enum @5 :UInt16;
    pointer @6 :AnyPointer;
    # Text, data, struct, list, interface, AnyPointer.
    list @7 :List(Value);
    # What a map gave, in a body or in all.
  }
}

struct Body {
  # What to do with one element of a list: calls, each of which can use the element, the results of
  # steps before it, and what was captured. At most 64 steps, and 4 bodies inside each other. A peer
  # without it gives the list, and the caller makes the calls.

  steps @0 :List(Step);
  # All of them are run. They start in this order, and none waits for another unless it uses it.

  result @1 :Operand;
  # What the element is mapped to.
}

struct Operand {
  # A value inside a body, before the body runs. One that names what is not there, or what comes
  # later in the body, breaks the map.

  union {
    element @0 :Void;
    step @1 :UInt16;
    # The results of a step, by its position in the body.
    capture @2 :UInt16;
    # The results of a call outside of the body, by its position in the captures.
  }
  path @3 :List(UInt16);
  # As in Hole. Without a step it is the element, or the results, as they are.
}

struct Step {
  # One call in a body, made once for each element, as invoke: at most 64 holes. Where its target
  # does not implement Object, the map breaks.

  target :union {
    operand @0 :Operand;
    object @1 :AnyPointer;
    # An object that the body captured.
  }
  interfaceId @2 :UInt64;
  methodId @3 :UInt16;
  params @4 :AnyPointer;
  holes @5 :List(StepHole);
  # The target fills them, as it does those of invoke: it must implement Object.

  map @6 :StepMap;
  # If this is not null the step is no call but a map, and the other members are not used. What it
  # gives can only be the result of the body.
}

struct StepHole {
  # A parameter of a step that is not known before the body runs. It becomes a Hole.

  param @0 :UInt16;
  # As in Hole.

  source @1 :Operand;
}

struct StepMap {
  # A map inside a body. At most 4 are inside each other, the outermost one included. A list that a
  # step gave may be in another vat: it is mapped there, by map of the object that the step called.

  list @0 :Operand;
  body @1 :Body;
  captures @2 :List(Operand);
  # Whole results, or the whole element: their paths are empty.
}
