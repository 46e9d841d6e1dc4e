# Everything from the distribution. Debian's gRPCConfig.cmake wants Protobuf found
# before it, in module mode.
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(LIBPQXX REQUIRED IMPORTED_TARGET libpqxx)
find_package(spdlog CONFIG REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(mimalloc CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)

# yaml-cpp 0.7 names its target without a namespace.
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()

# Asio, standalone and header-only.
find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)
add_library(pgsluice_asio INTERFACE)
target_include_directories(pgsluice_asio SYSTEM INTERFACE ${ASIO_INCLUDE_DIR})
target_compile_definitions(
  pgsluice_asio
  INTERFACE ASIO_STANDALONE
            ASIO_NO_DEPRECATED
            # Asio 1.22 does not recognise the coroutines of clang 19 by itself.
            $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_CO_AWAIT=1>
            $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_STD_COROUTINE=1>)
target_link_libraries(pgsluice_asio INTERFACE Threads::Threads)
