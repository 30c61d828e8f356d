@0xaca20e8f53386046;
# What a schema can say to Troth about its methods.
#
#     using Troth = import "/troth/annotations.capnp";
#     interface Bank {
#       transfer @0 (from :Text, to :Text, amount :Int64) -> (total :Int64) $Troth.durable;
#     }
#
# Peers and tools without Troth ignore it.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troth::annotations");

annotation durable @0xa9378c5d5a44c144 (method) :Void;
# Every call of the method is recorded by the vat that runs it, and finished after a crash. A caller
# that wants to ask for it again gives it an id; the vat chooses one for other callers, stock ones
# included. The vat must have a store. Not for streaming methods.

annotation recordFirst @0xfcf21705814fa6cf (method) :Void;
# The code of the method does not start before its call is recorded, if it is a durable one. By
# default it may run ahead of the disk, and answers wait for the record; a call that was asked for
# twice while its first record was on its way can then run twice, though only one outcome counts.
# For methods whose own code acts on the world, and for those that begin with a step, which has to
# wait for the record in any case.
