import { execFile, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { HeadgateError, messageOf } from '../core/errors.ts';
import {
  type BundleInfo,
  faultOf,
  isForbidden,
  lastWord,
  parseInfo,
  parseInstallLine,
  parseStatus,
  type RaucStatus,
  wrongMachine,
} from './rauc-text.ts';

/** RAUC answers in milliseconds; its service may have to be started first. */
const askMs = 30_000;
/** A signature is checked by reading the whole bundle where it is of the old format. */
const checkMs = 120_000;
/** Writing a slot takes minutes on a slow card. */
const installMs = 2 * 60 * 60 * 1_000;
const maxSaid = 8_000;

/**
 * RAUC (https://rauc.readthedocs.io), by its program: it checks bundles and writes the slot that does not run. What is installed is
 * done by its service, as root, and goes on when whoever asked for it is gone.
 */
export class Rauc {
  readonly #command: readonly [string, ...string[]];

  /** @param command the program, and what is to stand before what it is asked */
  constructor(command: readonly [string, ...string[]] = ['rauc']) {
    this.#command = command;
  }

  /** @returns undefined while its service installs something: it answers nothing else then @throws {HeadgateError} appliance.failed */
  async status(): Promise<RaucStatus | undefined> {
    const { code, out, err } = await this.#run(['status', '--detailed', '--output-format=json'], askMs);
    if (code === 0) return parseStatus(out);
    if (/already processing a different method/.test(err)) return undefined;
    if (isForbidden(err))
      throw new HeadgateError('appliance.failed', 'Only root may ask for this: run it with `sudo`.');
    throw new HeadgateError('appliance.failed', `RAUC does not tell how the slots are: ${lastWord(err)}.`);
  }

  /**
   * What a bundle is, once its signature was found to be one that is trusted.
   * @param compatible what it has to be for
   * @throws {HeadgateError} update.refused, update.failed
   */
  async info(path: string, compatible: string): Promise<BundleInfo> {
    const isBundle = await beginsAsBundle(path);
    if (!isBundle) throw faultOf('invalid bundle format', false);
    const { code, out, err } = await this.#run(['info', '--output-format=json', path], checkMs);
    if (code !== 0) throw faultOf(lastWord(err), isBundle);
    const found = parseInfo(out);
    if (found.compatible !== compatible) throw wrongMachine(compatible, found.compatible);
    return found;
  }

  /**
   * Installs a bundle into the slot that does not run, which is the one that starts next from then on.
   * @param onProgress told in per cent of the whole
   * @throws {HeadgateError} update.refused, update.failed; request.conflict when something else is being installed
   */
  async install(path: string, onProgress: (percent: number) => void): Promise<void> {
    let error = '';
    const { code, err } = await this.#run(['install', '--progress', path], installMs, (line) => {
      const said = parseInstallLine(line);
      if (said.kind === 'progress') onProgress(said.percent);
      else if (said.kind === 'error') error = said.message;
    });
    if (code !== 0) throw faultOf(error === '' ? lastWord(err) : error, true);
  }

  #run(
    args: readonly string[],
    timeout: number,
    onLine?: (line: string) => void,
  ): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
    const [program, ...before] = this.#command;
    return new Promise((resolve, reject) => {
      const fail = (error: Error) =>
        reject(new HeadgateError('appliance.failed', `RAUC can't be asked: ${messageOf(error)}.`, { cause: error }));
      const all = [...before, ...args];
      // Its words are English in every locale that has no others; with this it has none.
      const env = { ...process.env, LC_ALL: 'C.UTF-8' };
      if (onLine === undefined) {
        const options = { env, timeout, maxBuffer: 1_024 * 1_024 };
        execFile(program, all, options, (error, out, err) => {
          if (error !== null && typeof error.code !== 'number') fail(error);
          else resolve({ code: error === null ? 0 : Number(error.code), out, err });
        });
        return;
      }
      const child = spawn(program, all, { env, timeout, stdio: ['ignore', 'pipe', 'pipe'] });
      let [rest, err] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        // Its progress is written over itself: a carriage return ends a line too.
        const lines = (rest + text).split(/[\r\n]+/);
        rest = lines.pop()!.slice(-maxSaid);
        for (const line of lines) onLine(line);
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => (err = (err + text).slice(-maxSaid)));
      child.on('error', fail);
      child.on('close', (code, signal) => {
        if (rest !== '') onLine(rest);
        resolve({ code: code ?? -1, out: '', err: signal === null ? err : `${err}\nit was ended by ${signal}` });
      });
    });
  }
}

/** A bundle is a squashfs image, which begins with these letters. @throws {HeadgateError} update.refused when there is no such file */
async function beginsAsBundle(path: string): Promise<boolean> {
  try {
    const file = await open(path);
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
      return buffer.toString('latin1', 0, bytesRead) === 'hsqs';
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new HeadgateError('update.refused', `${path} can't be read: ${messageOf(error)}.`, { cause: error });
  }
}
