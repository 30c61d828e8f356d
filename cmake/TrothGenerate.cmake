# troth_generate(TARGET SCHEMA.capnp... [SRC_PREFIX DIR] [IMPORT_PATHS DIR...])
#
# Adds to TARGET what Cap'n Proto and Troth generate from the schemas: TARGET, and what links to
# it, may include "x.troth.h" (and "x.capnp.h") for each x.capnp. Links TARGET to Troth::troth.
#
#   add_executable(bank-client client.cc)
#   troth_generate(bank-client bank.capnp)
#
# SRC_PREFIX    what a schema's path is relative to in an #include: with SRC_PREFIX schema,
#               schema/bank/teller.capnp becomes "bank/teller.troth.h". By default the folder of
#               the calling CMakeLists.txt.
# IMPORT_PATHS  where `import "/x.capnp"` is looked for, besides SRC_PREFIX and the folder of Cap'n
#               Proto's own schemas.
#
# An edited schema is generated anew, and so are the others in its list, which may import it.
function(troth_generate target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SRC_PREFIX" "IMPORT_PATHS")
  _troth_check_arguments()
  _troth_absolute(schemas ${arg_UNPARSED_ARGUMENTS})
  _troth_absolute(prefix "${arg_SRC_PREFIX}")
  _troth_absolute(imports ${arg_IMPORT_PATHS})

  # A project's warning flags do not reach into generated headers; those of Troth's own tests do.
  set(dir ${CMAKE_CURRENT_BINARY_DIR}/${target}.generated)
  file(MAKE_DIRECTORY ${dir})
  set(system SYSTEM)
  if(PROJECT_NAME STREQUAL Troth)
    set(system "")
  endif()
  target_include_directories(${target} ${system} PUBLIC $<BUILD_INTERFACE:${dir}>)

  foreach(schema IN LISTS schemas)
    _troth_generate_one()
  endforeach()
  target_link_libraries(${target} PUBLIC Troth::troth)
endfunction()

# The macros below are parts of troth_generate: they see its variables.

macro(_troth_check_arguments)
  if(NOT TARGET ${target})
    message(FATAL_ERROR "troth_generate: there is no target \"${target}\" yet.")
  endif()
  if(NOT arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "troth_generate(${target}): no schemas given.")
  endif()
  if(NOT arg_SRC_PREFIX)
    set(arg_SRC_PREFIX ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
endmacro()

macro(_troth_generate_one)
  cmake_path(IS_PREFIX prefix "${schema}" NORMALIZE inside)
  if(NOT inside)
    message(FATAL_ERROR "troth_generate(${target}): ${schema} is not inside SRC_PREFIX ${prefix}.")
  endif()
  if(NOT EXISTS ${schema})
    message(FATAL_ERROR "troth_generate(${target}): there is no ${schema}.")
  endif()
  cmake_path(RELATIVE_PATH schema BASE_DIRECTORY ${prefix} OUTPUT_VARIABLE name)
  string(REGEX REPLACE "\\.capnp$" "" base "${name}")
  set(outputs ${dir}/${name}.c++ ${dir}/${name}.h ${dir}/${base}.troth.h)
  add_custom_command(
    OUTPUT ${outputs}
    COMMAND CapnProto::capnp_tool compile
      -o$<TARGET_FILE:CapnProto::capnpc_cpp>:${dir}
      -o$<TARGET_FILE:Troth::capnpc-troth>:${dir}
      --src-prefix=${prefix} --import-path=${prefix} --import-path=${CAPNP_INCLUDE_DIRECTORY}
      --import-path=${TROTH_SCHEMA_DIRECTORY}
      "$<$<BOOL:${imports}>:--import-path=$<JOIN:${imports},;--import-path=>>"
      ${schema}
    DEPENDS ${schemas} Troth::capnpc-troth
    COMMENT "Generating ${base}.troth.h"
    COMMAND_EXPAND_LISTS VERBATIM)
  target_sources(${target} PRIVATE ${outputs})
  set_source_files_properties(${dir}/${name}.c++ PROPERTIES COMPILE_OPTIONS -w)
endmacro()

# Sets `result` to the paths, made absolute and normal.
function(_troth_absolute result)
  set(absolute "")
  foreach(path IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH path BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
    list(APPEND absolute ${path})
  endforeach()
  set(${result} ${absolute} PARENT_SCOPE)
endfunction()

# Where "/troth/annotations.capnp" is: an installed package says so before.
if(NOT TROTH_SCHEMA_DIRECTORY)
  set(TROTH_SCHEMA_DIRECTORY ${PROJECT_SOURCE_DIR}/schema)
endif()
