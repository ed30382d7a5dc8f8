import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface WebRequest {
  readonly method: 'GET' | 'POST';
  /** With its query. */
  readonly path: string;
  /** JSON. */
  readonly body?: string;
}

export interface WebAnswer {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Asks one HTTP server, over connections that are kept. */
export class WebCaller {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #host: string;
  readonly #port: number;

  /** @param address `host:port` */
  constructor(address: string) {
    const [host = '', port = ''] = address.split(':');
    this.#host = host;
    this.#port = Number(port);
  }

  /** The whole answer. @throws an Error when it is not 200, or breaks off */
  call({ method, path, body }: WebRequest): Promise<WebAnswer> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const options = { host: this.#host, port: this.#port, agent: this.#agent, method, path, headers };
      const asked = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const { statusCode, headers } = response;
          if (statusCode === 200) resolve({ headers, text });
          else reject(new Error(`${method} ${path} was answered with ${statusCode}: ${text.slice(0, 300)}`));
        });
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
