import type { OptionProblem } from '../../lib/option-types.ts';
import { expressionFault, textFault } from './fault-words.ts';
import type { AcknowledgeOptions } from './line-options.ts';
import type { ProfileOptions } from './options.ts';

/** What is wrong with what a profile says of a serial line although each value is right by itself. */
export function lineFaults({ serial, framing, poll = [] }: ProfileOptions): OptionProblem[] {
  const problems: OptionProblem[] = [];
  for (const [index, { request, requestHex, handshake, address }] of poll.entries()) {
    if ([request, requestHex, handshake].filter((one) => one !== undefined).length !== 1)
      problems.push({ path: ['poll', index], message: 'needs one of `request`, `requestHex` and `handshake`.' });
    if (address !== undefined && handshake === undefined)
      problems.push({ path: ['poll', index, 'address'], message: 'is only for a `handshake`.' });
    if (handshake !== undefined && framing?.kind !== 'telegram')
      problems.push({ path: ['poll', index, 'handshake'], message: 'needs `framing: { kind: telegram }`.' });
  }
  if (serial?.acknowledge !== undefined) {
    const path = ['serial', 'acknowledge'];
    if (framing === undefined) problems.push({ path, message: 'is for frames, but the profile has no `framing`.' });
    for (const one of acknowledgeFaults(serial.acknowledge)) problems.push({ ...one, path: [...path, ...one.path] });
  }
  return problems;
}

function acknowledgeFaults({ text, hex, when, number, refuse, signals = {} }: AcknowledgeOptions): OptionProblem[] {
  const problems: OptionProblem[] = [];
  const tell = (path: OptionProblem['path'], message: string | undefined): void => {
    if (message !== undefined) problems.push({ path, message });
  };
  if ((text === undefined) === (hex === undefined)) tell([], 'needs one of `text` and `hex`: what is sent.');
  if (refuse !== undefined && (refuse.text === undefined) === (refuse.hex === undefined))
    tell(['refuse'], 'needs one of `text` and `hex`: what is sent.');
  tell(['when'], textFault(when, expressionFault));
  for (const [key, value] of Object.entries({ text, hex })) {
    if (number === undefined && value?.includes('{number}'))
      tell([key], 'has {number}, but there is no `number` that says where it is.');
  }
  for (const [key, value] of Object.entries({ text: refuse?.text, hex: refuse?.hex })) {
    if (value?.includes('{number}')) tell(['refuse', key], 'has {number}, which of a damaged frame nobody knows.');
  }
  for (const byte of Object.keys(signals)) {
    if (!/^[0-9a-fA-F]{2}$/.test(byte)) tell(['signals', byte], 'must be one byte, as two hexadecimal digits.');
  }
  return problems;
}
