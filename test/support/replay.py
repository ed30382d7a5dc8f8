"""Says what a device said, as fast as its line is: python3 replay.py PORT BAUD GAP, with hexadecimal lines on standard input.

Each line is what the device says at once; GAP seconds are between two. A byte has ten bits on the line. Prints `done` when all
is said, and leaves the port open until its input ends.
"""
import sys
import time

import serial

path, baud, gap = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
port = serial.Serial(path, baud, write_timeout=20)
due = time.monotonic()
for line in iter(sys.stdin.readline, "end\n"):
    if line == "":
        sys.exit(1)
    for byte in bytes.fromhex(line):
        due = max(due + 10 / baud, time.monotonic() - 0.001)
        while (left := due - time.monotonic()) > 0:
            time.sleep(left)
        port.write(bytes([byte]))
    due += gap
print("done", flush=True)
sys.stdin.read()
