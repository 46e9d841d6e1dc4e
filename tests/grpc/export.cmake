# Added to gRPC's own CMakeLists.txt (CMAKE_PROJECT_grpc_INCLUDE). Describes the libraries that
# pgsluice uses where they are built, as gRPC's installation would, which wants all of them built.
function(export_libraries)
  # Nearly all the time that gRPC takes to compile goes into reading these again and again.
  set(headers
      grpc/support/port_platform.h
      grpc/grpc.h
      algorithm
      functional
      map
      memory
      string
      utility
      vector
      absl/status/statusor.h
      absl/strings/str_cat.h
      absl/strings/str_format.h
      absl/strings/str_join.h
      absl/types/optional.h
      absl/types/variant.h
      src/core/lib/channel/promise_based_filter.h
      src/core/lib/event_engine/default_event_engine.h
      src/core/lib/gprpp/orphanable.h
      src/core/lib/gprpp/work_serializer.h
      src/core/lib/iomgr/exec_ctx.h
      src/core/lib/json/json_object_loader.h
      src/core/lib/security/credentials/credentials.h
      src/core/lib/surface/channel.h
      src/core/lib/transport/metadata_batch.h
      src/core/lib/transport/transport.h)
  list(TRANSFORM headers REPLACE "(.+)" "$<$<COMPILE_LANGUAGE:CXX>:<\\1$<ANGLE-R>>")
  target_precompile_headers(grpc PRIVATE ${headers})

  export(
    TARGETS grpc++ grpc gpr upb address_sorting
    NAMESPACE gRPC::
    FILE ${CMAKE_BINARY_DIR}/gRPCTargets.cmake)
  configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/gRPCConfig.cmake.in
                 ${CMAKE_BINARY_DIR}/gRPCConfig.cmake @ONLY)
endfunction()
cmake_language(DEFER CALL export_libraries)
