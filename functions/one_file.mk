# How `sam build` makes a function that is one file: app.py with its bytecode, which Lambda cannot
# write and would make anew at every cold start. Only the runtime's own version of Python can make
# it; without one on this machine the function goes as it is.

PYTHON ?= python3.13

build-%:
	cp app.py "$(ARTIFACTS_DIR)"
	$(PYTHON) -m compileall -q --invalidation-mode unchecked-hash \
	  -s "$(ARTIFACTS_DIR)" -p /var/task "$(ARTIFACTS_DIR)" \
	  || echo "no $(PYTHON): a cold start takes some milliseconds longer"
