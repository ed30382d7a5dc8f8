import type { Take } from '../../core/message.ts';
import type { Log } from '../../lib/log.ts';
import { told, type WriteAnswer, writeAnswerOf } from '../../profiles/modbus/answer.ts';
import type { ModbusDevice } from '../../profiles/modbus/device.ts';
import type { RegisterWrite, WriteRequest } from '../../profiles/modbus/pdu.ts';
import { writePdu } from '../../profiles/modbus/pdu.ts';
import { rtuFrame } from '../../profiles/modbus/rtu.ts';
import { Intake } from '../serial/intake.ts';
import { Link, type LinkPace, usualLinkPace } from '../serial/link.ts';
import { topicOf } from './bus-profiles.ts';
import { Conversation } from './conversation.ts';
import { dial, type Line, lineOf } from './line.ts';
import type { ModbusBusOptions, ModbusUnitOptions } from './options.ts';
import { BusSchedule } from './schedule.ts';
import type { ModbusBusStatus } from './status.ts';
import type { BusEvent } from './step.ts';
import type { UnitCounts } from './unit.ts';
import { unitStatus } from './unit-status.ts';

export interface BusDependencies {
  readonly options: ModbusBusOptions;
  readonly maxInFlight: number;
  readonly take: Take;
  /** How devices of a profile are asked; a sentence: why it can't be said. */
  readonly deviceOf: (profile: string) => ModbusDevice | string;
  /** It is open, and its units may be told things. */
  readonly opened: () => void;
  readonly log: Log;
  readonly pace?: LinkPace;
}

/** What a writer is told, and what it wrote. */
interface Writer {
  readonly request: WriteRequest;
  readonly answered: (answer: WriteAnswer) => void;
}

/** So many writes may wait for their turn. */
const maxWrites = 64;
/** Who wrote something does not want it done long after. */
const writeForMs = 10_000;

/** One bus: connected to, asked, and connected to again whatever happens to it, until it is stopped. */
export class Bus {
  readonly #deps: BusDependencies;
  readonly #pace: LinkPace;
  readonly #intake: Intake;
  readonly #link: Link<Conversation<Writer>>;
  readonly #counts: ReadonlyMap<number, UnitCounts>;
  readonly #topics: ReadonlyMap<number, string>;
  readonly #totals = { opened: 0, receivedBytes: 0, strayBytes: 0, written: 0, notWritten: 0 };
  #line: Line | undefined;
  #schedule: BusSchedule<Writer> | undefined;

