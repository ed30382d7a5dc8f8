import { filterOf, type Subscription } from './subscription.ts';
import { newTopicTree, TopicCache } from './topic-index.ts';

/** A client that subscribes, or what is left of one that is away. */
export interface Subscriber {
  readonly id: string;
  /** Its session outlives its connection: QoS 1 and 2 messages wait for it. */
  readonly isKept: boolean;
  readonly isConnected: boolean;
  /** It is connected and does not keep up: of a group that shares a subscription, others go first. */
  readonly isBusy: boolean;
}

/** What goes to one subscriber of one message. */
export interface Delivery<S extends Subscriber> {
  readonly to: S;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** Subscription identifiers (MQTT 5.0 § 3.3.2.3.8). */
  readonly ids: readonly number[] | undefined;
}

/** What is to be delivered, as far as it matters for to whom. */
export interface Routed {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

/** Filters that are looked for, and who is told when somebody listens by one. */
export interface AddressedBy {
  readonly prefix: string;
  readonly onListener: () => void;
}

const mayMatchOwn = /^(\+|#|headgate)(\/|$)/;

interface Entry<S> {
  readonly to: S;
  readonly subscription: Subscription;
  readonly filter: string;
  readonly group: Group<S> | undefined;
}

/** Clients that share a subscription: each message goes to one of them. */
interface Group<S> {
  readonly members: Entry<S>[];
  /** Whose turn it is. */
  turn: number;
}

/** All subscriptions of one client that match a topic: it gets one copy for them all (MQTT 5.0 § 3.3.4). */
interface Match<S> {
  readonly to: S;
  readonly subscriptions: readonly Subscription[];
}

interface Matches<S> {
  readonly own: readonly Match<S>[];
  readonly groups: readonly Group<S>[];
  /** Whose filter begins with the prefix that is looked for. */
  readonly addressed: readonly S[];
}

/**
 * Who is subscribed to what. Devices publish to the same topics again and again, and to most of them nobody listens: so who
 * listens to a topic is looked up once, and again when a subscription has come or gone.
 */
export class Subscribers<S extends Subscriber> {
  readonly #tree = newTopicTree<Entry<S>>();
  readonly #groups = new Map<string, Group<S>>();
  readonly #entries = new Map<S, Map<string, Entry<S>>>();
  /** Of all filters of a client, in characters. */
  readonly #lengths = new Map<S, number>();
  readonly #byTopic = new TopicCache<Matches<S>>((topic) => this.#find(topic));
  readonly #addressedBy: AddressedBy;

  constructor(addressedBy: AddressedBy = { prefix: '\0', onListener: () => {} }) {
    this.#addressedBy = addressedBy;
  }

  /** Subscriptions that may match a topic under `headgate/`, the gateway's own. */
  ofOwnTopics = 0;

  /** @returns whether the client had no subscription with this filter */
  add(to: S, subscription: Subscription): boolean {
    const { topic } = subscription;
    const isNew = !this.remove(to, topic);
    const { filter, group: name } = filterOf(topic) ?? { filter: topic, group: undefined };
    const entry: Entry<S> = { to, subscription, filter, group: name === undefined ? undefined : this.#groupOf(topic) };
    entry.group?.members.push(entry);
    let entries = this.#entries.get(to);
    if (entries === undefined) {
      entries = new Map();
      this.#entries.set(to, entries);
    }
    entries.set(topic, entry);
    this.#lengths.set(to, this.lengthOf(to) + topic.length);
    this.#tree.add(filter, entry);
    this.#changed(filter, 1);
    this.arrived(to, filter);
    return isNew;
  }

  /** A client is here that may be looked for by this filter. */
  arrived(to: S, filter: string): void {
    if (to.isConnected && this.#isAddress(filter)) this.#addressedBy.onListener();
  }

  /** @returns whether there was such a subscription */
  remove(to: S, topic: string): boolean {
    const entries = this.#entries.get(to);
    const entry = entries?.get(topic);
    if (entries === undefined || entry === undefined) return false;
    entries.delete(topic);
    this.#lengths.set(to, this.lengthOf(to) - topic.length);
    if (entries.size === 0) {
      this.#entries.delete(to);
      this.#lengths.delete(to);
    }
    this.#tree.remove(entry.filter, entry);
    const { group } = entry;
    if (group !== undefined) {
      group.members.splice(group.members.indexOf(entry), 1);
      if (group.members.length === 0) this.#groups.delete(topic);
    }
    this.#changed(entry.filter, -1);
    return true;
  }

  /** All of a client's subscriptions are over. */
  forget(to: S): void {
    for (const topic of [...(this.#entries.get(to)?.keys() ?? [])]) this.remove(to, topic);
  }

  subscriptionsOf(to: S): Subscription[] {
    return [...(this.#entries.get(to)?.values() ?? [])].map(({ subscription }) => subscription);
  }

  countOf(to: S): number {
    return this.#entries.get(to)?.size ?? 0;
  }

  /** Of all a client's filters, in characters. */
  lengthOf(to: S): number {
    return this.#lengths.get(to) ?? 0;
  }

  /** Whether anybody will get a topic's messages, now or when they are back. */
  wants(topic: string): boolean {
    const { own, groups } = this.#byTopic.get(topic);
    for (const { to, subscriptions } of own) if (to.isConnected || keeps(to, subscriptions)) return true;
    for (const { members } of groups) {
      for (const { to, subscription } of members) if (to.isConnected || keeps(to, [subscription])) return true;
    }
    return false;
  }

  /** Whether anybody who is connected listens to a topic. */
  hasListeners(topic: string): boolean {
    const { own, groups } = this.#byTopic.get(topic);
    return (
      own.some(({ to }) => to.isConnected) || groups.some(({ members }) => members.some(({ to }) => to.isConnected))
    );
  }

  /** Whether anybody who is connected listens to a topic by a filter that names the prefix, not just by one that matches it too. */
  isAddressed(topic: string): boolean {
    return this.#byTopic.get(topic).addressed.some(({ isConnected }) => isConnected);
  }

  /**
   * Who gets a message, and how. Of a shared subscription it is another one each time.
   *
   * @param sender id of the client that published it
   */
  deliveriesOf(message: Routed, sender: string | undefined): Delivery<S>[] {
    const { own, groups } = this.#byTopic.get(message.topic);
    const deliveries: Delivery<S>[] = [];
    for (const { to, subscriptions } of own) {
      const delivery = deliveryOf(message, to, subscriptions, sender);
      if (delivery !== undefined) deliveries.push(delivery);
    }
    for (const group of groups) {
      const chosen = choose(group, message.qos);
      const delivery = chosen && deliveryOf(message, chosen.to, [chosen.subscription], undefined);
      if (delivery !== undefined) deliveries.push(delivery);
    }
    return deliveries;
  }

  /** Whoever asks for all that there is of all devices looks on. */
  #isAddress(filter: string): boolean {
    const { prefix } = this.#addressedBy;
    return filter.startsWith(prefix) && !/^(\+\/)*#$/.test(filter.slice(prefix.length));
  }

  #groupOf(topic: string): Group<S> {
    let group = this.#groups.get(topic);
    if (group === undefined) {
      group = { members: [], turn: 0 };
      this.#groups.set(topic, group);
    }
    return group;
  }

  #changed(filter: string, by: 1 | -1): void {
    if (mayMatchOwn.test(filter)) this.ofOwnTopics += by;
    this.#byTopic.clear();
  }

  #find(topic: string): Matches<S> {
    const own = new Map<S, Subscription[]>();
    const groups = new Set<Group<S>>();
    const addressed = new Set<S>();
    const isDollar = topic.startsWith('$');
    for (const { to, subscription, filter, group } of this.#tree.match(topic)) {
      // MQTT 5.0 § 4.7.2: what begins with `$` is not for filters that begin with a wildcard.
      if (isDollar && (filter.startsWith('#') || filter.startsWith('+'))) continue;
      if (this.#isAddress(filter)) addressed.add(to);
      if (group !== undefined) {
        groups.add(group);
        continue;
      }
      const others = own.get(to);
      if (others === undefined) own.set(to, [subscription]);
      else others.push(subscription);
    }
    return {
      own: [...own].map(([to, subscriptions]) => ({ to, subscriptions })),
      groups: [...groups],
      addressed: [...addressed],
    };
  }
}

function keeps({ isKept }: Subscriber, subscriptions: readonly Subscription[]): boolean {
  return isKept && subscriptions.some(({ qos }) => qos > 0);
}

/** One copy for all subscriptions of a client: with the best QoS that they ask for, and all their identifiers. */
function deliveryOf<S extends Subscriber>(
  { qos, retain }: Routed,
  to: S,
  subscriptions: readonly Subscription[],
  sender: string | undefined,
): Delivery<S> | undefined {
  const isOwn = sender === to.id;
  let best = -1;
  let isAsPublished = false;
  let ids: number[] | undefined;
  for (const { qos: granted, nl, rap, subscriptionIdentifier } of subscriptions) {
    if (isOwn && nl === true) continue;
    if (granted > best) best = granted;
    if (rap === true) isAsPublished = true;
    if (subscriptionIdentifier !== undefined) {
      if (ids === undefined) ids = [subscriptionIdentifier];
      else ids.push(subscriptionIdentifier);
    }
  }
  if (best < 0) return undefined;
  return { to, qos: Math.min(qos, best) as 0 | 1 | 2, retain: retain && isAsPublished, ids };
}

/** The next member that keeps up; then one that is connected; then, for what may wait, one that will be back. */
function choose<S extends Subscriber>(group: Group<S>, qos: number): Entry<S> | undefined {
  const { members } = group;
  let second: Entry<S> | undefined;
  let third: Entry<S> | undefined;
  for (let i = 0; i < members.length; i++) {
    const at = (group.turn + i) % members.length;
    const member = members[at]!;
    const { to, subscription } = member;
    if (to.isConnected && !to.isBusy) {
      group.turn = (at + 1) % members.length;
      return member;
    }
    if (to.isConnected) second ??= member;
    else if (qos > 0 && keeps(to, [subscription])) third ??= member;
  }
  const chosen = second ?? third;
  if (chosen !== undefined) group.turn = (members.indexOf(chosen) + 1) % members.length;
  return chosen;
}
