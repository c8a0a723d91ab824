# The few kinds of target this project has. A folder's CMakeLists.txt only lists facts with them.
include_guard()

# What nearly every file reads, read once: without it a third of all compiling is these headers, over and over. A file
# still includes what it uses (clang-tidy and GCC's presets read each without this). Tests have theirs, because GoogleTest changes their flags.
function(_crm_precompile target)
  cmake_parse_arguments(arg "" "" "DEPS;HEADERS" ${ARGN})
  set(headers <algorithm> <chrono> <functional> <map> <memory> <mutex> <optional> <set> <span> <string> <string_view>
    <variant> <vector> <google/protobuf/message.h> ${arg_HEADERS})
  set(source ${CMAKE_BINARY_DIR}/${target}.cpp)
  list(TRANSFORM headers PREPEND "#include " OUTPUT_VARIABLE lines)
  list(JOIN lines "\n" lines)
  file(CONFIGURE OUTPUT ${source} CONTENT "${lines}\n")
  add_library(${target} OBJECT ${source})
  target_link_libraries(${target} PRIVATE protobuf::libprotobuf ${arg_DEPS})
  target_precompile_headers(${target} PRIVATE ${headers})
  # What ccache takes for the precompiled file, whose own bytes have the checkout's path and the time in them.
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -std=c++20 -E -P ${source} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  string(SHA256 sum "${text}")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/CMakeFiles/${target}.dir/cmake_pch.hxx.pch.sum CONTENT "${sum}\n")
endfunction()
if(EXISTS /var/lib/dpkg/status)
  set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS /var/lib/dpkg/status)  # new headers, new sum
endif()
_crm_precompile(crm_precompiled)
_crm_precompile(crm_precompiled_tests DEPS GTest::gmock HEADERS <gmock/gmock.h>)

