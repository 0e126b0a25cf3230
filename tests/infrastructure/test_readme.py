"""What README.md says of the template."""

import re

from local import ROOT
from tests.support.translation import parameters


def test_the_table_of_parameters_is_that_of_the_template() -> None:
    readme = (ROOT / "README.md").read_text()
    table = readme.partition("| parameter | default | meaning |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \| (?:`([^`]*)`)? *\|", table, re.MULTILINE)
    assert rows == list(parameters().items())


def test_every_file_that_is_linked_exists() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
