"""Feature steps: one folder for each role, one module for each step, found by name.

The plan's inputs have slots such as `n0` (number) and `c0` (category). The steps derive the names of the pipeline's
other columns from them.
"""

from spark_jobs.features.inputs import (
    AUTO,
    CYCLIC,
    EMPTY,
    MISSING,
    NONE,
    PARTS,
    CategoryInput,
    Input,
    NumberInput,
    part_name,
)
from spark_jobs.features.steps import (
    Encoder,
    NumberStep,
    Scaler,
    StepGroup,
    StepRole,
    encoder_groups,
    find_encoder,
    find_scaler,
    find_step,
    kind_making,
    number_roles,
    step_groups,
    step_kinds,
    step_roles,
    supervised_kinds,
)

__all__ = [
    "AUTO",
    "CYCLIC",
    "EMPTY",
    "MISSING",
    "NONE",
    "PARTS",
    "CategoryInput",
    "Encoder",
    "Input",
    "NumberInput",
    "NumberStep",
    "Scaler",
    "StepGroup",
    "StepRole",
    "encoder_groups",
    "find_encoder",
    "find_scaler",
    "find_step",
    "kind_making",
    "number_roles",
    "part_name",
    "step_groups",
    "step_kinds",
    "step_roles",
    "supervised_kinds",
]