  constructor(deps: BusDependencies) {
    const { options, maxInFlight, take, pace = usualLinkPace } = deps;
    this.#deps = deps;
    this.#pace = pace;
    this.#topics = new Map(options.units.map((unit) => [unit.unit, topicOf(options, unit)]));
    this.#counts = new Map(
      options.units.map(({ unit }) => [
        unit,
        { asked: 0, answered: 0, unanswered: 0, damaged: 0, exceptions: 0, late: 0, stray: 0 },
      ]),
    );
    this.#intake = new Intake({
      source: 'modbus',
      take,
      maxInFlight,
      retryMs: pace.retryMinMs,
      onPause: (isPaused) => {
        if (this.#link.state.name === 'open') this.#link.state.conversation.pause(isPaused);
      },
    });
    const { log } = deps;
    this.#link = new Link({
      open: (signal) => this.#open(signal),
      opened: (conversation) => this.#opened(conversation),
      failed: (reason) => log.warn({ bus: options.name, reason }, 'A Modbus bus can not be read from.'),
      lost: (...how) => this.#lost(...how),
      identity: async () => await this.#line?.identity(),
      pace,
    });
  }

  start(): void {
    this.#link.start();
  }

  async stop(): Promise<void> {
    await this.#link.stop();
    this.#intake.stop();
  }

  /** Whether a unit is read from, and so can be written to. */
  reaches(unit: number): boolean {
    return this.#link.state.name === 'open' && this.#schedule?.units.some((one) => one.unit === unit) === true;
  }

  /** Writes to a unit, before anything else is read, and only within that time. */
  async write(unit: number, write: RegisterWrite, withinMs = writeForMs): Promise<WriteAnswer> {
    const request: WriteRequest = { unit, ...write };
    const refuse = (why: string, kind: 'unsent' | 'impossible' = 'unsent'): WriteAnswer => ({
      kind,
      failure: `${told(request)}: ${why}`,
    });
    const { state } = this.#link;
    const schedule = this.#schedule;
    if (state.name === 'closed' || schedule === undefined) return refuse('the gateway is not reading from its bus.');
    if (state.name === 'waiting') return refuse(`its bus is not open. ${state.reason}`);
    if (!schedule.units.some((one) => one.unit === unit)) return refuse('its profile is not usable.');
    if (schedule.waiting >= maxWrites) return refuse(`${maxWrites} writes wait for their turn already.`);
    let pdu: Uint8Array;
    try {
      pdu = writePdu(write);
    } catch (error) {
      // Values that no register can hold.
      return refuse(`that can not be written (${(error as Error).message}).`, 'impossible');
    }
    return await new Promise<WriteAnswer>((answered) => {
      const until = performance.now() + Math.min(writeForMs, withinMs);
      schedule.write({ unit, pdu, until, by: { request, answered } });
      state.conversation.go();
    });
  }

  status(): ModbusBusStatus {
    const { options, deviceOf } = this.#deps;
    const { name, path = null, host, port = 502, units } = options;
    const { frames: messages, lost, isPaused } = this.#intake;
    const now = performance.now();
    const address = host === undefined ? null : host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const { receivedBytes, strayBytes, ...totals } = this.#totals;
    const { state } = this.#link;
    const open = state.name === 'open' ? state.conversation : undefined;
    return {
      name,
      path,
      address,
      state: state.name,
      reason: state.name === 'waiting' ? state.reason : null,
      line: this.#line?.text ?? null,
      isPaused,
      messages,
      lost,
      ...totals,
      receivedBytes: receivedBytes + (open?.received ?? 0),
      strayBytes: strayBytes + (open?.strayBytes ?? 0),
      units: units.map((one) => {
        const known = this.#schedule?.units.find(({ unit }) => unit === one.unit);
        const { unit, profile } = one;
        const topic = this.#topics.get(unit)!;
        const counts = this.#counts.get(unit)!;
        return unitStatus({ unit, topic, profile, counts, device: deviceOf(profile), known, now, options });
      }),
    };
  }

  #opened(conversation: Conversation<Writer>): void {
    const { options, log, opened } = this.#deps;
    log.info({ bus: options.name, line: this.#line?.text }, 'A Modbus bus is read from.');
    conversation.pause(this.#intake.isPaused);
    opened();
  }

  #lost({ received, strayBytes }: Conversation<Writer>, reason: string, isAsked: boolean): void {
    this.#totals.receivedBytes += received;
    this.#totals.strayBytes += strayBytes;
    const { options, log } = this.#deps;
    if (!isAsked) log.warn({ bus: options.name, reason }, 'A Modbus bus was lost: it is opened again.');
  }

  /** @returns why not, as a sentence, when it can't be opened */
  async #open(signal: AbortSignal): Promise<Conversation<Writer> | string> {
    const { options, deviceOf } = this.#deps;
    const look = (): Devices => options.units.map((unit) => ({ unit, device: deviceOf(unit.profile) }));
    const devices = look();
    const usable = devices.flatMap(({ unit, device }) => (typeof device === 'string' ? [] : [{ unit, device }]));
    if (usable.length === 0) return devices.map(({ device }) => String(device))[0]!;
    const line = lineOf(
      options,
      usable.map(({ device }) => device),
    );
    this.#line = line;
    let conversation: Conversation<Writer> | undefined;
    const connection = await dial(line, {
      heard: (bytes) => conversation?.heard(bytes),
      watchMs: this.#pace.watchMs,
      obstacle: () => (isSame(devices, look()) ? undefined : 'A profile of it has changed.'),
      signal,
    });
    if (typeof connection === 'string') return connection;
    this.#totals.opened++;
    const schedule = new BusSchedule<Writer>(
      usable.map(({ unit: { unit, every }, device: { everyMs, requests } }) => {
        return { unit, everyMs: every ?? everyMs, requests };
      }),
      { timeoutMs: options.timeout, retries: options.retries, isNumbered: line.isNumbered, airMs: line.airMs },
      performance.now(),
      (unit) => this.#counts.get(unit)!,
      this.#schedule,
    );
    this.#schedule = schedule;
    const wire = line.newWire(new Set(usable.map(({ unit }) => unit.unit)));
    const tell = (event: BusEvent<Writer>): void => this.#happened(event);
    conversation = new Conversation<Writer>({ schedule, wire, line, patienceMs: options.timeout, tell }, connection);
    return conversation;
  }

  #happened(event: BusEvent<Writer>): void {
    if (event.kind === 'read') {
      const { unit, request, answer } = event;
      // Together they can be decoded again whenever the profile is mended.
      this.#intake.push(this.#topics.get(unit)!, Buffer.concat([rtuFrame(unit, request), rtuFrame(unit, answer)]));
      return;
    }
    const { request, answered } = event.write.by;
    const answer = event.kind === 'written' ? writeAnswerOf(request, event.answer) : notWritten(request, event.why);
    if (answer.kind === 'done') this.#totals.written++;
    else this.#totals.notWritten++;
    answered(answer);
  }
}

type Devices = readonly { readonly unit: ModbusUnitOptions; readonly device: ModbusDevice | string }[];

/** Whether profiles say the same as before of every unit. */
function isSame(before: Devices, now: Devices): boolean {
  const keyOf = (device: ModbusDevice | string | undefined) => (typeof device === 'object' ? device.key : device);
  return before.every(({ device }, index) => keyOf(device) === keyOf(now[index]?.device));
}

function notWritten(request: WriteRequest, why: 'silent' | 'damaged' | 'expired'): WriteAnswer {
  const reasons = {
    silent: 'no answer came. It may have been done all the same.',
    damaged: 'its answer was damaged on the way. It was likely done.',
    expired: 'it was not sent: its bus had no time for it, or was lost.',
  };
  return { kind: why === 'expired' ? 'unsent' : 'unanswered', failure: `${told(request)}: ${reasons[why]}` };
}
