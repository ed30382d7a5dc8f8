import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unitCodes } from '../../../src/core/measure-units.ts';
import type { FieldValue } from '../../../src/core/measurement.ts';
import { createNmea0183Codec } from '../../../src/profiles/codecs/nmea-0183/nmea-0183.ts';
import { payloadOf, samples } from '../samples.ts';
import { assertSurvives, fieldsOf, inputOf, receivedAtMs } from './codec-support.ts';
import { checkSamples } from './serial-samples.ts';

/** A sentence with its checksum. */
function sentence(body: string): string {
  let sum = 0;
  for (const byte of Buffer.from(body)) sum ^= byte;
  return `$${body}*${sum.toString(16).toUpperCase().padStart(2, '0')}\r\n`;
}

test('every sample decodes to what it says', () => checkSamples('nmea-0183', createNmea0183Codec));

type Row = readonly [body: string, fields: Record<string, FieldValue>, time?: string];

// Where no source is named, the sentence is one of gpsd.gitlab.io/gpsd/NMEA.html's, or made here after its description.
const rows: readonly Row[] = [
  // SignalK/nmea0183-signalk, test/*.ts
  [
    'GPRMC,085412.000,A,5222.3198,N,00454.5784,E,0.58,251.34,030414,,,A',
    {
      'latitude [lat]': 52 + 22.3198 / 60,
      'longitude [lon]': 4 + 54.5784 / 60,
      'speed [kn]': 0.58,
      'course [deg]': 251.34,
    },
    '2014-04-03T08:54:12.000Z',
  ],
  [
    'IIHDG,98.3,0.0,E,12.6,W',
    { 'heading_magnetic [deg]': 98.3, 'magnetic_deviation [deg]': 0, 'magnetic_variation [deg]': -12.6 },
  ],
  ['IIDPT,4.1,0.0', { 'depth_below_transducer [m]': 4.1 }],
  ['IIDPT,4.1,1.0', { 'depth_below_transducer [m]': 4.1, 'depth_below_surface [m]': 5.1 }],
  ['IIDPT,4.1,-1.0', { 'depth_below_transducer [m]': 4.1, 'depth_below_keel [m]': 3.1 }],
  ['YXMTW,15.2,C', { 'water_temperature [Cel]': 15.2 }],
  ['IIVLW,10.1,N,3.2,N', { 'distance_total [nmi]': 10.1, 'distance_trip [nmi]': 3.2 }],
  ['GPROT,35.6,A', { 'rate_of_turn [deg/s]': 0.593333333333 }],
  ['IIRSA,10.5,A,,V', { 'rudder_angle [deg]': 10.5 }],
  ['IIVWR,75,R,1.0,N,0.51,M,1.85,K', { 'wind_angle_apparent [deg]': 75, 'wind_speed_apparent [kn]': 1 }],
  ['IIVWR,75,L,1.0,N,0.51,M,1.85,K', { 'wind_angle_apparent [deg]': 285, 'wind_speed_apparent [kn]': 1 }],
  ['IIVHW,,T,150.0,M,5.0,N,9.3,K', { 'heading_magnetic [deg]': 150, 'speed_through_water [kn]': 5 }],
  [
    'IIMWD,270.0,T,268.4,M,10.2,N,5.2,M',
    { 'wind_direction_true [deg]': 270, 'wind_direction_magnetic [deg]': 268.4, 'wind_speed [kn]': 10.2 },
  ],
  ['IIXDR,C,19.52,C,TempAir', { 'TempAir [Cel]': 19.52 }],
  [
    'IIXDR,P,1.02481,B,Barometer,A,-1.5,D,PTCH,H,45,P,,U,12.4,V,HOUSE,G,3,,LEVEL',
    { 'Barometer [bar]': 1.02481, 'PTCH [deg]': -1.5, 'humidity [%RH]': 45, 'HOUSE [V]': 12.4, LEVEL: 3 },
  ],
  ['IIXDR,C,1,C,A,C,2,C,A', { 'A [Cel]': 1, 'A_2 [Cel]': 2 }],
  ['GPVTG,054.7,T,034.4,M,005.5,N,010.2,K', { 'course [deg]': 54.7, 'course_magnetic [deg]': 34.4, 'speed [kn]': 5.5 }],
  ['GPVTG,054.7,T,,M,,N,010.2,K', { 'course [deg]': 54.7, 'speed [km/h]': 10.2 }],
  ['GPGSA,A,3,04,05,,09,12,,,24,,,,,2.5,1.3,2.1', { fix_type: 3, satellites_used: 5, pdop: 2.5, hdop: 1.3, vdop: 2.1 }],
  ['GPGSV,3,1,11,03,03,111,00,04,15,270,00,06,01,010,00,13,06,292,00', { satellites_in_view: 11 }],
  [
    'GPGLL,4916.45,N,12311.12,W,225444,A',
    { 'latitude [lat]': 49 + 16.45 / 60, 'longitude [lon]': -(123 + 11.12 / 60) },
    '2026-03-01T22:54:44.000Z',
  ],
  ['WIMWV,214.8,R,0.1,K,A', { 'wind_angle_apparent [deg]': 214.8, 'wind_speed_apparent [km/h]': 0.1 }],
  ['WIMWV,214.8,R,0.1,M,A', { 'wind_angle_apparent [deg]': 214.8, 'wind_speed_apparent [m/s]': 0.1 }],
  ['WIMWV,214.8,T,10,S,A', { 'wind_angle_true [deg]': 214.8, 'wind_speed_true [[mi_i]/h]': 10 }],
  ['WIMWV,214.8,R,,,A', { 'wind_angle_apparent [deg]': 214.8 }],
  ['SDDBT,,f,,M,10,F', { 'depth_below_transducer [m]': 18.288 }],
  [
    'WIMDA,29.92,I,,,20.0,C,,,,,,,,,,,,,2.5,M',
    { 'pressure [bar]': 1.01320748907, 'air_temperature [Cel]': 20, 'wind_speed [m/s]': 2.5 },
  ],
  ['HCHDM,238.5,M', { 'heading_magnetic [deg]': 238.5 }],
  ['ERRPM,E,1,1200,10,A', { 'engine_1_speed [1/min]': 1200, 'engine_1_pitch [%]': 10 }],
  [
    'GNGNS,112257.00,3844.24011,N,00908.43828,W,AN,03,10.5,1.2,50.1,,',
    {
      'latitude [lat]': 38 + 44.24011 / 60,
      'longitude [lon]': -(9 + 8.43828 / 60),
      satellites: 3,
      hdop: 10.5,
      'altitude [m]': 1.2,
      'geoid_separation [m]': 50.1,
    },
    '2026-03-01T11:22:57.000Z',
  ],
  ['GPGGA,,,,,,0,00,99.99,,,,,,', { fix_quality: 0, satellites: 0 }],
  // of the century
  [
    'GPRMC,000000,A,0000.0,S,00000.0,W,,,311279,,',
    { 'latitude [lat]': -0, 'longitude [lon]': -0 },
    '2079-12-31T00:00:00.000Z',
  ],
  // The date that a receiver shows before it has seen a satellite is none.
  ['GPRMC,000000,A,0100.0,N,00100.0,E,,,060180,,', { 'latitude [lat]': 1, 'longitude [lon]': 1 }],
  [
    'GPRMC,235960,A,0100.0,N,00100.0,E,,,311216,3.5,W',
    { 'latitude [lat]': 1, 'longitude [lon]': 1, 'magnetic_variation [deg]': -3.5 },
    '2017-01-01T00:00:00.000Z',
  ],
];

