# cmake -DINPUT=FILE -DOUTPUT=FILE.cpp -DHEADER=path.h -DNAME=ns::function -P embed.cmake
# Writes INPUT as an array of bytes behind the function that HEADER declares, so that a program carries the file.
# The same input gives the same output.
file(READ ${INPUT} hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "(................................................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
get_filename_component(source ${INPUT} NAME)
file(WRITE ${OUTPUT} "// Made from ${source} by cmake/embed.cmake.
#include \"${HEADER}\"

namespace {
constexpr unsigned char kBytes[] = {
${bytes}
};
}  // namespace

std::string_view ${NAME}() { return {reinterpret_cast<const char*>(kBytes), ${size}}; }
")
