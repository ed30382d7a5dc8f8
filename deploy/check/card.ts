import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Random } from '../../test/support/random.ts';
import { eventually, within } from '../../test/support/wait.ts';
import { NbdServer, type Running } from './nbd-server.ts';
import { type Cut, type Kept, VolatileDisk } from './volatile-disk.ts';

const runFile = promisify(execFile);

/** What the repair at the start had to do: e2fsck's exit codes. */
export type Repair =
  /** 0: nothing, beyond what the journal had ready. */
  | 'clean'
  /** 1: something, and did it. */
  | 'repaired'
  /** 4 and more from the careful run, 1 from the one that asks nothing. */
  | 'repaired all of it';

export interface CardOptions {
  /** For its files; on a disk with room for its size. */
  readonly directory: string;
  readonly sizeBytes: number;
  readonly random: Random;
  /** Of the file system, as `mke2fs -O` takes them; beside Debian's own. */
  readonly features?: string | undefined;
}

/**
 * A card with a data partition as the appliance has it, in this machine: an ext4 file system of this kernel on a
 * {@link VolatileDisk}, by way of FUSE and a loop device. Needs root, libnbd-bin, e2fsprogs and /dev/fuse.
 *
 * This process is the disk: nothing here may touch the file system synchronously while it is mounted.
 */
export class Card {
  readonly disk: VolatileDisk;
  readonly server: NbdServer;
  /** Where it is mounted. */
  readonly mountPoint: string;
  readonly #fuse: string;
  readonly #socket: string;
  #bridge: ChildProcess | undefined;
  #loop: string | undefined;

  private constructor({ directory, sizeBytes, random }: CardOptions) {
    const path = join(directory, 'card.img');
    this.mountPoint = join(directory, 'data');
    this.#fuse = join(directory, 'fuse');
    this.#socket = join(directory, 'card.sock');
    for (const folder of [this.mountPoint, this.#fuse]) mkdirSync(folder, { recursive: true });
    writeFileSync(path, '');
    truncateSync(path, sizeBytes);
    this.disk = new VolatileDisk({ path, random });
    this.server = new NbdServer(this.disk, this.#socket);
  }

  /** A new one with an empty file system, made as the appliance's initial file system makes it. */
  static async make(options: CardOptions): Promise<Card> {
    const card = new Card(options);
    await card.server.start();
    await card.#attach();
    const like = ['-b', '4096', '-m', '1', '-L', 'headgate-data', '-e', 'remount-ro'];
    const features = options.features === undefined ? [] : ['-O', options.features];
    await command('mke2fs', ['-q', '-F', '-t', 'ext4', ...like, ...features, card.#loop!]);
    await card.remove();
    return card;
  }

  /** Turns it on in this condition, repairs it and mounts it, as the appliance does at each start. @throws an Error when it can't be repaired */
  async insert(condition: Running = { kind: 'well' }): Promise<Repair> {
    await this.#attach(condition);
    const loop = this.#loop!;
    let repair: Repair = 'clean';
    let { code, text } = await fsck('-p', loop);
    if (code === 1) repair = 'repaired';
    if (code >= 4) {
      repair = 'repaired all of it';
      ({ code, text } = await fsck('-y', loop));
      if (code >= 4) ({ code, text } = await fsck('-y', '-b', '32768', loop));
    }
    if (code >= 4) throw new Error(`e2fsck gave up (${code}): ${text}`);
    await command('mount', ['-t', 'ext4', '-o', 'noatime,nosuid,nodev,errors=remount-ro', loop, this.mountPoint]);
    return repair;
  }

  /** What is wrong with the file system when every part of it is looked at; not while it is mounted. */
  async faults(): Promise<string | undefined> {
    await this.#attach();
    const { code, text } = await fsck('-f', '-n', this.#loop!);
    await this.remove();
    return code === 0 ? undefined : text;
  }

  cut(kept: Kept): Cut {
    return this.server.cut(kept);
  }

  /** Lets the kernel forget it, whether it was unmounted in order or cut. Whoever had files open there must be gone. */
  async remove(): Promise<void> {
    await unmount(this.mountPoint);
    // Also one that `losetup` had made when it failed.
    for (const loop of loopsOf(this.#fuse)) await command('losetup', ['-d', loop]);
    this.#loop = undefined;
    const bridge = this.#bridge;
    this.#bridge = undefined;
    if (bridge === undefined) return;
    const gone =
      bridge.exitCode === null && bridge.signalCode === null
        ? new Promise((resolve) => bridge.once('exit', resolve))
        : undefined;
    await unmount(this.#fuse);
    if (gone !== undefined) await within(10_000, 'the end of nbdfuse', gone);
  }

  async close(): Promise<void> {
    await this.remove().catch(() => {});
    await this.server.stop();
    this.disk.close();
    await rm(this.#socket, { force: true });
  }

  async #attach(condition: Running = { kind: 'well' }): Promise<void> {
    this.server.set(condition);
    const file = join(this.#fuse, 'card');
    // What it says when its disk is gone is no news.
    const bridge = spawn('nbdfuse', [file, `nbd+unix:///?socket=${this.#socket}`], { stdio: 'ignore' });
    this.#bridge = bridge;
    const failed = new Promise<never>((_, reject) => {
      bridge.once('error', (cause) =>
        reject(new Error('nbdfuse can not be started: apt-get install libnbd-bin', { cause })),
      );
    });
    const giveUp = () => (bridge.exitCode === null ? undefined : 'it has ended');
    await Promise.race([eventually('nbdfuse', () => access(file).then(() => true), { giveUp }), failed]);
    const { stdout } = await runFile('losetup', ['--show', '-f', file]);
    this.#loop = stdout.trim();
  }
}

function loopsOf(directory: string): string[] {
  return readdirSync('/sys/block')
    .filter((name) => {
      const file = `/sys/block/${name}/loop/backing_file`;
      return name.startsWith('loop') && existsSync(file) && readFileSync(file, 'utf8').startsWith(`${directory}/`);
    })
    .map((name) => `/dev/${name}`);
}

/** A process that was killed may take a moment to let go of its files, and so may the kernel with a loop device. */
async function unmount(path: string): Promise<void> {
  const check = async () => {
    if (isMounted(path)) await command('umount', [path]);
    return true;
  };
  await eventually(`umount of ${path}`, check, { everyMs: 50 });
}

function isMounted(path: string): boolean {
  return readFileSync('/proc/self/mounts', 'utf8').includes(` ${path} `);
}

async function command(program: string, args: readonly string[]): Promise<void> {
  await runFile(program, [...args], { timeout: 30_000, killSignal: 'SIGKILL' });
}

async function fsck(...args: readonly string[]): Promise<{ code: number; text: string }> {
  return await new Promise((resolve) => {
    execFile('e2fsck', [...args], { timeout: 60_000 }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : 8;
      resolve({ code, text: `${stdout}${stderr}`.trim() });
    });
  });
}
