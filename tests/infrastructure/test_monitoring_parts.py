"""The YAML anchors of `monitoring.yaml`, which SAM CLI writes out for CloudFormation."""

import yaml
from samcli.yamlhelper import (  # type: ignore[import-untyped]  # published without types
    yaml_dump,
    yaml_parse,
)

from local import ROOT
from tests.support.monitoring import TEMPLATE

TEXT = (ROOT / "monitoring.yaml").read_text()


def test_sam_writes_out_the_parts_that_cloudformation_could_not_read() -> None:
    sent = yaml_dump(yaml_parse(TEXT))
    written = (yaml.AnchorToken, yaml.AliasToken)
    assert not [each for each in yaml.scan(sent) if isinstance(each, written)]
    assert "<<" not in sent
    assert yaml_parse(sent) == TEMPLATE


def test_every_shared_part_is_shared() -> None:
    tokens = list(yaml.scan(TEXT))
    named = [each.value for each in tokens if isinstance(each, yaml.AnchorToken)]
    assert len(named) == len(set(named))
    assert set(named) == {each.value for each in tokens if isinstance(each, yaml.AliasToken)}
