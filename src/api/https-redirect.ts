import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listenError, portOf } from '../lib/listen-error.ts';
import type { Log } from '../lib/log.ts';

export interface HttpsRedirectOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Where https:// is, as others see it. */
  readonly publicPort: number;
}

/** A name or an address as RFC 3986, 3.2.2 has them, and a port. Nothing else of what somebody sends comes back to them. */
const hostShape = /^([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9.])?|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;
const pathShape = /^\/[!-~]{0,2000}$/;
/** All of one request fits into so much, in a second or five. */
const maxHeaderBytes = 4 * 1024;
const requestMs = 5_000;
const maxConnections = 100;

/**
 * Answers plain HTTP with nothing but the address that speaks TLS: for who types a bare name into a browser. It reads no body, keeps no
 * connection, and knows nothing of the gateway.
 */
export class HttpsRedirect {
  readonly #options: HttpsRedirectOptions;
  #server: Server | undefined;

  constructor(options: HttpsRedirectOptions) {
    this.#options = options;
  }

  /** A convenience: where its port is taken, that is said in the log, and everything else goes on. */
  async start(log: Log): Promise<void> {
    const { host, port, publicPort } = this.#options;
    const server = createServer(
      {
        maxHeaderSize: maxHeaderBytes,
        requestTimeout: requestMs,
        headersTimeout: requestMs,
        connectionsCheckingInterval: 1_000,
      },
      (request, response) => answer(request, response, publicPort),
    );
    server.maxConnections = maxConnections;
    server.on('clientError', (_error, socket) => {
      socket.destroy();
    });
    await new Promise<void>((resolve) => {
      server.once('error', (error) => {
        const what = listenError(error, 'the redirect to https://', `${host}:${port}`);
        log.warn({ code: what.code }, `${what.message} Browsers have to be given the whole address.`);
        resolve();
      });
      server.listen(port, host, () => {
        this.#server = server;
        resolve();
      });
    });
  }

  /** Undefined: it does not listen. */
  get port(): number | undefined {
    return this.#server && portOf(this.#server);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }
}

function answer({ headers, url = '' }: IncomingMessage, response: ServerResponse, publicPort: number): void {
  const [, name] = hostShape.exec(headers.host ?? '') ?? [];
  response.setHeader('connection', 'close');
  response.setHeader('content-length', '0');
  if (name === undefined) {
    response.writeHead(400).end();
    return;
  }
  const port = publicPort === 443 ? '' : `:${publicPort}`;
  // 308 (RFC 9110, 15.4.9): whatever was sent in the clear, nobody is to send it again as something else.
  response.writeHead(308, { location: `https://${name}${port}${pathShape.test(url) ? url : '/'}` }).end();
}
