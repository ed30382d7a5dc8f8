import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import type { SecureContextOptions } from 'node:tls';
import { ownAuthorityPath, passingCertificate, ServerCertificate } from '../../auth/tls/server-certificate.ts';
import { likelyConfig } from '../../config/likely.ts';
import { type ConfigSources, configFile } from '../../config/load.ts';
import { loadWithRemote } from '../../config/remote.ts';
import type { Config } from '../../config/schema.ts';
import { HeadgateError, messageOf } from '../../core/errors.ts';
import { systemClock } from '../../core/time.ts';
import type { RootLog } from '../../lib/log.ts';
import type { LogTail } from '../../lib/log-tail.ts';
import { identityDirectory } from '../../uplink/credentials.ts';
import { bundleOf } from '../doctor/bundle.ts';
import { diskFindings } from '../doctor/disk.ts';
import { siteFindings } from '../doctor/site.ts';
import { FailureServer } from './failure-server.ts';
import { lastGood } from './last-good.ts';
import { hiderFor } from './shown.ts';
import { type Told, toldOf } from './told.ts';
import { type Wake, Wakening } from './wakening.ts';

export interface VigilDependencies {
  readonly sources: ConfigSources;
  readonly log: RootLog;
  readonly tail: LogTail;
  /** Told where the page is, and of each failure that is another than the one before. */
  readonly onFailure: (error: unknown, url: string | undefined) => void;
  /** Between two attempts by itself: at first, and at the most. Default 2 s and a minute. */
  readonly dueMs?: { readonly min: number; readonly max: number };
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly tls?: SecureContextOptions;
}

/** What the gateway could not listen for: it is found out without starting it whether it can now. */
const ofPorts = ['port.taken', 'port.forbidden', 'address.unavailable'];
/** A bundle takes the disk and the network some work. */
const bundleMs = 10_000;

/** What is there when the gateway can't start: a page in its place, until it is worth while to try again. */
export class Vigil {
  readonly #deps: VigilDependencies;
  readonly #wakening = new Wakening();
  #error: unknown;
  #at = '';
  #number = 0;
  #dueMs = 0;
  #lastPlace: Place | undefined;
  #bundle: { readonly madeAt: number; readonly bytes: Promise<Buffer> } | undefined;

  constructor(deps: VigilDependencies) {
    this.#deps = deps;
  }