test('sentences become fields', () => {
  const units = new Set(unitCodes);
  for (const [body, fields, time] of rows) {
    const output = createNmea0183Codec().decode(inputOf(sentence(body)));
    assert.deepEqual(fieldsOf(output), fields, `${body} ${output.failure}`);
    const [part] = output.parts;
    assert.equal(part?.timeMs === undefined ? undefined : new Date(part.timeMs).toISOString(), time, body);
    for (const { unit } of part!.fields) assert.ok(unit === undefined || units.has(unit), unit);
  }
});

test('what has no values is what it is', () => {
  const others: readonly (readonly [body: string, kind: string])[] = [
    ['GPRMC,085412.000,V,5222.3198,N,00454.5784,E,0.58,251.34,030414,,,N', 'raw'],
    ['GPGLL,5222.3198,N,00454.5784,E,085412.000,V', 'raw'],
    ['IIMWV,074,T,05.85,N,V', 'raw'],
    ['GPZDA,172809,12,07,1996,00,00', 'raw'],
    ['GPGSV,3,2,11,14,25,170,00,16,57,208,39,18,67,296,40,19,40,246,00', 'duplicate'],
    ['GPTXT,01,01,02,u-blox ag - www.u-blox.com', 'log'],
    ['PGRME,15.0,M,45.0,M,25.0,M', 'raw'],
    ['GPXYZ,1', 'raw'],
  ];
  for (const [body, kind] of others)
    assert.equal(createNmea0183Codec().decode(inputOf(sentence(body))).kind, kind, body);
  const ais = '!AIVDM,1,1,,A,14eG;o@034o8sd<L9i:a;WF>062D,0*7D';
  assert.equal(createNmea0183Codec().decode(inputOf(ais)).kind, 'raw');
});

