import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uplinkFaults } from '../../src/uplink/option-checks.ts';

test('what is wrong with a URL is said without the password in it', () => {
  for (const url of ['http://user:hunter2@collector:50052', 'https://user:hunter2@', 'ftp://hunter2@x/y@z']) {
    const [fault] = uplinkFaults({ url: [url] });
    assert.ok(fault !== undefined && !fault.message.includes('hunter2'), `${url}: ${fault?.message}`);
  }
});
