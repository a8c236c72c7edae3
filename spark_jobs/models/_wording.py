"""Which option was meant by an unknown one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from spark_jobs.errors import did_you_mean

TREE_COUNT = ("num_trees", "n_estimators", "trees", "num_round", "num_boost_round", "rounds")

# Names that mean the same here, in earlier versions and in other libraries; the first group with an option wins.
_SYNONYMS = (
    TREE_COUNT,
    ("step_size", "learning_rate", "eta"),
    ("reg_alpha", "alpha", "l1"),
    ("reg_param", "reg_lambda", "regularization", "lambda", "alpha", "l2"),
    ("elastic_net_param", "elastic_net", "l1_ratio"),
    ("max_iter", "max_iterations", "n_iter", "epochs"),
    ("tol", "tolerance"),
    ("fit_intercept", "intercept"),
    ("max_bins", "max_bin", "bins"),
    ("min_instances_per_node", "min_rows", "min_samples_leaf", "min_child_weight", "min_weight"),
    ("min_info_gain", "min_gain", "gamma", "min_split_loss"),
    ("subsampling_rate", "subsample"),
    ("feature_subset_strategy", "features_per_split", "max_features"),
    ("colsample_bytree", "features_per_tree"),
    ("max_memory_in_mb", "memory"),
    ("num_workers", "workers"),
    ("hidden_layers", "layers", "hidden_layer_sizes"),
    ("block_size", "block_rows", "batch_size"),
    ("model_type", "kind"),
)


def advice(name: str, options: Iterable[str], synonyms: Mapping[str, str]) -> str:
    """Suggest the option that was meant: the same name in camelCase, a synonym, or the nearest name.

    Args:
        name: The unknown option.
        options: The options of the algorithm.
        synonyms: The algorithm's own synonyms, mapped to its options; they win over those that all algorithms share.

    >>> advice("trees", ["max_depth", "num_trees"], {}), advice("maxMemoryInMB", ["max_memory_in_mb"], {})
    ("Did you mean 'num_trees'?", "Did you mean 'max_memory_in_mb'?")
    """
    by_letters = {_letters(option): option for option in options}
    letters = _letters(name)
    shared = (_letters(one) for group in _SYNONYMS if letters in map(_letters, group) for one in group)
    own = (_letters(option) for synonym, option in synonyms.items() if letters == _letters(synonym))
    meant = next((by_letters[one] for one in (letters, *own, *shared) if one in by_letters), None)
    return f"Did you mean '{meant}'?" if meant else did_you_mean(name, by_letters.values())


def _letters(name: str) -> str:
    """Return the name in lower case without underscores: camelCase and snake_case are the same then."""
    return name.replace("_", "").lower()
