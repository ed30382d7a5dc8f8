"""systemd's side of sd_notify: prints each datagram that comes in, as a line of JSON."""

import json
import socket
import sys

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print(json.dumps('bound'), flush=True)
while True:
    # What comes with it is let go of, which is what a barrier waits for.
    text = receiver.recv(65536).decode()
    if not text.startswith('BARRIER='):
        print(json.dumps(text), flush=True)
