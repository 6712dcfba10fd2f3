#!/usr/bin/env bash
# Builds the fuzzers with Clang and the sanitizers and runs them one after the other.
#
#     tools/fuzz.sh [SECONDS [FUZZER...]]      60 seconds each, all of them
#
# New inputs are kept in build/fuzz/corpus. A finding is written to build/fuzz/findings and ends the script: mend it, and
# keep the input, made small, in tests/fuzz/corpus/FUZZER.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -gt 0 ] && shift
command -v clang++-14 >/dev/null || {
    echo "error: fuzzing needs Clang: apt-get install clang-14 libclang-rt-14-dev" >&2
    exit 1
}
launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
cmake --preset fuzz "${launcher[@]}" >/dev/null
cmake --build --preset fuzz --parallel "${JOBS:-$(nproc)}" --target fuzzers

fuzzers=("$@")
if [ ${#fuzzers[@]} -eq 0 ]; then
    for list in tests/fuzz/seeds/*.txt; do fuzzers+=("$(basename "$list" .txt)"); done
fi
for fuzzer in "${fuzzers[@]}"; do
    corpus=build/fuzz/corpus/$fuzzer
    seeds=build/fuzz/seeds/$fuzzer
    rm -rf "$seeds"
    mkdir -p "$corpus" "$seeds" "build/fuzz/findings/$fuzzer"
    while read -r pattern; do
        # Patterns are meant to expand. Files in different folders have the same name.
        for file in $pattern; do cp "$file" "$seeds/$(tr / _ <<<"$file")"; done
    done <"tests/fuzz/seeds/$fuzzer.txt"
    echo "$fuzzer: $seconds seconds"
    # Inputs that are read into 2 GiB or take 20 s are findings too.
    build/fuzz/fuzz_"$fuzzer" -max_total_time="$seconds" -max_len=65536 -timeout=20 -rss_limit_mb=2048 \
        -print_final_stats=1 -verbosity=0 -artifact_prefix="build/fuzz/findings/$fuzzer/" "$corpus" "$seeds"
done
