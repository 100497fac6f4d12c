"""Say what functions run on: what their packages were built for."""

from aws_cdk import aws_lambda as awslambda

from infra.stage import Stage


def runtime_of(stage: Stage) -> awslambda.Runtime:
    """Return the version of Python that the packages were built for."""
    return awslambda.Runtime(f"python{stage.python}", awslambda.RuntimeFamily.PYTHON, supports_inline_code=True)


def architecture_of(stage: Stage) -> awslambda.Architecture:
    """Return the processor that the packages were built for."""
    return awslambda.Architecture.ARM_64 if stage.architecture == "arm64" else awslambda.Architecture.X86_64
