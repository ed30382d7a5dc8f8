/**
 * Who asks for something, whatever protocol they ask by.
 *
 * `local`: somebody on this machine, who needs no name. `person`: signed in with a password. `program`: has a token.
 * `device`: has credentials of its own for MQTT. `nobody`: has not said who they are.
 */
export type PrincipalKind = 'local' | 'person' | 'program' | 'device' | 'nobody';

export interface Principal {
  /** Unique among all principals, and for ever: one that was removed is not followed by another of its id. */
  readonly id: string;
  readonly kind: PrincipalKind;
  /** For people and for the log. */
  readonly name: string;
  readonly may: Permissions;
}

/** What a principal may do, as its scopes say. */
export interface Permissions {
  /** Everything, for ever. */
  readonly isAdmin: boolean;
  /** See everything that the gateway knows and takes in. */
  readonly readsAll: boolean;
  /** Globs of the devices that may be seen. */
  readonly readDevices: readonly string[];
  /** Globs of the devices that may be given commands. */
  readonly command: readonly string[];
  /** MQTT topic filters of what may be published. */
  readonly publish: readonly string[];
  /** MQTT topic filters of what may be subscribed to. */
  readonly subscribe: readonly string[];
}

/** What a principal wants to do. */
export type Action =
  /** Publish a message with this topic. */
  | { readonly kind: 'publish'; readonly topic: string }
  /** Be told of every message that a filter matches; `$share/GROUP/FILTER` too. */
  | { readonly kind: 'subscribe'; readonly filter: string }
  /** Be told of one message with this topic. */
  | { readonly kind: 'receive'; readonly topic: string }
  /** See what is known of a device; without one, of the gateway and everything behind it. */
  | { readonly kind: 'read'; readonly deviceId?: string }
  /** Give a device a command. */
  | { readonly kind: 'command'; readonly deviceId: string }
  /** Say that one knows of an alarm: of a device, or without one of the gateway. */
  | { readonly kind: 'acknowledge'; readonly deviceId?: string }
  /** Change the gateway, or who may do what. */
  | { readonly kind: 'admin' };

const nothing: Permissions = {
  isAdmin: false,
  readsAll: false,
  readDevices: [],
  command: [],
  publish: [],
  subscribe: [],
};

/** Whoever has not said who they are. */
export const nobody: Principal = { id: 'nobody', kind: 'nobody', name: 'somebody', may: nothing };

/** Whoever is on this machine, where that is enough. */
export const localPrincipal: Principal = {
  id: 'local',
  kind: 'local',
  name: 'this machine',
  may: { ...nothing, isAdmin: true },
};
