import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

const fixture = join(import.meta.dirname, 'fixtures', 'serve.ts');

/** Runs the fixture; `signals` are sent in turn, each when the log says the message it is keyed by. */
async function serving(
  behaviour: string,
  signals: Readonly<Record<string, NodeJS.Signals>> = {},
  stopMs = 10_000,
  echoMs = 0,
) {
  const child = spawn(process.execPath, [fixture, behaviour, String(stopMs), String(echoMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const messages: string[] = [];
  createInterface(child.stdout).on('line', (line) => {
    const { level, msg } = JSON.parse(line);
    messages.push(level === 'info' ? msg : `${level}: ${msg}`);
    const signal = signals[msg];
    if (signal) child.kill(signal);
  });
  const [code] = await once(child, 'close');
  return { code, messages };
}

test('SIGTERM and SIGINT stop in good order with exit code 0', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { code, messages } = await serving('wellBehaved', { ready: signal });
    assert.deepEqual({ code, messages }, { code: 0, messages: ['ready', 'stopping', 'service stopped', 'stopped'] });
  }
});

test('a stop that comes during the start ends it, with exit code 0', async () => {
  const { code, messages } = await serving('startsSlowly', { starting: 'SIGTERM' });
  assert.deepEqual({ code, messages }, { code: 0, messages: ['starting', 'stopping', 'service stopped'] });
});

test('a second signal ends the process at once with exit code 1', async () => {
  const { code, messages } = await serving('neverStops', { ready: 'SIGTERM', stopping: 'SIGINT' });
  assert.deepEqual(
    { code, messages },
    { code: 1, messages: ['ready', 'stopping', 'warn: Asked a second time: ending at once.'] },
  );
});

test('the echo of a signal, as npm makes one of Ctrl-C, is no second wish', async () => {
  const { code, messages } = await serving('neverStops', { ready: 'SIGINT', stopping: 'SIGINT' }, 200, 60_000);
  assert.equal(code, 0);
  assert.deepEqual(messages.slice(0, 2), ['ready', 'stopping']);
  assert.equal(messages.at(-1), 'stopped');
});

test('a part that never stops is left behind at the deadline', async () => {
  const { code, messages } = await serving('neverStops', { ready: 'SIGTERM' }, 50);
  const late = 'warn: Not everything stopped in time; what was acknowledged is on disk.';
  assert.deepEqual({ code, messages }, { code: 0, messages: ['ready', 'stopping', late, 'stopped'] });
});

test('a failed start is let go of and reaches the caller', async () => {
  const { code, messages } = await serving('failsToStart');
  assert.deepEqual({ code, messages }, { code: 3, messages: ['service stopped', 'error: failed'] });
});

test('an error that nobody expected ends the process with exit code 1 and a fatal line', async () => {
  for (const behaviour of ['throwsLater', 'rejectsLater']) {
    const { code, messages } = await serving(behaviour);
    assert.equal(code, 1, behaviour);
    assert.equal(messages.at(-1), 'fatal: An unexpected error ends the process.', behaviour);
  }
});

test('a log that nobody reads any more does not stop the service', async () => {
  const child = spawn(process.execPath, [fixture, 'wellBehaved'], { stdio: ['ignore', 'pipe', 'pipe'] });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  await once(child.stdout, 'close');
  child.kill('SIGTERM');
  const [code, signal] = await once(child, 'exit');
  assert.deepEqual({ code, signal }, { code: 0, signal: null });
});
