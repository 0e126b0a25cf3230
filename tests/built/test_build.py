"""What `sam build` makes."""

import ssl
import subprocess
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from local import ROOT
from rig.built import build, files_of

MOST_KILOBYTES = {
    "ConnectFunction": 10,
    "DisconnectFunction": 10,
    "MessageFunction": 10,
    "AuthorizeFunction": 32_000,
    "SignalingLayer": 235,
    "TracingLayer": 1_000,
}


def test_nothing_that_was_built_has_grown(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = build().sizes()
    with capsys.disabled():
        print()
        for name, size in sizes.items():
            print(f"{name:20} {size / 1000:9,.1f} kB unpacked, {MOST_KILOBYTES[name]:,} at most")
    assert set(sizes) == set(MOST_KILOBYTES)
    assert not {name for name, size in sizes.items() if size > MOST_KILOBYTES[name] * 1000}


def packages_of(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir() if not each.name.endswith(".dist-info")}


def test_layers_carry_no_sdk() -> None:
    signaling, tracing = (build().code_of(name) for name in ("SignalingLayer", "TracingLayer"))
    assert packages_of(signaling) == packages_of(tracing) == {"python"}
    assert packages_of(signaling / "python") == {"signaling"}
    assert packages_of(tracing / "python") == {"aws_xray_sdk", "wrapt"}
    assert not [each for each in files_of(tracing) if each.suffix in (".so", ".pyc")]


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("SignalingLayer", "joined"),
        *((f"{name}Function", "app") for name in ("Connect", "Disconnect", "Message")),
        ("AuthorizeFunction", "app"),
        ("AuthorizeFunction", "api_jwt"),
    ],
)
def test_what_was_built_has_the_bytecode_that_this_machine_can_make(name: str, module: str) -> None:
    can = subprocess.run("python3.13 --version", shell=True, capture_output=True, check=False)
    made = list(build().code_of(name).rglob(f"{module}.cpython-313.pyc"))
    assert len(made) == (can.returncode == 0)


def test_the_layer_brings_the_certificates_of_amazons_authorities() -> None:
    bundle = build().code_of("SignalingLayer") / "python" / "signaling" / "aws" / "amazon.pem"
    context = ssl.create_default_context(cafile=bundle)
    assert len(context.get_ca_certs()) == 5


def test_the_nested_template_is_there() -> None:
    built = build()
    nested = built.path(built.template["Resources"]["Monitoring"]["Properties"]["TemplateURL"])
    source = ROOT / "monitoring.yaml"
    assert yaml_parse(nested.read_text()) == yaml_parse(source.read_text())
