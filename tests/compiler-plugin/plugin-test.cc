// Runs the plugin as a program, by way of the Cap'n Proto compiler and without it.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

namespace fs = std::filesystem;

struct Outcome {
  int exitCode;
  std::string output;
};

class Plugin: public testing::Test {
protected:
  fs::path folder;

  void SetUp() override {
    auto name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder = fs::path(testing::TempDir()) / ("capnpc-troth-" + std::string(name));
    fs::remove_all(folder);
    fs::create_directories(folder / "out");
  }
  void TearDown() override { fs::remove_all(folder); }

  // What `command` prints, on either stream, and how it ends. It runs in the folder of this test.
  Outcome run(const std::string& command) {
    auto line = "cd '" + folder.string() + "' && (" + command + ") 2>&1";
    auto pipe = popen(line.c_str(), "r");
    std::string output;
    char chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), pipe)) > 0;) output.append(chunk, n);
    int status = pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
  }

  Outcome compile(const std::string& arguments) {
    return run(
        CAPNP " compile --no-standard-import -I" CAPNP_SCHEMAS " -o" PLUGIN ":out " + arguments);
  }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << "@0x93b71dc9d4a5ee4f;\n" << text;
  }

  std::string read(const std::string& name) {
    std::ifstream file(folder / name);
    EXPECT_TRUE(file.good()) << name;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(Plugin, WritesAStubForEachSchema) {
  write("a/x.capnp", "struct S { n @0 :Int32; }");
  EXPECT_EQ(compile("a/x.capnp").exitCode, 0);
  EXPECT_TRUE(contains(read("out/a/x.troth.h"), "class Promise<::S>"));
}

TEST_F(Plugin, LeavesOutTheSourcePrefix) {
  write("a/x.capnp", "struct S { n @0 :Int32; }");
  EXPECT_EQ(compile("--src-prefix=a a/x.capnp").exitCode, 0);
  EXPECT_TRUE(contains(read("out/x.troth.h"), "#include \"x.capnp.h\""));
}

TEST_F(Plugin, WritesTheSameEachTime) {
  write("x.capnp", "interface I { a @0 (x :Text); b @1 () -> (i :I); }");
  EXPECT_EQ(compile("x.capnp").exitCode, 0);
  auto first = read("out/x.troth.h");
  EXPECT_EQ(compile("x.capnp").exitCode, 0);
  EXPECT_EQ(first, read("out/x.troth.h"));
}

TEST_F(Plugin, WritesAStubForASchemaThatDeclaresNothing) {
  write("x.capnp", "const n :Int32 = 3;");
  EXPECT_EQ(compile("x.capnp").exitCode, 0);
  EXPECT_TRUE(contains(read("out/x.troth.h"), "#include \"x.capnp.h\""));
}

TEST_F(Plugin, LeavesSchemaErrorsToTheCompilerWhichNamesFileAndLine) {
  write("x.capnp", "\nstruct S { n @0 :NoSuchType; }");
  auto outcome = compile("x.capnp");
  EXPECT_EQ(outcome.exitCode, 1);
  EXPECT_TRUE(contains(outcome.output, "x.capnp:3:")) << outcome.output;
  EXPECT_FALSE(fs::exists(folder / "out/x.troth.h"));
}

TEST_F(Plugin, NamesFileAndLineOfANameThatCppCannotUse) {
  write("x.capnp",
      "using Cxx = import \"/capnp/c++.capnp\";\n\n"
      "struct S $Cxx.name(\"two words\") { n @0 :Int32; }");
  auto outcome = compile("x.capnp");
  EXPECT_NE(outcome.exitCode, 0);
  EXPECT_TRUE(
      contains(outcome.output, "x.capnp:4: error: S: $Cxx.name is not a name that C++ can use."))
      << outcome.output;
}

TEST_F(Plugin, NamesTheLineOfASchemaThatHasAPrefix) {
  write("deep/x.capnp",
      "using Cxx = import \"/capnp/c++.capnp\";\n\n\n"
      "interface I { m @0 () $Cxx.name(\"1st\"); }");
  auto outcome = compile("--src-prefix=deep deep/x.capnp");
  EXPECT_NE(outcome.exitCode, 0);
  EXPECT_TRUE(contains(outcome.output, "x.capnp:5: error: I: $Cxx.name of `m`")) << outcome.output;
}

TEST_F(Plugin, RefusesANamespaceThatCppCannotUse) {
  write("x.capnp", "using Cxx = import \"/capnp/c++.capnp\";\n$Cxx.namespace(\"a:b\");");
  auto outcome = compile("x.capnp");
  EXPECT_NE(outcome.exitCode, 0);
  EXPECT_TRUE(contains(outcome.output, "$Cxx.namespace")) << outcome.output;
}

TEST_F(Plugin, RefusesABaseThatCppCannotName) {
  write("x.capnp",
      "interface Base(T) { m @0 () -> (t :T); }\n"
      "interface Outer(T) {\n"
      "  interface Inner extends(Base(T)) { m @0 (); }\n"
      "}");
  auto outcome = compile("x.capnp");
  EXPECT_NE(outcome.exitCode, 0);
  EXPECT_TRUE(contains(outcome.output, "x.capnp:4: error: Outer.Inner: ")) << outcome.output;
  EXPECT_TRUE(contains(outcome.output, "the base Base")) << outcome.output;
}

TEST_F(Plugin, SaysWhatItCannotWrite) {
  write("x.capnp", "struct S {}");
  fs::create_directories(folder / "out/x.troth.h");
  auto outcome = compile("x.capnp");
  EXPECT_NE(outcome.exitCode, 0);
  EXPECT_TRUE(contains(outcome.output, "cannot write x.troth.h: ")) << outcome.output;
}

TEST_F(Plugin, RefusesInputThatIsNoRequest) {
  for (auto command: {"printf ''", "printf hello", "seq 1000", "head -c 64 /dev/zero"}) {
    auto outcome = run(std::string(command) + " | " PLUGIN);
    EXPECT_EQ(outcome.exitCode, 1) << command;
    EXPECT_TRUE(contains(outcome.output, "request of the Cap'n Proto compiler")) << outcome.output;
  }
}

TEST_F(Plugin, RefusesARequestThatIsCutOff) {
  write("x.capnp", "struct S { n @0 :Int32; }");
  auto outcome = run(CAPNP " compile -o- x.capnp | head -c 200 | " PLUGIN);
  EXPECT_EQ(outcome.exitCode, 1);
  EXPECT_TRUE(contains(outcome.output, "request of the Cap'n Proto compiler")) << outcome.output;
}

TEST_F(Plugin, TellsWhatItIs) {
  auto help = run(PLUGIN " --help");
  EXPECT_EQ(help.exitCode, 0);
  EXPECT_TRUE(contains(help.output, "capnp compile -oc++ -otroth")) << help.output;
  auto version = run(PLUGIN " --version");
  EXPECT_EQ(version.exitCode, 0);
  EXPECT_TRUE(contains(version.output, "capnpc-troth 0.")) << version.output;
}

TEST_F(Plugin, SaysHowToRunItInATerminal) {
  auto outcome = run("script --quiet --return --command " PLUGIN " /dev/null </dev/null");
  EXPECT_EQ(outcome.exitCode, 1);
  EXPECT_TRUE(contains(outcome.output, "capnp compile -oc++ -otroth")) << outcome.output;
}

}  // namespace
