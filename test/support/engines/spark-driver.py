"""
Runs scripts one after the other in one Spark, which starts once. A line of stdin is JSON: the path of a script, and what to call it with. For
each, one line on stdout: {"printed": <the last line that it printed>}, or {"failed": <why>}.
"""

import io
import json
import runpy
import sys
import traceback
from contextlib import redirect_stdout

for line in sys.stdin:
    script, *args = json.loads(line)
    sys.argv = [script, *args]
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            runpy.run_path(script, run_name="__main__")
        said = {"printed": printed.getvalue().strip().split("\n")[-1]}
    except (Exception, SystemExit):
        said = {"failed": traceback.format_exc()}
    print(json.dumps(said), flush=True)
