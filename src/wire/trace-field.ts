/** Of `Record.trace_id`: tag (field 20, bytes) and length. */
const head = [0xa2, 0x01, 16];
const bytes = 16;

/** A Record that has nothing but a trace id. @param traceId 32 hex digits */
export function traceField(traceId: string): Uint8Array {
  return Uint8Array.from([...head, ...Buffer.from(traceId, 'hex')]);
}

/** The trace id of a Record that has nothing else; undefined for any other. */
export function traceOnlyIn(record: Uint8Array): string | undefined {
  if (record.length !== head.length + bytes || head.some((byte, at) => record[at] !== byte)) return undefined;
  return Buffer.from(record.subarray(head.length)).toString('hex');
}
