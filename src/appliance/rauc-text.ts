import { HeadgateError } from '../core/errors.ts';
import type { SlotName } from './boot-state.ts';

/** What RAUC has noted of one slot. */
export interface RaucSlot {
  /** `ok`: what was installed is whole. `pending`: an installation began and did not end. Undefined: RAUC never wrote to it. */
  readonly status: 'ok' | 'pending' | 'failed' | undefined;
  readonly version: string | undefined;
  readonly build: string | undefined;
  /** RFC 3339. */
  readonly installedAt: string | undefined;
}

export interface RaucStatus {
  /** What bundles have to be for: `headgate-amd64`. */
  readonly compatible: string;
  readonly slots: Readonly<Record<SlotName, RaucSlot>>;
}

/** What a bundle says of itself. */
export interface BundleInfo {
  readonly compatible: string;
  readonly version: string;
  readonly build: string | undefined;
}

/** One thing that `rauc install` says. */
export type InstallLine =
  | { readonly kind: 'progress'; readonly percent: number; readonly doing: string }
  | { readonly kind: 'error'; readonly message: string }
  | { readonly kind: 'other' };

type Loose = Readonly<Record<string, unknown>>;

/**
 * Reads `rauc status --detailed --output-format=json`: `slots` is a list of objects of one key each, the slot's name.
 * @throws {HeadgateError} appliance.failed when it is not that
 */
export function parseStatus(text: string): RaucStatus {
  const { compatible, slots } = objectOf(text);
  if (typeof compatible !== 'string' || !Array.isArray(slots)) throw notUnderstood(text);
  const found: Record<SlotName, RaucSlot> = { A: unknownSlot, B: unknownSlot };
  for (const one of slots.flatMap((each: unknown) => (isLoose(each) ? Object.values(each) : []))) {
    if (!isLoose(one) || (one.bootname !== 'A' && one.bootname !== 'B')) continue;
    found[one.bootname] = isLoose(one.slot_status) ? slotOf(one.slot_status) : unknownSlot;
  }
  return { compatible, slots: found };
}

/** Reads `rauc info --output-format=json`. @throws {HeadgateError} appliance.failed when it is not that */
export function parseInfo(text: string): BundleInfo {
  const { compatible, version, build } = objectOf(text);
  if (typeof compatible !== 'string') throw notUnderstood(text);
  return { compatible, version: textOf(version) ?? '', build: textOf(build) };
}

/** Reads a line of `rauc install --progress`: ` 51% Copying image to rootfs.1`, `LastError: …`. */
export function parseInstallLine(line: string): InstallLine {
  const progress = /^\s*(\d{1,3})% (.*)$/.exec(line);
  if (progress !== null) {
    return { kind: 'progress', percent: Math.min(100, Number(progress[1])), doing: progress[2]!.trim() };
  }
  const error = /^LastError: (.+)$/.exec(line);
  return error === null ? { kind: 'other' } : { kind: 'error', message: error[1]!.trim() };
}

/** The last line with which RAUC says why it could not, without what the log puts before it. */
export function lastWord(said: string): string {
  const lines = said
    .split('\n')
    .map((line) => line.replace(/^\(?rauc:?\d*\)?:? ?rauc-\S+: [\d:.]+: /, '').trim())
    .filter((line) => line !== '' && !/^rauc-\S*-?Message:/.test(line) && !/^Installing `.*` failed$/.test(line));
  return lines.at(-1) ?? '';
}

/**
 * What RAUC's words mean for whoever gave the bundle.
 * @param said its last word, as of `rauc info` or `LastError`
 * @param isBundle whether the file begins as a bundle does
 */
export function faultOf(said: string, isBundle: boolean): HeadgateError {
  const refused = (message: string) => new HeadgateError('update.refused', message);
  if (/already processing a different method/i.test(said)) {
    return new HeadgateError('request.conflict', 'Another update is being installed: wait until it is done.');
  }
  if (/signature size|invalid (?:bundle format|signature)|bundle is too small|failed to (?:read|seek)/i.test(said)) {
    return isBundle
      ? refused('The bundle is not whole: its end is missing. Download or copy it again.')
      : refused('This is no update bundle.');
  }
  if (/verify error|verification failed|no signer|not signed/i.test(said)) {
    return refused(
      `The bundle is not signed by whoever this machine trusts (${said.replace(/^.*verify error: ?/i, '')}).`,
    );
  }
  const [, expected, found] = /expected '([^']*)' but bundle manifest has '([^']*)'/i.exec(said) ?? [];
  if (expected !== undefined && found !== undefined) return wrongMachine(expected, found);
  if (isForbidden(said)) return new HeadgateError('update.failed', forbidden);
  if (/^D-Bus error|service disappeared/.test(said)) {
    return new HeadgateError('update.failed', "It could not be installed: RAUC's service ended in the middle.");
  }
  if (/format .* not allowed|bundle format .*not/i.test(said))
    return refused(`The bundle is of another kind: ${said}.`);
  return new HeadgateError(
    'update.failed',
    `It could not be installed: ${said === '' ? 'RAUC does not say why' : said}.`,
  );
}

/** Whoever asks is neither root nor the gateway: the bus hands nothing on. */
export function isForbidden(said: string): boolean {
  return /rejected send message|AccessDenied/i.test(said);
}

export const forbidden = 'Only root may install something: run this with `sudo`.';

export function wrongMachine(expected: string, found: string): HeadgateError {
  return new HeadgateError('update.refused', `The bundle is for ${found}; this machine is ${expected}.`);
}

/**
 * Compares versions as Debian and people do, `0.10.0` after `0.9.0`; what follows a `~` comes before.
 * @returns below 0 when `a` is older
 */
export function compareVersions(a: string, b: string): number {
  const parts = (version: string) => version.match(/\d+|[^\d]+/g) ?? [];
  const [left, right] = [parts(a), parts(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [one, two] = [left[at], right[at]];
    if (one === two) continue;
    if (rank(one) !== rank(two)) return rank(one) - rank(two);
    if (one === undefined || two === undefined) return 0;
    const [x, y] = [Number(one), Number(two)];
    if (!Number.isNaN(x) && !Number.isNaN(y)) {
      if (x !== y) return x - y;
    } else return one < two ? -1 : 1;
  }
  return 0;
}

/** Of what comes next in a version: `1.0~rc1` and `1.0-rc1` are before `1.0`, `1.0-1` and `1.0.1` after. */
function rank(part: string | undefined): number {
  if (part === undefined) return 1;
  return /^(?:~|-[a-z])/.test(part) ? 0 : 2;
}

const unknownSlot: RaucSlot = { status: undefined, version: undefined, build: undefined, installedAt: undefined };

function slotOf({ status, bundle, installed }: Loose): RaucSlot {
  const { version, build } = isLoose(bundle) ? bundle : {};
  return {
    status: status === 'ok' || status === 'pending' || status === 'failed' ? status : undefined,
    version: textOf(version),
    build: textOf(build),
    installedAt: isLoose(installed) ? textOf(installed.timestamp) : undefined,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, 200) : undefined;
}

function isLoose(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectOf(text: string): Loose {
  try {
    const value: unknown = JSON.parse(text);
    if (isLoose(value)) return value;
  } catch {
    // Said below, like any other answer that is none.
  }
  throw notUnderstood(text);
}

function notUnderstood(text: string): HeadgateError {
  return new HeadgateError('appliance.failed', `RAUC's answer is not understood: ${text.slice(0, 200)}`);
}
