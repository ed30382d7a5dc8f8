import { HeadgateError } from '../core/errors.ts';
import type { Shelf } from '../core/shelf.ts';
import { fieldsOf, oneOf, plainText } from './given.ts';
import { hostsOf, mdnsName, type Network, partsOf, type ReachableHost, urlHost } from './reach.ts';

/** A listener with TLS, and by what its certificate is recognised. */
export interface TlsDoor {
  readonly port: number;
  /** The gateway made its certificate itself, so a client has to be told to trust it. */
  readonly isOwn: boolean;
  /** SHA-256 of the certificate, in hex with colons. */
  readonly fingerprint: string;
}

/** How a device reaches the broker. */
export interface MqttDoor {
  /** Most likely to work first. */
  readonly hosts: readonly ReachableHost[];
  readonly port: number;
  /** Null: TLS is not spoken. */
  readonly tls: TlsDoor | null;
}

/** What people call the gateway, and where it is found. */
export interface GatewayReport {
  /** The name under which the collector knows it. */
  readonly id: string;
  /** For people: as they named it, as the configuration does, or the id. */
  readonly name: string;
  readonly isNamed: boolean;
  readonly version: string;
  /** IANA name of the zone in which times are shown. */
  readonly timeZone: string;
  readonly units: 'metric' | 'imperial';
  readonly hostname: string;
  /** `HOSTNAME.local`; null: nothing on this machine answers for it. */
  readonly mdnsName: string | null;
  readonly http: { readonly urls: readonly string[]; readonly isTls: boolean };
  /** Null while it does not listen. */
  readonly mqtt: MqttDoor | null;
}

export interface GatewayCardDependencies {
  readonly shelf: Shelf;
  /** Of the configuration. */
  readonly configuredName: string | undefined;
  readonly id: () => string;
  readonly version: string;
  /** The system's. */
  readonly timeZone: string;
  readonly network: () => Network;
  /** Where the servers listen; empty: nowhere. */
  readonly addresses: () => {
    readonly http: string;
    readonly isHttpTls: boolean;
    /** The port under which others reach the first; absent: the same. */
    readonly publicPort?: number | undefined;
    readonly mqtt: string;
    readonly mqttTls: (Omit<TlsDoor, 'port'> & { readonly address: string }) | null;
  };
}

/** What somebody said; absent: as it is. */
interface Card {
  readonly name?: string;
  /** What the configuration called it then: what it says anew holds over what was said here before. */
  readonly configuredName?: string;
  readonly timeZone?: string;
  readonly units?: 'metric' | 'imperial';
}

const space = 'first-run.gateway';
const key = 'card';
const maxName = 200;

/** What people call the gateway, and how they want its pages to show times and units. */
export class GatewayCard {
  readonly #deps: GatewayCardDependencies;
  #card: Card = {};

  constructor(deps: GatewayCardDependencies) {
    this.#deps = deps;
  }

  /** @throws {HeadgateError} buffer.failed when the shelf can't be read */
  async load(): Promise<void> {
    for (const [, value] of await this.#deps.shelf.entries(space)) {
      try {
        this.#card = JSON.parse(Buffer.from(value).toString()) as Card;
      } catch {
        // Damaged: it is called as the configuration says, until somebody names it again.
      }
    }
  }

  report(): GatewayReport {
    const { configuredName, id, version, timeZone, network, addresses } = this.#deps;
    const { name, units = 'metric', ...card } = this.#card;
    const given = (card.configuredName === configuredName ? name : undefined) ?? configuredName;
    const found = network();
    const { http, isHttpTls, publicPort } = addresses();
    const web = partsOf(http);
    const scheme = isHttpTls ? 'https' : 'http';
    const shown = publicPort ?? web?.port;
    const port = shown === undefined || shown === (isHttpTls ? 443 : 80) ? '' : `:${shown}`;
    return {
      id: id(),
      name: given ?? id(),
      isNamed: given !== undefined,
      version,
      timeZone: card.timeZone ?? timeZone,
      units,
      hostname: found.hostname,
      mdnsName: mdnsName(found) ?? null,
      http: {
        urls:
          web === undefined ? [] : hostsOf(web.host, found).map(({ host }) => `${scheme}://${urlHost(host)}${port}`),
        isTls: isHttpTls,
      },
      mqtt: this.mqtt(found),
    };
  }

  /** What a device has to be told of the broker; null while it does not listen. */
  mqtt(network = this.#deps.network()): MqttDoor | null {
    const { mqtt, mqttTls } = this.#deps.addresses();
    const door = partsOf(mqtt);
    if (door === undefined) return null;
    const secure = mqttTls === null ? undefined : partsOf(mqttTls.address);
    const tls = secure && { port: secure.port, isOwn: mqttTls!.isOwn, fingerprint: mqttTls!.fingerprint };
    return { hosts: hostsOf(door.host, network), port: door.port, tls: tls ?? null };
  }

  /** What is left out stays; null takes back. Durable when it resolves. @throws {HeadgateError} request.invalid, buffer.failed */
  async change(body: unknown): Promise<GatewayReport> {
    const { shelf, configuredName } = this.#deps;
    const { name, timeZone, units } = fieldsOf(body, ['name', 'timeZone', 'units']);
    const next: Record<string, string> = { ...this.#card };
    if (name !== undefined) {
      put(next, 'name', name === null ? undefined : plainText('name', name, maxName));
      put(next, 'configuredName', name === null ? undefined : configuredName);
    }
    if (timeZone !== undefined) put(next, 'timeZone', timeZone === null ? undefined : zoneOf(timeZone));
    if (units !== undefined)
      put(next, 'units', units === null ? undefined : oneOf('units', units, ['metric', 'imperial']));
    this.#card = next as Card;
    shelf.put(space, key, Buffer.from(JSON.stringify(next)));
    await shelf.saved();
    return this.report();
  }
}

function put(card: Record<string, string>, name: string, value: string | undefined): void {
  if (value === undefined) delete card[name];
  else card[name] = value;
}

function zoneOf(value: unknown): string {
  const zone = plainText('timeZone', value, 100);
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    // A RangeError: there is no such zone.
    throw new HeadgateError('request.invalid', '`timeZone` must be the name of a time zone, such as Europe/Berlin.');
  }
}
