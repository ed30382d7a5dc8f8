import type { Decoded } from '../../core/decoded.ts';
import type { UnixMs } from '../../core/time.ts';
import { closest } from '../../lib/spelling.ts';
import { topicMatches } from '../../lib/topic-filter.ts';
import type { ProfileDecoder } from '../../profiles/decoder.ts';
import { excerptOf } from '../../profiles/excerpt.ts';
import { filterOf, patternFault, topicPattern } from '../../profiles/language/topic-pattern.ts';
import type { Library } from '../../profiles/library.ts';
import { ProfileUse } from '../../profiles/profile-use.ts';
import { likely } from '../../profiles/recognise.ts';
import type { TopicsStatus } from '../../profiles/status.ts';
import { type Bindings, type Decision, maxBindings, templateFault } from '../../registry/topics/bindings.ts';
import { type TopicSummary, topicSummary } from '../../registry/topics/describe.ts';
import { Distinct } from '../../registry/topics/distinct.ts';
import type { TopicBook } from '../../registry/topics/topic-book.ts';
import { maxCounted, maxPayload, type TopicRow } from '../../registry/topics/topic-row.ts';
import { overlap } from './filters.ts';

/** What people want to be done with topics. */
export interface Wish {
  /** A topic, or an MQTT filter. */
  readonly template: string;
  /** Only tell what would be. */
  readonly isTrial: boolean;
}

/** What came of a wish. */
export type Outcome =
  | {
      readonly kind: 'done';
      readonly template: string;
      /** In a sentence, what it means. */
      readonly says: string;
      readonly topics: number;
      readonly devices: number;
      /** What a message that came is under the profile; null where there is no profile, or none came that was kept whole. */
      readonly example: Example | null;
    }
  | { readonly kind: 'refused'; readonly status: 400 | 404 | 409; readonly detail: string };

export interface Example {
  readonly topic: string;
  readonly payload: string;
  readonly isHex: boolean;
  readonly decoded: Decoded;
}

export interface TopicDeskDependencies {
  readonly book: TopicBook;
  readonly bindings: Bindings;
  readonly decoder: ProfileDecoder;
  readonly library: () => Library;
  /** A decoder that has learnt nothing, to try things with. */
  readonly newDecoder: () => ProfileDecoder;
  readonly now: () => UnixMs;
}

/** Where people look at topics, and say what is to be done with them. */
export class TopicDesk {
  readonly #deps: TopicDeskDependencies;

  constructor(deps: TopicDeskDependencies) {
    this.#deps = deps;
  }

  summaries(): readonly TopicSummary[] {
    const { book, bindings, library } = this.#deps;
    const { profiles } = library();
    const titleOf = (name: string): string | undefined => profiles.get(name)?.compiled.title;
    // One that was looked at, and whose first message is still under way, has nothing to tell yet.
    return [...book.rows]
      .filter(({ count }) => count > 0)
      .map((row) => topicSummary(row, { bindingOf: bindings.bindingOf, titleOf, excerptOf, likely }));
  }

  status(): TopicsStatus {
    const { book, bindings, decoder } = this.#deps;
    return {
      templates: book.size,
      forgotten: book.forgotten,
      postponed: decoder.postponed,
      decisions: bindings.size,
      ...decoder.adopted,
    };
  }

