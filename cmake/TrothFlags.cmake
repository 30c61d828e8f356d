# How every target of Troth is compiled.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

add_compile_options(-Wall -Wextra)
option(TROTH_WERROR "Treat warnings as errors" ${PROJECT_IS_TOP_LEVEL})
if(TROTH_WERROR)
  add_compile_options(-Werror)
endif()

if(TROTH_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all)
  # Clang 14 cannot emit what `function` needs for coroutines that are inline functions. `vptr` opens
  # pipes to look at memory, and so raises false alarms in tests that run out of file descriptors.
  add_compile_options(-fno-sanitize=function,vptr)
  add_compile_options(-fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(TROTH_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(TROTH_SANITIZE)
  message(FATAL_ERROR "TROTH_SANITIZE is \"${TROTH_SANITIZE}\"; give address, thread, or nothing.")
endif()
