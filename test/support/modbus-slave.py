"""Modbus devices by pymodbus, on a serial port or a TCP port: register A of unit U holds U * 256 + A.

Usage: modbus-slave.py (PORT | tcp:HOST:0) UNIT[,UNIT...]
Each unit has 200 registers and 200 coils, and refuses what is beyond. Prints "ready", over TCP with its port; ends with its standard input.
"""

import asyncio
import logging
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server.async_io import ModbusSerialServer, ModbusTcpServer
from pymodbus.transaction import ModbusRtuFramer

# What it refuses it would call an error.
logging.disable()
SIZE = 200


def device(unit):
    registers = [unit * 256 + address for address in range(SIZE)]
    coils = [(unit + address) % 2 == 1 for address in range(SIZE)]
    return ModbusSlaveContext(
        di=ModbusSequentialDataBlock(0, list(coils)),
        co=ModbusSequentialDataBlock(0, list(coils)),
        ir=ModbusSequentialDataBlock(0, list(registers)),
        hr=ModbusSequentialDataBlock(0, list(registers)),
        zero_mode=True,
    )


async def main(place, units):
    context = ModbusServerContext(slaves={unit: device(unit) for unit in units}, single=False)
    if place.startswith("tcp:"):
        _, host, port = place.split(":")
        server = ModbusTcpServer(
            context, address=(host, int(port)), ignore_missing_slaves=True, allow_reuse_address=True
        )
        serving = asyncio.create_task(server.serve_forever())
        while server.server is None:
            await asyncio.sleep(0.01)
            if serving.done():
                serving.result()
        print("ready", server.server.sockets[0].getsockname()[1], flush=True)
    else:
        server = ModbusSerialServer(
            context, framer=ModbusRtuFramer, port=place, baudrate=115200, ignore_missing_slaves=True
        )
        await server.start()
        serving = asyncio.create_task(server.serve_forever())
        print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    serving.cancel()


asyncio.run(main(sys.argv[1], [int(unit) for unit in sys.argv[2].split(",")]))
