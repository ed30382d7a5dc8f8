/** A payload in memory of its own: as it came, it may hold on to all that its socket read together with it. */
export function owned(payload: string | Buffer): string | Buffer {
  if (typeof payload === 'string' || payload.buffer.byteLength <= payload.length * 2) return payload;
  // Not from Node's pool, which would be just such a larger piece.
  const copy = Buffer.allocUnsafeSlow(payload.length);
  payload.copy(copy);
  return copy;
}
