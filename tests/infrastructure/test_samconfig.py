"""What `samconfig.toml` says about the environments."""

import tomllib

from local import ROOT

SAMCONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())


def test_no_two_environments_share_what_they_upload() -> None:
    environments = [each for each in SAMCONFIG.values() if isinstance(each, dict)]
    prefixes = [each["deploy"]["parameters"]["s3_prefix"] for each in environments]
    stacks = [each["global"]["parameters"]["stack_name"] for each in environments]
    assert prefixes == stacks
    assert len(set(prefixes)) == len(prefixes)
