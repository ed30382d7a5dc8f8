/** Where on the shelf lies what the broker remembers. A name that is in use means the same for ever. */
export const spaces = {
  /** By client: when its session ends. Only those that end. */
  sessions: 'mqtt.sessions',
  /** By client: what its session is subscribed to. */
  subscriptions: 'mqtt.subscriptions',
  /** By topic: its retained message. */
  retained: 'mqtt.retained',
  /** By running number and client: a message for it, or the release of one. */
  queued: 'mqtt.queued',
  /** By packet id and client: a QoS 2 message of its that it has not released. */
  open: 'mqtt.open',
  /** By client: its will. */
  wills: 'mqtt.wills',
} as const;

const numberDigits = 12;
const packetIdDigits = 4;

/** A key that sorts by a running number, up to 2^48. */
export function queuedKey(number: number, clientId: string): string {
  return number.toString(16).padStart(numberDigits, '0') + clientId;
}

/** What {@link queuedKey} made a key of. */
export function parseQueuedKey(key: string): { readonly number: number; readonly clientId: string } {
  return { number: Number.parseInt(key.slice(0, numberDigits), 16), clientId: key.slice(numberDigits) };
}

export function openKey(packetId: number, clientId: string): string {
  return packetId.toString(16).padStart(packetIdDigits, '0') + clientId;
}

/** What {@link openKey} made a key of. */
export function parseOpenKey(key: string): { readonly packetId: number; readonly clientId: string } {
  return { packetId: Number.parseInt(key.slice(0, packetIdDigits), 16), clientId: key.slice(packetIdDigits) };
}
