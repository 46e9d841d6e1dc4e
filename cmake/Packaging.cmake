# What `cmake --install` puts where, and the CMake package `pgsluice`.
include(CMakePackageConfigHelpers)
set(PGSLUICE_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/pgsluice)

# Programs.
if(TARGET pgsluiced)
  install(TARGETS pgsluiced RUNTIME COMPONENT server)
endif()
install(TARGETS pgsluice_command RUNTIME COMPONENT command)

# Libraries of the package. The standard protos are one of their own: a program that
# has the originals links pgsluice::client with those instead.
install(TARGETS pgsluice_client pgsluice_protos pgsluice_standard_protos
        EXPORT pgsluice_targets ARCHIVE COMPONENT development)
install(EXPORT pgsluice_targets NAMESPACE pgsluice:: FILE pgsluiceTargets.cmake
        DESTINATION ${PGSLUICE_PACKAGE_DIR} COMPONENT development)
configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/pgsluiceConfig.cmake.in
  ${CMAKE_BINARY_DIR}/package/pgsluiceConfig.cmake INSTALL_DESTINATION
  ${PGSLUICE_PACKAGE_DIR})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/pgsluiceConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/package/pgsluiceConfig.cmake
              ${CMAKE_BINARY_DIR}/package/pgsluiceConfigVersion.cmake
        DESTINATION ${PGSLUICE_PACKAGE_DIR} COMPONENT development)

# Headers: ours, and those made from the protos.
install(DIRECTORY client/cpp/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT development FILES_MATCHING PATTERN "*.h")
foreach(name protos standard_protos)
  install(DIRECTORY ${CMAKE_BINARY_DIR}/gen/${name}/
          DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
          FILES_MATCHING PATTERN "*.h")
endforeach()

# The protos themselves and service configs, for every other language.
install(DIRECTORY proto/pgsluice/v1 DESTINATION ${CMAKE_INSTALL_DATADIR}/pgsluice/proto/pgsluice
        COMPONENT development FILES_MATCHING PATTERN "*.proto")
install(DIRECTORY proto/third_party_interfaces/
        DESTINATION ${CMAKE_INSTALL_DATADIR}/pgsluice/proto/third_party_interfaces
        COMPONENT development FILES_MATCHING PATTERN "*.proto")
install(FILES client/service_config.json client/service_config_reads.json
        DESTINATION ${CMAKE_INSTALL_DATADIR}/pgsluice COMPONENT development)
