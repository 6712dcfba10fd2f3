# Fuzzers of everything that reads a file from outside, in tests/fuzz/. Their inputs are replayed by the tests; with
# ESPALIER_FUZZ and Clang they become libFuzzer programs as well (tools/fuzz.sh).

# espalier_fuzzer(<name> LINKS <libraries>...): tests/fuzz/<name>_fuzzer.cpp with the inputs of seeds/<name>.txt
function(espalier_fuzzer name)
    cmake_parse_arguments(FUZZER "" "" "LINKS" ${ARGN})
    set(folder ${PROJECT_SOURCE_DIR}/tests/fuzz)
    if(ESPALIER_TESTS)
        add_executable(replay_${name} ${folder}/${name}_fuzzer.cpp ${folder}/replay.cpp)
        target_link_libraries(replay_${name} PRIVATE ${FUZZER_LINKS})
        add_test(NAME fuzz.${name} COMMAND replay_${name} ${PROJECT_SOURCE_DIR} ${folder}/seeds/${name}.txt)
        set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT 300)
    endif()
    if(ESPALIER_FUZZ)
        add_executable(fuzz_${name} ${folder}/${name}_fuzzer.cpp)
        target_link_libraries(fuzz_${name} PRIVATE ${FUZZER_LINKS} -fsanitize=fuzzer)
        add_dependencies(fuzzers fuzz_${name})
    endif()
endfunction()

if(ESPALIER_FUZZ)
    add_custom_target(fuzzers)
    # No input reaches a kernel, and their unrolled loops take minutes to compile with sanitizers.
    target_compile_options(espalier_kernels PRIVATE -fno-sanitize=all -O0)
endif()
espalier_fuzzer(safetensors LINKS espalier_formats)
espalier_fuzzer(pytorch LINKS espalier_formats)
espalier_fuzzer(onnx LINKS espalier_models)
espalier_fuzzer(config LINKS espalier_models)
espalier_fuzzer(processor LINKS espalier_datasets)
espalier_fuzzer(image LINKS espalier_datasets)
espalier_fuzzer(foreign LINKS espalier_imports)
