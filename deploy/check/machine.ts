import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/support/tcp-port.ts';
import { within } from '../../test/support/wait.ts';
import { Qmp } from './qmp.ts';
import { SerialConsole } from './serial-console.ts';

export type Board =
  /** A PC with UEFI. */
  | 'amd64'
  /** QEMU's `virt` with UEFI. */
  | 'arm64'
  /** A Raspberry Pi 3. What its own first stage does can't be emulated, so it is given what that would load off the card. */
  | 'raspi3b';

/** Files that are given to a board that can't load them itself. */
export interface Boot {
  readonly kernel: string;
  readonly deviceTree: string;
}

export interface MachineOptions {
  readonly board: Board;
  /** For sockets, logs and what the firmware keeps. */
  readonly directory: string;
  /** The NBD socket of its only disk. */
  readonly disk: string;
  readonly boot?: Boot;
  /** MiB. A Raspberry Pi 3 has 1,024, whatever is asked for. Default 512, as a Zero 2 W. */
  readonly memory?: number;
  /** Ports of the machine that are reached from here. Default none. */
  readonly forwards?: readonly number[];
  /** What its clock shows when it starts, `2026-11-26T02:00:00`. Default: now. */
  readonly clock?: string;
  /** Instructions are counted, one a nanosecond of its clock; all of its processors take turns on one of this machine's. */
  readonly counts?: boolean;
  /** More arguments for QEMU. */
  readonly more?: readonly string[];
}

const programs: Readonly<Record<Board, string>> = {
  amd64: 'qemu-system-x86_64',
  arm64: 'qemu-system-aarch64',
  raspi3b: 'qemu-system-aarch64',
};

/** Debian's packages ovmf and qemu-efi-aarch64: code, and what it keeps at first. */
const firmware: Readonly<Record<Exclude<Board, 'raspi3b'>, readonly [string, string]>> = {
  amd64: ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'],
  arm64: ['/usr/share/AAVMF/AAVMF_CODE.fd', '/usr/share/AAVMF/AAVMF_VARS.fd'],
};

/**
 * A machine of QEMU's, emulated in software. It ends when it restarts, as a guest's reboot may hang there: start another
 * one on the same disk.
 */
export class Machine {
  readonly console: SerialConsole;
  readonly qmp: Qmp;
  readonly #options: MachineOptions;
  readonly #ports = new Map<number, number>();
  readonly #said: string[] = [];
  #child: ChildProcess | undefined;
  #exited: Promise<number | null> | undefined;
  /** By performance.now(). */
  startedAt = 0;

