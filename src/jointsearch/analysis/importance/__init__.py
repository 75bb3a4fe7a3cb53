"""Which hyperparameters matter: shares of the variance."""
