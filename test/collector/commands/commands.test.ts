import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CollectorCommands } from '../../../src/collector/commands/collector-commands.ts';
import { commandHandlers, stateNames } from '../../../src/collector/commands/command-handlers.ts';
import type { CollectorMessage, Line } from '../../../src/collector/companion.ts';
import { parseNats } from '../../../src/collector/nats-address.ts';
import { NatsStateStore } from '../../../src/collector/nats-state-store.ts';
import { SqliteStateStore } from '../../../src/collector/sqlite-state-store.ts';
import type { StateStore } from '../../../src/collector/state-store.ts';
import { silentLog } from '../../../src/lib/log.ts';
import { Command, CommandState, CommandUpdate } from '../../../src/wire/generated/headgate/v1/uplink.ts';
import { timestampOf } from '../../../src/wire/timestamp.ts';
import { NatsServer } from '../../support/nats-server.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { eventually } from '../../support/wait.ts';

const day = 86_400_000;

/** A collector's part in commands, on a store that others may share, by a clock that the test turns. */
class Desk {
  readonly commands: CollectorCommands;
  readonly admin: ReturnType<typeof commandHandlers>;
  readonly clock = { now: () => this.nowMs, monotonic: () => this.nowMs };
  nowMs = Date.UTC(2026, 5, 1);

  constructor(t: TestContext, state: StateStore) {
    this.commands = new CollectorCommands(state, this.clock, silentLog, 7 * day);
    this.admin = commandHandlers(this.commands.store, this.clock);
    this.commands.start();
    t.after(() => this.commands.close());
  }

  async send(id: string, fields: Partial<Command> = {}): Promise<boolean> {
    const command = Command.fromPartial({ id, deviceId: 'pump', payload: Buffer.from('on'), ...fields });
    return (await this.admin.sendCommand({ gateway: 'gw', command })).wasKnown;
  }

  /** A gateway's line here, and what it was told on it. */
  connect(epoch = 'e'): { line: Line; told: CollectorMessage[]; ids: () => string[]; acknowledged: () => string[] } {
    const told: CollectorMessage[] = [];
    const line: Line = { peer: { gateway: 'gw', epoch }, send: (message) => void told.push(message) };
    this.commands.connected(line);
    const ids = (): string[] => told.flatMap((one) => (one.$case === 'command' ? [one.value.id] : []));
    const acknowledged = (): string[] =>
      told.flatMap((one) =>
        one.$case === 'commandUpdateAcknowledge' ? [`${one.value.commandId} ${one.value.revision}`] : [],
      );
    return { line, told, ids, acknowledged };
  }

  update(line: Line, commandId: string, revision: number, state: keyof typeof states): void {
    const value = CommandUpdate.fromPartial({ commandId, revision, state: states[state], deviceId: 'pump' });
    assert.ok(this.commands.received(line, { $case: 'commandUpdate', value }));
  }

  /** What a watcher is told until the command is settled. */
  async watch(id: string): Promise<string[]> {
    const told: string[] = [];
    await this.admin.watchCommand(
      { gateway: 'gw', commandId: id },
      ({ update }) => void told.push(`${update!.revision} ${stateNames[update!.state] ?? 'accepted'}`),
      AbortSignal.timeout(5_000),
    );
    return told;
  }

  async stateOf(id: string): Promise<string | undefined> {
    const stored = await this.commands.store.get('gw', id);
    return stored && (stateNames[stored.update?.state ?? 0] ?? 'accepted');
  }
}

const states = {
  queued: CommandState.COMMAND_STATE_QUEUED,
  sent: CommandState.COMMAND_STATE_SENT,
  acknowledged: CommandState.COMMAND_STATE_ACKNOWLEDGED,
  unknown: CommandState.COMMAND_STATE_UNKNOWN,
};

function stateIn(t: TestContext): StateStore {
  const state = new SqliteStateStore(join(tempDir(t), 'state'));
  t.after(() => state.close());
  return state;
}

