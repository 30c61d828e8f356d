@0xb6e0c9f2d5a81347;

interface Hello {
  echo @0 (text :Text) -> (text :Text);
  next @1 () -> (next :Hello);
}
