import type { Reader } from '../language/formats.ts';
import type { Tree } from '../language/tree-path.ts';
import type { ModbusOptions } from './options.ts';
import { RegisterMap } from './registers.ts';
import { readRequest, rtuAnswer } from './rtu.ts';

/**
 * A reader for Modbus exchanges: a request and its answer, one behind the other, as both went over the line. An answer alone
 * does not say which registers it is about; together they can be decoded again whenever the profile is mended.
 *
 * @param options undefined: every register is told by its number
 */
export function exchangeReader(options?: ModbusOptions): Reader {
  const map = new RegisterMap(options);
  return (payload) => {
    const request = readRequest(payload.subarray(0, 8));
    if (request === undefined)
      return { failure: 'it does not begin with a Modbus request to read, of eight bytes with their CRC' };
    const answer = rtuAnswer(request, payload.subarray(8));
    if (answer.kind !== 'data') return { failure: answer.failure };
    const { fields, faults } = map.read(request, answer.data);
    const tree = new Map<string, Tree>(fields.map(({ name, value }) => [name, value]));
    return faults.length === 0 ? { trees: [tree] } : { trees: [tree], isPartial: true };
  };
}