test('what is damaged says where', () => {
  const failures: readonly (readonly [payload: string, failure: string])[] = [
    ['$GPHDT,123.456,T*33', 'Its checksum is 33, but its text comes to 32: it was damaged on the way.'],
    ['$GPHDT,123.456,T*3', 'Its checksum is "3", not two hexadecimal digits.'],
    ['$GPHDT,12\x003.456,T', 'Character 9 is 0x00, which no sentence has.'],
    ['HDT,1', 'It begins with neither $ nor !, as a sentence of NMEA 0183 does.'],
    ['$gphdt,1', '"gphdt" is no address of a sentence.'],
    ['$GPHDT,abc,T', 'GPHDT: Its value 1, "abc", is no number.'],
    ['$GPGLL,9122.0,N,00454.5,E,,A', 'GPGLL: Its value 1, "9122.0", is no angle of at most 90 degrees.'],
    ['$GPGLL,5260.0,N,00454.5,E,,A', 'GPGLL: Its value 1, "5260.0", is no angle of at most 90 degrees.'],
    ['$GPGLL,5222.0,X,00454.5,E,,A', 'GPGLL: Its value 2, "X", is neither N nor S.'],
    ['$GPGGA,256060,,,,,0,,,,,,', 'GPGGA: Its value 1, "256060", is no time of day.'],
    ['$GPRMC,000000,A,,,,,,,310299,,', 'GPRMC: Its value 9, "310299", is no date.'],
    ['$WIMWV,1,R,2,X,A', 'WIMWV: Its value 4, "X", is no unit of speed: N, K, M or S.'],
    ['', 'There is no sentence in it.'],
    ['$'.repeat(1e5), 'It has 100000 bytes; sentences of one message have at most 65536.'],
  ];
  for (const [payload, failure] of failures)
    assert.equal(createNmea0183Codec().decode(inputOf(payload)).failure, failure);
});

