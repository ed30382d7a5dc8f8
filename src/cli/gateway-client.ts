import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { rootCertificates } from 'node:tls';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { parseExact } from '../lib/exact-json.ts';
import { type Usage, wrong } from './arguments.ts';
import { authorityFor, authorizationFor, configuredUrl } from './own-token.ts';

/** A gateway that is up answers in milliseconds; one that takes this long is not well. */
const askTimeoutMs = 10_000;

export const usualUrl = 'http://127.0.0.1:8080';

/** The option of every verb that asks a running gateway. */
export const urlOption = {
  url: { value: 'URL', about: `The gateway's HTTP address; that of the configuration, or ${usualUrl}, without it.` },
} as const;

/** The gateway's address that was given, or that of the configuration. @throws {HeadgateError} usage.invalid when it is none */
export async function urlOf(usage: Usage, given: string | undefined): Promise<string> {
  const url = given ?? (await configuredUrl()) ?? usualUrl;
  if (!/^https?:\/\/./.test(url) || !URL.canParse(url)) {
    throw wrong(usage, `--url takes an address such as ${usualUrl}, not ${url}.`);
  }
  return url;
}

/**
 * Posts JSON to a running gateway. Waits for as long as it takes: a large backup takes minutes.
 * @returns the answer, whose content is still to be read
 * @throws {HeadgateError} gateway.unreachable; gateway.refused with what the gateway says
 */
export async function post(url: string, path: string, body: object): Promise<IncomingMessage> {
  return await answerOf(url, 'POST', path, body);
}

/**
 * Asks a running gateway for something that it answers at once.
 * @returns the JSON object that it is answered with, whole numbers beyond 2^53 as bigints; undefined: no content
 * @throws {HeadgateError} gateway.unreachable; gateway.refused with what the gateway says
 */
export async function ask(
  url: string,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const answer = await answerOf(url, method, path, body, askTimeoutMs);
  const text = await textOf(answer, url);
  if (answer.statusCode === 204) return undefined;
  const found = parsed(text);
  if (found === undefined) throw noGateway(url, 'something that is no answer to this');
  return found;
}

async function answerOf(
  url: string,
  method: string,
  path: string,
  body?: object,
  timeoutMs?: number,
): Promise<IncomingMessage> {
  const full = new URL(path, url);
  const text = body && JSON.stringify(body);
  const sentWith = async (authorization: string | undefined) =>
    await send(full, method, { text, authorization, timeoutMs, ca }).catch((error: unknown) => {
      throw unreachable(url, reasonOf(error), error);
    });
  const ca = await authorityFor(full);
  const shown = await authorizationFor(full, method);
  let answer = await sentWith(shown?.text);
  let { statusCode = 0 } = answer;
  if (statusCode >= 200 && statusCode < 300) return answer;
  let problem = parsed(await textOf(answer, url));
  // The key that was found may be another gateway's on this machine: this one may ask for none.
  if (shown?.isFound && statusCode === 401) {
    answer = await sentWith(undefined);
    statusCode = answer.statusCode ?? 0;
    if (statusCode >= 200 && statusCode < 300) return answer;
    problem = parsed(await textOf(answer, url));
  }
  if (statusCode === 401 && typeof problem?.detail === 'string') throw new HeadgateError('gateway.refused', whoAreYou);
  // An older gateway says it has no such path; any other server says so in its own way.
  if (typeof problem?.detail === 'string') throw new HeadgateError('gateway.refused', sentenceOf(problem));
  throw noGateway(url, `HTTP ${statusCode}`);
}

/** What a problem document says is wrong, and what to do where that does not say so itself. */
function sentenceOf({ code, detail, advice }: Readonly<Record<string, unknown>>): string {
  const isWhole = typeof advice !== 'string' || String(code).startsWith('request.');
  return isWhole ? String(detail) : `${detail} ${advice}`;
}

/** {@link post}, and the JSON object that it is answered with. */
export async function postForJson(url: string, path: string, body: object): Promise<Readonly<Record<string, unknown>>> {
  const found = parsed(await textOf(await post(url, path, body), url));
  if (found === undefined) throw noGateway(url, 'something that is no answer to this');
  return found;
}

/** The content of an answer, as it comes. @throws {HeadgateError} gateway.unreachable when it breaks off */
export async function* contentOf(answer: IncomingMessage, url: string): AsyncGenerator<string, void, void> {
  try {
    for await (const chunk of answer.setEncoding('utf8')) yield chunk as string;
  } catch (error) {
    throw unreachable(url, 'its answer broke off, so what came of it is not all', error);
  }
}

/** That what listens there is something else. */
export function noGateway(url: string, said: string): HeadgateError {
  return new HeadgateError('gateway.unreachable', `What answers at ${url} is no Headgate gateway: it said ${said}.`);
}

export function unreachable(url: string, reason: string, cause: unknown): HeadgateError {
  return new HeadgateError('gateway.unreachable', `No gateway answers at ${url}: ${reason}.`, { cause });
}

/** Why nobody answered, in a few words. */
export function reasonOf(error: unknown): string {
  // fetch says "fetch failed" and keeps the reason, with its code, in the cause.
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'that host name is unknown';
  return messageOf(cause);
}

const whoAreYou =
  'The gateway does not know who asks. On its own machine, run this as the user that runs it, with the same HEADGATE_CONFIG or ' +
  'HEADGATE_DATA_DIR; elsewhere, put a token of `headgate token create` into HEADGATE_TOKEN.';

interface Sent {
  readonly text: string | undefined;
  readonly authorization: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly ca: string | undefined;
}

function send(url: URL, method: string, { text, authorization, timeoutMs, ca }: Sent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    const headers = {
      ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      ...(authorization !== undefined && { authorization }),
    };
    const asked = request(
      url,
      { method, headers, agent: false, ...(ca !== undefined && { ca: [...rootCertificates, ca] }) },
      resolve,
    );
    if (timeoutMs !== undefined) {
      asked.setTimeout(timeoutMs, () => asked.destroy(new Error(`it took longer than ${timeoutMs / 1_000} s`)));
    }
    asked.on('error', reject);
    asked.end(text);
  });
}

async function textOf(answer: IncomingMessage, url: string): Promise<string> {
  let text = '';
  for await (const chunk of contentOf(answer, url)) text += chunk;
  return text;
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = parseExact(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Not JSON, so not a gateway's.
    return undefined;
  }
}
