"""What holds for all tests: a machine that is busy with other things makes none of them fail."""

from hypothesis import HealthCheck, settings

# One deployed shop for tests of it in two folders.
pytest_plugins = ["deployment"]

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
