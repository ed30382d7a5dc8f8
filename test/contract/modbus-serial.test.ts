import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import * as library from 'modbus-serial';
import { type RegisterWrite, readPdu, writePdu } from '../../src/profiles/modbus/pdu.ts';
import { rtuFrame } from '../../src/profiles/modbus/rtu.ts';
import { busOf, ModbusSite } from '../sources/modbus/site.ts';
import { eventually } from '../support/wait.ts';

// modbus-serial is used here alone: as another reading of the standard, and for why the source does not stand on it.

// It is CommonJS, and its module is the class that its types call a default export within.
type ClientClass = (typeof library)['default']['default'];
type Client = InstanceType<ClientClass>;
const ModbusRTU = library.default as unknown as ClientClass;

/** A port that keeps what is written, and through which a test answers. */
class Port extends EventEmitter {
  readonly isOpen = true;
  readonly written: Buffer[] = [];
  open(done: () => void): void {
    done();
  }
  write(bytes: Buffer): void {
    this.written.push(Buffer.from(bytes));
  }
}

function onPort(): { readonly port: Port; readonly client: Client } {
  const port = new Port();
  const client = new ModbusRTU(port);
  client.open();
  return { port, client };
}

const ignore = (): void => {};
const read = { unit: 17, address: 0x6b, count: 3 };
const rows: readonly (readonly [string, (client: Client) => void, Uint8Array])[] = [
  ['coils', (client) => client.writeFC1(17, 0x6b, 3, ignore), readPdu({ ...read, table: 'coil' })],
  ['inputs', (client) => client.writeFC2(17, 0x6b, 3, ignore), readPdu({ ...read, table: 'discrete' })],
  ['holding registers', (client) => client.writeFC3(17, 0x6b, 3, ignore), readPdu({ ...read, table: 'holding' })],
  ['input registers', (client) => client.writeFC4(17, 0x6b, 3, ignore), readPdu({ ...read, table: 'input' })],
  ['a coil', (client) => client.writeFC5(17, 300, true, ignore), written({ kind: 'coil', address: 300, value: true })],
  [
    'a coil, off',
    (client) => client.writeFC5(17, 1, false, ignore),
    written({ kind: 'coil', address: 1, value: false }),
  ],
  [
    'a register',
    (client) => client.writeFC6(17, 1, 0xabcd, ignore),
    written({ kind: 'register', address: 1, value: 0xabcd }),
  ],
  ...[1, 8, 9, 1968].map((count) => {
    const values = Array.from({ length: count }, (_, index) => index % 3 === 0);
    const write = (client: Client): void => client.writeFC15(17, 5, values, ignore);
    return [`${count} coils at once`, write, written({ kind: 'coils', address: 5, values })] as const;
  }),
  ...[1, 2, 123].map((count) => {
    const values = Array.from({ length: count }, (_, index) => index * 500);
    const write = (client: Client): void => client.writeFC16(17, 5, values, ignore);
    return [`${count} registers at once`, write, written({ kind: 'registers', address: 5, values })] as const;
  }),
];

function written(write: RegisterWrite): Uint8Array {
  return writePdu(write);
}

describe('modbus-serial and we', () => {
  for (const [name, write, pdu] of rows) {
    it(`say the same: ${name}`, () => {
      const { port, client } = onPort();
      write(client);
      assert.deepEqual(port.written, [Buffer.from(rtuFrame(17, pdu))]);
    });
  }

  it('understand one another over TCP, as server and source', async (t) => {
    const values = { getHoldingRegister: (address: number, unit: number) => unit * 256 + address };
    const server = new library.ServerTCP(values, { host: '127.0.0.1', port: 0, unitID: 0 } as never);
    t.after(() => new Promise((done) => server.close(done)));
    const inner = (server as unknown as { readonly _server: ReturnType<typeof createServer> })._server;
    if (!inner.listening) await once(inner, 'listening');
    const { port } = inner.address() as { readonly port: number };
    const site = await ModbusSite.start(t, [busOf({ host: '127.0.0.1', port })]);
    await eventually('answers', () => site.count('bus/1') > 10);
    site.checkValues();
  });
});

describe('why the source does not stand on modbus-serial', () => {
  it('takes a late answer to one request for the answer to the next one', () => {
    const { port, client } = onPort();
    const told: unknown[] = [];
    client.writeFC3(1, 0, 1, ignore);
    client.writeFC3(1, 10, 1, (error, result) => told.push(error ?? result.data));
    port.emit('data', Buffer.from(rtuFrame(1, Uint8Array.of(3, 2, 0, 77))));
    assert.deepEqual(told, [[77]]);
  });

  it('takes an exception from another unit', () => {
    const { port, client } = onPort();
    const told: string[] = [];
    client.writeFC3(1, 0, 1, (error) => told.push(String(error)));
    port.emit('data', Buffer.from(rtuFrame(9, Uint8Array.of(0x83, 2))));
    assert.match(told[0] ?? '', /exception 2/);
  });

  it('changes what every Buffer of the process is', () => {
    assert.equal(typeof (Buffer.prototype as { writeBit?: unknown }).writeBit, 'function');
  });

  it('waits for ever for what a damaged length promises', async (t) => {
    const { client, requests } = await overTcp(t, (socket, request, index) => {
      const answer = answerTo(request);
      if (index === 0) answer.writeUInt16BE(5_000, 4);
      socket.write(answer);
    });
    for (let index = 0; index < 3; index++)
      await assert.rejects(client.readHoldingRegisters(0, 1), { message: 'Timed out' });
    assert.equal(requests.count, 3);
  });

  it('numbers requests up to 255 and takes an answer that is 256 requests late', async (t) => {
    let late: Buffer | undefined;
    const { client } = await overTcp(t, (socket, request, index) => {
      if (index === 0) late = answerTo(request, 77);
      else socket.write(index === 256 && late !== undefined ? late : answerTo(request));
    });
    await assert.rejects(client.readHoldingRegisters(0, 1), { message: 'Timed out' });
    for (let index = 1; index < 256; index++) assert.deepEqual((await client.readHoldingRegisters(0, 1)).data, [0]);
    assert.deepEqual((await client.readHoldingRegisters(0, 1)).data, [77]);
  });
});

type Answer = (socket: Socket, request: Buffer, index: number) => void;

async function overTcp(t: TestContext, answer: Answer): Promise<{ client: Client; requests: { count: number } }> {
  const requests = { count: 0 };
  const server = createServer((socket) => {
    socket.on('data', (bytes) => {
      for (let at = 0; at + 12 <= bytes.length; at += 12) answer(socket, bytes.subarray(at, at + 12), requests.count++);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new ModbusRTU();
  await client.connectTCP('127.0.0.1', { port: (server.address() as { readonly port: number }).port });
  client.setID(1);
  client.setTimeout(60);
  t.after(async () => {
    await new Promise((done) => client.close(() => done(undefined)));
    server.close();
  });
  return { client, requests };
}

/** One register. */
function answerTo(request: Buffer, value = 0): Buffer {
  return Buffer.from([request[0]!, request[1]!, 0, 0, 0, 5, request[6]!, 3, 2, 0, value]);
}