test('a sentence that has lost its checksum is damaged, where others of its kind had one', () => {
  const codec = createNmea0183Codec();
  const kindOf = (payload: string, topic = 'port') => codec.decode(inputOf(payload, { topic })).kind;
  assert.equal(kindOf('$GPHDT,123.456,T'), 'measurement');
  assert.equal(kindOf('$GPHDT,123.456,T*32'), 'measurement');
  for (const damaged of ['$GPHDT,123.456,T', '$GPHDT,123.456,Tj32', '$GPHDT,123.4'])
    assert.match(codec.decode(inputOf(damaged, { topic: 'port' })).failure ?? '', /^GPHDT came with a checksum before/);
  // Others, and those on another port, may have none.
  assert.equal(kindOf('$IIMTW,2,C'), 'measurement');
  assert.equal(kindOf('$GPHDT,123.456,T', 'other'), 'measurement');
});

test('several sentences of one message are read together, a damaged one costs only itself', () => {
  const output = createNmea0183Codec().decode(
    inputOf(`${sentence('GPHDT,1,T')}${sentence('IIMTW,2,C')}$GPHDT,3,T*00\r\n`),
  );
  assert.deepEqual(fieldsOf(output), { 'heading_true [deg]': 1, 'water_temperature [Cel]': 2 });
  assert.equal(output.isComplete, false);
});

test('satellite systems of one receiver are told apart', () => {
  const codec = createNmea0183Codec();
  const tags = ['GPGSV,1,1,03,1,,,', 'GLGSV,1,1,05,65,,,'].map(
    (body) => codec.decode(inputOf(sentence(body))).parts[0]?.tags,
  );
  assert.deepEqual(tags, [[['talker', 'GP']], [['talker', 'GL']]]);
});

test("a time of day is that of the nearest day by the receiver's own date", () => {
  const time = (codec: ReturnType<typeof createNmea0183Codec>, body: string, at: number, topic = 'a') => {
    const { timeMs } = codec.decode(inputOf(sentence(body), { receivedAtMs: at, topic })).parts[0] ?? {};
    return timeMs === undefined ? undefined : new Date(timeMs).toISOString();
  };
  const gga = (clock: string) => `GPGGA,${clock},0100.0,N,00100.0,E,1,4,1,1,M,,M,,`;
  const codec = createNmea0183Codec();
  const midnight = Date.UTC(2026, 4, 2);
  // By our clock alone, on both sides of midnight.
  assert.equal(time(codec, gga('235959'), midnight + 500), '2026-05-01T23:59:59.000Z');
  assert.equal(time(codec, gga('000001'), midnight - 500), '2026-05-02T00:00:01.000Z');
  // Ours was never set: nothing, until the receiver tells the date; then its own.
  assert.equal(time(codec, gga('120000'), 5000, 'b'), undefined);
  codec.decode(inputOf(sentence('GPZDA,235958,31,12,2026,00,00'), { receivedAtMs: 6000, topic: 'b' }));
  assert.equal(time(codec, gga('235959'), 7000, 'b'), '2026-12-31T23:59:59.000Z');
  assert.equal(time(codec, gga('000000'), 8000, 'b'), '2027-01-01T00:00:00.000Z');
  // Another port's receiver is another clock.
  assert.equal(time(codec, gga('120000'), receivedAtMs, 'c'), '2026-03-01T12:00:00.000Z');
});

test('a sentence is recognised by its checksum', () => {
  const { claims } = createNmea0183Codec();
  assert.equal(claims!('x', Buffer.from(sentence('GPHDT,1,T')))?.confidence, 0.97);
  assert.equal(claims!('x', Buffer.from('$GPHDT,1,T'))?.confidence, 0.6);
  for (const other of ['$GPHDT,1,T*00', '$5.00', '!', '{"a":1}', ''])
    assert.equal(claims!('x', Buffer.from(other)), undefined);
});

test('no payload makes it throw or break its bounds', () => {
  const real = [
    ...samples.filter(({ protocol }) => protocol === 'nmea-0183').map(payloadOf),
    ...rows.map(([body]) => Buffer.from(`$${body}`)),
  ];
  assertSurvives(createNmea0183Codec, real);
});
