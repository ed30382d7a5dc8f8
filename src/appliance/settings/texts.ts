import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import { merge } from '../../lib/settings/layer.ts';
import { type Given, type Judge, readSettings, type Trouble } from './given.ts';
import { imagerSettings } from './imager.ts';
import type { Settings } from './options.ts';

/** What people write, and what Raspberry Pi Imager does. */
export const settingsFile = 'headgate.yaml';
const names = [settingsFile, 'user-data', 'network-config', 'cmdline.txt'] as const;
/** A file that is larger was not meant. */
const maxBytes = 256 * 1024;

/** The files that settings are in, by name. */
export type Texts = Readonly<Partial<Record<(typeof names)[number], string>>>;

export interface Read {
  /** Undefined: the directory can't be read, or is empty, as where nothing is mounted. */
  readonly texts: Texts | undefined;
  readonly troubles: readonly Trouble[];
}

/** Reads what there is in a directory. */
export function readTexts(directory: string): Read {
  const troubles: Trouble[] = [];
  let there: readonly string[] = [];
  try {
    there = readdirSync(directory);
  } catch {
    // It is the same as if it were empty: nothing is mounted there.
  }
  if (there.length === 0) return { texts: undefined, troubles };
  const found: Record<string, string> = {};
  for (const name of names) {
    // FAT knows no letter case, and editors for it write what they like.
    const real = there.find((one) => one.toLowerCase() === name);
    if (real === undefined) continue;
    try {
      const bytes = readFileSync(join(directory, real));
      if (bytes.length > maxBytes)
        troubles.push({ kind: 'problem', text: `${name}: It is larger than 256 KiB, and so not read.` });
      else found[name] = textOf(bytes);
    } catch (error) {
      troubles.push({ kind: 'problem', text: `${name}: It can't be read: ${messageOf(error)}.` });
    }
  }
  return { texts: found, troubles };
}

/** Notepad writes UTF-16 where it is told "Unicode", and a mark before UTF-8. */
function textOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le');
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

/** What holds of all that was written down, and what is wrong with it. */
export interface Holding {
  readonly settings: Settings;
  readonly troubles: readonly Trouble[];
  /** The texts that it came of. */
  readonly texts: Texts;
}

/**
 * What holds: what the file says, over what Imager has written. Where the file can't be read, or there is none at all, that of the
 * last start in its place: neither a lost partition nor a line that is no YAML takes a machine out of its network.
 *
 * @param kept what all was right with last; undefined: nothing was so far
 */
export function holding({ texts, troubles: unread }: Read, kept: Texts | undefined, judge: Judge): Holding {
  const troubles = [...unread];
  if (texts === undefined)
    troubles.push({
      kind: 'problem',
      text: `The boot partition is not there: ${kept === undefined ? 'nothing is set' : 'what was set at the last start holds'}.`,
    });
  let used: Texts = texts ?? kept ?? {};
  const isLost = texts !== undefined && texts[settingsFile] === undefined && kept?.[settingsFile] !== undefined;
  if (isLost) {
    troubles.push({
      kind: 'problem',
      text: `${settingsFile}: It is gone. What it said last holds; an empty one takes everything back.`,
    });
    used = { ...used, [settingsFile]: kept[settingsFile] };
  }
  let given: Given = readSettings(used[settingsFile] ?? '', settingsFile, judge);
  troubles.push(...given.troubles);
  if (!given.isReadable && kept?.[settingsFile] !== undefined) {
    troubles.push({ kind: 'problem', text: `${settingsFile}: What it said before holds until it can be read.` });
    given = readSettings(kept[settingsFile], settingsFile, judge);
  }
  const imager = imagerSettings(
    { user: used['user-data'], network: used['network-config'], commandLine: used['cmdline.txt'] },
    judge,
  );
  troubles.push(...imager.troubles);
  return { settings: merge(imager.settings, given.settings) as Settings, troubles, texts: used };
}
