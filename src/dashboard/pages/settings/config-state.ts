import { signal } from '@preact/signals';
import { ask, send } from '../../api/ask.ts';
import type { GetConfigAnswer } from '../../api/schema.ts';
import type { SchemaNode } from './form-model.ts';

// The configuration as it was read last, for all sections that show or change some of it.

export type ConfigView = GetConfigAnswer;
export type KeyView = ConfigView['keys'][string];

export const config = signal<{ readonly view: ConfigView; readonly etag: string } | undefined>(undefined);
/** Why it could not be read. */
export const configError = signal<unknown>(undefined);

const path = 'api/v1/config';

/** Reads it anew. What goes wrong is in `configError`, and what was there stays. */
export async function loadConfig(): Promise<void> {
  try {
    await keep(await send(path));
    configError.value = undefined;
  } catch (error) {
    configError.value = error;
  }
}

/** Sets keys, provided that nothing has changed since it was read. @param patch RFC 7396 @throws {ApiProblem} */
export async function patchConfig(patch: object): Promise<void> {
  await keep(await send(path, { method: 'PATCH', body: patch, headers: ifMatch() }));
}

/** What is on trial is to stay; or that it was taken back was seen. @throws {ApiProblem} */
export async function confirmConfig(): Promise<void> {
  await keep(await send(`${path}/confirm`, { method: 'POST' }));
}

function ifMatch(): Record<string, string> {
  return config.value === undefined ? {} : { 'if-match': config.value.etag };
}

async function keep(response: Response): Promise<void> {
  config.value = { view: (await response.json()) as ConfigView, etag: response.headers.get('etag') ?? '*' };
}

let schema: Promise<SchemaNode> | undefined;

/** What each key means; asked for once. @throws {ApiProblem} */
export function configSchema(): Promise<SchemaNode> {
  schema ??= ask<SchemaNode>(`${path}/schema`).catch((error) => {
    schema = undefined;
    throw error;
  });
  return schema;
}
