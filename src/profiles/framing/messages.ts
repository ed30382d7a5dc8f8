import { type Cut, type Cutter, discard, frame, separator } from './cut.ts';

const lf = 0x0a;
const cr = 0x0d;
const star = 0x2a;

/** NMEA 0183 sentences, from `$` or `!` (5.3) to the end of their line. The content is without the line end. */
export class NmeaSentences implements Cutter {
  readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  cut(waiting: Uint8Array, seen: number, isSilent: boolean): Cut {
    const first = waiting[0]!;
    if (first === cr || first === lf) return separator(1);
    if (!isSentenceStart(first)) {
      let at = 1;
      while (at < waiting.length && !isSentenceStart(waiting[at]!)) at++;
      return discard(at, 'noise');
    }
    for (let at = Math.max(1, seen); at < waiting.length; at++) {
      const byte = waiting[at]!;
      if (byte === lf || byte === cr)
        return at > this.max ? discard(at, 'tooLong') : frame(at + 1, waiting.subarray(0, at));
      // Reserved within sentences: this one lost its end.
      if (byte === 0x24) return discard(at, 'cutOff');
    }
    if (!isSilent) return undefined;
    // Behind its checksum a sentence lacks nothing but the line end.
    return waiting.at(-3) === star ? frame(waiting.length, waiting) : discard(waiting.length, 'cutOff');
  }
}

const isSentenceStart = (byte: number): boolean => byte === 0x24 || byte === 0x21;

/**
 * Meshtastic's stream (meshtastic.org/docs/development/device/client-api): 94 C3, a length of two bytes, at most 512, and a
 * protobuf message, which is the content. What lies between is text that the device logs.
 */
export class MeshtasticPackets implements Cutter {
  readonly max = 516;

  cut(waiting: Uint8Array): Cut {
    let at = 0;
    while (at < waiting.length && (waiting[at] !== 0x94 || (at + 1 < waiting.length && waiting[at + 1] !== 0xc3))) at++;
    if (at > 0) return discard(at, 'noise');
    if (waiting.length < 4) return undefined;
    const size = 4 + waiting[2]! * 256 + waiting[3]!;
    if (size > this.max) return discard(2, 'malformed');
    return waiting.length < size ? undefined : frame(size, waiting.subarray(4, size));
  }
}

/**
 * Firmata (github.com/firmata/protocol): a command byte from 80 on and data bytes below, or a sysex message from F0 to F7. The
 * content is the whole message.
 */
export class FirmataMessages implements Cutter {
  readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  cut(waiting: Uint8Array, seen: number, isSilent: boolean): Cut {
    const command = waiting[0]!;
    const size = sizeOfMessage(command);
    if (size === 0) {
      let at = 1;
      while (at < waiting.length && sizeOfMessage(waiting[at]!) === 0) at++;
      return discard(at, 'noise');
    }
    const isSysex = command === 0xf0;
    for (let at = Math.max(1, seen); at < waiting.length && at < size; at++) {
      const byte = waiting[at]!;
      if (byte < 0x80) continue;
      if (isSysex && byte === 0xf7) return frame(at + 1, waiting.subarray(0, at + 1));
      return discard(at, 'cutOff');
    }
    if (!isSysex && waiting.length >= size) return frame(size, waiting.subarray(0, size));
    return isSilent ? discard(waiting.length, 'cutOff') : undefined;
  }
}

/** How many bytes the message has that a byte begins; sysex: any number; 0: none begins with it. */
function sizeOfMessage(command: number): number {
  if (command === 0xf0) return Number.POSITIVE_INFINITY;
  if (command === 0xff) return 1;
  switch (command & 0xf0) {
    case 0x90:
    case 0xe0:
      return 3;
    case 0xc0:
    case 0xd0:
      return 2;
    default:
      return command === 0xf4 || command === 0xf5 || command === 0xf9 ? 3 : 0;
  }
}

/** What comes between two silences is one frame, such as Modbus RTU's. */
export class SilentGaps implements Cutter {
  readonly max: number;
  #isSkipping = false;

  constructor(max: number) {
    this.max = max;
  }

  cut(waiting: Uint8Array, _seen: number, isSilent: boolean): Cut {
    if (waiting.length > this.max) this.#isSkipping = true;
    if (this.#isSkipping) return discard(waiting.length, 'tooLong');
    return isSilent ? frame(waiting.length, waiting) : undefined;
  }

  restart(): void {
    this.#isSkipping = false;
  }
}
