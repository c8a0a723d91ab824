# How everything is compiled and linked: the language, the warnings, the cache, the linker, the sanitizers.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CRM_SANITIZE "" CACHE STRING "Value for -fsanitize=, or empty")

set(CRM_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wno-unused-parameter -Werror)

add_compile_options(-fstack-protector-strong -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
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
  # Relative paths and no directory in the hash: two checkouts share one cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
                                  CCACHE_NOHASHDIR=1 ${CRM_CCACHE})
endif()

# Linking is memory hungry; compiling is not.
set_property(GLOBAL PROPERTY JOB_POOLS link_pool=1)
set(CMAKE_JOB_POOL_LINK link_pool)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
