import { randomBytes } from 'node:crypto';
import { Client, type ClientDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import { messageOf } from '../core/errors.ts';
import { ConnectResponse, type Welcome } from '../wire/generated/headgate/v1/uplink.ts';
import { uplinkService } from '../wire/uplink-service.ts';
import type { Address } from './addresses.ts';
import { metadataOf, targetOf } from './connection.ts';
import { encodeMessage, encodePing } from './messages.ts';
import { plainReason } from './plain-reason.ts';
import type { ProbeSettings } from './probe.ts';
import { msSince, type Outcome, type ProbeReport, sentence } from './probe-report.ts';
import { Transport } from './transport.ts';
import { whoIsThere } from './who-is-there.ts';

export interface Talk {
  readonly auth: Outcome;
  readonly echo: Outcome;
  readonly collector: ProbeReport['collector'];
}

interface TalkSettings extends ProbeSettings {
  readonly address: Address;
  readonly patienceMs: number;
}

/** A hello of this version says nothing of lineages: the collector notes none. */
const quietVersion = 1;
const nonce = 7n;
const strange = 'Is that the collector’s port?';
const waiting = 'An enrolment token is good once: whether it is right is seen when the gateway enrols.';
const notLetIn: readonly number[] = [status.UNAUTHENTICATED, status.PERMISSION_DENIED];

const skipped = (detail: string): Outcome => ({ state: 'skipped', ms: null, detail, advice: null });

/**
 * Speaks to a collector over a connection of its own: a ping, which it answers to anybody, then, for a data directory that there is
 * none of, a hello, which it answers to whom it lets in. Never rejects.
 */
export async function talkTo(settings: TalkSettings): Promise<Talk> {
  const { url, address, presented, gateway, agent, now, patienceMs } = settings;
  const transport = new Transport(presented.tls, now);
  const { target, named } = targetOf({ url, address });
  const client = new Client(target, transport, {
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
    ...named,
  });
  const { path, requestSerialize, responseDeserialize } = uplinkService.connect;
  const deadline = Date.now() + patienceMs;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadataOf(presented), {
    deadline,
  });
  const began = performance.now();
  try {
    const heard = new Answers(call);
    call.write(encodePing(nonce));
    const pong = await heard.next('pong');
    if ('error' in pong) return await unanswered(pong.error, transport, settings, began);
    const echo: Outcome = { state: 'ok', ms: msSince(began), detail: 'A collector answers.', advice: null };
    if (gateway === undefined) return { auth: skipped(waiting), echo, collector: null };
    const asked = performance.now();
    const value = {
      ...{ version: quietVersion, gateway, epoch: testEpoch(), firstWaiting: 0n, lastSequence: 0n, agent },
      ...{ lineages: [], takesOver: '', heardEverySeconds: 0 },
    };
    call.write(encodeMessage({ $case: 'hello', value } as never));
    const welcome = await heard.next('welcome');
    if ('error' in welcome) {
      const detail = sentence(plainReason(welcome.error.details || welcome.error.message, welcome.error.code));
      const isRefused = notLetIn.includes(welcome.error.code);
      const advice = isRefused ? 'Enrol this gateway there, or give it the token that the collector knows.' : strange;
      return { auth: { state: 'failed', ms: msSince(asked), detail, advice }, echo, collector: null };
    }
    const { version, agent: software } = welcome.value as Welcome;
    const detail = `It is let in as ${gateway}.`;
    return {
      auth: { state: 'ok', ms: msSince(asked), detail, advice: null },
      echo,
      collector: { agent: software.slice(0, 100), protocol: version },
    };
  } finally {
    call.cancel();
    client.close();
  }
}

async function unanswered(
  error: ServiceError,
  transport: Transport,
  { presented }: TalkSettings,
  began: number,
): Promise<Talk> {
  const failed = (detail: string, advice: string | null): Outcome => {
    return { state: 'failed', ms: msSince(began), detail: sentence(detail), advice };
  };
  const { failure, endpoint } = transport;
  const reason = failure?.reason ?? plainReason(error.details || error.message, error.code);
  // Where nobody is let in without a certificate, the connection ends before a word is said.
  const isCertificate = failure !== undefined && /this gateway's certificate/.test(failure.reason);
  if (isCertificate || notLetIn.includes(error.code))
    return { auth: failed(reason, null), echo: skipped('Not tried, as this gateway is not let in.'), collector: null };
  const isPlain = presented.tls === undefined && error.code === status.UNAVAILABLE && endpoint !== undefined;
  const stranger = isPlain ? await whoIsThere(endpoint) : undefined;
  const isLate = error.code === status.DEADLINE_EXCEEDED;
  const echo = failed(stranger?.reason ?? (isLate ? 'nothing is answered in time' : reason), strange);
  return { auth: skipped('Not tried, as nobody answers as a collector does.'), echo, collector: null };
}

type Heard = { readonly value: unknown } | { readonly error: ServiceError };

/** What comes over the stream, one wanted message after the other. */
class Answers {
  #error: ServiceError | undefined;
  readonly #kept = new Map<string, unknown>();
  #wanted: { readonly name: string; readonly done: (heard: Heard) => void } | undefined;

  constructor(call: ClientDuplexStream<Uint8Array, Buffer>) {
    call.on('data', (bytes: Buffer) => this.#heard(bytes));
    call.on('error', (error: ServiceError) => this.#failed(error));
    call.on('end', () => this.#failed(asError('the collector ended the stream')));
  }

  next(name: 'pong' | 'welcome'): Promise<Heard> {
    if (this.#kept.has(name)) return Promise.resolve({ value: this.#kept.get(name) });
    if (this.#error !== undefined) return Promise.resolve({ error: this.#error });
    return new Promise((done) => {
      this.#wanted = { name, done };
    });
  }

  #heard(bytes: Buffer): void {
    try {
      const { message } = ConnectResponse.decode(bytes);
      if (message === undefined) return;
      if (this.#wanted?.name === message.$case) this.#wanted.done({ value: message.value });
      else this.#kept.set(message.$case, message.value);
    } catch (error) {
      this.#failed(asError(`it sent what is not the protocol: ${messageOf(error)}`));
    }
  }

  #failed(error: ServiceError): void {
    this.#error ??= error;
    this.#wanted?.done({ error: this.#error });
  }
}

function asError(details: string): ServiceError {
  return Object.assign(new Error(details), { code: status.UNKNOWN, details }) as ServiceError;
}

/** A data directory that there is none of: what is asked for is not about records. */
function testEpoch(): string {
  return `connection-test-${randomBytes(6).toString('hex')}`;
}
