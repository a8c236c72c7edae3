"""Names that a spec may use outside a single model: metrics, reader options, reserved columns, planned keys."""

from __future__ import annotations

REGRESSION_METRICS = ("rmse", "mse", "mae", "r2", "mape")
LABEL_METRICS = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")
PROBABILITY_METRICS = ("roc_auc", "pr_auc", "log_loss", "brier")
CLASS_METRICS = LABEL_METRICS + PROBABILITY_METRICS
METRICS = REGRESSION_METRICS + CLASS_METRICS
LOWER_IS_BETTER = frozenset({"rmse", "mse", "mae", "mape", "log_loss", "brier"})
# What models of a task are compared by, where the spec names no metric.
PRIMARY_METRIC = {"regression": "rmse", "binary": "roc_auc", "multiclass": "log_loss"}

RESERVED = frozenset(
    [
        "_row",
        "_row_id",
        "_model_name",
        "_model_version",
        "_run_id",
        "_batch_id",
        "_scored_at",
        "_reasons",
        "_source",
        "prediction",
        "probability",
        "probabilities",
        "margin",
        "valid",
    ]
)

DEFAULT_MODEL = "linear"
AUTO = "auto"  # the `model.kind` that compares algorithms
LATER_KEYS = frozenset({"privacy"})

# Spark's reader options for the supported formats, plus `decimal` and `thousands`. An allow-list, since Spark silently
# ignores unknown options.
OPTIONS = frozenset(
    [
        "sep",
        "delimiter",
        "quote",
        "escape",
        "charToEscapeQuoteEscaping",
        "comment",
        "encoding",
        "charset",
        "header",
        "multiLine",
        "lineSep",
        "ignoreLeadingWhiteSpace",
        "ignoreTrailingWhiteSpace",
        "nullValue",
        "nanValue",
        "positiveInf",
        "negativeInf",
        "emptyValue",
        "dateFormat",
        "timestampFormat",
        "timestampNTZFormat",
        "locale",
        "maxColumns",
        "maxCharsPerColumn",
        "unescapedQuoteHandling",
        "compression",
        "decimal",
        "thousands",
        "mergeSchema",
        "datetimeRebaseMode",
        "int96RebaseMode",
        "versionAsOf",
        "timestampAsOf",
        "recursiveFileLookup",
        "pathGlobFilter",
        "modifiedBefore",
        "modifiedAfter",
    ]
)
# Options that would defeat the reader's guarantees: every row read, types from all rows, malformed rows counted.
DECIDED = frozenset(
    ["mode", "inferSchema", "enforceSchema", "columnNameOfCorruptRecord", "samplingRatio", "path", "paths", "schema"]
)
# Options of Spark's JSON reader, which is not used: JSON is parsed strictly by RFC 8259.
OF_SPARKS_JSON = frozenset(
    [
        "primitivesAsString",
        "prefersDecimal",
        "dropFieldIfAllNull",
        "allowComments",
        "allowUnquotedFieldNames",
        "allowSingleQuotes",
        "allowNumericLeadingZeros",
        "allowNonNumericNumbers",
        "allowBackslashEscapingAnyCharacter",
        "allowUnquotedControlChars",
    ]
)
FORMATS = ("dateFormat", "timestampFormat", "timestampNTZFormat")