test('a command waits for its gateway, is sent once a connection, and its updates are durable before they are acknowledged', async (t) => {
  const state = stateIn(t);
  const desk = new Desk(t, state);
  assert.equal(await desk.send('a'), false);
  const first = desk.connect();
  await eventually('the command', () => first.ids().length > 0);
  assert.equal(await desk.send('b'), false);
  await eventually('the next one at once', () => first.ids().length > 1);
  assert.deepEqual(first.ids(), ['a', 'b']);
  const watching = desk.watch('a');
  for (const [revision, name] of ['queued', 'sent', 'acknowledged'].entries())
    desk.update(first.line, 'a', revision + 1, name as keyof typeof states);
  await eventually('the acknowledgements', () => first.acknowledged().length === 3);
  assert.deepEqual(first.acknowledged(), ['a 1', 'a 2', 'a 3']);
  assert.equal(await desk.stateOf('a'), 'acknowledged');
  assert.deepEqual((await watching).slice(-3), ['1 queued', '2 sent', '3 acknowledged']);
  assert.deepEqual(await desk.watch('a'), ['3 acknowledged']);
  desk.commands.gone(first.line);
  const second = desk.connect();
  await eventually('what is not settled', () => second.ids().length > 0);
  assert.deepEqual(second.ids(), ['b'], 'what is settled is not sent again');
});

test('a command that comes while its gateway does is sent once', async (t) => {
  const state = stateIn(t);
  const desk = new Desk(t, state);
  await desk.send('before');
  const list = state.list.bind(state);
  const { promise: isReady, resolve: ready } = Promise.withResolvers<void>();
  state.list = async (space) => {
    await isReady;
    return await list(space);
  };
  const { ids } = desk.connect();
  await desk.send('a');
  await eventually('the command, as it was put', () => ids().length > 0);
  assert.deepEqual(ids(), ['a']);
  ready();
  await eventually('what waited', () => ids().includes('before'));
  await desk.send('last');
  await eventually('the last one', () => ids().includes('last'));
  assert.deepEqual(ids().toSorted(), ['a', 'before', 'last']);
});

test('the same id again changes nothing, and an older update is old news, but acknowledged', async (t) => {
  const desk = new Desk(t, stateIn(t));
  await desk.send('a');
  const { line, acknowledged, ids } = desk.connect();
  desk.update(line, 'a', 3, 'acknowledged');
  desk.update(line, 'a', 2, 'sent');
  await eventually('both', () => acknowledged().length === 2);
  assert.equal(await desk.stateOf('a'), 'acknowledged');
  desk.update(line, 'a', 1_001, 'unknown');
  await eventually('that of a copy that knows less', () => acknowledged().length === 3);
  assert.equal(await desk.stateOf('a'), 'acknowledged');
  const known = ids().length;
  assert.equal(await desk.send('a', { payload: Buffer.from('off') }), true);
  assert.equal(await desk.stateOf('a'), 'acknowledged');
  assert.equal(ids().length, known);
  desk.update(line, 'never heard of', 1, 'queued');
  await eventually('an acknowledgement, so that it is not told again', () => acknowledged().length === 4);
});

for (const kind of ['a store of SQLite', 'NATS'] as const) {
  test(`whichever collector has the gateway delivers, and a watcher at any of them sees it, through ${kind}`, async (t) => {
    const [first, second] = kind === 'NATS' ? await natsStates(t) : [stateIn(t), undefined];
    const [one, other] = [new Desk(t, first), new Desk(t, second ?? first)];
    const there = other.connect();
    await one.send('a');
    await eventually('the command, by the other collector', () => there.ids().length > 0);
    const watching = one.watch('a');
    for (const revision of [1, 2]) other.update(there.line, 'a', revision, revision === 1 ? 'sent' : 'acknowledged');
    assert.equal((await watching).at(-1), '2 acknowledged');
    other.commands.gone(there.line);
    await one.send('b');
    const moved = one.connect();
    await eventually('the next one, where the gateway is now', () => moved.ids().length > 0);
    assert.deepEqual([there.ids(), moved.ids()], [['a'], ['b']]);
    assert.deepEqual(await Promise.all([one.send('c'), other.send('c')]).then((known) => known.toSorted()), [
      false,
      true,
    ]);
  });
}

async function natsStates(t: TestContext): Promise<[StateStore, StateStore]> {
  const server = await NatsServer.start(t);
  const open = async (): Promise<StateStore> => {
    const store = await NatsStateStore.open(
      parseNats(server.url),
      { bucket: 'headgate-state', replicas: 1 },
      silentLog,
    );
    t.after(() => store.close());
    return store;
  };
  return [await open(), await open()];
}

test('what could not be read when a gateway came is sent when it can be', async (t) => {
  const state = stateIn(t);
  const desk = new Desk(t, state);
  await desk.send('a');
  const list = state.list.bind(state);
  let failures = 0;
  state.list = async (space) => {
    if (failures++ < 1) throw new Error('the store is away');
    return await list(space);
  };
  const { ids } = desk.connect();
  await eventually('the command', () => ids().length > 0);
  assert.ok(failures > 1);
});

