# SPDX-License-Identifier: Apache-2.0
# sky_module(<folder> DEPS <modules> LIBS <third-party targets>): one folder of src/ is one static library with its own test binary.
# DEPS are the modules whose headers may be included; tools/check_layers.py reads the same lines and holds the includes to them.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(fmt REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(simdjson REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
# re2.pc asks for -pthread, which this libc no longer needs and which would not fit the precompiled header.
set_target_properties(PkgConfig::re2 PROPERTIES INTERFACE_COMPILE_OPTIONS "")
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(libedit REQUIRED IMPORTED_TARGET libedit)
# The allocator of every program but sanitized ones, which bring their own.
add_library(sky_allocator INTERFACE)
if(NOT SKY_SANITIZE)
  pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
  target_link_libraries(sky_allocator INTERFACE PkgConfig::jemalloc)
  target_compile_definitions(sky_allocator INTERFACE SKY_JEMALLOC=1)
endif()

add_library(sky_flags INTERFACE)
target_compile_options(sky_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
  -Woverloaded-virtual -Wimplicit-fallthrough -Wcast-align -Wundef
  -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 at -O2 takes moved-from std::expected values for uninitialised, and sees overlaps and overruns in inlined
  # std::string operations that are none. Clang and the sanitizers look for the real ones.
  target_compile_options(sky_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow
                         -Wno-stringop-overread)
else()
  target_compile_options(sky_flags INTERFACE -Wno-gnu-statement-expression -Wno-gnu-statement-expression-from-macro-expansion)
  # libstdc++ 12 deprecates a function that its own stable_sort calls; Clang reports it at the caller.
  target_compile_options(sky_flags INTERFACE -Wno-deprecated-declarations)
endif()
if(SKY_WERROR)
  target_compile_options(sky_flags INTERFACE -Werror)
endif()
if(SKY_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Asio's fences, which ThreadSanitizer does not see; its queues use mutexes, which it does.
  target_compile_options(sky_flags INTERFACE -Wno-tsan)
endif()
if(SKY_SANITIZE)
  add_compile_options(-fsanitize=${SKY_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SKY_SANITIZE} -fno-sanitize-recover=all)
endif()
find_program(SKY_MOLD mold)
if(SKY_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
find_program(SKY_CCACHE ccache)
if(SKY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SKY_CCACHE})
endif()

# One precompiled header of standard headers, shared by every module (0.6 s -> 0.2 s a file).
file(WRITE ${CMAKE_BINARY_DIR}/pch.cc "")
add_library(sky_pch STATIC ${CMAKE_BINARY_DIR}/pch.cc)
target_link_libraries(sky_pch PUBLIC sky_flags)
target_precompile_headers(sky_pch PRIVATE
  <algorithm> <array> <atomic> <bit> <charconv> <cstddef> <cstdint> <cstring> <expected> <functional> <limits> <map>
  <memory> <mutex> <optional> <span> <string> <string_view> <tuple> <unordered_map> <utility> <variant> <vector>)

if(SKY_TESTS)
  add_library(sky_doctest STATIC ${CMAKE_SOURCE_DIR}/tests/doctest_main.cc)
  target_link_libraries(sky_doctest PUBLIC sky_flags)
endif()

# sky_shapes(<service>/api <variable>): typed structs and shape tables from the folder's model.json; names the .cc files.
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
function(sky_shapes folder variable)
  set(source ${CMAKE_SOURCE_DIR}/src/${folder})
  set(out ${CMAKE_BINARY_DIR}/gen/${folder}/shapes)
  set(files)
  foreach(part RANGE 3)  # PARTS of tools/gen_shapes.py
    list(APPEND files ${out}/tables_${part}.cc)
  endforeach()
  add_custom_command(
    OUTPUT ${files} BYPRODUCTS ${out}/service.h ${out}/structures.h
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/gen_shapes.py
            ${folder} ${source}/model.json ${source}/model_overrides.json ${out}
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_shapes.py ${source}/model.json ${source}/model_overrides.json
    COMMENT "Shapes of ${folder}" VERBATIM)
  set(${variable} ${files} PARENT_SCOPE)
endfunction()

function(sky_module folder)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS;GENERATED" ${ARGN})
  string(REPLACE "/" "_" name ${folder})
  set(target sky_${name})
  set(dir ${CMAKE_SOURCE_DIR}/src/${folder})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cc)
  file(GLOB headers CONFIGURE_DEPENDS ${dir}/*.h)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$|/main\\.cc$")
  set(deps)
  foreach(dep ${ARG_DEPS})
    string(REPLACE "/" "_" dep ${dep})
    list(APPEND deps sky_${dep})
  endforeach()

  if(sources OR ARG_GENERATED)
    add_library(${target} STATIC ${sources} ${ARG_GENERATED})
    target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/gen)
    target_link_libraries(${target} PUBLIC ${deps} PRIVATE sky_flags ${ARG_LIBS})
    target_precompile_headers(${target} REUSE_FROM sky_pch)
    if(SKY_CHECK_HEADERS AND headers)
      target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR}/src FILES ${headers})
      set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
    endif()
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/gen)
    target_link_libraries(${target} INTERFACE ${deps})
  endif()

  if(SKY_TESTS AND tests)
    add_executable(${target}_test ${tests})
    target_link_libraries(${target}_test PRIVATE ${target} sky_doctest sky_flags ${ARG_LIBS})
    target_precompile_headers(${target}_test REUSE_FROM sky_pch)
    target_compile_definitions(${target}_test PRIVATE SKY_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${folder} COMMAND ${target}_test)
  endif()
endfunction()
