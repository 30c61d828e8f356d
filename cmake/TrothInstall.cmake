# What `cmake --install` puts where, so that another project can find_package(Troth).
include(CMakePackageConfigHelpers)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Troth)

install(TARGETS troth troth-durable capnpc-troth EXPORT TrothTargets)
install(DIRECTORY runtime/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY persistence/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES schema/troth/annotations.capnp
  ${PROJECT_BINARY_DIR}/schema/troth/annotations.capnp.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/troth)
install(EXPORT TrothTargets NAMESPACE Troth:: DESTINATION ${config_dir})

configure_package_config_file(
  cmake/TrothConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/TrothConfig.cmake
  INSTALL_DESTINATION ${config_dir} NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/TrothConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/TrothConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/TrothConfigVersion.cmake
  cmake/TrothGenerate.cmake
  DESTINATION ${config_dir})
