import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Service, ServiceGroup } from '../../src/lib/service.ts';

function recorded(events: string[], name: string, behaviour: Partial<Service> = {}): Service {
  return {
    name,
    start: async () => void events.push(`start ${name}`),
    stop: async () => void events.push(`stop ${name}`),
    ...behaviour,
  };
}

const never = new AbortController().signal;

test('services start in order and stop in reverse', async () => {
  const events: string[] = [];
  const group = new ServiceGroup(['sink', 'buffer', 'source'].map((name) => [recorded(events, name)]));
  await group.start(never);
  await group.stop(never, assert.fail);
  assert.deepEqual(events, ['start sink', 'start buffer', 'start source', 'stop source', 'stop buffer', 'stop sink']);
});

test('a failed start leaves the ones after it alone, and what had begun is stopped', async () => {
  const events: string[] = [];
  const failing = recorded(events, 'buffer', { start: () => Promise.reject(new Error('no disk')) });
  const group = new ServiceGroup([[recorded(events, 'sink')], [failing], [recorded(events, 'source')]]);
  await assert.rejects(group.start(never), /no disk/);
  await group.stop(never, assert.fail);
  assert.deepEqual(events, ['start sink', 'stop buffer', 'stop sink']);
});

test('one that does not stop by the deadline is named, and the others get their turn', async () => {
  const events: string[] = [];
  const stuck = recorded(events, 'source', { stop: () => new Promise(() => {}) });
  const group = new ServiceGroup([[recorded(events, 'sink')], [stuck]]);
  await group.start(never);
  const deadline = new AbortController();
  const stopped = group.stop(deadline.signal, (name) => events.push(`stuck ${name}`));
  deadline.abort();
  await stopped;
  assert.deepEqual(events, ['start sink', 'start source', 'stuck source', 'stop sink']);
});

test('those of one step start together, and a failure waits for the others', async () => {
  const events: string[] = [];
  const slow = Promise.withResolvers<void>();
  const first = recorded(events, 'slow', { start: () => slow.promise.then(() => void events.push('start slow')) });
  const failing = recorded(events, 'failing', {
    start: async () => {
      slow.resolve();
      throw new Error('no port');
    },
  });
  const group = new ServiceGroup([[first, failing]]);
  await assert.rejects(group.start(never), /no port/);
  assert.deepEqual(events, ['start slow']);
  await group.stop(never, assert.fail);
  assert.deepEqual(events, ['start slow', 'stop slow', 'stop failing']);
});
