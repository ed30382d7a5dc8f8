import { hash } from 'node:crypto';
import { messageOf } from '../core/errors.ts';
import type { Message } from '../core/message.ts';
import type { Shelf } from '../core/shelf.ts';
import type { MonotonicMs } from '../core/time.ts';
import { formatBytes } from '../core/units.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';

export interface LessonsDependencies {
  readonly shelf: Shelf;
  /** Decodes a message for what can be learnt of it; what it says besides is known already. */
  readonly teach: (message: Message) => void;
  readonly monotonic: () => MonotonicMs;
  readonly log: Log;
  readonly limits?: Partial<LessonLimits>;
}

/** Beyond these a lesson is not kept: it holds until the gateway stops, and is told. */
export interface LessonLimits {
  readonly maxTopics: number;
  readonly maxBytesEach: number;
  readonly maxBytes: number;
  /** How often one topic's lesson is written at the most: births and device lists may come in bursts, and flash wears. */
  readonly leastMsBetween: number;
}

const usual: LessonLimits = {
  maxTopics: 5_000,
  maxBytesEach: 8 * 1024 * 1024,
  maxBytes: 16 * 1024 * 1024,
  leastMsBetween: 60_000,
};

const space = 'registry.lessons';

interface Lesson {
  readonly bytes: number;
  readonly digest: string;
  /** When it was put on the shelf in this run. */
  writtenAtMs: MonotonicMs;
  /** Newer than what is on the shelf, and written when its time has come. */
  waiting: Uint8Array | undefined;
}

/**
 * The newest message of each topic that taught a decoder something: what a value is called, what an alias stands for. Without
 * them a gateway that restarts would not understand its devices until they introduce themselves again, which some never do.
 */
export class Lessons implements Service {
  readonly name = 'lessons';
  readonly #deps: LessonsDependencies;
  readonly #limits: LessonLimits;
  /** By source and topic: `mqtt:homeassistant/sensor/x/config`. */
  readonly #lessons = new Map<string, Lesson>();
  #bytes = 0;
  #refused = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: LessonsDependencies) {
    this.#deps = deps;
    this.#limits = { ...usual, ...deps.limits };
  }

  /** Teaches all of it again. @throws {HeadgateError} buffer.failed when the shelf can't be read */
  async start(): Promise<void> {
    const { shelf, log, monotonic } = this.#deps;
    let failures = 0;
    for (const [key, payload] of await shelf.entries(space)) {
      const colon = key.indexOf(':');
      const message: Message = { source: key.slice(0, colon), topic: key.slice(colon + 1), payload };
      if (colon < 1 || message.topic === '' || payload.byteLength === 0) {
        failures++;
        shelf.delete(space, key);
        continue;
      }
      this.#note(key, payload, monotonic());
      try {
        this.#deps.teach(message);
      } catch (error) {
        // A lesson that no decoder survives would keep the gateway from starting for ever.
        failures++;
        this.#forget(key);
        log.error(
          { topic: message.topic, reason: messageOf(error) },
          'What a topic had taught could not be read again.',
        );
      }
    }
    if (failures > 0)
      log.warn(
        { lessons: failures },
        'Some of what devices had told of themselves was lost: they have to tell it again.',
      );
    if (this.#lessons.size > 0)
      log.info({ topics: this.#lessons.size }, 'Learnt again what devices told of themselves.');
    this.#timer = setInterval(() => this.tick(), this.#limits.leastMsBetween);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    for (const [key, lesson] of this.#lessons) this.#write(key, lesson);
  }

  /** A message that taught something, or, without a payload, takes back what its topic taught. The payload is copied. */
  learnt({ source, topic, payload }: Message): void {
    const key = `${source}:${topic}`;
    if (payload.byteLength === 0) {
      this.#forget(key);
      return;
    }
    const digest = digestOf(payload);
    const before = this.#lessons.get(key);
    if (before?.digest === digest) return;
    const refusal = this.#refusalOf(payload.byteLength, before);
    if (refusal !== undefined) {
      // An older one would teach what no longer holds.
      this.#forget(key);
      this.#refuse(topic, refusal);
      return;
    }
    const lesson = this.#note(key, Uint8Array.from(payload), before?.writtenAtMs ?? Number.NEGATIVE_INFINITY, digest);
    if (this.#deps.monotonic() - lesson.writtenAtMs >= this.#limits.leastMsBetween) this.#write(key, lesson);
  }

  /** Writes what had to wait. */
  tick(): void {
    const now = this.#deps.monotonic();
    for (const [key, lesson] of this.#lessons) {
      if (lesson.waiting !== undefined && now - lesson.writtenAtMs >= this.#limits.leastMsBetween) {
        this.#write(key, lesson);
      }
    }
  }

  /** All that is kept, in no order. @throws {HeadgateError} buffer.failed when the shelf can't be read */
  async all(): Promise<Message[]> {
    const shelved = await this.#deps.shelf.entries(space);
    return shelved.map(([key, payload]) => {
      const colon = key.indexOf(':');
      const { waiting } = this.#lessons.get(key) ?? {};
      return { source: key.slice(0, colon), topic: key.slice(colon + 1), payload: waiting ?? payload };
    });
  }

  /** Topics of which a lesson is kept, what they take, and how many lessons were not kept since the start. */
  status(): { readonly topics: number; readonly bytes: number; readonly refused: number } {
    return { topics: this.#lessons.size, bytes: this.#bytes, refused: this.#refused };
  }

  #refusalOf(bytes: number, before: Lesson | undefined): string | undefined {
    const { maxTopics, maxBytesEach, maxBytes } = this.#limits;
    if (bytes > maxBytesEach) return `it is larger than ${formatBytes(maxBytesEach)}`;
    if (this.#bytes - (before?.bytes ?? 0) + bytes > maxBytes)
      return `all of them would take more than ${formatBytes(maxBytes)}`;
    if (before === undefined && this.#lessons.size >= maxTopics) return `there are ${maxTopics} such topics already`;
    return undefined;
  }

  #refuse(topic: string, reason: string): void {
    if (this.#refused++ > 0) return;
    this.#deps.log.warn(
      { topic: topic.slice(0, 200) },
      `What this topic told of its device is not kept beyond a restart: ${reason}. Further ones are only counted.`,
    );
  }

  #note(key: string, payload: Uint8Array, writtenAtMs: MonotonicMs, digest?: string): Lesson {
    this.#bytes += payload.byteLength - (this.#lessons.get(key)?.bytes ?? 0);
    const lesson: Lesson = {
      bytes: payload.byteLength,
      digest: digest ?? digestOf(payload),
      writtenAtMs,
      // Without a digest it comes from the shelf.
      waiting: digest === undefined ? undefined : payload,
    };
    this.#lessons.set(key, lesson);
    return lesson;
  }

  #write(key: string, lesson: Lesson): void {
    if (lesson.waiting === undefined) return;
    this.#deps.shelf.put(space, key, lesson.waiting);
    lesson.waiting = undefined;
    lesson.writtenAtMs = this.#deps.monotonic();
  }

  #forget(key: string): void {
    const lesson = this.#lessons.get(key);
    if (lesson === undefined) return;
    this.#bytes -= lesson.bytes;
    this.#lessons.delete(key);
    this.#deps.shelf.delete(space, key);
  }
}

function digestOf(payload: Uint8Array): string {
  return hash('sha256', payload, 'base64');
}
