/** Discovery messages as real software sends them, and what follows on the topics that they name. */
export interface Scene {
  /** Where the payloads are from. */
  readonly source: string;
  readonly messages: readonly Said[];
}

/** One message, and what is expected of it. */
export interface Said {
  readonly topic: string;
  readonly payload: string;
  readonly kind: string;
  /** `name` or `name [unit]` → value; over all devices. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly devices?: readonly string[];
  /** The payload is kept beside the fields. */
  readonly isKept?: boolean;
  readonly presence?: Readonly<Record<string, 'online' | 'offline'>>;
}

export const config = (topic: string, payload: object, presence?: Said['presence']): Said => ({
  topic,
  payload: JSON.stringify(payload),
  kind: 'discovery',
  ...(presence && { presence }),
});
