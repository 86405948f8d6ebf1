"""What the page offers to change."""

import pytest

from bitline.design import Design
from bitline.studio.controls import changed, controls

CHOICES = [control for control in controls() if control.setting.endswith(".kind")]
KINDS = [(control.setting, kind) for control in CHOICES for kind in control.values if kind != "guaranteed"]
"""All kinds but the range that takes more bits on the default array."""


@pytest.mark.parametrize("setting, kind", KINDS)
def test_every_kind_that_is_offered_can_be_chosen(setting, kind):
    """Measured converters need a file, and capacitors a mismatch: the first were always refused, the others too."""
    assert Design().with_settings(changed({}, setting, kind)).model_dump()


def test_what_needs_a_file_is_not_offered():
    assert not {"measured", "measurements-fit", "given"} & {kind for _, kind in KINDS}
    assert ("cell.device.kind", "charge-sharing") in KINDS
