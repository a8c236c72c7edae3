"""The blocks `checks` and `changes`. The keys of a check depend on its rule; `spark_jobs.checks` validates them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from spark_jobs.spec.fields import SpecModel, as_tuple

# The discriminator lets messages name the key that a check must have.
_HasRule = WithJsonSchema({"discriminator": {"propertyName": "rule"}})
Checks = Annotated[tuple[Annotated[dict[str, Any], _HasRule], ...], BeforeValidator(as_tuple)]


class Changes(SpecModel):
    """How scoring handles a schema that differs from training; a batch without a used column is always refused."""

    added: Literal["keep", "ignore", "refuse"] = Field(
        default="keep",
        description="A column that the training data did not have: keep it, leave it out, or refuse the batch.",
    )
    type: Literal["cast", "quarantine", "refuse"] = Field(
        default="cast",
        description="A value that does not parse as its column's type: `cast` makes it null, `quarantine` sets its row "
        "aside, `refuse` refuses the batch.",
    )
