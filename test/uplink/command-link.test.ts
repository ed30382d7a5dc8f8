import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command, CommandDesk, CommandReport } from '../../src/core/command.ts';
import { CommandLink } from '../../src/uplink/command-link.ts';
import type { GatewayMessage } from '../../src/uplink/companion.ts';
import * as wire from '../../src/wire/generated/headgate/v1/uplink.ts';
import { timestampOf } from '../../src/wire/timestamp.ts';

class Desk implements CommandDesk {
  readonly taken: Command[] = [];
  readonly confirmations: string[] = [];
  report: ((report: CommandReport) => void) | undefined;

  take(command: Command): void {
    this.taken.push(command);
  }

  connected(report: (report: CommandReport) => void): void {
    this.report = report;
  }

  confirmed(id: string, revision: number): void {
    this.confirmations.push(`${id} ${revision}`);
  }

  disconnected(): void {
    this.report = undefined;
  }
}

test('a command comes through as it was sent, and keeps none of the message that it came in', () => {
  const desk = new Desk();
  const link = new CommandLink(desk);
  const value = wire.Command.fromPartial({
    id: 'c1',
    deviceId: 'pump',
    name: 'set',
    payload: Buffer.from('40'),
    priority: 3,
    expiresAt: timestampOf(1_767_225_600_250),
    expiresInMs: 60_000n,
  });
  const bytes = wire.Command.encode(value).finish();
  assert.ok(link.received({ $case: 'command', value: wire.Command.decode(bytes) }));
  bytes.fill(0);
  const [{ payload, ...rest }] = desk.taken as [Command];
  assert.equal(Buffer.from(payload).toString(), '40');
  const limits = { expiresAt: 1_767_225_600_250, expiresInMs: 60_000 };
  assert.deepEqual(rest, { id: 'c1', deviceId: 'pump', name: 'set', priority: 'critical', ...limits });
  link.received({ $case: 'command', value: wire.Command.fromPartial({ id: 'c2', deviceId: 'pump' }) });
  const [, { payload: none, ...bare }] = desk.taken as [Command, Command];
  assert.deepEqual([none.length, bare], [0, { id: 'c2', deviceId: 'pump', name: '', priority: 'normal' }]);
});

test('reports go up in every state, and their acknowledgements come back', () => {
  const desk = new Desk();
  const link = new CommandLink(desk);
  const sent: GatewayMessage[] = [];
  link.connected((message) => sent.push(message), { version: 2 });
  const states = ['queued', 'sent', 'acknowledged', 'failed', 'expired', 'unknown'] as const;
  for (const [index, state] of states.entries())
    desk.report?.({ id: 'c1', deviceId: 'pump', revision: index + 1, state, at: 1_767_225_600_250 });
  const updates = sent.map((message) => (message.$case === 'commandUpdate' ? message.value : undefined));
  assert.deepEqual(
    updates.map((update) => update?.state),
    [1, 2, 3, 4, 5, 6],
  );
  assert.deepEqual(updates[0]?.at, { seconds: 1_767_225_600n, nanos: 250_000_000 });
  assert.ok(link.received({ $case: 'commandUpdateAcknowledge', value: { commandId: 'c1', revision: 6 } }));
  assert.deepEqual(desk.confirmations, ['c1 6']);
  assert.equal(link.received({ $case: 'goAway', value: { reason: '', retryAfterSeconds: 0 } }), false);
  link.ended();
  assert.equal(desk.report, undefined);
});

test('a collector of before there were commands is told of none', () => {
  const desk = new Desk();
  new CommandLink(desk).connected(() => assert.fail('nothing is to be sent'), { version: 1 });
  assert.equal(desk.report, undefined);
});
