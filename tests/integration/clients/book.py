"""Books with the official Python SDK, of whichever version this interpreter has.

Reads {endpoint, project, session or key, functionId, body} from stdin; prints the execution.
"""

import json
import sys

from appwrite.client import Client  # type: ignore[import-untyped, unused-ignore]
from appwrite.services.functions import Functions  # type: ignore[import-untyped, unused-ignore]

wanted = json.load(sys.stdin)
client = Client().set_endpoint(wanted["endpoint"]).set_project(wanted["project"])
if "session" in wanted:
    client.set_session(wanted["session"])
else:
    client.set_key(wanted["key"])
made = Functions(client).create_execution(function_id=wanted["functionId"], body=json.dumps(wanted["body"]))
print(json.dumps(made if isinstance(made, dict) else made.to_dict()))
