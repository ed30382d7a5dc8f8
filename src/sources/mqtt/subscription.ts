/** A client's subscription as it is kept (MQTT 5.0 § 3.8.3). Absent options are MQTT 3's. */
export interface Subscription {
  /** The filter as the client gave it, `$share/GROUP/` included. */
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  /** No Local: not what the client itself publishes. */
  readonly nl?: boolean | undefined;
  /** Retain As Published. */
  readonly rap?: boolean | undefined;
  /** Retain Handling: 0 retained messages always, 1 with a new subscription, 2 never. */
  readonly rh?: number | undefined;
  readonly subscriptionIdentifier?: number | undefined;
}

const sharePrefix = '$share/';

/** A filter, and the group that shares it (MQTT 5.0 § 4.8.2). */
export interface FilterOf {
  readonly filter: string;
  /** The group's name; undefined for a subscription of one client's own. */
  readonly group: string | undefined;
}

/** Takes `$share/GROUP/FILTER` apart; undefined when it is not well-formed. */
export function filterOf(topic: string): FilterOf | undefined {
  if (!topic.startsWith(sharePrefix)) return { filter: topic, group: undefined };
  const end = topic.indexOf('/', sharePrefix.length);
  const group = topic.slice(sharePrefix.length, end);
  if (end <= sharePrefix.length || end === topic.length - 1 || /[+#]/.test(group)) return undefined;
  return { filter: topic.slice(end + 1), group };
}
