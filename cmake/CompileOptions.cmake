# Flags for our own code; link pgsluice_options PRIVATE.
option(PGSLUICE_WERROR "Treat warnings as errors" ON)
set(PGSLUICE_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")

add_library(pgsluice_options INTERFACE)
target_compile_options(pgsluice_options INTERFACE -Wall -Wextra
                       $<$<BOOL:${PGSLUICE_WERROR}>:-Werror>
                       $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
target_include_directories(pgsluice_options INTERFACE ${PROJECT_SOURCE_DIR})

if(PGSLUICE_SANITIZE)
  add_compile_options(-fsanitize=${PGSLUICE_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PGSLUICE_SANITIZE})
endif()
