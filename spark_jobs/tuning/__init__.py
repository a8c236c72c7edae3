"""Model selection and tuning: trials on shared folds, within a time limit, before the winner is trained."""
