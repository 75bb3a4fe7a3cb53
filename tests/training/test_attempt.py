from jointsearch.core.observed import Worker
from jointsearch.training.attempt import RunningAttempt


def test_the_record_of_an_attempt_carries_each_field_of_its_worker():
    worker = Worker(host="node1", device="H200", job="17", gpu="3")
    ended = RunningAttempt(worker, "a" * 64, started=1.0, joules=lambda: 5.0).ended()
    assert worker.model_fields_set == set(Worker.model_fields), "a new field must be set here"
    assert {name: getattr(ended, name) for name in Worker.model_fields} == dict(worker)
    assert (ended.started, ended.environment, ended.energy_joules) == (1.0, "a" * 64, 5.0)
    assert ended.finished > ended.started
