# troth_generate(TARGET SCHEMA.capnp...): see the set-up part.
