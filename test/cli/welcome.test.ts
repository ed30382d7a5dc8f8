import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Reachable, welcome as welcomeTo } from '../../src/cli/welcome.ts';

const usualSink = 'sqlite:/srv/data/collector/records.db';
const welcome = (reachable: Omit<Reachable, 'usualSink'>) => welcomeTo({ ...reachable, usualSink });

test('the welcome names real addresses, and options only where defaults do not do', () => {
  const text = welcome({
    addresses: { mqtt: '127.0.0.1:1883', http: '127.0.0.1:8080', collector: '127.0.0.1:50052' },
    sink: usualSink,
  });
  assert.match(text, /mosquitto_pub -h 127\.0\.0\.1 -p 1883 -q 1 -t \S+ -m '\{"temperature": 21\.5\}'$/m);
  assert.match(text, /npm run -s headgate -- demo$/m);
  assert.match(text, /npm run -s headgate -- collector records$/m);
  assert.match(text, /\(kept in sqlite:\/srv\/data\/collector\/records\.db\)$/m);
  assert.match(text, /npm run -s headgate -- status$/m);
  assert.match(text, /http:\/\/127\.0\.0\.1:8080\//);
});

test('other ports and addresses are named so that the lines can be copied', () => {
  const text = welcome({
    addresses: { mqtt: '0.0.0.0:41883', http: '[::]:41880' },
    sink: 'file:/my data/records.ndjson',
  });
  assert.match(text, /mosquitto_pub -h 127\.0\.0\.1 -p 41883 /);
  assert.match(text, /demo --url mqtt:\/\/127.0.0.1:41883$/m);
  assert.match(text, /status --url http:\/\/\[::1\]:41880$/m);
  assert.match(text, /--sink 'file:\/my data\/records\.ndjson'$/m);
  assert.match(welcome({ addresses: { mqtt: '[::1]:1883' } }), /mosquitto_pub -h ::1 -p 1883/);
});

test('what does not run is not offered', () => {
  const text = welcome({ addresses: { mqtt: '127.0.0.1:1883' } });
  assert.doesNotMatch(text, /status|records|http/);
});