  /** @param device how its devices are named, as text or as a pattern with `{device}`; undefined: as the profile does */
  async adopt({ template, isTrial }: Wish, profile: string, device?: string): Promise<Outcome> {
    const library = this.#deps.library();
    const fault = templateFault(template);
    if (fault !== undefined) return refused(400, `\`template\` is ${shown(template)}, ${fault}.`);
    if (!library.profiles.has(profile)) return refused(404, noProfile(profile, library));
    const wrong = device === undefined ? undefined : deviceFault(device, template);
    if (wrong !== undefined) return refused(400, wrong);
    const decision: Decision = { template, profile, device: device ?? null, at: this.#deps.now() };
    const says = (topics: string, verb: string): string =>
      `${topics} ${verb} decoded by ${profile} ${isTrial ? 'then' : 'from now on'}.`;
    return this.#decide(decision, isTrial, says, this.#try(decision));
  }

  async ignore({ template, isTrial }: Wish): Promise<Outcome> {
    const fault = templateFault(template);
    if (fault !== undefined) return refused(400, `\`template\` is ${shown(template)}, ${fault}.`);
    const says = (topics: string, verb: string): string =>
      `${topics} ${verb} decoded by the general rules ${isTrial ? 'then' : 'from now on'}, and nothing is suggested for ${verb.endsWith('is') ? 'it' : 'them'}.`;
    return this.#decide({ template, profile: null, device: null, at: this.#deps.now() }, isTrial, says, null);
  }

  /** Takes back what people decided for a template, and what was adopted of it without asking: it is recognised anew. */
  async reset({ template, isTrial }: Wish): Promise<Outcome> {
    const { book, bindings, decoder } = this.#deps;
    const fault = templateFault(template);
    if (fault !== undefined) return refused(400, `\`template\` is ${shown(template)}, ${fault}.`);
    const decision = bindings.decisionOn(template);
    const { topics, devices } = this.#reach(template);
    if (decision === undefined && topics === 0) {
      return refused(404, `Nothing was decided for ${shown(template)}, and no topic like it has come.`);
    }
    if (!isTrial) {
      decoder.adoptions.forget((pattern, name) =>
        pattern === ''
          ? topicMatches(template, name)
          : overlap(template, filterOf(pattern.replace(/\{device(\.\.\.)?\}/, name))),
      );
      const undone = bindings.undo(template);
      book.drop(template);
      decoder.bindingsChanged();
      await undone;
    }
    const what = counted(topics, devices) ?? 'What comes on such topics';
    const says = `${what} ${topics === 1 || topics === 0 ? 'is' : 'are'} recognised anew ${isTrial ? 'then' : 'with the next message'}.`;
    return { kind: 'done', template, says, topics, devices, example: null };
  }

  async #decide(
    decision: Decision,
    isTrial: boolean,
    says: (topics: string, verb: string) => string,
    example: Example | null,
  ): Promise<Outcome> {
    const { book, bindings, decoder } = this.#deps;
    const { template } = decision;
    if (bindings.decisionOn(template) === undefined && bindings.size >= maxBindings) {
      return refused(409, `There are ${maxBindings} decisions already: take some back, or decide for wider templates.`);
    }
    // As they are called until now.
    const { topics, devices } = this.#reach(template);
    if (!isTrial) {
      // Other decisions hold from the next message on; this one has to be durable before it is said to be.
      const saved = bindings.decide(decision);
      book.gather(template, decision.profile ?? undefined);
      decoder.bindingsChanged();
      await saved;
    }
    const what = counted(topics, devices);
    const verb = what === undefined || topics === 1 ? 'is' : 'are';
    return { kind: 'done', template, says: says(what ?? 'What comes on such topics', verb), topics, devices, example };
  }

  /** How many topics and devices that came a template is about. */
  #reach(template: string): { readonly topics: number; readonly devices: number } {
    const isOne = !/[+#]/.test(template);
    let topics = 0;
    const devices = new Distinct(maxCounted);
    for (const row of this.#rowsOf(template)) {
      if (isOne) return { topics: 1, devices: 1 };
      topics += row.topics.count;
      devices.join(row.devices);
    }
    return { topics, devices: devices.count };
  }

  #rowsOf(template: string): TopicRow[] {
    return [...this.#deps.book.rows].filter(
      (row) => row.template === template || row.examples.some((example) => topicMatches(template, example)),
    );
  }

  /** What a message that came would be. */
  #try(decision: Decision): Example | null {
    const { library, newDecoder, now, bindings } = this.#deps;
    const { template, profile } = decision;
    const row = this.#rowsOf(template).find(
      (one) => one.payloadBytes <= maxPayload && one.payloadTopic !== '' && topicMatches(template, one.payloadTopic),
    );
    if (row === undefined || profile === null) return null;
    const { payloadTopic: topic, payload } = row;
    const { text, isHex } = excerptOf(payload, payload.length);
    const { compiled } = library().profiles.get(profile)!;
    const message = { source: 'mqtt', topic, payload };
    const decoded = newDecoder().decodeBy(compiled, message, now(), new ProfileUse(), bindings.bindingBy(decision));
    return { topic, payload: text, isHex, decoded };
  }
}

/** `3 topics of 2 devices`; undefined when there are none. */
function counted(topics: number, devices: number): string | undefined {
  if (topics === 0) return undefined;
  const many = (count: number, what: string): string =>
    `${count >= maxCounted ? `${maxCounted} or more` : count} ${what}${count === 1 ? '' : 's'}`;
  return `${many(topics, 'topic')} of ${many(Math.max(1, devices), 'device')}`;
}

function refused(status: 400 | 404 | 409, detail: string): Outcome {
  return { kind: 'refused', status, detail };
}

function shown(text: string): string {
  return `\`${text.length > 200 ? `${text.slice(0, 200)}…` : text}\``;
}

function noProfile(name: string, { profiles }: Library): string {
  const meant = closest(name.slice(0, 200), profiles.keys());
  const hint = meant === undefined ? ': `GET /api/v1/profiles` tells which there are.' : `; did you mean \`${meant}\`?`;
  return `There is no profile ${shown(name)}${hint}`;
}

function deviceFault(device: string, template: string): string | undefined {
  if (device === '' || device.length > 200 || /\p{Cc}/u.test(device)) {
    return '`device` must be a text of 1 to 200 characters in one line, or a pattern with `{device}`.';
  }
  if (!device.includes('{')) {
    // Two devices would become one.
    return /[+#]/.test(template)
      ? '`device` is one name, but the template is of many topics: give a pattern such as `site/{device}/state`.'
      : undefined;
  }
  const fault = patternFault(device);
  if (fault !== undefined) return `\`device\` is ${shown(device)}, ${fault}.`;
  return topicPattern(device).names.includes('device') ? undefined : '`device` is a pattern without `{device}`.';
}
