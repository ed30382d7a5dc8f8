import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProfileDecoder } from '../../src/profiles/decoder.ts';
import { loadLibrary } from '../../src/profiles/library.ts';
import { asOne, decodeStream } from '../../src/profiles/stream.ts';

const library = loadLibrary();

function decode(profile: string, stream: string) {
  const { compiled } = library.profiles.get(profile)!;
  const options = { deviceTopics: [], maxDepth: 8, maxFields: 200, maxBytes: 1_048_576 };
  const decoder = new ProfileDecoder({ options, profiles: [compiled] });
  return decodeStream(decoder, compiled, 'ttyUSB0', Buffer.from(stream, 'latin1'), Date.UTC(2026, 10, 25));
}

test('a line that somebody copied without its end is a line', () => {
  for (const end of ['', '\n', '\r\n']) {
    for (const [profile, line] of [
      ['nmea/nmea-0183', '$GPHDT,1,T'],
      ['rflink/rflink', '20;46;Kaku;ID=44;SWITCH=4;CMD=OFF;'],
    ] as const) {
      const { messages, discarded } = decode(profile, line + end);
      assert.deepEqual([messages.length, messages[0]?.kind, discarded], [1, 'measurement', []], profile + end);
    }
  }
});

test('what went over a bus that is asked, and has no framing, is one exchange', () => {
  // Modbus, holding register 0: the request and its answer
  const exchange = Buffer.from('010300000001840a0103020007f986', 'hex').toString('latin1');
  const { messages, discarded } = decode('modbus/registers', exchange);
  assert.deepEqual(
    [messages.map(({ measurements }) => measurements[0].fields), discarded],
    [[[{ name: 'holding[0]', value: 7 }]], []],
  );
});

test('what is in no frame is told beside the messages, and as the failure where there are none', () => {
  const { messages, discarded } = decode('nmea/nmea-0183', 'xyz$GPHDT,1,T\r\n$GPHDT,2,T*00\r\n');
  assert.deepEqual(
    [messages.map(({ kind }) => kind), discarded.map(({ reason, bytes }) => [reason, bytes])],
    [['measurement', 'failed'], [['noise', 3]]],
  );
  assert.match(
    asOne(decode('nmea/nmea-0183', 'xyz')).failure ?? '',
    /^3 bytes are in no frame \(no frame begins there\): 78797a$/,
  );
});
