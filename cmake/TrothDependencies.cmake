# What Troth is built on. `./dev setup` installs or builds all of it.
find_package(CapnProto 1.1 REQUIRED CONFIG)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
pkg_check_modules(LibUV REQUIRED IMPORTED_TARGET libuv>=1.44)
pkg_check_modules(SQLite REQUIRED IMPORTED_TARGET sqlite3>=3.37)
if(TROTH_BUILD_TESTS)
  find_package(GTest REQUIRED)
  # Not part of an installation of Cap'n Proto: they come from its source.
  set(TROTH_CAPNP_TEST_SCHEMAS "$ENV{TROTH_CAPNP_TEST_SCHEMAS}" CACHE PATH
    "Folder with Cap'n Proto's own test.capnp, as `./dev path capnp-test-schemas` prints it")
endif()
if(TROTH_BUILD_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
