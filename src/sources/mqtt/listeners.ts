import type { ServerCertificate, TlsServer } from '../../auth/tls/server-certificate.ts';
import { HeadgateError } from '../../core/errors.ts';
import type { ByteStream } from '../../lib/byte-stream.ts';
import type { Log } from '../../lib/log.ts';
import { isLoopback } from '../../lib/loopback.ts';
import type { Tally } from '../../lib/tally.ts';
import type { Attempts } from './attempts.ts';
import { Listener } from './listener.ts';
import type { MqttOptions } from './options.ts';
import type { RefusedReason } from './refused.ts';
import type { MqttStatus } from './status.ts';

/** How TLS is spoken, on a port of its own. */
export interface MqttTls {
  readonly options: MqttOptions['tls'];
  readonly certificate: ServerCertificate;
}

export interface ListenersDependencies {
  readonly options: Pick<MqttOptions, 'host' | 'port' | 'maxConnections' | 'connectTimeout'>;
  readonly tls: MqttTls | undefined;
  readonly log: Log;
  readonly refused: Tally<RefusedReason>;
  readonly attempts: Pick<Attempts, 'failed'>;
}

/** The ports on which clients are taken in: one without TLS, and one with it where that is configured. */
export class Listeners {
  readonly #deps: ListenersDependencies;
  readonly #plain = new Listener();
  readonly #secure = new Listener();

  constructor(deps: ListenersDependencies) {
    this.#deps = deps;
  }

  get address(): string {
    return this.#plain.address;
  }

  /** @throws {HeadgateError} port.taken, port.forbidden, address.unavailable; config.invalid, config.unreadable for certificates */
  async start(accept: (stream: ByteStream) => void): Promise<void> {
    const { options, tls, log, refused, attempts } = this.#deps;
    if (tls?.options.requireCertificate === true && tls.options.clientCa === undefined) {
      throw new HeadgateError(
        'config.invalid',
        '`mqtt.tls.requireCertificate` needs the authority that signs devices: name its file with `mqtt.tls.clientCa`.',
      );
    }
    const { host, port, maxConnections, connectTimeout } = options;
    await this.#plain.start({ host, port, maxConnections, accept });
    if (!isLoopback(host) && host !== 'localhost') log.warn({ host }, readable);
    if (tls === undefined) return;
    const { certificate, options: own } = tls;
    const context = await certificate.open();
    const server = await this.#secure.start({
      ...{ host: own.host ?? host, port: own.port, maxConnections, accept },
      tls: {
        context,
        requiresCertificate: own.requireCertificate,
        handshakeMs: connectTimeout,
        onFailure: (from, error) => {
          refused.add('tls-failed');
          attempts.failed({ from, error });
        },
      },
    });
    certificate.follow(server as unknown as TlsServer);
  }

  /** Settled when the connections that were taken in are gone. */
  async close(): Promise<void> {
    this.#deps.tls?.certificate.close();
    await Promise.all([this.#plain.close(), this.#secure.close()]);
  }

  tlsStatus(): MqttStatus['tls'] {
    const status = this.#deps.tls?.certificate.status();
    return status === undefined ? null : { address: this.#secure.address, ...status };
  }
}

const readable =
  'MQTT without TLS is open to other machines: whoever is in between reads passwords and messages. `mqtt.tls.enabled` adds a port with TLS; `mqtt.host` says where the one without listens.';
