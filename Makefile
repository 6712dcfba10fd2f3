# What a person types. CMake presets do the work.

JOBS ?= $(shell nproc)
CMAKE_FLAGS ?=
# Looked up when a recipe runs: `deps` may just have installed it, and a change of launcher rebuilds everything.
LAUNCHER = $(if $(shell command -v ccache),-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)

PEERS_PYTHON ?= .venv/bin/python
METERS_PYTHON ?= .venv-meters/bin/python

.PHONY: help deps build demo test fuzz bench bench-kernels bench-measurement bench-regression format lint sanitize web clean

help:
	@echo "make deps      install what the build needs (Debian 12; says what, asks nothing)"
	@echo "make build     build/espalier"
	@echo "make demo      study the embedded zoo, to a verdict and a report"
	@echo "make test      build and run every test"
	@echo "make sanitize  the tests under address and undefined-behaviour sanitizers"
	@echo "make fuzz      a minute of each fuzzer (needs clang-14); FUZZ_SECONDS=600 for longer"
	@echo "make bench     whole models beside their peers, to docs/performance.md (bench/README.md; needs the peers)"
	@echo "make bench-kernels     kernels on the layers of known networks"
	@echo "make bench-measurement energy beside codecarbon and zeus, to docs/head_to_head.md (root; needs them)"
	@echo "make bench-regression  instruction counts of inference against the committed ones (needs valgrind)"
	@echo "make format    clang-format the sources      make lint    floors, format and clang-tidy"
	@echo "make web       rebuild the report's page from web/ (needs Node)"

deps:
	@tools/install_deps.sh

build: deps
	@cmake --preset release $(LAUNCHER) $(CMAKE_FLAGS) >build-configure.log 2>&1 || { cat build-configure.log; exit 1; }
	@rm -f build-configure.log
	cmake --build --preset release --parallel $(JOBS) --target espalier

demo: build
	@tools/demo.sh

test: deps
	@tools/check_floors.sh
	@tools/requirements.sh
	cmake --preset release $(LAUNCHER) $(CMAKE_FLAGS) >/dev/null
	cmake --build --preset release --parallel $(JOBS)
	ctest --preset release --parallel $(JOBS)

sanitize: deps
	cmake --preset debug $(LAUNCHER) $(CMAKE_FLAGS) >/dev/null
	cmake --build --preset debug --parallel $(JOBS)
	ctest --preset debug --parallel $(JOBS)

fuzz: deps
	tools/fuzz.sh $(FUZZ_SECONDS)

bench: deps
	cmake --preset bench $(LAUNCHER) $(CMAKE_FLAGS) >/dev/null
	cmake --build --preset bench --parallel $(JOBS) --target espalier bench_worker bench_preprocess
	@PEERS_PYTHON="$(PEERS_PYTHON)" bench/run.sh $(BENCH)

bench-kernels: deps
	cmake --preset bench $(LAUNCHER) $(CMAKE_FLAGS) >/dev/null
	cmake --build --preset bench --parallel $(JOBS) --target kernels_benchmark
	build/bench/kernels_benchmark

bench-measurement: deps
	cmake --preset bench $(LAUNCHER) $(CMAKE_FLAGS) >/dev/null
	cmake --build --preset bench --parallel $(JOBS) --target espalier bench_plant bench_nvml_plant
	@METERS_PYTHON="$(METERS_PYTHON)" bench/measurement/run.sh $(BENCH)

bench-regression: build
	@bench/regression/run.sh

format:
	git ls-files 'src/*.cpp' 'src/*.h' 'bench/*.cpp' 'tests/*.cpp' | xargs clang-format-14 -i

lint: deps
	@tools/check_floors.sh
	@tools/requirements.sh
	git ls-files 'src/*.cpp' 'src/*.h' 'bench/*.cpp' 'tests/*.cpp' | xargs clang-format-14 --dry-run --Werror
	cmake --preset release $(LAUNCHER) $(CMAKE_FLAGS) >/dev/null
	git ls-files 'src/*.cpp' | grep -v avx | xargs -P $(JOBS) -n 4 clang-tidy-14 -p build --quiet

web:
	web/check.sh --write

clean:
	rm -rf build
