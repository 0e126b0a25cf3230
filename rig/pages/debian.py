"""Debian's packages of programs that tests need, installed where `make` may do so."""

import os
import shutil
import subprocess


def install(package: str, program: str) -> str | None:
    """Return the path of `program`, from Debian's `package` if it has to be; None if it is not."""
    found = find(program)
    if found or os.name != "posix" or os.geteuid() != 0 or not shutil.which("apt-get"):
        return found
    print(f"Installing {package}", flush=True)
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", package]):
        subprocess.run(["apt-get", "-qq", *arguments], check=False, capture_output=True)
    return find(program)


def find(program: str) -> str | None:
    """Return the path of `program`, also if it is one for administrators, as nginx is."""
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
