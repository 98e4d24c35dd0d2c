"""Reads files into a table of DuckDB and prints what it took: a line of JSON."""
import json
import sys
import time

import duckdb

request = json.loads(sys.argv[1])
files = request["files"]
reader = "read_csv" if files[0].endswith(".csv") else "read_parquet"
connection = duckdb.connect()
connection.execute(f"SET threads = {int(request['threads'])}")
start, cpu = time.perf_counter(), time.process_time()
connection.execute(f"CREATE TABLE t AS SELECT * FROM {reader}(?)", [files])
wall_ms = (time.perf_counter() - start) * 1000
cpu_ms = (time.process_time() - cpu) * 1000
rows = connection.execute("SELECT count(*) FROM t").fetchone()[0]
print(json.dumps({"rows": rows, "wallMs": wall_ms, "cpuMs": cpu_ms}))
