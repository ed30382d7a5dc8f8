import assert from 'node:assert/strict';
import { test } from 'node:test';
import { natsText, parseNats } from '../../src/collector/nats-address.ts';

test('an address names servers, and who we are; its text keeps that to itself', () => {
  const rows: [text: string, parsed: object, told: string][] = [
    ['nats://a', { servers: ['a:4222'], isEncrypted: false }, 'nats://a:4222'],
    ['tls://a:1,tls://b:2', { servers: ['a:1', 'b:2'], isEncrypted: true }, 'tls://a:1,tls://b:2'],
    [
      'nats://u:p%40x@a, nats://[::1]:7',
      { servers: ['a:4222', '[::1]:7'], isEncrypted: false, user: 'u', password: 'p@x' },
      'nats://a:4222,nats://[::1]:7',
    ],
    ['nats://s3cret@a', { servers: ['a:4222'], isEncrypted: false, token: 's3cret' }, 'nats://a:4222'],
  ];
  for (const [text, parsed, told] of rows) {
    const address = parseNats(text);
    assert.deepEqual(address, { kind: 'nats', ...parsed });
    assert.equal(natsText(address), told);
  }
});

test('what is none is refused without a secret in the message', () => {
  for (const text of ['nats:', 'nats://', 'http://a', 'nats://a,b', 'nats://s3cret@a/path', 'nats://u:s3cret@a?x=1']) {
    assert.throws(
      () => parseNats(text),
      (error: { code: string; message: string }) => error.code === 'config.invalid' && !/s3cret/.test(error.message),
      text,
    );
  }
});
