import { messageOf } from '../core/errors.ts';
import type { Fact } from '../core/live.ts';
import type { Measurement } from '../core/measurement.ts';
import type { DeliveryKey, RecentDelivery } from '../core/message.ts';
import type { Shelf } from '../core/shelf.ts';
import type { UnixMs } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import { type Alarm, alarmView } from './alarm.ts';
import { type AlarmEvent, type Change, deliveryOf, factOf, measurementOf } from './event.ts';

export interface OutboxDependencies {
  readonly shelf: Shelf;
  readonly live: (fact: Fact) => void;
  /** Takes a record in as the gateway's own, with priority `critical`; resolves when it is durable. */
  readonly report: (measurement: Measurement, delivery: DeliveryKey) => Promise<unknown>;
  /** What was stored at the end of the last run. */
  readonly recentDeliveries: () => readonly RecentDelivery[];
  /** Calls the webhook, some time; `over` when nothing more comes of it. Undefined: there is none. */
  readonly webhook: ((event: AlarmEvent, over: () => void) => void) | undefined;
  readonly log: Log;
}

/** Where on the shelf they lie, by number. The name means the same for ever. */
const space = 'alarms.owed';
/** Beyond so many the oldest are not told any more. */
const maxOwed = 5_000;
const retryMs = 5_000;

/** Who has not been told of an event. */
interface Owed {
  readonly event: AlarmEvent;
  isLiveTold: boolean;
  record: 'owed' | 'under-way' | 'stored';
  webhook: 'owed' | 'under-way' | 'over';
}

/**
 * Tells of what happens to alarms: live readers, the collector by a record, the webhook. An event is on the shelf together with the alarm
 * before anybody is told, and stays until its record is durable: so what was raised is told upstream once, whatever dies in between.
 */
export class Outbox {
  readonly #deps: OutboxDependencies;
  readonly #owed = new Map<number, Owed>();
  #nextNumber = 1;
  #dropped = 0;
  #records = 0;
  #isSaving = false;
  #isSaveDue = false;
  #retryTimer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(deps: OutboxDependencies) {
    this.#deps = deps;
  }

  /** Takes up what the last run left. @throws {HeadgateError} buffer.failed */
  async start(): Promise<void> {
    const { shelf, recentDeliveries, webhook } = this.#deps;
    const stored = new Set(recentDeliveries().map(textOf));
    for (const [key, bytes] of await shelf.entries(space)) {
      const found = decode(bytes);
      if (found === undefined) {
        shelf.delete(space, key);
        continue;
      }
      const { event, owesWebhook } = found;
      const isStored = found.isStored || stored.has(textOf(deliveryOf(event)));
      this.#nextNumber = Math.max(this.#nextNumber, event.number + 1);
      this.#owed.set(event.number, {
        event,
        isLiveTold: true,
        record: isStored ? 'stored' : 'owed',
        webhook: owesWebhook && webhook !== undefined ? 'owed' : 'over',
      });
    }
    for (const owed of [...this.#owed.values()]) this.#settle(owed);
    this.#dispatch();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#retryTimer);
  }

  /** Something happened to an alarm, and is on its way to the shelf in this turn of the event loop. */
  add(change: Change, alarm: Alarm, atMs: UnixMs): void {
    const event: AlarmEvent = { number: this.#nextNumber++, change, atMs, alarm: alarmView(alarm) };
    const webhook = this.#deps.webhook === undefined ? 'over' : 'owed';
    this.#owed.set(event.number, { event, isLiveTold: false, record: 'owed', webhook });
    this.#keep(this.#owed.get(event.number)!);
    if (this.#owed.size > maxOwed) this.#dropOldest();
    this.#save();
  }

  /** Records that are stored since the start, events that somebody is still to be told of, and those that were given up. */
  status(): { readonly records: number; readonly owed: number; readonly dropped: number } {
    return { records: this.#records, owed: this.#owed.size, dropped: this.#dropped };
  }

  /** At the end of the turn, together with all that belongs to it. One at a time. */
  #save(): void {
    if (this.#isSaving) {
      this.#isSaveDue = true;
      return;
    }
    this.#isSaving = true;
    const dispatch = (): void => {
      this.#isSaving = false;
      this.#dispatch();
      if (!this.#isSaveDue) return;
      this.#isSaveDue = false;
      this.#save();
    };
    // A disk that fails is what people have to be told of.
    this.#deps.shelf.saved().then(dispatch, dispatch);
  }

  #dispatch(): void {
    if (this.#isStopped) return;
    for (const owed of [...this.#owed.values()]) {
      const { event } = owed;
      if (!owed.isLiveTold) {
        owed.isLiveTold = true;
        this.#deps.live(factOf(event));
      }
      if (owed.webhook === 'owed') {
        owed.webhook = 'under-way';
        this.#deps.webhook?.(event, () => {
          owed.webhook = 'over';
          this.#settle(owed);
        });
      }
      if (owed.record === 'owed') void this.#report(owed);
    }
  }

  async #report(owed: Owed): Promise<void> {
    const { report, log } = this.#deps;
    owed.record = 'under-way';
    try {
      await report(measurementOf(owed.event), deliveryOf(owed.event));
      owed.record = 'stored';
      this.#records++;
      this.#settle(owed);
    } catch (error) {
      owed.record = 'owed';
      if (this.#isStopped || this.#retryTimer !== undefined) return;
      log.warn({ reason: messageOf(error) }, 'What happened to an alarm could not be stored as a record yet.');
      this.#retryTimer = setTimeout(() => {
        this.#retryTimer = undefined;
        this.#dispatch();
      }, retryMs).unref();
    }
  }

  #settle(owed: Owed): void {
    const { number } = owed.event;
    if (this.#owed.get(number) !== owed) return;
    if (owed.record === 'stored' && owed.webhook === 'over') {
      this.#owed.delete(number);
      this.#deps.shelf.delete(space, keyOf(number));
    } else this.#keep(owed);
  }

  #keep({ event, record, webhook }: Owed): void {
    const text = JSON.stringify({ event, isStored: record === 'stored', owesWebhook: webhook !== 'over' });
    this.#deps.shelf.put(space, keyOf(event.number), Buffer.from(text));
  }

  #dropOldest(): void {
    const [number] = this.#owed.keys();
    if (number === undefined) return;
    this.#owed.delete(number);
    this.#deps.shelf.delete(space, keyOf(number));
    if (this.#dropped++ === 0)
      this.#deps.log.warn({ owed: maxOwed }, 'Too much happens to alarms to be told of: the oldest is left out.');
  }
}

function decode(
  bytes: Uint8Array,
): { readonly event: AlarmEvent; readonly isStored: boolean; readonly owesWebhook: boolean } | undefined {
  try {
    const found = JSON.parse(Buffer.from(bytes).toString());
    const isWhole = Number.isSafeInteger(found.event?.number) && typeof found.event.alarm?.id === 'string';
    return isWhole ? found : undefined;
  } catch {
    // Written by something else.
    return undefined;
  }
}

const keyOf = (number: number): string => String(number).padStart(12, '0');
const textOf = ({ client, packetId, digest }: DeliveryKey): string => `${client}/${packetId}/${digest}`;
