# Compiler flags, ccache and linker, and the two functions every folder uses.

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")

find_program(SPILLWAY_CCACHE ccache)
if(SPILLWAY_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${SPILLWAY_CCACHE})
endif()
find_program(SPILLWAY_MOLD mold)
if(SPILLWAY_MOLD)
    add_link_options(-fuse-ld=mold)
endif()

add_library(spillway_flags INTERFACE)
target_compile_options(spillway_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow)
if(NOT SPILLWAY_FUZZ)  # clang, which the fuzzers need, warns of other things than g++
    target_compile_options(spillway_flags INTERFACE -Werror)
endif()
target_include_directories(spillway_flags INTERFACE ${PROJECT_SOURCE_DIR})
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC 12 sees overlapping copies in "text" + std::string at -O2 where there are none (PR 105651).
    target_compile_options(spillway_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:-Wno-restrict>)
endif()
if(SPILLWAY_SANITIZE)
    add_compile_options(-fsanitize=${SPILLWAY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -O1)
    add_link_options(-fsanitize=${SPILLWAY_SANITIZE})
    if(SPILLWAY_SANITIZE MATCHES "thread")
        add_compile_options(-Wno-tsan)  # Asio's fences, which TSan does not model; its locks it does
    endif()
endif()
if(SPILLWAY_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# spillway_library(NAME SOURCES a.cc b.cc [PUBLIC lib...] [PRIVATE lib...])
function(spillway_library NAME)
    cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
    add_library(${NAME} STATIC ${ARG_SOURCES})
    target_link_libraries(${NAME} PUBLIC spillway_flags ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

# spillway_optimise_in_debug(TARGET...): for code whose tests run it millions of times.
function(spillway_optimise_in_debug)
    foreach(target ${ARGN})
        target_compile_options(${target} PRIVATE $<$<CONFIG:Debug>:-O1>)
    endforeach()
endfunction()

# spillway_test(NAME SOURCES a_test.cc b_test.cc LIBS lib...): one GoogleTest binary.
function(spillway_test NAME)
    cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS" ${ARGN})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    add_executable(${NAME} ${ARG_SOURCES})
    target_link_libraries(${NAME} PRIVATE spillway_flags ${ARG_LIBS} GTest::gmock GTest::gtest_main)
    target_compile_definitions(${NAME} PRIVATE SPILLWAY_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    add_test(NAME ${NAME} COMMAND ${NAME} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${NAME} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
endfunction()
