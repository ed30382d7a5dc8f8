import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { GatewayStatus } from '../../src/instrumentation/status.ts';
import type { Random } from '../../test/support/random.ts';
import { eventually } from '../../test/support/wait.ts';
import { copyToBoot, flash, type Partition, partitionsOf, readFromBoot } from './disk-image.ts';
import { type Board, type Boot, Machine } from './machine.ts';
import { NbdServer, type Running } from './nbd-server.ts';
import { type Cut, type Kept, VolatileDisk } from './volatile-disk.ts';

const runFile = promisify(execFile);

export interface ApplianceOptions {
  readonly image: string;
  readonly board: Board;
  /** For the card, sockets and logs: some GiB, most of it holes. */
  readonly directory: string;
  readonly random: Random;
  /** Of the card. Default 4 GiB. */
  readonly sizeBytes?: number;
  /** Of the gateway's configuration, as YAML, each line indented by two. */
  readonly gateway?: string;
  /** The whole journal goes to the serial console too, for who looks for a fault. */
  readonly tellsAll?: boolean;
  /** What the kernel writes goes to the serial line, and whoever asks on its console asks there. */
  readonly console?: boolean;
}

export interface StartOptions {
  readonly clock?: string;
  readonly condition?: Running;
  /** Instructions are counted. */
  readonly counts?: boolean;
  readonly more?: readonly string[];
}

/** Name and password of the administrator that the card's file makes. */
export const administrator = { name: 'keeper', password: 'correct horse battery staple' };
export const hostname = 'greenhouse-7';

/** A card with the image on it and settings in its file, and the machine that it is in. */
export class Appliance {
  readonly card: string;
  readonly disk: VolatileDisk;
  readonly server: NbdServer;
  readonly #options: ApplianceOptions;
  readonly #key: string;
  #machine: Machine | undefined;
  #cookie: string | undefined;
  #csrf: string | undefined;
  #starts = 0;

  private constructor(options: ApplianceOptions, card: string, key: string) {
    this.#options = options;
    this.card = card;
    this.#key = key;
    this.disk = new VolatileDisk({ path: card, random: options.random });
    this.server = new NbdServer(this.disk, `${card}.sock`);
  }

