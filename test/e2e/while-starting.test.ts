import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spareGateway } from '../../deploy/spare-gateway.ts';
import { DeviceShelf } from '../../src/registry/device-shelf.ts';
import { tempDir } from '../support/temp-dir.ts';

test('before what is known is loaded nobody is told that there is nothing, or follows from there', async (t) => {
  const reached = Promise.withResolvers<void>();
  const loaded = Promise.withResolvers<never[]>();
  t.mock.method(DeviceShelf.prototype, 'load', () => {
    reached.resolve();
    return loaded.promise;
  });
  const gateway = spareGateway(tempDir(t));
  t.after(() => gateway.stop(AbortSignal.timeout(5_000)));
  const started = gateway.start(AbortSignal.timeout(20_000));
  await reached.promise;
  const paths = ['devices', 'bootstrap', 'live', 'live/poll', 'session', 'alarms', 'topics'];
  const headers = { cookie: 'headgate_session=x' };
  const answers = async (given: RequestInit) =>
    await Promise.all(
      paths.map(async (path) => {
        const signal = AbortSignal.timeout(10_000);
        const answer = await fetch(`http://${gateway.addresses.http}/api/v1/${path}`, { ...given, signal });
        // A stream that begins has no end.
        if (answer.ok) await answer.body?.cancel();
        return answer.ok ? 'answered' : ((await answer.json()) as { code: string }).code;
      }),
    );
  const notReady = paths.map(() => 'gateway.not-ready');
  assert.deepEqual(await answers({}), notReady);
  assert.deepEqual(await answers({ headers }), notReady);
  loaded.resolve([]);
  await started;
  const { status } = await fetch(`http://${gateway.addresses.http}/api/v1/devices`);
  assert.equal(status, 200);
});
