# Flags for our own code; link pgsluice_options PRIVATE.
option(PGSLUICE_WERROR "Treat warnings as errors" ON)
set(PGSLUICE_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")

add_library(pgsluice_options INTERFACE)
target_compile_options(pgsluice_options INTERFACE -Wall -Wextra
                       $<$<BOOL:${PGSLUICE_WERROR}>:-Werror>
                       $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
target_include_directories(pgsluice_options INTERFACE ${PROJECT_SOURCE_DIR})

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 18)
  # From 18 on clang writes constraints into the names of templates, which the libraries of
  # the distribution, built by g++, do not: Abseil's Cord would not be found.
  add_compile_options(-fclang-abi-compat=17)
endif()

if(PGSLUICE_SANITIZE)
  add_compile_options(-fsanitize=${PGSLUICE_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PGSLUICE_SANITIZE})
endif()
