import { writeFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { HeadgateProcess, type SpawnOptions } from './headgate-process.ts';
import { freePort } from './tcp-port.ts';
import { tempDir } from './temp-dir.ts';
import { eventually } from './wait.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly text: string;
}

/** A gateway that is to stay although it can't start, with a configuration file that the test writes. */
export class StayingGateway {
  readonly file: string;
  readonly dataDir: string;
  readonly httpPort: number;
  readonly process: HeadgateProcess;
  readonly isTls: boolean;

  private constructor(file: string, dataDir: string, httpPort: number, process: HeadgateProcess, isTls: boolean) {
    this.file = file;
    this.dataDir = dataDir;
    this.httpPort = httpPort;
    this.process = process;
    this.isTls = isTls;
  }

  /** @param lines of the configuration file, besides those that every gateway of a test has */
  static async spawn(
    t: TestContext,
    lines: readonly string[],
    {
      dataDir = join(tempDir(t), 'data'),
      isTls = false,
      ...options
    }: SpawnOptions & { dataDir?: string; isTls?: boolean } = {},
  ): Promise<StayingGateway> {
    const httpPort = await freePort();
    const file = join(tempDir(t), 'gateway.yaml');
    writeFileSync(file, textOf(lines));
    const set = { dataDir, 'http.port': httpPort, 'uplink.canary': 0, 'collector.port': 0, ...options.set };
    const process = HeadgateProcess.spawn(t, 'run', { ...options, set, args: ['--stay', '--config', file] });
    return new StayingGateway(file, dataDir, httpPort, process, isTls);
  }

  write(lines: readonly string[]): void {
    writeFileSync(this.file, textOf(lines));
  }

  async ask(path: string, options: { method?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const place = { host: '127.0.0.1', port: this.httpPort, path, agent: false, rejectUnauthorized: false };
    const asked = (this.isTls ? requestHttps : requestHttp)({ ...place, ...options }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(parts);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body, text: body.toString() });
      });
    });
    asked.on('error', reject);
    asked.end();
    return await promise;
  }

  /** The page about the failure, once it is there. */
  async page(): Promise<Answer> {
    return await eventually(
      'the page',
      async () => {
        const answer = await this.ask('/');
        return answer.status === 503 && answer.headers['x-headgate-failure'] !== undefined && answer;
      },
      { timeoutMs: 20_000, giveUp: () => this.#ended() },
    );
  }

  #ended(): string | undefined {
    return this.process.hasExited ? `it ended:\n${this.process.said()}` : undefined;
  }
}

function textOf(lines: readonly string[]): string {
  return `${['grpc: { port: 0 }', ...lines].join('\n')}\n`;
}
