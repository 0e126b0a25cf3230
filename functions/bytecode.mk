# Bytecode, which Lambda cannot write and would make anew at every cold start. Only the runtime's own
# version of Python can make it; without one on this machine the code goes as it is.

PYTHON ?= python3.13

# $(call MAKE_BYTECODE,where Lambda puts the code)
define MAKE_BYTECODE
$(PYTHON) -m compileall -q --invalidation-mode unchecked-hash \
  -s "$(ARTIFACTS_DIR)" -p $(1) "$(ARTIFACTS_DIR)" \
  || echo "no $(PYTHON): a cold start takes longer"
endef
