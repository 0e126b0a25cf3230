# How `sam build` makes a function that is one file: app.py with its bytecode.

include $(dir $(lastword $(MAKEFILE_LIST)))bytecode.mk

build-%:
	cp app.py "$(ARTIFACTS_DIR)"
	$(call MAKE_BYTECODE,/var/task)
