import { type Acknowledgement, acknowledgementOf } from './acknowledgement.ts';
import type { Framer } from './framing/framer.ts';
import { createFramer } from './framing/framing.ts';
import type { PollOptions } from './language/line-options.ts';
import type { Profile } from './library.ts';

/** How devices of a profile speak on a serial port. */
export interface SerialLine {
  /** Bits a second, the likeliest first; empty: the profile does not say. */
  readonly bauds: readonly number[];
  /** `8N1` */
  readonly format: string;
  /** Frames are told apart by pauses alone. */
  readonly isByPauses: boolean;
  /** What comes before the first end of a frame is taken for the rest of one that was missed. */
  readonly beginsLate: boolean;
  /** For a stream that may begin in the middle of a frame. */
  readonly newFramer: () => Framer;
  readonly polls: readonly Poll[];
  /** For a device that sends again until it hears that its frame was taken. */
  readonly acknowledge: Acknowledgement | undefined;
  /** Another one says that the profile has changed in what it says of its line. */
  readonly key: string;
}

/** What a device is asked from time to time. */
export interface Poll {
  readonly request: Uint8Array;
  /** The request is the sign-on of IEC 62056-21, to which more belongs than to send it. */
  readonly isSignOn?: true;
  readonly everyMs: number;
  /** How long an answer may take. */
  readonly timeoutMs: number;
}

/** @returns what is wrong, as a sentence, with a profile that is not for serial ports */
export function serialLineOf(name: string, profile: Profile | undefined): SerialLine | string {
  if (profile === undefined) return `There is no profile ${name}: see \`headgate profile list\`.`;
  const { serial, framing, modbus, poll = [] } = profile.options;
  if (framing === undefined && modbus !== undefined)
    return `The profile ${name} is for a Modbus device, which has to be asked: put it under \`modbus.buses\`, not under \`serial.ports\`.`;
  if (framing === undefined) return `The profile ${name} says nothing of how frames are told apart on a serial port.`;
  return {
    key: JSON.stringify([serial, framing, poll]),
    bauds: serial?.baud ?? [],
    format: serial?.format ?? '8N1',
    acknowledge: serial?.acknowledge && acknowledgementOf(serial.acknowledge),
    isByPauses: framing.kind === 'silence',
    beginsLate: framing.kind === 'lines' || framing.kind === 'slip' || framing.kind === 'cobs',
    newFramer: () => createFramer(framing, true),
    polls: poll.map((one) => ({
      request: requestOf(one),
      ...(one.handshake !== undefined && { isSignOn: true as const }),
      everyMs: one.every,
      timeoutMs: one.timeout,
    })),
  };
}

function requestOf({ request, requestHex, handshake, address = '' }: PollOptions): Uint8Array {
  if (handshake !== undefined) return Buffer.from(`/?${address}!\r\n`);
  return requestHex === undefined ? Buffer.from(request ?? '') : Buffer.from(requestHex.replaceAll(' ', ''), 'hex');
}
