import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unitCodes } from '../../../src/core/measure-units.ts';
import type { FieldValue } from '../../../src/core/measurement.ts';
import { createRflinkCodec } from '../../../src/profiles/codecs/rflink.ts';
import { assertSurvives, fieldsOf, inputOf } from './codec-support.ts';
import { checkSamples } from './serial-samples.ts';

const decode = (line: string) => createRflinkCodec().decode(inputOf(line));

test('every sample decodes to what it says', () => checkSamples('rflink-lines', createRflinkCodec));

const rows: readonly (readonly [line: string, fields: Record<string, FieldValue>])[] = [
  // aequitas/python-rflink tests/test_parse.py
  [
    '20;2D;UPM/Esic;ID=0001;TEMP=00cf;HUM=16;BAT=OK;',
    { 'UPM/Esic.0001.temperature [Cel]': 20.7, 'UPM/Esic.0001.humidity [%RH]': 16, 'UPM/Esic.0001.battery_ok': true },
  ],
  [
    '20;36;Alecto V1;ID=0334;TEMP=800d;HUM=33;BAT=OK;',
    {
      'Alecto V1.0334.temperature [Cel]': -1.3,
      'Alecto V1.0334.humidity [%RH]': 33,
      'Alecto V1.0334.battery_ok': true,
    },
  ],
  ['20;08;UPM/Esic;ID=1003;RAIN=0010;BAT=LOW;', { 'UPM/Esic.1003.rain [mm]': 1.6, 'UPM/Esic.1003.battery_ok': false }],
  ['20;46;Kaku;ID=44;SWITCH=4;CMD=OFF;', { 'Kaku.44.4': false }],
  ['20;E0;NewKaku;ID=cac142;SWITCH=1;CMD=ALLOFF;', { 'NewKaku.cac142.1': false }],
  ['20;05;RTS;ID=147907;SWITCH=01;CMD=UP;', { 'RTS.147907.01': 'UP' }],
  ['20;9A;FA500;ID=0000db9e;SWITCH=01;CMD=SET_LEVEL=2;', { 'FA500.0000db9e.01': true, 'FA500.0000db9e.01.level': 2 }],
  ['20;01;mock;ID=0;BFORECAST=1;HSTATUS=0', { 'mock.0.forecast': 'sunny', 'mock.0.humidity_status': 'normal' }],
  // domoticz/domoticz hardware/RFLinkBase.cpp
  [
    '20;14;Oregon BTHR;ID=5a00;TEMP=00d1;HUM=29;BARO=0407;BAT=LOW;',
    {
      'Oregon BTHR.5a00.temperature [Cel]': 20.9,
      'Oregon BTHR.5a00.humidity [%RH]': 29,
      'Oregon BTHR.5a00.pressure [hPa]': 1031,
      'Oregon BTHR.5a00.battery_ok': false,
    },
  ],
  ['20;AF;SelectPlus;ID=1bb4;CHIME=01;', { 'SelectPlus.1bb4.chime': 1 }],
  // Phileep/rflink-to-mqtt README and issue 4
  [
    '20;B3;DKW2012;ID=004c;TEMP=00eb;HUM=3f;WINSP=0014;WINGS=0028;RAIN=0060;WINDIR=0008;',
    {
      'DKW2012.004c.temperature [Cel]': 23.5,
      'DKW2012.004c.humidity [%RH]': 63,
      'DKW2012.004c.wind_speed [km/h]': 2,
      'DKW2012.004c.wind_gust [km/h]': 4,
      'DKW2012.004c.rain [mm]': 9.6,
      'DKW2012.004c.wind_direction [deg]': 180,
    },
  ],
];

test('lines become fields', () => {
  const units = new Set(unitCodes);
  for (const [line, fields] of rows) {
    const output = decode(`${line}\r\n`);
    assert.deepEqual(fieldsOf(output), fields, line);
    for (const { unit } of output.parts[0]!.fields) assert.ok(unit === undefined || units.has(unit), unit);
  }
  const unknown = decode('20;2D;RFX10METER;ID=79;TYPE=10;WATT=000a;TEMP=x;');
  assert.deepEqual([fieldsOf(unknown), unknown.isComplete], [{ 'RFX10METER.79.power [W]': 1 }, false]);
});

