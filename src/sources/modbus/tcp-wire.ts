import type { Question } from './step.ts';
import type { HeardAnswer, Wire } from './wire.ts';

/** Number, protocol, length and unit before each protocol data unit (Modbus Messaging on TCP/IP 1.0b § 3.1.3). */
const headerSize = 7;
/** What the length may be: the unit and a protocol data unit, of 253 bytes at the most. */
const minLength = 3;
const maxLength = 254;

/**
 * Answers out of the bytes of a TCP connection. TCP loses and adds nothing, so a header that can't be right means that the rest can't
 * be made out either: the connection is given up, where waiting for what it promises would be for ever.
 */
export class TcpWire implements Wire {
  readonly isNumbered = true;
  /** Answers have numbers: what belongs to none that is known, the schedule counts. */
  readonly strayBytes = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  send({ unit, pdu, id }: Question): Uint8Array {
    const frame = Buffer.alloc(headerSize + pdu.length);
    frame.writeUInt16BE(id, 0);
    frame.writeUInt16BE(pdu.length + 1, 4);
    frame[6] = unit;
    frame.set(pdu, headerSize);
    return frame;
  }

  push(bytes: Uint8Array): readonly HeardAnswer[] | string {
    const answers: HeardAnswer[] = [];
    const all = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    let at = 0;
    while (at + headerSize <= all.length) {
      const length = all[at + 4]! * 256 + all[at + 5]!;
      if (all[at + 2] !== 0 || all[at + 3] !== 0 || length < minLength || length > maxLength) {
        const hex = Buffer.from(all.subarray(at, at + headerSize)).toString('hex');
        return `What answers there does not speak Modbus TCP (${hex}): is it an adapter that passes on the bytes of a serial line? Then set \`framing: rtu\`.`;
      }
      const end = at + 6 + length;
      if (end > all.length) break;
      const pdu = Uint8Array.prototype.slice.call(all, at + headerSize, end);
      answers.push({ id: all[at]! * 256 + all[at + 1]!, unit: all[at + 6]!, pdu });
      at = end;
    }
    this.#bytes = Uint8Array.prototype.slice.call(all, at);
    return answers;
  }

  isDamaged(): boolean {
    return false;
  }
}
