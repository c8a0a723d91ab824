# How everything is compiled and linked: the language, the warnings, the cache, the linker, the sanitizers.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# Clang's DWARF 5 is beyond Debian's valgrind.
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1 -gdwarf-4")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CRM_SANITIZE "" CACHE STRING "Value for -fsanitize=, or empty")

set(CRM_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wno-unused-parameter -Werror)

add_compile_options(-pthread -fstack-protector-strong -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
add_compile_definitions(_GLIBCXX_ASSERTIONS)
if(CRM_SANITIZE)
  add_compile_options(-fsanitize=${CRM_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CRM_SANITIZE})
  if(CRM_SANITIZE MATCHES thread)
    add_compile_options(-Wno-tsan)  # Boost's fences, which the sanitizer does not see, are beside its locks
    # Where protobuf's headers see the sanitizer, maps have another layout than in Debian's library. What libstdc++ would have
    # concluded from the macro is said instead.
    add_compile_options(-U__SANITIZE_THREAD__ -D_GLIBCXX_TSAN=1)
    # In every program, before librdkafka asks for it.
    add_library(crm_thread_start OBJECT ${CMAKE_SOURCE_DIR}/tools/lib/sanitizers/thread_start.cpp)
    set(CRM_THREAD_START $<TARGET_OBJECTS:crm_thread_start>)
  endif()
endif()

find_program(CRM_MOLD mold)
if(CRM_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

find_program(CRM_CCACHE ccache)
if(CRM_CCACHE)
  # Relative paths and no directory in the hash: two checkouts share one cache. Of a precompiled header counts what is in it.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
                                  CCACHE_NOHASHDIR=1 CCACHE_PCH_EXTSUM=1 CCACHE_SLOPPINESS=pch_defines,time_macros ${CRM_CCACHE})
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  # As CMake says it, but with a path that ccache makes relative.
  set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -include-pch <PCH_FILE>)
  # Programs are compiled like libraries, so that both can use one.
  set(CMAKE_CXX_COMPILE_OPTIONS_PIE ${CMAKE_CXX_COMPILE_OPTIONS_PIC})
else()
  # GCC takes a precompiled header under the very same flags only. So its presets show that a file includes what it uses.
  set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)
endif()

# Linking is memory hungry; compiling is not.
set_property(GLOBAL PROPERTY JOB_POOLS link_pool=1)
set(CMAKE_JOB_POOL_LINK link_pool)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
