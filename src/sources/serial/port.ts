import { isDeepStrictEqual } from 'node:util';
import type { Handed, SerialWords } from '../../core/command.ts';
import type { Take } from '../../core/message.ts';
import type { Log } from '../../lib/log.ts';
import type { SerialLine } from '../../profiles/serial-line.ts';
import { Acknowledger } from './acknowledger.ts';
import { BaudSearch, type Heard } from './baud-search.ts';
import { openConnection } from './connection.ts';
import { Conversation } from './conversation.ts';
import { Discards } from './discards.ts';
import { hintFor } from './hint.ts';
import { Intake } from './intake.ts';
import { Link, type LinkPace, usualLinkPace } from './link.ts';
import { explainOpenFailure, nodeAt } from './node.ts';
import type { SerialPortOptions } from './options.ts';
import type { SerialPortStatus } from './status.ts';

export interface PortDependencies {
  readonly options: SerialPortOptions;
  readonly maxInFlight: number;
  readonly take: Take;
  /** How devices of a profile speak; a sentence: why it can't be said. */
  readonly lineOf: (profile: string) => SerialLine | string;
  /** It is open, and may be told things. */
  readonly opened: () => void;
  /** Of what an earlier run has on record of a client of delivery keys, nothing comes again. */
  readonly onNext: (client: string) => void;
  readonly log: Log;
  readonly pace?: Pace;
  readonly open?: typeof openConnection;
}

/** Times in ms. */
export interface Pace extends LinkPace {
  /** After so much silence no frame goes on, other than one that is told by pauses. Default 3,000. */
  readonly quietMs: number;
  /** How long there may be only noise before another speed of the profile is tried. Default 30,000. */
  readonly noiseMs: number;
}

const usualPace: Pace = { ...usualLinkPace, quietMs: 3_000, noiseMs: 30_000 };

/** So little that nobody notices, and less than the kernel's room at any speed. */
const usualGatherMs = 8;

/** One port: opened, read from, and opened again whatever happens to it, until it is stopped. */
export class Port {
  readonly #deps: PortDependencies;
  #options: SerialPortOptions;
  readonly #pace: Pace;
  readonly #intake: Intake;
  readonly acknowledger: Acknowledger;
  readonly #discards = new Discards();
  readonly #counts = { opened: 0, bytes: 0, requests: 0, unanswered: 0 };
  readonly #link: Link<Conversation>;
  #line: string | null = null;
  #search: { readonly key: string; readonly search: BaudSearch } | undefined;
  #isHintTold = false;

