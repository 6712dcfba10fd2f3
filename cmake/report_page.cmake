# The report's page, built from web/ and committed, goes into the library: building needs no Node.
set(ESPALIER_REPORT_PAGE ${PROJECT_SOURCE_DIR}/web/dist/report.html)
set(ESPALIER_REPORT_PAGE_CPP ${PROJECT_BINARY_DIR}/generated/report_page.cpp)
add_custom_command(
    OUTPUT ${ESPALIER_REPORT_PAGE_CPP}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${ESPALIER_REPORT_PAGE} -DOUTPUT=${ESPALIER_REPORT_PAGE_CPP}
            -DHEADER=report/page.h -DNAME=espalier::report::page_template -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${ESPALIER_REPORT_PAGE} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    COMMENT "Embedding the report's page"
    VERBATIM)
target_sources(espalier_report PRIVATE ${ESPALIER_REPORT_PAGE_CPP})
