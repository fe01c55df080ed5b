"""Run by the Python of morph-kgc's own environment: python morph.py MAPPING OUTPUT WAY.

WAY is how its triples reach the file. `lines`: its lines as they are, one process, the fastest
it has; `processes`: the same with its default number of processes; `graph`: `materialize`, the
documented call, which builds an rdflib graph that is then serialized.
"""

import json
import logging
import sys
import time
from pathlib import Path

import morph_kgc

mapping, output, way = sys.argv[1:]
logging.disable()
count = "" if way == "processes" else "number_of_processes=1\n"
config = f"[CONFIGURATION]\n{count}[rows]\nmappings={mapping}\n"
wall, cpu = time.perf_counter(), time.process_time()
if way == "graph":
    morph_kgc.materialize(config).serialize(output, format="nt", encoding="utf-8")
else:
    found = morph_kgc.materialize_set(config)
    with Path(output).open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"{triple} .\n" for triple in found)
print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}))
