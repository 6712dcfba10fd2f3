# The workers of other runtimes go into the library, so that the program needs no file beside it.
foreach(worker worker torch_graph pytorch_worker onnxruntime_worker openvino_worker)
    set(input ${PROJECT_SOURCE_DIR}/workers/${worker}.py)
    set(output ${PROJECT_BINARY_DIR}/generated/${worker}.cpp)
    set(function ${worker})
    if(worker STREQUAL "worker")
        set(function worker_base)
    endif()
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DINPUT=${input} -DOUTPUT=${output} -DHEADER=runtimes/worker/sources.h
                -DNAME=espalier::runtimes::${function} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
        DEPENDS ${input} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
        COMMENT "Embedding workers/${worker}.py"
        VERBATIM)
    target_sources(espalier_runtimes PRIVATE ${output})
endforeach()