test('every line of the protocol reference is read', () => {
  // rflink.nl, "RFLink Protocol Reference", as in aequitas/python-rflink tests/protocol_samples.txt
  const reference = `
    Cresta;ID=8301;WINDIR=0005;WINSP=0000;WINGS=0000;WINTMP=00c3;WINCHL=00c3;BAT=LOW; AB400D;ID=41;SWITCH=1;CMD=ON;
    SilvercrestDB;ID=04d6bb97;SWITCH=1;CMD=ON;CHIME=01; Mebus;ID=c201;TEMP=00cf; Cresta;ID=8001;TEMP=00b0;UV=00d0;
    Cresta;ID=8001;WINDIR=0002;WINSP=0060;WINGS=0088;WINCHL=b0; TempHygro;ID=0ACC;TEMP=00be;HUM=40;BAT=OK;
    BTHR;ID=5a6d;TEMP=00be;HUM=40;BARO=03d7;BAT=OK; Rain2;ID=2a19;RAIN=002a;RAINTOT=0054;BAT=OK; Byron;ID=a66a;CHIME=09;
    UVN128/138;ID=ea7c;UV=0030;BAT=OK; Pir;ID=aa66;PIR=ON; SmokeAlert;ID=123456;SMOKEALERT=ON; Blyss;ID=ff98;SWITCH=A1;CMD=ON;
    NewKaku;ID=000007;SWITCH=2;CMD=SET_LEVEL=14; FA500;ID=0d00b900;SWITCH=0001;CMD=UNKOWN; RTS;ID=1a602a;SWITCH=01;CMD=DOWN;
    MiLightv1;ID=F746;SWITCH=00;RGBW=3c00;CMD=ON; Eurodomest;ID=03696b;SWITCH=07;CMD=ALLOFF;`;
  for (const line of reference.trim().split(/\s+/)) {
    const output = decode(`20;06;${line}`);
    assert.deepEqual([output.kind, output.isComplete], ['measurement', true], line);
  }
  // A direction in hexadecimal digits and a label of another time stay in the payload.
  assert.equal(decode('20;6A;UPM/Esic;ID=1002;WINSP=0041;WINDIR=5A;BAT=OK;').isComplete, false);
  assert.equal(decode('20;32;Oregon Wind;ID=1a89;WDIR=0045;WINSP=0068;AWINSP=0050;BAT=OK;').isComplete, false);
});

test('what is no value is what it is', () => {
  const others: readonly (readonly [string, string])[] = [
    ['20;00;Nodo RadioFrequencyLink - RFLink Gateway V1.1 - R45;', 'discovery'],
    ['20;01;VER=1.1;REV=45;BUILD=04;', 'discovery'],
    ['20;01;PONG;', 'command'],
    ['20;02;OK;', 'command'],
    ['20;01;CMD UNKNOWN;', 'command'],
    ['20;02;STATUS;setRF433=ON;setNodoNRF=OFF;', 'command'],
    ['20;01;setGPIO=ON;', 'command'],
    ['20;00;Internal Pullup on RF-in disabled;', 'log'],
    ['20;84;DEBUG;RTS P1;a63f33003cf000665a5a;', 'log'],
    ['10;NewKaku;00c142;1;ON;', 'command'],
    ['20;2D;RFX10METER;ID=79;TYPE=10;', 'event'],
    ['hello', 'failed'],
    ['20;xx;a;', 'failed'],
    ['', 'failed'],
  ];
  for (const [line, kind] of others) assert.equal(decode(line).kind, kind, line);
  const firmware = others.slice(0, 2).map(([line]) => decode(line).sightings?.[0]?.attributes?.[1]);
  assert.deepEqual(firmware, [
    ['firmware', '1.1 R45'],
    ['firmware', '1.1 R45 build 04'],
  ]);
});

test('a line is recognised by its form', () => {
  const { claims } = createRflinkCodec();
  for (const [line] of rows.slice(0, 7)) assert.equal(claims!('x', Buffer.from(line))?.confidence, 0.95, line);
  for (const other of ['20;21;22', '20.5', '{}', '20;01;PONG;'])
    assert.equal(claims!('x', Buffer.from(other)), undefined);
});

test('no payload makes it throw or break its bounds', () => {
  assertSurvives(
    createRflinkCodec,
    rows.map(([line]) => Buffer.from(line)),
  );
});
