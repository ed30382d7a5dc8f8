import type { OptionProblem } from '../../lib/option-types.ts';
import { checksumSize } from './checksums.ts';
import type { FramingOptions } from './options.ts';

const ofFrames = ['start', 'end', 'tail', 'size', 'length', 'checksum', 'stuffing'] as const;

/** What is wrong with `framing` although each of its values is right by itself. */
export function framingProblems(options: FramingOptions): OptionProblem[] {
  const problems: OptionProblem[] = [];
  const add = (path: OptionProblem['path'], message: string) => problems.push({ path, message });
  if (options.kind !== 'telegram' && options.partial !== undefined) add(['partial'], 'is only for `kind: telegram`.');
  if (options.kind === 'meshtastic' && options.max !== undefined) {
    add(['max'], 'is not for `kind: meshtastic`, whose frames have at most 512 bytes.');
  }
  if (options.kind !== 'frame') {
    const mayCheck = options.kind === 'slip' || options.kind === 'cobs';
    const isLines = options.kind === 'lines';
    if (isLines && options.end !== undefined && digits(options.end) !== 2) add(['end'], 'must be one byte for a line.');
    for (const key of ofFrames) {
      if (options[key] === undefined || (key === 'checksum' && mayCheck) || (key === 'end' && isLines)) continue;
      add([key], key === 'checksum' ? 'is only for `kind: frame`, `slip` and `cobs`.' : 'is only for `kind: frame`.');
    }
    for (const key of ['at', 'to'] as const) {
      if (mayCheck && options.checksum?.[key] !== undefined)
        add(
          ['checksum', key],
          `is only for \`kind: frame\`: with ${options.kind} the checksum is last, and covers all before it.`,
        );
    }
    return problems;
  }
  if (!options.start) add(['kind'], 'is frame, which needs `start`: the bytes with which each one begins.');
  const { size, length, end, tail, stuffing, checksum } = options;
  if (size !== undefined && length) add(['length'], 'is given beside `size`: frames of one size need none.');
  if (size !== undefined && options.max !== undefined)
    add(['max'], 'is given beside `size`, which is the limit already.');
  if (size === undefined && !length && !end) add(['kind'], 'is frame, which needs `size`, `length` or `end`.');
  if (tail !== undefined && (!end || size !== undefined || length || stuffing)) {
    add(['tail'], 'is for frames that are told by their `end` alone.');
  }
  if (stuffing) {
    if (size !== undefined || length) {
      add(['stuffing'], 'is for frames that end with a byte: `size` and `length` can not be had with it.');
    }
    if (options.start?.length !== 1 || digits(options.start[0]) !== 2 || digits(end) !== 2) {
      add(['stuffing'], 'needs one byte as `start` and one as `end`.');
    }
    if (digits(stuffing.escape) !== 2) add(['stuffing', 'escape'], 'must be one byte.');
  }
  if (checksum && size !== undefined && checksum.at !== undefined && checksum.at + checksumSize(checksum.kind) > size) {
    add(['checksum', 'at'], `is ${checksum.at}, beyond the frame's ${size} bytes.`);
  }
  return problems;
}

const digits = (hex = ''): number => hex.replaceAll(' ', '').length;
