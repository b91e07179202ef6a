"""Print whether recipe.py accepts each case: secret, header (- for none) and body of a line."""

import base64
import runpy
import sys

verify = runpy.run_path("recipe.py")["verify"]
for line in sys.stdin:
    secret, header, body = line.split()
    headers = {} if header == "-" else {sys.argv[1]: base64.b64decode(header[1:]).decode()}
    print(str(verify(secret, headers, base64.b64decode(body))).lower())  # noqa: T201  its answer
