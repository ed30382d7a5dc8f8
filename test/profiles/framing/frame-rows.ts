import type { DiscardReason } from '../../../src/profiles/framing/cut.ts';
import type { FramingOptions } from '../../../src/profiles/framing/options.ts';

/** A stream, what it is cut into, and what is left over once the line is silent. Bytes are written as Latin-1. */
export interface FrameRow {
  readonly name: string;
  readonly options: FramingOptions;
  readonly stream: string;
  readonly frames: readonly string[];
  /** The bytes themselves, or how many there are. */
  readonly discarded?: readonly (readonly [DiscardReason, string | number])[];
  readonly isMidstream?: boolean;
}

export const bytesOf = (hex: string): string => Buffer.from(hex.replaceAll(' ', ''), 'hex').toString('latin1');

const lines: FramingOptions = { kind: 'lines' };
const shortLines: FramingOptions = { kind: 'lines', max: 8 };
const slip: FramingOptions = { kind: 'slip' };
const cobs: FramingOptions = { kind: 'cobs' };
const pms: FramingOptions = {
  kind: 'frame',
  start: ['42 4d'],
  length: { at: 2, type: 'uint16', plus: 4 },
  checksum: { kind: 'sum16be' },
  max: 64,
};
const sds: FramingOptions = {
  kind: 'frame',
  start: ['aac0', 'aacf'],
  size: 10,
  end: 'ab',
  checksum: { kind: 'sum8', from: 2 },
};
const mhz19: FramingOptions = {
  kind: 'frame',
  start: ['ff86'],
  size: 9,
  checksum: { kind: 'sum8-complement', from: 1 },
};
const hpma: FramingOptions = {
  kind: 'frame',
  start: ['40'],
  length: { at: 1, type: 'uint8', plus: 3 },
  checksum: { kind: 'sum8-complement' },
};
const shdlc: FramingOptions = {
  kind: 'frame',
  start: ['7e'],
  end: '7e',
  stuffing: { escape: '7d' },
  checksum: { kind: 'sum8-inverted', from: 1 },
};
const ended: FramingOptions = { kind: 'frame', start: ['02'], end: '03', max: 12 };
const tailed: FramingOptions = {
  kind: 'frame',
  start: ['0d0a504944'],
  end: '0d0a436865636b73756d09',
  tail: 1,
  checksum: { kind: 'sum8-complement' },
};
const telegram: FramingOptions = { kind: 'telegram' };
const partial: FramingOptions = { kind: 'telegram', partial: true };
const sml: FramingOptions = { kind: 'sml' };
const nmea: FramingOptions = { kind: 'nmea' };
const meshtastic: FramingOptions = { kind: 'meshtastic' };
const firmata: FramingOptions = { kind: 'firmata' };
const silence: FramingOptions = { kind: 'silence', max: 20 };

const sdsGood = bytesOf('aac0d4043a0aa1601dab');
const pmsGood = bytesOf('424d001c0005000d00160005000d001602fd00fc001d000f00060006970003c5');
const p1 = '/ISk5\\2MT382-1000\r\n\r\n1-0:1.8.1(000004.426*kWh)\r\n!6EEE\r\n';
const d0 = '/ESY5Q3DA1004 V3.04\r\n\r\n\x021-0:1.8.0*255(00026107.7034*kWh)\r\n!\r\n\x03\x2f';
const veDirect = '\r\nPID\t0x203\r\nV\t12065\r\nChecksum\t\xff'; // of karioja/vedirect
const noEtx = '\x02F.F(00)\r\n1.8.0(000285.4*kWh)\r\n!\r\n';
const smlStart = '1b1b1b1b 01010101';
const smlFile = bytesOf(`${smlStart} 76070019 00000000 1b1b1b1b 1a00e566`);
// The four bytes themselves, escaped, and something that looks like an end and like a start behind it.
const smlEscaped = bytesOf(`${smlStart} 1b1b1b1b 1b1b1b1b 1a000000 1b1b1b1b 1b1b1b1b 01010101 1b1b1b1b 1a00abcd`);
const gga = '$GPGGA,172814.0,3723.46587704,N,12202.26957864,W,2,6,1.2,18.893,M,-25.669,M,2.0,0031*4F';

