import { signal } from '@preact/signals';

/** What went wrong, as the gateway tells it (RFC 9457), or that it could not be asked. */
export class ApiProblem extends Error {
  readonly code: string;
  readonly status: number;
  /** What to do next; a sentence. */
  readonly advice: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** The whole answer, for what else is in it. */
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: number, body: Readonly<Record<string, unknown>>) {
    super(typeof body.detail === 'string' ? body.detail : String(body.title ?? `HTTP ${status}`));
    this.status = status;
    this.body = body;
    this.code = typeof body.code === 'string' ? body.code : 'unknown';
    this.advice = typeof body.advice === 'string' ? body.advice : undefined;
    this.retryAfterSeconds = typeof body.retryAfterSeconds === 'number' ? body.retryAfterSeconds : undefined;
  }
}

/** Sent with every change; from the session. */
let csrf = '';
export function setCsrfToken(token: string | undefined): void {
  csrf = token ?? '';
}

/** Counts the times that the gateway did not know who asks: the session is over, and the page asks who it is. */
export const unknownCount = signal(0);

export interface AskOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, in the place of `body`. */
  readonly file?: Blob;
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * Asks the gateway.
 *
 * @param path without a slash in front (`api/v1/devices`): the page may be under any path
 * @returns the answer's JSON; undefined for one without a body
 * @throws {ApiProblem} with code `gateway.unreachable` when there is no answer
 */
export async function ask<T>(path: string, options: AskOptions = {}): Promise<T> {
  const response = await send(path, options);
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** As {@link ask}, for whoever wants the response itself: a download, an ETag. @throws {ApiProblem} unless it is a success */
export async function send(
  path: string,
  { method = 'GET', body, file, query, headers, signal }: AskOptions = {},
): Promise<Response> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(name, String(value));
  const url = search.size === 0 ? path : `${path}?${search}`;
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      cache: 'no-store',
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(file !== undefined && { 'content-type': 'application/octet-stream' }),
        ...(method !== 'GET' && csrf !== '' && { 'x-csrf-token': csrf }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(file !== undefined && { body: file }),
      ...(signal !== undefined && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiProblem(0, { code: 'gateway.unreachable', detail: 'The gateway does not answer.' });
  }
  if (response.ok) return response;
  if (response.status === 401 && !path.startsWith('api/v1/session')) unknownCount.value++;
  throw new ApiProblem(response.status, await problemIn(response));
}

async function problemIn(response: Response): Promise<Readonly<Record<string, unknown>>> {
  try {
    const found: unknown = await response.json();
    return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    // From a proxy, say.
    return {};
  }
}
