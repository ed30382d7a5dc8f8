import { type Failure, kindOf } from '../core/errors.ts';
import { textField, varintSize, writeVarint } from '../lib/proto-bytes.ts';

const domain = 'headgate';

/**
 * A failure as gRPC's richer error model has it: `google.rpc.Status` with an `ErrorInfo` (`reason` is the code as in
 * `REQUEST_INVALID`, `metadata` has `code` as it is everywhere else, and `advice`), and a `RetryInfo` where trying again can help.
 * It goes into the trailer `grpc-status-details-bin` (google/rpc/status.proto, google/rpc/error_details.proto).
 */
export function rpcStatus(failure: Failure): Buffer {
  const { code, detail, advice, retryAfterSeconds } = failure;
  const info = Buffer.concat([
    textField(0x0a, code.toUpperCase().replace(/\W/g, '_')),
    textField(0x12, domain),
    entryField(0x1a, 'code', code),
    entryField(0x1a, 'advice', advice),
  ]);
  const details = [anyField(0x1a, 'google.rpc.ErrorInfo', info)];
  if (retryAfterSeconds !== undefined) {
    const delay = varintField(0x08, Math.ceil(retryAfterSeconds));
    details.push(anyField(0x1a, 'google.rpc.RetryInfo', bytesField(0x0a, delay)));
  }
  return Buffer.concat([varintField(0x08, kindOf(code).grpc[0]), textField(0x12, detail), ...details]);
}

function anyField(tag: number, type: string, value: Uint8Array): Buffer {
  return bytesField(tag, Buffer.concat([textField(0x0a, `type.googleapis.com/${type}`), bytesField(0x12, value)]));
}

function entryField(tag: number, key: string, value: string): Buffer {
  return bytesField(tag, Buffer.concat([textField(0x0a, key), textField(0x12, value)]));
}

function bytesField(tag: number, value: Uint8Array): Buffer {
  const head = Buffer.alloc(1 + varintSize(value.length));
  head[0] = tag;
  writeVarint(head, 1, value.length);
  return Buffer.concat([head, value]);
}

function varintField(tag: number, value: number): Buffer {
  const bytes = Buffer.alloc(1 + varintSize(value));
  bytes[0] = tag;
  writeVarint(bytes, 1, value);
  return bytes;
}