  constructor(options: MachineOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true });
    this.console = new SerialConsole(join(options.directory, 'serial.sock'), join(options.directory, 'serial.log'));
    this.qmp = new Qmp(join(options.directory, 'qmp.sock'));
  }

  /** Turns it on. @throws an Error when QEMU is not there or ends at once */
  async start(): Promise<void> {
    const { board, forwards = [] } = this.#options;
    for (const name of ['serial.sock', 'qmp.sock']) rmSync(join(this.#options.directory, name), { force: true });
    await this.console.start();
    await this.qmp.start();
    for (const port of forwards) this.#ports.set(port, await freePort());
    this.startedAt = performance.now();
    const child = spawn(programs[board], this.#arguments(), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    // Whoever ends this process ends the machine too.
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    child.once('exit', () => process.off('exit', end));
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (text: Buffer) => this.#said.push(`${text}`));
    this.#exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code));
    });
    this.#exited.catch(() => {});
    const early = this.#exited.then((code) => {
      throw new Error(`QEMU ended with ${code}: ${this.#said.join('')}`);
    });
    await Promise.race([this.qmp.command('query-status'), early]);
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Its own end: it was shut down, or restarted. @throws an Error once `timeoutMs` are over */
  async ended(timeoutMs: number): Promise<void> {
    await within<unknown>(timeoutMs, 'the end of the machine', Promise.resolve(this.#exited));
  }

  /** Where a port of the machine is reached on 127.0.0.1. */
  port(inside: number): number {
    const outside = this.#ports.get(inside);
    if (outside === undefined) throw new Error(`port ${inside} of the machine is not forwarded`);
    return outside;
  }

  /** Pulls the network cable, or puts it back. */
  async setLink(isUp: boolean): Promise<void> {
    await this.qmp.command('set_link', { name: 'cable', up: isUp });
  }

  /** As the power button: the machine shuts down in its own time. */
  async pressPower(): Promise<void> {
    await this.qmp.command('system_powerdown');
  }

  /** Seconds of processor time that QEMU took so far: what compares between machines that are busy otherwise. */
  get cpuSeconds(): number {
    // proc(5): utime and stime are the 14th and 15th field, in hundredths of a second.
    const fields = readFileSync(`/proc/${this.#child?.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** Instructions that its processors have executed since it was turned on; those of a machine that `counts`. */
  async instructions(): Promise<number> {
    return ((await this.qmp.command('query-replay')) as { readonly icount: number }).icount;
  }

  /** Gone at once. What was not flushed is the disk's affair. */
  async kill(): Promise<void> {
    if (this.isRunning) this.#child!.kill('SIGKILL');
    await this.#exited?.catch(() => {});
    this.console.stop();
    this.qmp.stop();
  }

  #arguments(): string[] {
    const { board, directory, disk, memory = 512, clock, counts = false, boot, more = [] } = this.#options;
    const forwards = [...this.#ports].map(([inside, outside]) => `,hostfwd=tcp:127.0.0.1:${outside}-:${inside}`);
    const common = [
      ...['-nodefaults', '-no-user-config', '-nographic', '-no-reboot'],
      ...(counts ? ['-accel', 'tcg,thread=single', '-icount', 'shift=0'] : ['-accel', 'tcg,thread=multi']),
      ...['-rtc', clock === undefined ? 'base=utc' : `base=${clock}`],
      ...['-chardev', `socket,id=serial,path=${join(directory, 'serial.sock')}`, '-serial', 'chardev:serial'],
      ...['-chardev', `socket,id=qmp,path=${join(directory, 'qmp.sock')}`, '-mon', 'chardev=qmp,mode=control'],
      ...['-netdev', `user,id=cable${forwards.join('')}`],
    ];
    const card = `driver=nbd,node-name=card,server.type=unix,server.path=${disk}`;
    if (board === 'raspi3b') {
      if (boot === undefined) throw new Error('a Raspberry Pi 3 of QEMU is given U-Boot and a device tree');
      return [
        ...['-machine', 'raspi3b', '-blockdev', card, '-device', 'sd-card,drive=card'],
        ...['-kernel', boot.kernel, '-dtb', boot.deviceTree],
        ...['-device', 'usb-net,netdev=cable'],
        // The first serial line is Bluetooth's, the one on the pins the second.
        ...['-serial', 'null'],
        ...common,
        ...more,
      ];
    }
    const [code, kept] = firmware[board];
    const variables = join(directory, 'firmware-variables.fd');
    if (!existsSync(variables)) copyFileSync(kept, variables);
    // Emulating what `max` has takes longer: AVX here, pauth on arm64, where a Cortex-A72 is the Raspberry Pi 4's.
    const kind =
      board === 'amd64' ? ['-machine', 'q35', '-cpu', 'Nehalem'] : ['-machine', 'virt', '-cpu', 'cortex-a72'];
    return [
      ...kind,
      ...['-smp', '2', '-m', String(memory)],
      ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${code}`],
      ...['-drive', `if=pflash,format=raw,unit=1,file=${variables}`],
      ...['-blockdev', card, '-device', 'virtio-blk-pci,drive=card,bootindex=0'],
      ...['-device', 'virtio-net-pci,netdev=cable,romfile=', '-device', 'virtio-rng-pci', '-device', 'i6300esb'],
      ...common,
      ...more,
    ];
  }
}
