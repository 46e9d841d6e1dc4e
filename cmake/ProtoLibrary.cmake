# pgsluice_proto_library(name ROOT dir PROTOS a/b.proto... [DEPENDS lib...])
# Generates C++ messages and gRPC stubs, kept in one library with alias
# pgsluice::<name>. CMake's own protobuf_generate ignores the import root (3.25).
function(pgsluice_proto_library name)
  cmake_parse_arguments(ARG "" "ROOT" "PROTOS;IMPORTS;DEPENDS" ${ARGN})
  set(out ${CMAKE_BINARY_DIR}/gen/${name})
  file(MAKE_DIRECTORY ${out})
  set(import_flags -I ${ARG_ROOT})
  foreach(dir IN LISTS ARG_IMPORTS)
    list(APPEND import_flags -I ${dir})
  endforeach()
  foreach(dir IN LISTS Protobuf_INCLUDE_DIRS)
    list(APPEND import_flags -I ${dir})
  endforeach()

  set(sources)
  foreach(proto IN LISTS ARG_PROTOS)
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    set(outputs ${out}/${stem}.pb.cc ${out}/${stem}.pb.h ${out}/${stem}.grpc.pb.cc
                ${out}/${stem}.grpc.pb.h)
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND protobuf::protoc ${import_flags} --cpp_out=${out} --grpc_out=${out}
              --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> ${proto}
      DEPENDS ${ARG_ROOT}/${proto}
      VERBATIM)
    list(APPEND sources ${outputs})
  endforeach()

  add_library(pgsluice_${name} STATIC ${sources})
  add_library(pgsluice::${name} ALIAS pgsluice_${name})
  set_target_properties(pgsluice_${name} PROPERTIES EXPORT_NAME ${name}
                                                    POSITION_INDEPENDENT_CODE ON)
  target_include_directories(
    pgsluice_${name} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>
                                   $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(pgsluice_${name} PUBLIC gRPC::grpc++ protobuf::libprotobuf
                                                ${ARG_DEPENDS})
endfunction()