export const frameRows: readonly FrameRow[] = [
  { name: 'line ends', options: lines, stream: 'a\nb\r\nc\rd\n\n\r\ne\n', frames: ['a', 'b', 'c', 'd', 'e'] },
  { name: 'half a line', options: lines, stream: 'a\nb', frames: ['a'], discarded: [['cutOff', 'b']] },
  {
    name: 'joined within a line',
    options: lines,
    isMidstream: true,
    stream: '3.35,41\n23.40,42\n',
    frames: ['23.40,42'],
    discarded: [['cutOff', '3.35,41\n']],
  },
  {
    name: 'boot noise',
    options: lines,
    // What an ESP8266's boot message at 74880 baud looks like at 115200.
    stream: `${bytesOf('00fe8c6c1c8ee00c0c8c0c6cec0c0c0c8c0c0c6c9f')}\r\n{"a":1}\r\n`,
    frames: ['{"a":1}'],
    discarded: [['noise', bytesOf('00fe8c6c1c8ee00c0c8c0c6cec0c0c0c8c0c0c6c9f0d0a')]],
  },
  {
    name: 'Latin-1 and UTF-8',
    options: lines,
    stream: '21.5 \xb0C\n21.5 \xc2\xb0C\n',
    frames: ['21.5 \xb0C', '21.5 \xc2\xb0C'],
  },
  {
    name: 'all beyond ASCII',
    options: lines,
    stream: '\xfe\xf8\xe0a\n',
    frames: [],
    discarded: [['noise', '\xfe\xf8\xe0a\n']],
  },
  {
    name: 'terminal colours',
    options: lines,
    stream: '\x1b[0;32mI (27) boot\x1b[0m\n',
    frames: ['\x1b[0;32mI (27) boot\x1b[0m'],
  },
  {
    name: 'a line too long',
    options: shortLines,
    stream: '12345678\n1234567890123\nok\n',
    frames: ['12345678', 'ok'],
    discarded: [['tooLong', '1234567890123\n']],
  },
  {
    name: 'SLIP with escapes',
    options: slip,
    // serialport/node-serialport packages/parser-slip-encoder/lib/decoder.test.ts
    stream: bytesOf('01c0dbdcc0dbddc0dcc0ddc0ffc0'),
    frames: ['01', 'c0', 'db', 'dc', 'dd', 'ff'].map(bytesOf),
  },
  {
    name: 'SLIP with a broken escape',
    options: slip,
    stream: bytesOf('c0c001db02c003c0'),
    frames: [bytesOf('03')],
    discarded: [['malformed', bytesOf('01db02c0')]],
  },
  {
    name: 'SLIP that ends in an escape',
    options: slip,
    stream: bytesOf('01dbc002c0'),
    frames: ['\x02'],
    discarded: [['malformed', bytesOf('01dbc0')]],
  },
  {
    name: 'SLIP, joined',
    options: slip,
    isMidstream: true,
    stream: bytesOf('02c003c0'),
    frames: ['\x03'],
    discarded: [['cutOff', bytesOf('02c0')]],
  },
  {
    name: 'COBS',
    options: cobs,
    // The examples of Wikipedia's "Consistent Overhead Byte Stuffing"
    stream: bytesOf('010100 01010100 0102110100 031122023300 051122334400 021101010100'),
    frames: ['00', '0000', '001100', '11220033', '11223344', '11000000'].map(bytesOf),
  },
  {
    name: 'COBS of a whole block',
    options: cobs,
    stream: `\xff${'x'.repeat(254)}\0\xff${'x'.repeat(254)}\x02y\0`,
    frames: ['x'.repeat(254), `${'x'.repeat(254)}y`],
  },
  {
    name: 'COBS that ends early',
    options: cobs,
    stream: bytesOf('051100 0211 00'),
    frames: ['\x11'],
    discarded: [['malformed', bytesOf('051100')]],
  },
  { name: 'length in the frame', options: pms, stream: `${pmsGood}${pmsGood}`, frames: [pmsGood, pmsGood] },
  {
    name: 'garbage around frames',
    options: pms,
    stream: `\x00\x42\x42${pmsGood}xyz${pmsGood}\x42`,
    frames: [pmsGood, pmsGood],
    discarded: [
      ['noise', '\x00\x42\x42'],
      ['noise', 'xyz'],
      ['cutOff', '\x42'],
    ],
  },
  {
    name: 'a frame that its neighbour cuts short',
    options: pms,
    stream: `${pmsGood.slice(0, 20)}${pmsGood}`,
    frames: [pmsGood],
    discarded: [['checksum', pmsGood.slice(0, 20)]],
  },
  {
    name: 'a length that can not be',
    options: pms,
    stream: `\x42\x4d\xff\xff${pmsGood}`,
    frames: [pmsGood],
    discarded: [
      ['malformed', '\x42'],
      ['noise', '\x4d\xff\xff'],
    ],
  },
  {
    name: 'a short frame',
    options: pms,
    // avaldebe/PyPMS tests/sensors/test_message.py
    stream: bytesOf('424d001c0005000d0016'),
    frames: [],
    discarded: [
      ['cutOff', '\x42'],
      ['noise', bytesOf('4d001c0005000d0016')],
    ],
  },
  {
    name: 'a wrong checksum',
    options: pms,
    stream: bytesOf('424d001c0005000d00160005000d001602fd00fc001d000f0006000697000000'),
    frames: [],
    discarded: [['checksum', bytesOf('424d001c0005000d00160005000d001602fd00fc001d000f0006000697000000')]],
  },
  {
    name: 'two beginnings',
    options: sds,
    stream: `${sdsGood}${bytesOf('aacf0c001600e90510ab')}`,
    frames: [sdsGood, bytesOf('aacf0c001600e90510ab')],
  },
  {
    name: 'no end where it has to be',
    options: sds,
    stream: `${bytesOf('aac0d4043a0aa1601dff')}${sdsGood}`,
    frames: [sdsGood],
    discarded: [['malformed', bytesOf('aac0d4043a0aa1601dff')]],
  },
  { name: 'MH-Z19B', options: mhz19, stream: bytesOf('ff8601f40000000085'), frames: [bytesOf('ff8601f40000000085')] },
  { name: 'HPMA115S0', options: hpma, stream: bytesOf('4005040030003156'), frames: [bytesOf('4005040030003156')] },
  {
    name: 'byte stuffing',
    options: shdlc,
    // SPS30: "start measurement", then a frame with a stuffed 7e in its data
    stream: bytesOf('7e0000020103f97e 7e00d000037d5e7d317d5d207e 7e0000020103f97e'),
    frames: ['7e0000020103f97e', '7e00d000037e117d207e', '7e0000020103f97e'].map(bytesOf),
  },
  {
    name: 'byte stuffing, joined',
    options: shdlc,
    stream: bytesOf('0103f97e 7e0000020103f97e'),
    frames: [bytesOf('7e0000020103f97e')],
    discarded: [['noise', bytesOf('0103f97e')]],
  },
  { name: 'a byte behind the end', options: tailed, stream: veDirect.repeat(2), frames: [veDirect, veDirect] },
  { name: 'start and end', options: ended, stream: '\x02AB\x03\x02C\x03', frames: ['\x02AB\x03', '\x02C\x03'] },
  {
    name: 'no end within the largest frame',
    options: ended,
    stream: '\x02ABCDEFGHIJKLMNOP\x02C\x03',
    frames: ['\x02C\x03'],
    discarded: [
      ['tooLong', '\x02ABCDEFGHIJKL'],
      ['noise', 'MNOP'],
    ],
  },
  { name: 'DSMR', options: telegram, stream: `${p1}${p1}`, frames: [p1, p1] },
  {
    name: 'DSMR, joined',
    options: telegram,
    stream: `(00.00*m3/h)\r\n!6EEE\r\n${p1}`,
    frames: [p1],
    discarded: [['noise', '(00.00*m3/h)\r\n!6EEE\r\n']],
  },
  {
    name: 'DSMR, its end lost',
    options: telegram,
    stream: `${p1.slice(0, 30)}\r\n${p1}`,
    frames: [p1],
    discarded: [['cutOff', `${p1.slice(0, 30)}\r\n`]],
  },
  { name: 'D0 with check byte', options: telegram, stream: `${d0}${d0}`, frames: [d0, d0] },
  { name: 'D0, our request echoed', options: telegram, stream: `/?!\r\n${d0}`, frames: [d0] },
  {
    name: 'D0, identification and pause',
    options: telegram,
    stream: '/ESY5Q3DA1004 V3.04\r\n',
    frames: ['/ESY5Q3DA1004 V3.04\r\n'],
  },
  {
    name: 'D0, data alone',
    options: telegram,
    stream: '\x021.8.0(1*kWh)\r\n!\r\n\x03A',
    frames: ['\x021.8.0(1*kWh)\r\n!\r\n\x03A'],
  },
  {
    name: 'D0, no ETX',
    options: telegram,
    // Apollon77/smartmeter-obis test/testSerialRequestResponseD0ModeE.js
    stream: `/ACE0\\3k260V01.18\r\n${noEtx}${noEtx}`,
    frames: [`/ACE0\\3k260V01.18\r\n${noEtx}`, noEtx],
  },
  {
    name: 'D0, the end behind a value',
    options: telegram,
    // Apollon77/smartmeter-obis test/testSerialResponseD0ModeD.js
    stream: '/SIE32WR5\r\n6.8(0029.055*MWh)6.33(001.476*m3ph)\r\n9.2(&&)0.0(00010213)!\r\n',
    frames: ['/SIE32WR5\r\n6.8(0029.055*MWh)6.33(001.476*m3ph)\r\n9.2(&&)0.0(00010213)!\r\n'],
  },
  {
    name: 'D0, joined and passed on',
    options: partial,
    stream: `F\x19\x0e\r\n1-1:52.7.0(230.5*V)\r\n!\r\n${d0}`,
    frames: ['F\x19\x0e\r\n1-1:52.7.0(230.5*V)\r\n!\r\n', d0],
  },
  {
    name: 'D0, joined, no end',
    options: partial,
    stream: '.7.0(1*V)\r\n2.7.0(2*V)\r\n',
    frames: ['.7.0(1*V)\r\n2.7.0(2*V)\r\n'],
  },
  { name: 'SML', options: sml, stream: `${smlFile}${smlFile}`, frames: [smlFile, smlFile] },
  {
    name: 'SML with escapes',
    options: sml,
    stream: `ab\x1b${smlEscaped}`,
    frames: [smlEscaped],
    discarded: [['noise', 'ab\x1b']],
  },
  {
    name: 'SML, a byte lost',
    options: sml,
    stream: `${smlFile.slice(0, 10)}${smlFile.slice(11)}${smlFile}`,
    frames: [smlFile],
    discarded: [['cutOff', `${smlFile.slice(0, 10)}${smlFile.slice(11)}`]],
  },
  { name: 'NMEA', options: nmea, stream: `${gga}\r\n!AIVDM,1,1,,A,x,0*00`, frames: [gga, '!AIVDM,1,1,,A,x,0*00'] },
  {
    name: 'NMEA, a sentence without its end',
    options: nmea,
    stream: `4F\r\n$GPG${gga}\r\n`,
    frames: [gga],
    discarded: [
      ['noise', '4F\r\n'],
      ['cutOff', '$GPG'],
    ],
  },
  {
    name: 'Meshtastic, the magic inside',
    options: meshtastic,
    stream: bytesOf('94c30007120594c3001022'),
    frames: [bytesOf('120594c3001022')],
  },
  {
    name: 'Meshtastic, log text between',
    options: meshtastic,
    stream: `DEBUG\r\n\x94\xc3\x00\x01A\x94\x94\xc3\x00\x01B\x94\xc3\xff\xff`,
    frames: ['A', 'B'],
    discarded: [
      ['noise', 'DEBUG\r\n'],
      ['noise', '\x94'],
      ['malformed', '\x94\xc3'],
      ['noise', '\xff\xff'],
    ],
  },
  {
    name: 'Firmata',
    options: firmata,
    // firmata/firmata.js packages/firmata.js/test/unit/firmata.test.js
    stream: bytesOf('00f90203 f07902035300740061006e0064006100720064004600690072006d00610074006100f7 910400 e07f01'),
    frames: [
      'f90203',
      'f07902035300740061006e0064006100720064004600690072006d00610074006100f7',
      '910400',
      'e07f01',
    ].map(bytesOf),
    discarded: [['noise', '\0']],
  },
  {
    name: 'Firmata, cut',
    options: firmata,
    stream: bytesOf('9104 910400 f079 ff'),
    frames: [bytesOf('910400'), '\xff'],
    discarded: [
      ['cutOff', bytesOf('9104')],
      ['cutOff', bytesOf('f079')],
    ],
  },
  {
    name: 'silence',
    options: silence,
    // yaacov/node-modbus-serial test/ports/rtubufferedport.test.js
    stream: bytesOf('110306ae415652434049ad'),
    frames: [bytesOf('110306ae415652434049ad')],
  },
  {
    name: 'no silence',
    options: silence,
    stream: 'x'.repeat(30),
    frames: [],
    discarded: [['tooLong', 'x'.repeat(30)]],
  },
];
