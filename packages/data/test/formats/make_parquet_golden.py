"""Writes parquet-golden.json: small files as pyarrow 22 and DuckDB 2 write them, in base64."""
import base64
import json
import os
import sys
import tempfile

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq


def written(write):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.parquet")
        write(path)
        with open(path, "rb") as file:
            return base64.b64encode(file.read()).decode()


flags = pa.table({"flag": pa.array([True, False]), "label": [0, 1]})
nulls = pa.table({"nulls": pa.nulls(6, pa.float64()), "label": [0, 1] * 3})
durations = pa.table({
    **{unit: pa.array([90_000_000, -1500, None], pa.duration(unit)) for unit in ("s", "ms", "us")},
    "long": pa.array([10**16 + 1_999_999, 1, None], pa.duration("ns")),
    "count": pa.array([90_000_000, -1500, None], pa.int64()),
    # A type that apache-arrow does not know.
    "words": pa.array(["a", "b", None], pa.string_view()),
})
unsigned = (
    "select (3000000000 + i * 1000)::UINTEGER u from range(5) t(i)"
)
golden = {
    "no rows": written(lambda path: pq.write_table(flags.slice(0, 0), path)),
    "all null, LZ4": written(lambda path: pq.write_table(nulls, path, compression="LZ4")),
    "durations": written(lambda path: pq.write_table(durations, path)),
    "unsigned deltas": written(lambda path: duckdb.sql(
        f"copy ({unsigned}) to '{path}' (format parquet, parquet_version v2)")),
}
with open(os.path.join(os.path.dirname(sys.argv[0]), "parquet-golden.json"), "w") as out:
    json.dump(golden, out, indent=2)
    out.write("\n")
