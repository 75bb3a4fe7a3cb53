"""Gradient boosting of a table that comes with scikit-learn: a budget is a number of trees."""

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from jointsearch import Trial


def evaluate(trial: Trial) -> dict[str, float]:
    """Fit as many trees as the budget says; the loss is the mean cross-entropy of the validation part."""
    inputs, answers = load_breast_cancer(return_X_y=True)
    # The parts are the same for all trainings, whatever their seed.
    rest, test, rest_answers, test_answers = train_test_split(inputs, answers, test_size=0.25, random_state=0)
    train, validation, train_answers, validation_answers = train_test_split(
        rest, rest_answers, test_size=0.33, random_state=0
    )
    model = GradientBoostingClassifier(n_estimators=int(trial.budget), random_state=trial.seed, **trial.values)
    model.fit(train, train_answers)
    for trees, probabilities in enumerate(model.staged_predict_proba(validation), start=1):
        loss = log_loss(validation_answers, probabilities)
        trial.report(trees, loss)
    return {
        "loss": loss,
        "test": log_loss(test_answers, model.predict_proba(test)),
        "accuracy": model.score(validation, validation_answers),
    }