  /**
   * @param error what the start failed with
   * @param look of the configuration file before that
   * @returns how to try again
   * @throws `error` itself where no page can be shown; the signal's reason
   */
  async keep(error: unknown, look: string, signal: AbortSignal): Promise<'usual' | 'safe'> {
    const { sources } = this.#deps;
    const file = configFile(sources);
    this.#wakening.begin(look);
    const isNew = this.#note(error);
    const { min, max } = this.#deps.dueMs ?? { min: 2_000, max: 60_000 };
    // Twice as long after each attempt, as what may be over by itself is over soon or late.
    this.#dueMs = Math.min(max, Math.max(min, this.#dueMs * 2));
    const server = new FailureServer({
      told: () => this.#told(),
      again: again(file),
      bundle: () => this.#bundled(),
      onTryAgain: () => this.#wakening.ask('asked'),
      onSafeMode: () => this.#wakening.ask('safe'),
      log: this.#deps.log.child({ part: 'main' }),
    });
    const url = await this.#open(server);
    if (url === undefined) throw error;
    if (isNew) this.#deps.onFailure(error, url);
    try {
      for (;;) {
        const wake = await this.#wakening.next({ file, dueMs: this.#dueMs, signal });
        if (wake === 'safe' && this.#safe() !== undefined) return 'safe';
        if (wake !== 'due') this.#dueMs = min;
        const obstacle = await this.#obstacle(wake);
        if (obstacle === undefined) return 'usual';
        if (this.#note(obstacle)) this.#deps.onFailure(obstacle, url);
      }
    } finally {
      await server.close();
    }
  }

  /** Waits until the configuration is right. @throws the signal's reason */
  async untilRight(signal: AbortSignal): Promise<void> {
    const file = configFile(this.#deps.sources);
    for (;;) {
      await this.#wakening.next({ file, dueMs: undefined, signal });
      if ((await this.#obstacle('changed')) === undefined) return;
    }
  }

  /** @returns whether it is another failure than before */
  #note(error: unknown): boolean {
    const isSame = this.#number > 0 && messageOf(error) === messageOf(this.#error);
    this.#error = error;
    if (isSame) return false;
    this.#number++;
    this.#at = new Date().toISOString();
    return true;
  }

  #told(): Told {
    const { sources, tail } = this.#deps;
    return toldOf({
      ...{ error: this.#error, sources, tail, at: this.#at, number: this.#number },
      lastGoodAt: this.#safe()?.at,
    });
  }

  /** Safe mode helps against a wrong configuration and nothing else. */
  #safe(): ReturnType<typeof lastGood> {
    if (!codeOf(this.#error).startsWith('config.')) return undefined;
    return lastGood(likelyConfig(this.#deps.sources).dataDir);
  }

  /** What is known to be in the way without starting the gateway, for which the page would have to go. */
  async #obstacle(wake: Wake): Promise<unknown> {
    try {
      const { config } = loadWithRemote(this.#deps.sources);
      const isSame = wake === 'due' && ofPorts.includes(codeOf(this.#error)) && !(await canListen(config));
      return isSame ? this.#error : undefined;
    } catch (error) {
      return error;
    }
  }

  /** Where the gateway would be, as far as is known; else where the page was before. */
  async #open(server: FailureServer): Promise<string | undefined> {
    const { log, sources } = this.#deps;
    const places = [await placeOf(likelyConfig(sources), log), this.#lastPlace];
    for (const place of places) {
      if (place === undefined) continue;
      try {
        const address = await server.listen(place.host, place.port, place.tls);
        this.#lastPlace = place;
        return `${place.tls === undefined ? 'http' : 'https'}://${address}/`;
      } catch (error) {
        log.warn({ host: place.host, port: place.port, reason: messageOf(error) }, 'There can be no page about it.');
      }
    }
    return undefined;
  }

  #bundled(): Promise<Buffer> {
    const now = performance.now();
    if (this.#bundle === undefined || now - this.#bundle.madeAt > bundleMs)
      this.#bundle = { madeAt: now, bytes: this.#makeBundle() };
    return this.#bundle.bytes;
  }

  async #makeBundle(): Promise<Buffer> {
    const { sources } = this.#deps;
    const likely = likelyConfig(sources);
    // The port of HTTP is taken by this page.
    const config: Config = { ...likely, http: { ...likely.http, port: 0 } };
    const findings = [...diskFindings(config.dataDir, false), ...(await siteFindings(config, false))];
    return bundleOf(findings, likely, { failure: this.#told() }, hiderFor(sources));
  }
}

function again(file: string | undefined): string {
  const change = file === undefined ? '' : `as soon as \`${file}\` changes, and `;
  return `It is tried again by itself ${change}once a minute at least.`;
}

function codeOf(error: unknown): string {
  return error instanceof HeadgateError ? error.code : '';
}

async function placeOf(config: Config, log: RootLog): Promise<Place> {
  const { host, port, tls } = config.http;
  if (!tls.enabled) return { host, port };
  try {
    const directory = join(identityDirectory(resolve(config.dataDir)), 'tls');
    // None is begun with, nor can one be kept where the disk is what is wrong: a machine without a screen is to be helped all the same.
    if (tls.certificate === undefined && !existsSync(ownAuthorityPath(directory)))
      return { host, port, tls: await passingCertificate(systemClock.now()) };
    const deps = { options: tls, key: 'http.tls', directory, clock: systemClock, log: log.child({ part: 'http' }) };
    return { host, port, tls: await new ServerCertificate(deps).open() };
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'The page about it is there without TLS, for this machine alone.');
    return { host: '127.0.0.1', port };
  }
}

/** Whether each port but that of HTTP can be listened on. */
async function canListen({ mqtt, grpc }: Config): Promise<boolean> {
  const places = [
    mqtt,
    ...(grpc.enabled ? [grpc] : []),
    ...(mqtt.tls.enabled ? [{ ...mqtt, port: mqtt.tls.port }] : []),
  ];
  for (const { host, port } of places) {
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen({ host, port }, () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (!isFree) return false;
  }
  return true;
}
