# Every target sets up what it needs by itself, once: Python packages in .venv, and for the tests, as root on Debian,
# the programs they start. Needs make and Python 3.11 or newer, or uv.

MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := /bin/sh
.SHELLFLAGS := -euc
.ONESHELL:
.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

export PIP_DISABLE_PIP_VERSION_CHECK := 1

bin := .venv/bin
runtime := .venv/.installed
development := .venv/.installed-dev

# What the tests start besides what the lab installs for itself, and the Debian package that has it.
programs := sshd:openssh-server ssh:openssh-client busybox:busybox shellcheck:shellcheck nix:nix-bin git:git \
	fish:fish tcsh:tcsh strace:strace tmux:tmux

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(runtime) ## the cockpit on an embedded fleet; nothing else needed
	@exec $(bin)/nixtui demo

.PHONY: test
test: lint types pytest ## everything that is checked; as root also on real hosts. ARGS="-k guard" goes to pytest

.PHONY: lint
lint: $(development) ## style, formatting, and who may import whom
	@$(bin)/ruff check --quiet nixtui tests
	$(bin)/ruff format --quiet --diff nixtui tests
	$(bin)/lint-imports --no-timing > .venv/imports.log 2>&1 || { cat .venv/imports.log; exit 1; }

.PHONY: types
types: $(development) ## strict type check
	@$(bin)/mypy --no-error-summary

.PHONY: pytest
pytest: $(development) programs
	@$(bin)/python -m pytest $(ARGS)

.PHONY: bench
bench: $(development) ## the figures that README.md gives
	@for file in tests/bench/bench_*.py; do
		name=$$(basename "$$file" .py)
		echo "$$name"
		$(bin)/python -m "tests.bench.$$name"
	done

.PHONY: lab-up
lab-up: $(development) ## three real hosts to try things on (root); see tests/lab/lab --help
	@tests/lab/lab up 3

.PHONY: lab-down
lab-down: ## and away with them
	@tests/lab/lab down

.PHONY: clean
clean: ## forget everything that was set up or cached here
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find nixtui tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Installs the package and $(1), `.` or `.[dev]`, into .venv, which is made, or made anew when its Python is gone.
define install
	if command -v uv > /dev/null; then
		[ -x $(bin)/python ] || uv venv --quiet --clear --python '>=3.11' .venv
		uv pip install --quiet --python $(bin)/python --editable '$(1)'
	else
		$(bin)/python -m pip --version > /dev/null 2>&1 || { $(venv); }
		$(bin)/python -m pip install --quiet --editable '$(1)'
	fi
endef

# Debian keeps what venv needs in a package of its own, and says so only after it has made half a venv.
define venv
	for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 none; do
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && break
	done
	[ "$$python" != none ] || { echo "nixtui needs Python 3.11 or newer, or uv, which brings one" >&2; exit 1; }
	package=$$("$$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
	"$$python" -c 'import ensurepip, venv' 2> /dev/null || { $(call apt,$$package); } || {
		echo "$$python cannot make virtual environments; first: sudo apt-get install $$package" >&2; exit 1
	}
	"$$python" -m venv --clear .venv
endef

# Fails where packages cannot be installed: not root, or not Debian.
define apt
	[ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null &&
	echo "installing $(1)" >&2 && apt-get -qq update &&
	DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends $(1) > /dev/null
endef

$(runtime): pyproject.toml
	@echo "setting up .venv" >&2
	$(call install,.)
	touch $@

$(development): pyproject.toml
	@echo "setting up .venv for development" >&2
	$(call install,.[dev])
	touch $(runtime) $@

.PHONY: programs
programs:
	@PATH=$$PATH:/usr/sbin:/sbin
	missing=
	for each in $(programs); do
		command -v "$${each%:*}" > /dev/null || missing="$$missing $${each#*:}"
	done
	if [ -n "$$missing" ] && { $(call apt,$$missing); }; then
		# The tests start servers of their own; the package's is nobody's wish here.
		case $$missing in *openssh-server*) systemctl disable --now --quiet ssh || true;; esac
		missing=
	fi
	[ -z "$$missing" ] || echo "tests are skipped or fail without:$$missing (install them, or run as root on Debian)" >&2
	[ "$$(id -u)" = 0 ] || echo "not root: tests on real hosts are skipped" >&2