  static async make(options: ApplianceOptions): Promise<Appliance> {
    const { directory, image, sizeBytes = 4 * 2 ** 30, gateway = '' } = options;
    mkdirSync(directory, { recursive: true });
    const card = join(directory, 'card.img');
    const key = join(directory, 'key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'check', '-f', key]);
    flash(image, card, sizeBytes);
    const settings = [
      ...['machine:', `  hostname: ${hostname}`, '  timezone: Europe/Berlin', '  ssh:', '    authorizedKeys:'],
      `      - ${readFileSync(`${key}.pub`, 'utf8').trim()}`,
      ...['admin:', `  name: ${administrator.name}`, `  password: ${administrator.password}`],
      ...(gateway === '' ? [] : ['gateway:', gateway]),
    ];
    copyToBoot(card, 'headgate.yaml', `${settings.join('\n')}\n`);
    const more = kernelOptions(options);
    if (more.length > 0) {
      const name = 'grub/machine.cfg';
      const text = readFromBoot(card, name).toString();
      copyToBoot(card, name, text.replace(/console=tty1/, `$& ${more.join(' ')}`));
    }
    const appliance = new Appliance(options, card, key);
    await appliance.server.start();
    return appliance;
  }

  get machine(): Machine {
    if (this.#machine === undefined) throw new Error('the machine is off');
    return this.#machine;
  }

  /** Puts the card into a machine and turns it on. */
  async start({ clock, condition = { kind: 'well' }, counts = false, more = [] }: StartOptions = {}): Promise<Machine> {
    const { board, directory } = this.#options;
    this.server.set(condition);
    this.#starts += 1;
    const machine = new Machine({
      board,
      directory: join(directory, `start-${this.#starts}`),
      disk: `${this.card}.sock`,
      forwards: [22, 1883, 443],
      counts,
      more,
      ...(board === 'raspi3b' && { boot: this.#firstStage() }),
      ...(clock !== undefined && { clock }),
    });
    this.#machine = machine;
    await machine.start();
    return machine;
  }

  /** What a Raspberry Pi's firmware loads off the card. */
  #firstStage(): Boot {
    const taken = (name: string): string => {
      const path = join(this.#options.directory, name);
      writeFileSync(path, readFromBoot(this.card, name));
      return path;
    };
    return { kernel: taken('u-boot.bin'), deviceTree: taken('bcm2837-rpi-3-b.dtb') };
  }

  /** Pulls the plug. */
  async cut(kept: Kept): Promise<Cut> {
    const cut = this.server.cut(kept);
    await this.machine.kill();
    return cut;
  }

  /** Shuts it down in order. */
  async stop(timeoutMs = 120_000): Promise<void> {
    const { machine } = this;
    if (this.#options.board === 'raspi3b') {
      // It has no button, and nothing that turns it off: the kernel's last word is all there is to see.
      const isDown = machine.console.waitFor(/reboot: (?:Power down|System halted)/, timeoutMs);
      // The connection may be gone before its answer.
      await Promise.all([isDown, this.root('systemctl --no-block poweroff').catch(() => '')]);
    } else {
      await machine.pressPower();
      await machine.ended(timeoutMs);
    }
    await machine.kill();
  }

  async close(): Promise<void> {
    await this.#machine?.kill();
    await this.server.stop();
    this.disk.close();
  }

  /** As the card has it now: the first partition, root A, root B, data. */
  partitions(): readonly (Partition | undefined)[] {
    return partitionsOf(this.disk.read(0, 512));
  }

  /** The dashboard's page, fetched by curl. @throws an Error unless it comes with 200 and is the dashboard's */
  async page(): Promise<string> {
    const url = `https://127.0.0.1:${this.machine.port(443)}/`;
    const { stdout } = await runFile('curl', ['--silent', '--fail', '--insecure', '--max-time', '20', url]);
    if (!/<title>[^<]*Headgate/i.test(stdout))
      throw new Error(`what came is not the dashboard: ${stdout.slice(0, 200)}`);
    return stdout;
  }

  /** Waits for the first page. @returns seconds since the machine was turned on */
  async firstPage(timeoutMs = 900_000): Promise<number> {
    const { machine } = this;
    const giveUp = () =>
      machine.isRunning ? undefined : `the machine has ended; its console:\n${machine.console.tail()}`;
    try {
      await eventually('the dashboard', () => this.page(), { timeoutMs, everyMs: 500, giveUp });
    } catch (error) {
      throw new Error(`${(error as Error).message}; the console's end:\n${machine.console.tail()}`, { cause: error });
    }
    return (performance.now() - machine.startedAt) / 1000;
  }

  /** Signs in as the card's administrator; later calls of {@link api} are theirs. */
  async signIn(): Promise<void> {
    // The page comes while the gateway is still starting.
    const ask = () => this.#ask('POST', '/api/v1/session', administrator);
    const { headers } = await eventually('signing in', ask, { timeoutMs: 180_000, everyMs: 1_000 });
    const cookie = headers['set-cookie']?.map((one) => one.split(';')[0]).join('; ');
    if (cookie === undefined) throw new Error('signing in gave no cookie');
    this.#cookie = cookie;
    const { csrfToken } = (await this.api('GET', '/api/v1/session')) as { readonly csrfToken?: string };
    if (csrfToken === undefined) throw new Error('the session has no csrfToken');
    this.#csrf = csrfToken;
  }

  /** The gateway's API. @throws an Error with its answer, when that is none of 2xx */
  async api(method: 'GET' | 'POST' | 'PUT' | 'PATCH', path: string, body?: unknown): Promise<unknown> {
    const { text } = await this.#ask(method, path, body);
    return text === '' ? undefined : JSON.parse(text);
  }

  /** The gateway's, for who is signed in. @throws as {@link api} */
  async status(): Promise<GatewayStatus> {
    return (await this.api('GET', '/api/v1/status')) as GatewayStatus;
  }

  /** What systemd could not start or keep, a line for each; empty: nothing. */
  async failedUnits(): Promise<string> {
    return (await this.root('systemctl --failed --no-legend --plain || true')).trim();
  }

  /** What `curl` gets from the gateway's API as the administrator that is signed in, in a file. */
  async download(path: string, file: string): Promise<void> {
    const url = `https://127.0.0.1:${this.machine.port(443)}${path}`;
    const how = ['--silent', '--show-error', '--fail', '--insecure', '--cookie', this.#cookie ?? '', '--output', file];
    await runFile('curl', [...how, url], { timeout: 300_000 });
  }

  /** Runs a command of the shell as root, over SSH with the key that the card's file names. @returns what it printed */
  async root(command: string, timeoutMs = 120_000): Promise<string> {
    const there = ['-p', String(this.machine.port(22)), 'admin@127.0.0.1', 'sudo', 'sh', '-c', quoted(command)];
    const { stdout } = await runFile('ssh', [...this.#sshOptions, ...there], {
      timeout: timeoutMs,
      maxBuffer: 16 * 2 ** 20,
    });
    return stdout;
  }

  /** Puts a file there as the user `admin`. */
  async copy(file: string, path: string): Promise<void> {
    const where = ['-P', String(this.machine.port(22)), file, `admin@127.0.0.1:${path}`];
    await runFile('scp', ['-q', ...this.#sshOptions, ...where], { timeout: 300_000 });
  }

  get #sshOptions(): readonly string[] {
    const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'ConnectTimeout=60', 'LogLevel=ERROR'];
    return [...options.flatMap((option) => ['-o', option]), '-i', this.#key];
  }

  #ask(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly text: string; readonly headers: IncomingHttpHeaders }> {
    const port = this.machine.port(443);
    const origin = `https://127.0.0.1:${port}`;
    const headers = {
      origin,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(this.#cookie !== undefined && { cookie: this.#cookie }),
      ...(this.#csrf !== undefined && { 'x-csrf-token': this.#csrf }),
    };
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port, path, method, headers, rejectUnauthorized: false, agent: false, timeout: 60_000 },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () => {
            const { statusCode = 0 } = response;
            if (statusCode >= 200 && statusCode < 300) resolve({ text, headers: response.headers });
            else reject(new Error(`${method} ${path}: ${statusCode} ${text}`));
          });
        },
      );
      asked.on('error', reject);
      asked.on('timeout', () => asked.destroy(new Error(`${method} ${path} was not answered within a minute`)));
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** What an emulated machine's kernel is told beside what the image says. */
function kernelOptions({
  board,
  tellsAll,
  console,
}: Pick<ApplianceOptions, 'board' | 'tellsAll' | 'console'>): string[] {
  // QEMU's watchdog of a Raspberry Pi resets the machine as soon as it is set, whatever the time.
  const pi = board === 'raspi3b' ? ['module_blacklist=bcm2835_wdt'] : [];
  const serial = board === 'raspi3b' ? 'ttyS1' : 'ttyS0';
  const isShown = tellsAll === true || console === true || board === 'raspi3b';
  const journal = 'systemd.journald.forward_to_console=1 systemd.journald.max_level_console=info';
  return [...pi, ...(isShown ? [`console=${serial},115200`] : []), ...(tellsAll ? [journal] : [])];
}
