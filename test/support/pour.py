"""Says lines on a port like a device that does not wait: python3 pour.py PORT COUNT.

What the port has no room for at once is dropped, as a UART does. Prints, when all is said, the bytes that the port took, as
hexadecimal digits on one line; then says one more line for each number on standard input.
"""
import os
import sys

import serial

path, count = sys.argv[1], int(sys.argv[2])
port = serial.Serial(path, 115200)
os.set_blocking(port.fd, False)
taken = bytearray()
for n in range(count):
    line = b'{"n":%d}\r\n' % n
    try:
        taken += line[: os.write(port.fd, line)]
    except BlockingIOError:
        pass
print(taken.hex(), flush=True)
os.set_blocking(port.fd, True)
for line in sys.stdin:
    port.write(b'\r\n{"n":%d}\r\n' % int(line))
