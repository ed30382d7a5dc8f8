import { X509Certificate } from 'node:crypto';
import { checkServerIdentity, createSecureContext } from 'node:tls';
import {
  type ChannelCredentials,
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { HeadgateError } from '../../core/errors.ts';
import { isLoopback } from '../../lib/loopback.ts';
import { adminService } from '../../wire/admin-service.ts';
import type { AdminHandlers } from './handlers.ts';

export interface AdminClientSettings {
  /** `http://HOST:PORT` or `https://HOST:PORT`. */
  readonly url: string;
  readonly token: string;
  /** Authorities that may have signed the collector, PEM. Absent: those that Node knows. */
  readonly ca?: string;
  /** The collector's very certificate, PEM: it is good whatever its names are. */
  readonly certificate?: string;
  /** How long an answer may take, in milliseconds. Default 10 s. */
  readonly deadlineMs?: number;
}

/** Asks a collector's Admin service. */
export class AdminClient implements AdminHandlers {
  readonly #settings: AdminClientSettings;
  readonly #client: Client;

  constructor(settings: AdminClientSettings) {
    this.#settings = settings;
    const { host, hostname, protocol } = new URL(settings.url);
    const channel = protocol === 'https:' ? secureChannel(settings) : credentials.createInsecure();
    this.#client = new Client(host, channel, {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      // An address is no name that TLS could ask for.
      ...(isLoopback(hostname.replace(/^\[|\]$/g, '')) && { 'grpc.ssl_target_name_override': 'localhost' }),
    });
  }

  sendCommand: AdminHandlers['sendCommand'] = (request) => this.#ask(adminService.sendCommand, request);
  createEnrolmentToken: AdminHandlers['createEnrolmentToken'] = (request) =>
    this.#ask(adminService.createEnrolmentToken, request);
  createGatewayToken: AdminHandlers['createGatewayToken'] = (request) =>
    this.#ask(adminService.createGatewayToken, request);
  listGateways: AdminHandlers['listGateways'] = (request) => this.#ask(adminService.listGateways, request);
  revokeGateway: AdminHandlers['revokeGateway'] = (request) => this.#ask(adminService.revokeGateway, request);

  /** @throws HeadgateError as all requests do; not when `gone` ended it */
  watchCommand: AdminHandlers['watchCommand'] = async (request, send, gone) => {
    const { path, requestSerialize, responseDeserialize } = adminService.watchCommand;
    const call = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      this.#metadata(),
    );
    const cancel = (): void => call.cancel();
    gone.addEventListener('abort', cancel, { once: true });
    try {
      await allOf(call, send, gone, (error) => this.#explained(error));
    } finally {
      gone.removeEventListener('abort', cancel);
    }
  };

  close(): void {
    this.#client.close();
  }

  #ask<Request, Response>(
    method: {
      readonly path: string;
      readonly requestSerialize: (message: Request) => Buffer;
      readonly responseDeserialize: (bytes: Buffer) => Response;
    },
    request: Request,
  ): Promise<Response> {
    const { path, requestSerialize, responseDeserialize } = method;
    const deadline = Date.now() + (this.#settings.deadlineMs ?? 10_000);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.#metadata(),
        { deadline },
        (error, response) => {
          if (error !== null) reject(this.#explained(error));
          else resolve(response as Response);
        },
      );
    });
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${this.#settings.token}`);
    return metadata;
  }

  #explained({ code, details }: ServiceError): HeadgateError {
    if (code !== status.UNAVAILABLE && code !== status.DEADLINE_EXCEEDED)
      return new HeadgateError('collector.refused', `The collector says: ${details}`);
    return new HeadgateError('collector.unreachable', `No collector answers at ${this.#settings.url}: ${details}`);
  }
}

function secureChannel({ ca, certificate }: AdminClientSettings): ChannelCredentials {
  const trusted = [ca, certificate].filter((pem) => pem !== undefined);
  const pinned = certificate === undefined ? undefined : new X509Certificate(certificate).fingerprint256;
  const context = createSecureContext({
    ...(trusted.length > 0 && { ca: trusted }),
    allowPartialTrustChain: true,
    minVersion: 'TLSv1.2',
  });
  return credentials.createFromSecureContext(context, {
    checkServerIdentity: (host, shown) =>
      shown.fingerprint256 === pinned ? undefined : checkServerIdentity(host, shown),
  });
}

function allOf<Response>(
  call: ClientReadableStream<Response>,
  send: (response: Response) => void,
  gone: AbortSignal,
  explain: (error: ServiceError) => HeadgateError,
): Promise<void> {
  return new Promise((resolve, reject) => {
    call.on('data', send);
    call.on('end', resolve);
    call.on('error', (error: ServiceError) => {
      if (gone.aborted) resolve();
      else reject(explain(error));
    });
  });
}
