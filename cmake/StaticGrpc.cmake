# Links gRPC and what it stands on (Protobuf, Abseil, upb, ...) from the distribution's
# static archives: calls within a request then need no jump through tables of shared
# libraries, which saves some 15 % of a request's CPU (docs/performance.md). OpenSSL, libpq
# and libpqxx stay shared: their security updates must reach us without a build.
option(PGSLUICE_STATIC_GRPC "Link gRPC, Protobuf and Abseil statically where possible" ON)

# pgsluice_link_statically(target): the archive beside an imported shared library takes its
# place; does nothing where there is none.
function(pgsluice_link_statically target)
  foreach(suffix IN ITEMS "" _NONE _RELEASE _RELWITHDEBINFO)
    get_target_property(location ${target} IMPORTED_LOCATION${suffix})
    if(location MATCHES "^(.*/lib[^/]*)\\.so[^/]*$")
      set(archive ${CMAKE_MATCH_1}.a)
      if(EXISTS ${archive})
        set_target_properties(${target} PROPERTIES IMPORTED_LOCATION${suffix} ${archive})
      endif()
    endif()
  endforeach()
endfunction()

if(PGSLUICE_STATIC_GRPC)
  get_directory_property(imported_targets IMPORTED_TARGETS)
  list(FILTER imported_targets INCLUDE REGEX "^(absl|gRPC|protobuf|c-ares)::")
  foreach(target IN LISTS imported_targets)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "SHARED_LIBRARY" OR type STREQUAL "UNKNOWN_LIBRARY")
      pgsluice_link_statically(${target})
    endif()
  endforeach()
endif()
