import type { Shelf } from '../../core/shelf.ts';
import type { UnixMs } from '../../core/time.ts';
import type { Log } from '../../lib/log.ts';
import { topicFilterFault } from '../../lib/topic-filter.ts';
import type { Binding } from '../../profiles/topics.ts';
import { FilterTree } from './filter-tree.ts';

const space = 'registry.bindings';
export const maxBindings = 1_000;
const maxFilter = 1_000;

/** What a person decided, as it is kept. */
export interface Decision {
  /** A topic, or an MQTT filter. */
  readonly template: string;
  /** The profile by which its messages are decoded; null: by the general rules, and nothing is suggested. */
  readonly profile: string | null;
  /** How its devices are named: a text, or a pattern with `{device}`; null: as the profile does. */
  readonly device: string | null;
  readonly at: UnixMs;
}

export interface BindingsDependencies {
  readonly shelf: Shelf;
  readonly hasProfile: (name: string) => boolean;
  /** What a pattern with `{device}` gives for a topic. */
  readonly deviceBy: (pattern: string) => (topic: string) => string | undefined;
  readonly log: Log;
}

/** What people decided for topics: which profile they are decoded by, or that they are left alone. It outlives restarts. */
export class Bindings {
  readonly #deps: BindingsDependencies;
  readonly #decisions = new Map<string, Decision>();
  #byTopic = new FilterTree<Binding>();
  #hasAny = false;

  constructor(deps: BindingsDependencies) {
    this.#deps = deps;
  }

  /** @throws {HeadgateError} buffer.failed when the shelf can't be read */
  async load(): Promise<void> {
    const { shelf, hasProfile, log } = this.#deps;
    for (const [template, bytes] of await shelf.entries(space)) {
      const decision = decisionIn(template, bytes);
      if (decision === undefined) {
        log.warn({ template: template.slice(0, 200) }, 'What was decided for a topic could not be read again.');
        shelf.delete(space, template);
        continue;
      }
      this.#decisions.set(template, decision);
      if (decision.profile !== null && !hasProfile(decision.profile)) {
        log.warn(
          { template: template.slice(0, 200), profile: decision.profile },
          'A topic was adopted by a profile that there is not any more: what it is, is recognised until there is.',
        );
      }
    }
    this.#arrange();
  }

  /** What holds for a topic: the decision that says the most of it. */
  readonly bindingOf = (topic: string): Binding | undefined => (this.#hasAny ? this.#byTopic.find(topic) : undefined);

  /** What was decided for a template itself. */
  decisionOn(template: string): Decision | undefined {
    return this.#decisions.get(template);
  }

  get decisions(): IterableIterator<Decision> {
    return this.#decisions.values();
  }

  get size(): number {
    return this.#decisions.size;
  }

  /** Takes effect at once, and is durable when it resolves. @throws {HeadgateError} buffer.failed */
  async decide(decision: Decision): Promise<void> {
    const { template, profile, device, at } = decision;
    this.#decisions.set(template, decision);
    this.#arrange();
    this.#deps.shelf.put(space, template, new TextEncoder().encode(JSON.stringify({ profile, device, at })));
    await this.#deps.shelf.saved();
  }

  /** Takes a decision back. @returns whether there was one. @throws {HeadgateError} buffer.failed */
  async undo(template: string): Promise<boolean> {
    if (!this.#decisions.delete(template)) return false;
    this.#arrange();
    this.#deps.shelf.delete(space, template);
    await this.#deps.shelf.saved();
    return true;
  }

  #arrange(): void {
    this.#byTopic = new FilterTree();
    this.#hasAny = this.#decisions.size > 0;
    for (const decision of this.#decisions.values()) this.#byTopic.set(decision.template, this.bindingBy(decision));
  }

  /** A decision, as the decoder follows it. */
  bindingBy({ template, profile, device }: Decision): Binding {
    if (profile === null) return { kind: 'ignored', template };
    if (device === null) return { kind: 'adopted', profile, template };
    const deviceOf = device.includes('{') ? this.#deps.deviceBy(device) : () => device;
    return { kind: 'adopted', profile, template, deviceOf };
  }
}

/** What is wrong with a template, as what follows "is …, "; undefined when nothing is. */
export function templateFault(template: string): string | undefined {
  if (template.length > maxFilter) return `but it can have ${maxFilter} characters at the most`;
  return topicFilterFault(template);
}

function decisionIn(template: string, bytes: Uint8Array): Decision | undefined {
  try {
    const { profile, device, at } = JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>>;
    const isText = (value: unknown): value is string | null => value === null || typeof value === 'string';
    if (templateFault(template) !== undefined || !isText(profile) || !isText(device) || typeof at !== 'number')
      return undefined;
    return { template, profile, device, at };
  } catch {
    // Whoever asked says what is missing.
    return undefined;
  }
}
