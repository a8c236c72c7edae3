"""The names a spec may use that belong to no single model: metrics, reader options, reserved columns, later parts."""

from __future__ import annotations

REGRESSION_METRICS = ("rmse", "mse", "mae", "r2", "mape")
LABEL_METRICS = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")
PROBABILITY_METRICS = ("roc_auc", "pr_auc", "log_loss", "brier")
CLASS_METRICS = LABEL_METRICS + PROBABILITY_METRICS
METRICS = REGRESSION_METRICS + CLASS_METRICS

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

LATER_KEYS = frozenset({"tune", "privacy"})
LATER_MODELS = frozenset({"auto"})

# Spark's reader options of the formats we read, and our own for numbers. Spark ignores a name that it does not know.
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
# Of a database's and a topic's reader: limits and security, nothing that names a class, a file or an address to call.
DATABASE_OPTIONS = ("fetchsize", "queryTimeout")
CLIENT_OPTIONS = (
    "kafka.security.protocol",
    "kafka.sasl.mechanism",
    "kafka.request.timeout.ms",
    "kafka.session.timeout.ms",
    "kafka.max.partition.fetch.bytes",
    "kafka.fetch.max.bytes",
)
# Options that would undo how a source is read: whole, typed by all its rows, malformed rows set aside and counted.
DECIDED = frozenset(
    ["mode", "inferSchema", "enforceSchema", "columnNameOfCorruptRecord", "samplingRatio", "path", "paths", "schema"]
)
# Options of Spark's JSON reader, which is not used: every value is read as it is written, by the standard.
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
