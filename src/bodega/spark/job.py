"""The job's entry, for spark-submit, EMR Serverless or plain Python: read events, train, write what is handed over."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from pyspark.sql import SparkSession

from bodega.errors import InvalidError, ShopError
from bodega.recsys.tables import FEWEST_COMPILED, TERMS_AT_ONCE
from bodega.recsys.training import TrainSettings
from bodega.spark.lines import read_lines
from bodega.spark.training import train

_CHUNK_BYTES = 1 << 20


def main(arguments: Sequence[str]) -> int:
    """Train once; 2 if the events or the settings are of no use, with the reason on standard error."""
    given = _parser().parse_args(arguments)
    spark = SparkSession.builder.appName("bodega recommend train").getOrCreate()
    try:
        if not 0 < given.at_once < FEWEST_COMPILED:
            raise InvalidError(f"--at-once is from 1 to {FEWEST_COMPILED - 1}: more than that takes compiled code")
        settings = _settings(given.settings)
        lines = read_lines(spark, given.events)
        with _checkpoints(spark, f"{given.artifact.removesuffix('/')}/checkpoints"):
            handover = train(lines, now=given.as_of, settings=settings, at_once=given.at_once)
    except ShopError as exc:
        print(exc.message, file=sys.stderr)  # noqa: T201  # what a job says, it prints
        return 2
    finally:
        spark.catalog.clearCache()  # or a later training in the same session would read what is no longer there
    _put(spark, given.artifact, handover.files())
    print(msgspec.json.encode(handover.facts).decode())  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="learn recommendations on a Spark cluster")
    parser.add_argument("--events", required=True, help="where `bodega recommend export-events` laid them out")
    parser.add_argument("--artifact", required=True, help="the folder to write, for `bodega recommend publish`")
    parser.add_argument("--settings", default="{}", help="JSON, as bodega.recsys.training.TrainSettings has it")
    parser.add_argument("--as-of", type=float, help="now, in days since 1970 (default: the last event)")
    parser.add_argument("--at-once", type=int, default=TERMS_AT_ONCE, help="products that a task sums at most")
    return parser


def _settings(document: str) -> TrainSettings:
    try:
        return msgspec.json.decode(document, type=TrainSettings)
    except msgspec.MsgspecError as exc:
        raise InvalidError(f"these are no settings of a training: {exc}") from exc


def _put(spark: SparkSession, folder: str, files: Iterable[tuple[str, bytes]]) -> None:
    system, path_of = _file_system(spark, folder)
    system.setWriteChecksum(False)  # no second file beside each on a local disk
    for name, data in files:
        stream = system.create(path_of(folder, name), True)  # noqa: FBT003  # overwrite
        for start in range(0, len(data), _CHUNK_BYTES):
            stream.write(bytearray(data[start : start + _CHUNK_BYTES]))
        stream.close()


@contextmanager
def _checkpoints(spark: SparkSession, folder: str) -> Iterator[None]:
    """Let steps of ALS be kept below a folder, where every machine finds them, as long as the block runs."""
    spark.sparkContext.setCheckpointDir(folder)
    try:
        yield
    finally:
        system, path_of = _file_system(spark, folder)
        system.delete(path_of(folder), True)  # noqa: FBT003  # with all that is in it


def _file_system(spark: SparkSession, folder: str) -> tuple[Any, Any]:
    """Return Hadoop's file system of a folder, and its class of paths: they know every place that Spark reads from."""
    context = spark.sparkContext
    path_of = context._jvm.org.apache.hadoop.fs.Path  # noqa: SLF001  # Spark has no other way from Python
    return path_of(folder).getFileSystem(context._jsc.hadoopConfiguration()), path_of  # noqa: SLF001


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
