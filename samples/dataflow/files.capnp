@0xa1c6f2d98e4b7035;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("files");

interface Folder {
  # A folder of files.

  open @0 (name :Text) -> (file :File);
  list @1 () -> (entries :List(Entry));
}

interface File {
  size @0 () -> (bytes :UInt64);
  read @1 (offset :UInt64, length :UInt64) -> (text :Text);
}

struct Entry {
  name @0 :Text;
  file @1 :File;
}