# crm_add_folders(PARENT): every sub-folder with a CMakeLists.txt.
function(crm_add_folders parent)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${parent}/*/CMakeLists.txt)
  foreach(file ${files})
    get_filename_component(folder ${file} DIRECTORY)
    add_subdirectory(${folder})
  endforeach()
endfunction()

# crm_proto_library(NAME DEPS... PROTOS...): the messages of one proto package as library crm_proto_NAME: of the folder
# proto/crm/NAME/v1, or the PROTOS alone, with paths relative to proto/. No service stubs: handlers are plain functions and calls
# are made by method name.
function(crm_proto_library name)
  cmake_parse_arguments(arg "" "ROOT" "PROTOS;DEPS" ${ARGN})
  if(NOT arg_ROOT)
    set(arg_ROOT ${CMAKE_SOURCE_DIR}/proto)
  endif()
  if(NOT arg_PROTOS)
    file(GLOB arg_PROTOS CONFIGURE_DEPENDS RELATIVE ${arg_ROOT} ${arg_ROOT}/crm/${name}/v1/*.proto)
  endif()
  set(out ${CMAKE_BINARY_DIR}/gen)
  set(sources)
  foreach(proto ${arg_PROTOS})
    string(REGEX REPLACE "\\.proto$" ".pb" stem ${proto})
    add_custom_command(
      OUTPUT ${out}/${stem}.cc ${out}/${stem}.h
      COMMAND ${CMAKE_COMMAND} -E make_directory ${out}
      COMMAND protobuf::protoc -I${CMAKE_SOURCE_DIR}/proto -I${CRM_GOOGLEAPIS} -I/usr/include --cpp_out=${out} ${arg_ROOT}/${proto}
      DEPENDS ${arg_ROOT}/${proto}
      VERBATIM)
    list(APPEND sources ${out}/${stem}.cc)
  endforeach()
  # Object libraries are linked whole, so that every descriptor is in the pool even where no symbol of it is used.
  add_library(crm_proto_${name}_objects OBJECT ${sources})
  target_precompile_headers(crm_proto_${name}_objects REUSE_FROM crm_precompiled)
  target_compile_options(crm_proto_${name}_objects PRIVATE -w $<$<CONFIG:Release>:-O2> $<$<CONFIG:Debug>:-O0>)
  target_include_directories(crm_proto_${name}_objects SYSTEM PUBLIC ${out})
  target_link_libraries(crm_proto_${name}_objects PUBLIC protobuf::libprotobuf)
  foreach(dep ${arg_DEPS})
    add_dependencies(crm_proto_${name}_objects crm_proto_${dep}_objects)
  endforeach()
  add_library(crm_proto_${name} INTERFACE)
  target_sources(crm_proto_${name} INTERFACE $<TARGET_OBJECTS:crm_proto_${name}_objects>)
  target_include_directories(crm_proto_${name} SYSTEM INTERFACE ${out})
  target_link_libraries(crm_proto_${name} INTERFACE protobuf::libprotobuf)
  add_dependencies(crm_proto_${name} crm_proto_${name}_objects)
  foreach(dep ${arg_DEPS})
    target_link_libraries(crm_proto_${name} INTERFACE crm_proto_${dep})
  endforeach()
endfunction()

function(_crm_split_sources)
  file(GLOB all CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cpp$")
  list(FILTER all INCLUDE REGEX "_test\\.cpp$")
  set(sources ${sources} PARENT_SCOPE)
  set(tests ${all} PARENT_SCOPE)
endfunction()

# crm_library(NAME DEPS... PRIVATE... TEST_DEPS...): libs/NAME as crm_NAME from its *.cpp; its *_test.cpp become crm_NAME_test.
# A folder with two libraries names the files of the second in its SOURCES and in the first's EXCEPT.
function(crm_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;EXCEPT;DEPS;PRIVATE;TEST_DEPS" ${ARGN})
  _crm_split_sources()
  if(arg_SOURCES)
    set(sources ${arg_SOURCES})
    set(tests)
  endif()
  foreach(file ${arg_EXCEPT})
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  add_library(crm_${name} STATIC ${sources})
  target_precompile_headers(crm_${name} REUSE_FROM crm_precompiled)
  target_compile_options(crm_${name} PRIVATE ${CRM_WARNINGS})
  target_include_directories(crm_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(crm_${name} PUBLIC ${arg_DEPS} PRIVATE ${arg_PRIVATE})
  if(tests)
    crm_test(${name}_test SOURCES ${tests} DEPS crm_${name} ${arg_TEST_DEPS})
  endif()
endfunction()

# crm_service(NAME DEPS...): services/NAME as library crm_service_NAME, executable crm-NAME (main.cpp) and test crm_NAME_test.
function(crm_service name)
  cmake_parse_arguments(arg "" "" "DEPS;PRIVATE;TEST_DEPS" ${ARGN})
  _crm_split_sources()
  add_library(crm_service_${name} STATIC ${sources})
  target_precompile_headers(crm_service_${name} REUSE_FROM crm_precompiled)
  target_compile_options(crm_service_${name} PRIVATE ${CRM_WARNINGS})
  target_include_directories(crm_service_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(crm_service_${name} PUBLIC ${arg_DEPS} PRIVATE ${arg_PRIVATE})
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/migrations)
    crm_embed_migrations(crm_service_${name} crm::${name})
  endif()
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/main.cpp)
    crm_executable(crm-${name} SOURCES main.cpp DEPS crm_service_${name} crm_process crm_allocator)
  endif()
  if(tests)
    crm_test(${name}_service_test SOURCES ${tests} DEPS crm_service_${name} ${arg_TEST_DEPS})
  endif()
endfunction()

function(crm_executable name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES} ${CRM_THREAD_START})
  target_precompile_headers(${name} REUSE_FROM crm_precompiled)
  target_compile_options(${name} PRIVATE ${CRM_WARNINGS})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${arg_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# crm_test(NAME SOURCES... DEPS... LABELS tier): one GoogleTest binary crm_NAME, one ctest entry. The tier of tools/dev test is
# component where it uses libs/testing (real servers), unit otherwise; tests/ says scenario.
function(crm_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LABELS" ${ARGN})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
    if("${arg_DEPS}" MATCHES "crm_testing")
      set(arg_LABELS component)
    endif()
  endif()
  add_executable(crm_${name} ${arg_SOURCES} ${CRM_THREAD_START})
  target_precompile_headers(crm_${name} REUSE_FROM crm_precompiled_tests)
  target_compile_options(crm_${name} PRIVATE ${CRM_WARNINGS})
  target_include_directories(crm_${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(crm_${name} PRIVATE ${arg_DEPS} GTest::gmock GTest::gtest_main)
  set_target_properties(crm_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  add_test(NAME ${name} COMMAND crm_${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600 LABELS "${arg_LABELS}")
endfunction()

# crm_embed_migrations(TARGET NAMESPACE): the *.sql files of migrations/ as std::vector<crm::pg::Migration>
# NAMESPACE::Migrations(), so that an executable carries its schema.
function(crm_embed_migrations target namespace)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/migrations/*.sql)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/migrations.cpp)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DNAMESPACE=${namespace} "-DFILES=${files}" -P ${CMAKE_SOURCE_DIR}/cmake/EmbedMigrations.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/EmbedMigrations.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
