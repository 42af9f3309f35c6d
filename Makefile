# Every target sets up what it needs by itself, once: Python packages in .venv and, for the tests as root on Debian,
# the programs that they start. All it takes is make and Python 3.11 or newer, or uv.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help demo test lint types pytest programs screenshots snapshots bench lab-up lab-down clean

# Tests wait more than they work: for guards that run out, hosts that boot, builds that end. Each worker has a lab of its own.
WORKERS := 2

bin := .venv/bin
runtime := .venv/.runtime
development := .venv/.development

# What the tests start, and the Debian package that has it. The lab installs what it needs by itself.
programs := sshd:openssh-server ssh:openssh-client busybox:busybox shellcheck:shellcheck nix:nix-bin git:git \
	fish:fish tcsh:tcsh strace:strace tmux:tmux qemu-img:qemu-utils openssl:openssl age:age mkpasswd:whois

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

demo: $(runtime) ## the cockpit on an embedded fleet; nothing else needed
	@$(bin)/nixtui demo

test: lint types pytest ## everything that is checked, as root also on real hosts; ARGS="-k guard" is for pytest

lint: $(development) ## style and formatting
	@$(bin)/ruff check nixtui tests
	@$(bin)/ruff format --check nixtui tests

types: $(development) ## strict type check
	@$(bin)/mypy

pytest: $(development) programs
	@[ "$$(id -u)" != 0 ] || tests/lab/lab build 3 # before any test's own time limit runs
	@$(bin)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

bench: $(development) ## the figures that README.md gives, and their bars; a quarter of an hour, as root
	@$(bin)/python -m tests.bench $(ARGS)

screenshots: $(development) ## the pictures of README.md
	@$(bin)/python -m tests.tui.screenshots

snapshots: $(development) ## new pictures of every screen for the tests; look at them before you commit
	@NIXTUI_SNAPSHOTS=write $(bin)/python -m pytest -q tests/tui/test_snapshots.py

lab-up: $(development) ## three real hosts to try things on, as root; see tests/lab/lab --help
	@tests/lab/lab up 3

lab-down: $(development) ## and away with them
	@tests/lab/lab down

clean: ## forget everything that was set up or cached here
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find nixtui tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(runtime): pyproject.toml
	@.ci/setup packages '.[demo]'
	@touch $@

$(development): pyproject.toml
	@.ci/setup packages '.[dev]'
	@touch $(runtime) $@

programs:
	@.ci/setup programs $(programs)
