# PGSLUICE_COMMIT: what the sources are, as git names it. Empty where there is no git, as in a
# tarball or an image; whoever builds there may say it: -DPGSLUICE_COMMIT=...
set(PGSLUICE_COMMIT "" CACHE STRING "Commit that this is built from; empty: ask git")

set(pgsluice_commit "${PGSLUICE_COMMIT}")
find_program(PGSLUICE_GIT git)
if(NOT pgsluice_commit AND PGSLUICE_GIT AND EXISTS ${PROJECT_SOURCE_DIR}/.git)
  execute_process(
    COMMAND ${PGSLUICE_GIT} describe --always --tags --abbrev=12
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    OUTPUT_VARIABLE pgsluice_commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  # Grows with every commit and checkout: what was configured before is asked again.
  execute_process(
    COMMAND ${PGSLUICE_GIT} rev-parse --git-path logs/HEAD
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    OUTPUT_VARIABLE head_log OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(head_log)
    get_filename_component(head_log ${head_log} ABSOLUTE BASE_DIR ${PROJECT_SOURCE_DIR})
    if(EXISTS ${head_log})
      set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
                                                                   ${head_log})
    endif()
  endif()
endif()
# It becomes a string of C++ and a label.
if(NOT pgsluice_commit MATCHES "^[A-Za-z0-9._+/-]*$")
  message(FATAL_ERROR "PGSLUICE_COMMIT is no name of a commit: \"${pgsluice_commit}\"")
endif()
