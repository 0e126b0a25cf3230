"""The YAML anchors of `monitoring.yaml`, which SAM CLI writes out for CloudFormation."""

import pytest
import yaml
from samcli.yamlhelper import (  # type: ignore[import-untyped]  # published without types
    yaml_dump,
    yaml_parse,
)

from local import ROOT
from tests.support.monitoring import TEMPLATE

TEXT = (ROOT / "monitoring.yaml").read_text()


@pytest.fixture(autouse=True)
def yaml_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """SAM CLI changes PyYAML for the whole process, and then `safe_load` makes no plain dicts."""
    for name in ("yaml_constructors", "yaml_multi_constructors"):
        monkeypatch.setattr(yaml.SafeLoader, name, dict(getattr(yaml.SafeLoader, name)))


def test_sam_writes_out_the_parts_that_cloudformation_could_not_read() -> None:
    sent = yaml_dump(yaml_parse(TEXT))
    written = (yaml.AnchorToken, yaml.AliasToken)
    assert not [each for each in yaml.scan(sent) if isinstance(each, written)]
    assert "<<" not in sent
    assert yaml_parse(sent) == TEMPLATE
