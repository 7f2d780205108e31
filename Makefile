# make run    sets everything up and serves the app on http://127.0.0.1:$PORT (8501)
# make class  the same for a class: warm before the first visitor, open to the local network
# make test   sets everything up and runs the whole test suite
# make quick  the same without pages, browser and long tests: an answer in two minutes
# make lock   resolves requirements.txt anew and writes the exact version of every package

PYTHON ?= python3.11
PORT ?= 8501
ADDRESS ?= 0.0.0.0
HEADLESS ?= 0
# Further names under which browsers may call the server, such as that of a proxy.
HOSTS ?=
PIP_ARGS ?=
BIN := .venv/bin
SERVER := pages/shared/server.py
# Two heaps for all threads that keep what they had: otherwise every student takes megabytes,
# and large arrays come from the system anew each time.
HEAP := MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=268435456 MALLOC_TRIM_THRESHOLD_=536870912 \
	MALLOC_TOP_PAD_=16777216

.PHONY: run class test quick lint install lock clean

run: install
	PYTHONPATH=. $(BIN)/python -m streamlit run $(SERVER) --server.port $(PORT) \
		--server.headless $(if $(filter 1 true,$(HEADLESS)),true,false) \
		$(patsubst %,--server.allowedHosts '%',127.0.0.1 localhost $(HOSTS))

class: install
	HANSCOPE_CLASS=1 $(HEAP) PYTHONPATH=. $(BIN)/python -m streamlit run $(SERVER) \
		--server.address $(ADDRESS) --server.port $(PORT) --server.headless true \
		$(patsubst %,--server.allowedHosts '%',* $(HOSTS))

test: .venv/.tested .venv/.kernel
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

quick: .venv/.tested .venv/.kernel
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "not page and not browser and not long"

lint: .venv/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: .venv/.installed .venv/.kernel

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "Python 3.11 is missing: install it, or name one with make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
		echo "Hanscope runs on Python 3.11; $(PYTHON) is another one."; exit 1; }
	@$(PYTHON) -m venv .venv || { \
		echo "Python lacks the module venv: install it (on Debian, python3.11-venv)."; exit 1; }

LOCKED := $(BIN)/python -m pip install --quiet --constraint requirements.lock $(PIP_ARGS)

.venv/.installed: requirements.txt requirements.lock | .venv/bin/python
	$(LOCKED) -r requirements.txt
	@touch $@

# Recurrent layers in C where there is a compiler; without one PyTorch computes them.
.venv/.kernel: han_core/models/recurrent/scan_kernel.c .venv/.installed
	@$(BIN)/python -m han_core.models.recurrent.scan_kernel
	@touch $@

NEEDED_BY_TESTS := requirements-dev.txt requirements-cluster.txt requirements-postgres.txt \
	requirements-languages.txt requirements-umap.txt requirements-transformers.txt

.venv/.tested: $(NEEDED_BY_TESTS) .venv/.installed
	$(LOCKED) $(NEEDED_BY_TESTS:%=-r %)
	@touch $@

lock: .venv/.tested
	$(BIN)/uv pip compile requirements.txt --universal --python-version 3.11 --no-annotate \
		--upgrade --custom-compile-command "make lock" --output-file requirements.lock

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis \
		han_core/models/recurrent/scan_kernel-*.so
