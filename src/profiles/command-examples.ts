import type { CompiledProfile } from './language/compiled.ts';
import type { ExampleOptions } from './language/example-options.ts';
import type { ProfileOptions } from './language/options.ts';
import { writePdu } from './modbus/pdu.ts';
import { rtuFrame } from './modbus/rtu.ts';
import { namesIn, nativeCommand } from './native-command.ts';

/** What is wrong with what the command of an example becomes, a sentence each; none: it is as it says. */
export function commandMismatches(
  options: Pick<ProfileOptions, 'commands' | 'modbus'>,
  compiled: CompiledProfile,
  example: ExampleOptions,
): string[] {
  const { command = '', value = '', topic, publishes, sends, sendsHex, refused } = example;
  const payload = Buffer.from(String(value));
  const names = namesIn(compiled, topic === undefined ? [] : [topic]);
  const native = nativeCommand(options, names, { name: command, payload });
  if (native.kind === 'refused') return refused === native.reason ? [] : [`it is refused: ${native.reason}`];
  if (refused !== undefined) return [`it is not refused: ${refused}`];
  switch (native.kind) {
    case 'native':
      if (publishes?.topic === native.topic && publishes.payload === native.payload) return [];
      return [`it publishes ${JSON.stringify(native.payload)} on ${native.topic}`];
    case 'write': {
      const wanted = bytesOf(sendsHex);
      const request = rtuFrame(wanted[0] ?? 1, writePdu(native.write));
      return Buffer.compare(request, wanted) === 0 ? [] : [`it sends ${hexText(request)}`];
    }
    case 'send': {
      const wanted = sends === undefined ? bytesOf(sendsHex) : Buffer.from(sends);
      if (Buffer.compare(native.bytes, wanted) !== 0)
        return [
          `it sends ${sends === undefined ? hexText(native.bytes) : JSON.stringify(Buffer.from(native.bytes).toString())}`,
        ];
      return answerFaults(example, native.answer?.read);
    }
  }
}

function answerFaults(
  { payload, payloadHex, answers }: ExampleOptions,
  read: ((frame: Uint8Array) => { readonly outcome: string } | undefined) | undefined,
): string[] {
  if (answers === undefined || read === undefined) return [];
  const outcome = read(payload === undefined ? bytesOf(payloadHex) : Buffer.from(payload))?.outcome;
  const said = outcome === 'ok' ? 'done' : (outcome ?? 'nothing');
  return said === answers ? [] : [`its answer says ${said}`];
}

const bytesOf = (hex = ''): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const hexText = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1 ');