test('a command that its gateway did not come for in time is expired, and not sent; it says how long it is good for', async (t) => {
  const desk = new Desk(t, stateIn(t));
  await desk.send('a', { expiresAt: timestampOf(desk.nowMs + 60_000) });
  await desk.send('b', { expiresAt: timestampOf(desk.nowMs + 120_000) });
  desk.nowMs += 60_000;
  const { told } = desk.connect();
  await eventually('the one that is still good', () => told.length > 0);
  const [message] = told;
  assert.equal(message?.$case === 'command' && message.value.id, 'b');
  assert.equal(message?.$case === 'command' && message.value.expiresInMs, 60_000n);
  assert.deepEqual((await desk.watch('a')).at(-1), '0 expired');
  assert.equal(told.length, 1);
});

test('a command that one data directory had handed over is not sent to another one of that gateway: it is unknown', async (t) => {
  const desk = new Desk(t, stateIn(t));
  await desk.send('a');
  await desk.send('b');
  const { line, acknowledged } = desk.connect('e1');
  desk.update(line, 'a', 1, 'queued');
  desk.update(line, 'a', 2, 'sent');
  desk.update(line, 'b', 1, 'queued');
  await eventually('acknowledgements', () => acknowledged().length === 3);
  desk.commands.gone(line);
  const other = desk.connect('e2');
  await eventually('what was only queued', () => other.ids().length > 0);
  assert.deepEqual(other.ids(), ['b']);
  assert.equal((await desk.watch('a')).at(-1), '2 unknown');
  desk.update(other.line, 'a', 3, 'acknowledged');
  desk.update(other.line, 'b', 1, 'queued');
  await eventually('what the gateway knows better', async () => (await desk.stateOf('a')) === 'acknowledged');
});

test('the urgent go first', async (t) => {
  const desk = new Desk(t, stateIn(t));
  await desk.send('bulk', { priority: 1 });
  await desk.send('normal');
  desk.nowMs++;
  await desk.send('later');
  await desk.send('critical', { priority: 3 });
  const { ids } = desk.connect();
  await eventually('all', () => ids().length === 4);
  assert.deepEqual(ids(), ['critical', 'normal', 'later', 'bulk']);
});

test('commands that are over for a week are forgotten; those that are under way are not', async (t) => {
  const desk = new Desk(t, stateIn(t));
  await desk.send('over');
  await desk.send('open');
  const { line, acknowledged } = desk.connect();
  desk.update(line, 'over', 1, 'unknown');
  await eventually('it is over', () => acknowledged().length === 1);
  assert.equal(await desk.commands.store.clean(desk.nowMs - 7 * day), 0);
  desk.nowMs += 8 * day;
  assert.equal(await desk.commands.store.clean(desk.nowMs - 7 * day), 1);
  assert.deepEqual([await desk.stateOf('over'), await desk.stateOf('open')], [undefined, 'accepted']);
  await assert.rejects(desk.watch('over'), { code: 'request.unknown', message: 'Gateway gw has no command over.' });
});

const wrong: readonly [what: string, fields: Partial<Command>, message: RegExp][] = [
  ['an id that is no level of a topic', { id: 'a/b' }, /^A command id is/],
  [
    'a command that a gateway does not know',
    { deviceId: '', name: 'reboot' },
    /^A gateway takes the commands rules and config, not "reboot"/,
  ],
  [
    'a payload that is too large',
    { payload: Buffer.alloc(70_000) },
    /^The payload has 70000 bytes; a command carries up to 65536/,
  ],
  ['one that is over already', { expiresAt: timestampOf(Date.UTC(2026, 4, 31)) }, /^It would have expired 86400 s ago/],
];

for (const [what, fields, message] of wrong) {
  test(`${what} is refused`, async (t) => {
    const desk = new Desk(t, stateIn(t));
    await assert.rejects(desk.send(fields.id ?? 'a', fields), { code: 'request.invalid', message });
  });
}

test('more than a thousand under way for one gateway are refused, but not those that are known', async (t) => {
  const desk = new Desk(t, stateIn(t));
  await Promise.all(Array.from({ length: 1_000 }, (_, i) => desk.send(`c${i}`)));
  await assert.rejects(desk.send('one-more'), { code: 'request.conflict' });
  assert.equal(await desk.send('c7'), true);
});

test('an update that can not be made durable is not acknowledged', async (t) => {
  const state = stateIn(t);
  const desk = new Desk(t, state);
  await desk.send('a');
  const { line, acknowledged } = desk.connect();
  await state.close();
  desk.update(line, 'a', 1, 'queued');
  await desk.commands.close();
  assert.deepEqual(acknowledged(), []);
});
