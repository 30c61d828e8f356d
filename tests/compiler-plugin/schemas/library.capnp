@0xf00399662f79ee32;
# A library lends books.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("library");

interface Library {
  # Lends books to its members.

  join @0 (name :Text, born :Date) -> (member :Member);
  # Makes somebody a member.

  search @1 (words :List(Text), limit :UInt16 = 20, order :Order = byTitle) -> (books :List(Book));
  # Finds at most `limit` books. A path like C:\
  # does not end the comment.

  enum Order {
    byTitle @0;
    byYear @1;
  }
}

interface Member {
  # Somebody who borrows.

  borrow @0 (book :Book) -> (due :Date);
  giveBack @1 (book :Book);
}

struct Book {
  # A book, of which there may be copies.

  title @0 :Text;
  # What is written on it.

  year @1 :Int16;
  shelf :group {
    # Where it stands.

    room @2 :Text;
    number @3 :UInt32;
  }
}

struct Date {
  year @0 :Int16;
  month @1 :UInt8;
  day @2 :UInt8;
}