  constructor(deps: PortDependencies) {
    const { maxInFlight, take, pace = usualPace } = deps;
    this.#deps = deps;
    this.#options = deps.options;
    this.#pace = pace;
    this.#intake = new Intake({
      source: 'serial',
      take,
      maxInFlight,
      retryMs: pace.retryMinMs,
      onPause: (isPaused) => {
        this.#conversation?.pause(isPaused);
      },
    });
    this.acknowledger = new Acknowledger({
      port: deps.options.name,
      push: (frame, delivery, taken) => this.#intake.push(deps.options.name, frame, delivery, taken),
      now: () => performance.now(),
      onNext: () => deps.onNext(this.acknowledger.client),
    });
    const { log } = deps;
    this.#link = new Link({
      open: () => this.#open(),
      opened: (conversation) => this.#opened(conversation),
      failed: (reason) => log.warn({ port: this.name, reason }, 'A serial port can not be read from.'),
      lost: (_, reason, isAsked) => {
        if (!isAsked) log.warn({ port: this.name, reason }, 'A serial port was lost: it is opened again.');
      },
      identity: async () => (await nodeAt(this.#options.path))?.identity,
      pace,
    });
  }

  get name(): string {
    return this.#options.name;
  }

  get profile(): string {
    return this.#options.profile;
  }

  /** Is set in another way from now on, under the same name. */
  follow(options: SerialPortOptions): void {
    if (isDeepStrictEqual(options, this.#options)) return;
    this.#options = options;
    this.#search = undefined;
    this.#link.openAnew('Its settings have changed.');
  }

  /** Whether its device can be told something now, and its answer would be heard. */
  get reaches(): boolean {
    return this.#conversation !== undefined && !this.#intake.isPaused;
  }

  /** Tells its device something, at most once, and only within that time. */
  async tell(words: SerialWords, withinMs: number): Promise<Handed> {
    return (await this.#conversation?.tell(words, withinMs)) ?? false;
  }

  start(): void {
    this.#link.start();
  }

  async stop(): Promise<void> {
    await this.#link.stop();
    this.#intake.stop();
  }

  status(): SerialPortStatus {
    const { name, path, profile } = this.#options;
    const { frames, lost, isPaused } = this.#intake;
    const { state: link } = this.#link;
    const reason = link.name === 'waiting' ? link.reason : null;
    const discarded = this.#discards.status();
    const state = link.name;
    const line = this.#line;
    const told = {
      name,
      path,
      profile,
      state,
      reason,
      line,
      isPaused,
      frames,
      lost,
      discarded,
      ...this.#counts,
      ...this.acknowledger.counts,
    };
    return { ...told, hint: hintFor(told) };
  }

  get #conversation(): Conversation | undefined {
    const { state } = this.#link;
    return state.name === 'open' ? state.conversation : undefined;
  }

  #opened(conversation: Conversation): void {
    if (this.#intake.isPaused) conversation.pause(true);
    const { log, opened } = this.#deps;
    log.info({ port: this.name, path: this.#options.path, line: this.#line }, 'A serial port is read from.');
    opened();
  }

  /** @returns why not, as a sentence, when it can't be opened */
  async #open(): Promise<Conversation | string> {
    const { lineOf, open = openConnection } = this.#deps;
    const options = this.#options;
    const { path, flowControl = 'none' } = options;
    const line = lineOf(options.profile);
    if (typeof line === 'string') return line;
    const search = this.#searchFor(line);
    const { baud, format } = { baud: options.baud ?? search?.baud ?? 9600, format: options.format ?? line.format };
    const settings = { baud, format, flowControl };
    const conversation = new Conversation({
      line,
      baud: settings.baud,
      quietMs: this.#pace.quietMs,
      counts: this.#counts,
      frame: (payload, reply) => {
        if (line.acknowledge === undefined) this.#intake.push(options.name, payload);
        else this.acknowledger.heard(payload, line.acknowledge, reply);
      },
      refused: () => this.acknowledger.counts.refused++,
      discarded: (what) => this.#discards.add(what),
    });
    try {
      const before = await nodeAt(path);
      const gatherMs = line.isByPauses ? undefined : usualGatherMs;
      const connection = await open(path, { ...settings, ...(gatherMs && { gatherMs }) }, (bytes) =>
        conversation.heard(bytes),
      );
      // It may have come between the two: then it is no other one, and what it says is not to be thrown away.
      const node = before ?? (await nodeAt(path));
      this.#counts.opened++;
      this.#line = `${baud} ${format}`;
      search?.begin(this.#heard);
      conversation.begin(connection, {
        everyMs: this.#pace.watchMs,
        obstacle: async () => {
          this.#tellHint();
          const now = lineOf(options.profile);
          if (typeof now !== 'string' && now.key !== line.key) return 'Its profile has changed.';
          if (conversation.isAtRest && search?.step(performance.now(), this.#heard))
            await this.#tryBaud(conversation, search.baud, format);
          const isGone = (await nodeAt(path))?.identity !== node?.identity;
          return isGone ? 'It was unplugged: its device node is gone.' : undefined;
        },
      });
      return conversation;
    } catch (error) {
      return await explainOpenFailure(path, error);
    }
  }

  /** Once, and again when it came back after all had been well. */
  #tellHint(): void {
    const { hint } = this.status();
    if (hint !== null && !this.#isHintTold)
      this.#deps.log.warn({ port: this.#options.name, hint }, 'Nothing can be read of a serial port.');
    this.#isHintTold = hint !== null;
  }

  get #heard(): Heard {
    return { bytes: this.#counts.bytes, frames: this.#intake.frames };
  }

  /** What is known of the speed, as long as the profile says the same; undefined: it is not to be looked for. */
  #searchFor({ bauds, key, isByPauses }: SerialLine): BaudSearch | undefined {
    if (this.#options.baud !== undefined || bauds.length === 0) return undefined;
    if (this.#search?.key !== key) {
      // By pauses anything is a frame.
      const usable = isByPauses ? bauds.slice(0, 1) : bauds;
      this.#search = { key, search: new BaudSearch(usable, this.#pace.noiseMs) };
    }
    return this.#search.search;
  }

  async #tryBaud(conversation: Conversation, baud: number, format: string): Promise<void> {
    await conversation.changeBaud(baud);
    const { log } = this.#deps;
    const before = this.#line;
    this.#line = `${baud} ${format}`;
    log.info(
      { port: this.name, before, now: this.#line },
      'Only noise was heard on a serial port: another speed is tried.',
    );
  }
}
