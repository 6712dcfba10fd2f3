# One static library per floor of the architecture. A floor links only what lies below it, so the linker
# enforces what tools/check_floors.sh enforces for includes.

find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(PNG REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(CURL REQUIRED)
find_package(SQLiteCpp REQUIRED)
pkg_check_modules(TURBOJPEG REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(XXHASH REQUIRED libxxhash)

if(ESPALIER_TESTS)
    enable_testing()
    find_package(GTest REQUIRED)
    include(GoogleTest)
    # Seconds for one test of a floor, and of several. Instrumented code takes several times as long.
    set(ESPALIER_TEST_TIMEOUT 300)
    set(ESPALIER_ACROSS_TIMEOUT 600)
    if(ESPALIER_SANITIZE)
        set(ESPALIER_TEST_TIMEOUT 1800)
        set(ESPALIER_ACROSS_TIMEOUT 1800)
    endif()
endif()

# espalier_floor(<name> [HEADERS_OF <floor>] [LINKS <libraries>...]): src/<name>/**.cpp without tests becomes
# espalier_<name>; the tests beside the units become test_<name>. Files named avx2 / avx512 / amx get their instruction sets.
# The standard headers are compiled once for floors of the same flags and definitions: HEADERS_OF names the first.
function(espalier_floor name)
    cmake_parse_arguments(FLOOR "" "HEADERS_OF" "LINKS" ${ARGN})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
    set(tests ${sources})
    list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
    list(FILTER sources EXCLUDE REGEX "_benchmark\\.cpp$")
    list(FILTER sources EXCLUDE REGEX "src/cli/main\\.cpp$")
    list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
    # GCC 12 calls the undefined pass-through operand of its own AVX-512 intrinsics uninitialised (PR 105593).
    set(avx512_warnings "-Wno-uninitialized")
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        list(APPEND avx512_warnings "-Wno-maybe-uninitialized")
    endif()
    foreach(source ${sources})
        if(source MATCHES "(^|[/_])(avx|amx)[^/]*\\.cpp$")
            set_source_files_properties(${source} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
        endif()
        if(source MATCHES "(^|[/_])avx2\\.cpp$")
            set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma;-mf16c")
        elseif(source MATCHES "(^|[/_])avxvnni\\.cpp$")
            set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-mavx2;-mavxvnni;-mfma;-mf16c")
        elseif(source MATCHES "(^|[/_])avx512\\.cpp$")
            set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS
                "-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl;-mfma;-mf16c;-mprefer-vector-width=512;${avx512_warnings}")
        elseif(source MATCHES "(^|[/_])avx512vnni\\.cpp$")
            set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS
                "-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl;-mavx512vnni;-mfma;-mf16c;-mprefer-vector-width=512;${avx512_warnings}")
        elseif(source MATCHES "(^|[/_])avx512bf16\\.cpp$")
            set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS
                "-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl;-mavx512bf16;-mfma;-mf16c;-mprefer-vector-width=512;${avx512_warnings}")
        elseif(source MATCHES "(^|[/_])amx\\.cpp$")
            set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS
                "-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl;-mavx512bf16;-mamx-tile;-mamx-int8;-mamx-bf16;-mfma;-mf16c;-mprefer-vector-width=512;${avx512_warnings}")
        endif()
    endforeach()
    if(sources)
        add_library(espalier_${name} STATIC ${sources})
        target_link_libraries(espalier_${name} PUBLIC espalier_options ${FLOOR_LINKS})
    else()
        add_library(espalier_${name} INTERFACE)
        target_link_libraries(espalier_${name} INTERFACE espalier_options ${FLOOR_LINKS})
    endif()
    # These floors parse, plan and print. -O3 costs an eighth of the whole build, and gains 4 % where most of it is
    # parsing: a table of a million rows is imported in 3.4 s instead of 3.6 s.
    if(name MATCHES "^(net|meters|store|formats|hub|models|lab|imports|report|cli)$")
        target_compile_options(espalier_${name} PRIVATE $<$<CONFIG:Release>:-O1>)
        # GCC 12 at -O1 does not follow which member of an optional is alive.
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
            target_compile_options(espalier_${name} PRIVATE -Wno-maybe-uninitialized)
        endif()
    endif()
    # GCC 12 sees impossible overlaps in std::string's operators (GCC bug 105651).
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND name MATCHES "^(net|meters|hub|lab|imports|report|cli)$")
        target_compile_options(espalier_${name} PUBLIC -Wno-restrict)
    endif()
    # Everywhere it shows them, and impossible bounds (GCC bug 105329), in what it reads from a precompiled header: that is
    # no system header to it. The tests have none, and keep these warnings.
    if(sources AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(espalier_${name} PRIVATE -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow
                               -Wno-stringop-overread)
    endif()
    if(sources AND FLOOR_HEADERS_OF)
        target_precompile_headers(espalier_${name} REUSE_FROM espalier_${FLOOR_HEADERS_OF})
    elseif(sources)
        target_precompile_headers(espalier_${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/standard_library.h)
    endif()
    if(ESPALIER_TESTS AND tests)
        add_executable(test_${name} ${tests})
        target_link_libraries(test_${name} PRIVATE espalier_${name} GTest::gtest GTest::gtest_main GTest::gmock)
        target_compile_definitions(test_${name} PRIVATE ESPALIER_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
        set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
        gtest_discover_tests(test_${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}."
                             PROPERTIES TIMEOUT ${ESPALIER_TEST_TIMEOUT})
    endif()
endfunction()

espalier_floor(base LINKS fmt::fmt Threads::Threads OpenSSL::Crypto)
espalier_floor(tensor HEADERS_OF base LINKS espalier_base)
espalier_floor(net LINKS espalier_base CURL::libcurl)
espalier_floor(meters HEADERS_OF net LINKS espalier_net nlohmann_json::nlohmann_json ${CMAKE_DL_LIBS})
espalier_floor(statistics HEADERS_OF base LINKS espalier_base)
espalier_floor(kernels HEADERS_OF base LINKS espalier_tensor)
espalier_floor(graph HEADERS_OF base LINKS espalier_tensor nlohmann_json::nlohmann_json)
espalier_floor(store LINKS espalier_base SQLiteCpp nlohmann_json::nlohmann_json)
espalier_floor(formats HEADERS_OF net LINKS espalier_graph nlohmann_json::nlohmann_json)
espalier_floor(passes HEADERS_OF base LINKS espalier_graph espalier_kernels)
espalier_floor(datasets HEADERS_OF base LINKS espalier_tensor nlohmann_json::nlohmann_json PkgConfig::TURBOJPEG PNG::PNG)
espalier_floor(hub HEADERS_OF net LINKS espalier_net nlohmann_json::nlohmann_json)
espalier_floor(models HEADERS_OF net LINKS espalier_formats espalier_passes espalier_datasets)
espalier_floor(tactics HEADERS_OF base LINKS espalier_passes)
espalier_floor(engine HEADERS_OF base LINKS espalier_kernels espalier_passes espalier_formats)
espalier_floor(runtimes HEADERS_OF base LINKS espalier_models espalier_tactics espalier_engine)
include(cmake/workers.cmake)
espalier_floor(lab LINKS espalier_runtimes espalier_meters espalier_statistics espalier_store
               PkgConfig::TOMLPLUSPLUS)
espalier_floor(imports HEADERS_OF lab LINKS espalier_lab)
espalier_floor(report HEADERS_OF store LINKS espalier_store espalier_statistics)
include(cmake/report_page.cmake)
espalier_floor(cli HEADERS_OF lab LINKS espalier_lab espalier_imports espalier_report espalier_hub)
# CLI11 is headers only, and every command makes it anew: five commands at once cost what two cost alone.
set_target_properties(espalier_cli PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 5)

if(ESPALIER_BENCH)
    file(GLOB benchmark_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/kernels/*_benchmark.cpp)
    add_executable(kernels_benchmark ${benchmark_sources})
    target_link_libraries(kernels_benchmark PRIVATE espalier_kernels)
    set_target_properties(kernels_benchmark PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
    # A benchmark in the folder of a family is a program of its own, named as its file.
    file(GLOB family_benchmarks CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/kernels/*/*_benchmark.cpp)
    foreach(source ${family_benchmarks})
        get_filename_component(program ${source} NAME_WE)
        add_executable(${program} ${source})
        target_link_libraries(${program} PRIVATE espalier_kernels)
        set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
    endforeach()
    find_library(ONEDNN_LIBRARY dnnl)
    if(ONEDNN_LIBRARY)
        target_link_libraries(kernels_benchmark PRIVATE ${ONEDNN_LIBRARY})
        target_compile_definitions(kernels_benchmark PRIVATE ESPALIER_ONEDNN)
    endif()
endif()

# Shared libraries that stand in for vendors' in tests of loading them: NVIDIA's of an old driver, and of one that was
# replaced while it ran (nvmlInit answers 18, NVML_ERROR_LIB_RM_VERSION_MISMATCH).
if(ESPALIER_TESTS)
    foreach(stub nvml_stub nvml_stub_mismatch)
        add_library(${stub} MODULE ${PROJECT_SOURCE_DIR}/tests/stubs/nvml.cpp)
        target_link_libraries(${stub} PRIVATE espalier_options)
        add_dependencies(test_meters ${stub})
    endforeach()
    target_compile_definitions(nvml_stub_mismatch PRIVATE NVML_STUB_INIT=18)
    set_property(SOURCE ${PROJECT_SOURCE_DIR}/src/meters/nvml/library_test.cpp APPEND PROPERTY COMPILE_DEFINITIONS
                 ESPALIER_NVML_STUB="$<TARGET_FILE:nvml_stub>"
                 ESPALIER_NVML_STUB_MISMATCH="$<TARGET_FILE:nvml_stub_mismatch>")
    add_library(amdsmi_stub MODULE ${PROJECT_SOURCE_DIR}/tests/stubs/amdsmi.cpp)
    target_link_libraries(amdsmi_stub PRIVATE espalier_options)
    add_dependencies(test_meters amdsmi_stub)
    set_property(SOURCE ${PROJECT_SOURCE_DIR}/src/meters/amdsmi/amdsmi_test.cpp APPEND PROPERTY COMPILE_DEFINITIONS
                 ESPALIER_AMDSMI_STUB="$<TARGET_FILE:amdsmi_stub>")
endif()

# A worker with faults, for tests of talking to one.
if(ESPALIER_TESTS)
    add_executable(fake_worker ${PROJECT_SOURCE_DIR}/tests/stubs/fake_worker.cpp)
    target_link_libraries(fake_worker PRIVATE espalier_options nlohmann_json::nlohmann_json Threads::Threads)
    add_dependencies(test_runtimes fake_worker)
    target_compile_definitions(test_runtimes PRIVATE ESPALIER_FAKE_WORKER="$<TARGET_FILE:fake_worker>")
endif()

# Logits for the scripts that compare them with other implementations (tools/conformance.py).
if(ESPALIER_TESTS)
    add_executable(espalier_logits ${PROJECT_SOURCE_DIR}/tests/conformance/logits.cpp)
    target_link_libraries(espalier_logits PRIVATE espalier_runtimes)
    set_target_properties(espalier_logits PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
endif()

# Tests that need several floors at once.
file(GLOB_RECURSE across CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*_test.cpp)
if(ESPALIER_TESTS AND across)
    add_executable(test_across ${across})
    target_link_libraries(test_across PRIVATE espalier_cli GTest::gtest GTest::gtest_main GTest::gmock)
    target_compile_definitions(test_across PRIVATE ESPALIER_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                               ESPALIER_PROGRAM="$<TARGET_FILE:espalier>"
                               ESPALIER_FAKE_WORKER="$<TARGET_FILE:fake_worker>")
    add_dependencies(test_across espalier fake_worker)
    set_target_properties(test_across PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
    gtest_discover_tests(test_across DISCOVERY_MODE PRE_TEST TEST_PREFIX "across."
                         PROPERTIES TIMEOUT ${ESPALIER_ACROSS_TIMEOUT})
endif()
