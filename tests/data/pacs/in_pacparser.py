"""Runs a PAC in pacparser: `in_pacparser.py PAC URLS MY_IP` prints a JSON array: what is returned, or null."""

import json
import sys
from urllib.parse import urlsplit

import pacparser

pac, urls, my_ip = sys.argv[1:]
pacparser.init()
pacparser.setmyip(my_ip)
with open(pac, "rb") as file:
    data = file.read()
marked = data.startswith(b"\xef\xbb\xbf")
pacparser.parse_pac_string(data[3:].decode() if marked else data.decode("latin-1"))
answers = []
for line in open(urls):
    call = json.loads(line)
    try:
        answers.append(pacparser.find_proxy(call["url"], call["host"]))
    except Exception:
        answers.append(None)
print(json.dumps(answers))
