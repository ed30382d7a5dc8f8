"""A Modbus meter by pymodbus on a serial port: python3 modbus-meter.py PORT UNIT HEX. Its input registers begin with HEX.

Behind them are 300 zeros; holding registers it has none. Prints "ready"; ends with its standard input.
"""

import asyncio
import logging
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server.async_io import ModbusSerialServer
from pymodbus.transaction import ModbusRtuFramer

logging.disable()


async def main(port, unit, data):
    values = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)] + [0] * 300
    nothing = ModbusSequentialDataBlock(9999, [0])
    device = ModbusSlaveContext(di=nothing, co=nothing, hr=nothing, ir=ModbusSequentialDataBlock(0, values), zero_mode=True)
    context = ModbusServerContext(slaves={unit: device}, single=False)
    server = ModbusSerialServer(context, framer=ModbusRtuFramer, port=port, baudrate=9600, ignore_missing_slaves=True)
    await server.start()
    serving = asyncio.create_task(server.serve_forever())
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    serving.cancel()


asyncio.run(main(sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3])))
