import type { TSchema } from 'typebox';
import { kindOf } from '../../core/errors.ts';
import { problemType } from '../problem.ts';
import { accessOperations } from './access.ts';
import { alarmOperations } from './alarms.ts';
import { applianceOperations } from './appliance.ts';
import { configOperations } from './configuration.ts';
import { profileOperations, topicOperations } from './decoding.ts';
import { deviceOperations, measurementOperations } from './devices.ts';
import { firstRunOperations } from './first-run.ts';
import { gatewayOperations } from './gateway.ts';
import { liveOperations } from './live.ts';
import type { Answer, Operation, Operations } from './operation.ts';
import { profileEditorOperations } from './profile-editor.ts';
import { bufferOperations, graphqlOperations, ruleOperations } from './records.ts';
import { serialOperations } from './serial.ts';
import { setUpOperations } from './set-up.ts';
import { upkeepOperations } from './upkeep.ts';

/** Every route of the HTTP port. A test holds it against those that there are. */
export const operations: Operations = {
  ...gatewayOperations,
  ...serialOperations,
  ...accessOperations,
  ...firstRunOperations,
  ...setUpOperations,
  ...deviceOperations,
  ...measurementOperations,
  ...topicOperations,
  ...profileOperations,
  ...profileEditorOperations,
  ...ruleOperations,
  ...configOperations,
  ...upkeepOperations,
  ...applianceOperations,
  ...bufferOperations,
  ...graphqlOperations,
  ...alarmOperations,
  ...liveOperations,
};

const about = `Everything takes and gives JSON unless it says otherwise. What goes wrong is a problem document (RFC 9457) whose \`code\` is the
same in every protocol; \`retryable\` says whether the same can succeed later. A list comes page by page: \`limit\`, and \`after\`, which is
\`next\` of the page before. Programs that reach the gateway from its own machine need no credentials; others send
\`authorization: Bearer TOKEN\`.`;

/** The OpenAPI document, https://spec.openapis.org/oas/v3.1.1. */
export function openApiDocument(version: string): object {
  const paths = new Map<string, Record<string, object>>();
  for (const [name, operation] of Object.entries(operations)) {
    const [method = '', path = ''] = name.split(' ');
    const there = paths.get(path) ?? {};
    there[method.toLowerCase()] = operationObject(name, operation);
    paths.set(path, there);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Headgate', version, summary: 'An IoT gateway.', description: about },
    servers: [{ url: '/' }],
    tags: [...new Set(Object.values(operations).map(({ tag }) => tag))].map((name) => ({ name })),
    paths: Object.fromEntries(paths),
    components: {
      schemas: { Problem: problemSchema },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'A token of a program or a person.' } },
    },
  };
}

function operationObject(name: string, operation: Operation): object {
  const { tag, summary, description, needs, path, query, headers, body, isBodyOptional, answers, problems } = operation;
  const parameters = [
    ...parametersIn('path', path, Object.keys(path ?? {})),
    ...parametersIn('query', query, operation.requiredQuery ?? []),
    ...parametersIn('header', headers, []),
  ];
  return {
    operationId: idOf(name),
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    // Nothing, or a token; who is on this machine needs none.
    security: needs === undefined ? [] : [{}, { token: [] }],
    ...(needs !== undefined && { 'x-needs': needs }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: { required: isBodyOptional !== true, content: contentOf(body) } }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerObject(answer)])),
      ...problemsOf(problems ?? [], Object.keys(answers)),
      default: { description: 'A problem.', content: { [problemType]: { schema: problemReference } } },
    },
  };
}

/** `GET /api/v1/devices/{id}` → `getDevicesId`. */
function idOf(name: string): string {
  const [first = '', ...others] = name
    .replace('/api/v1', '')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  return [first.toLowerCase(), ...others.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join('');
}

function parametersIn(place: string, schemas: Operation['query'], required: readonly string[]): object[] {
  return Object.entries(schemas ?? {}).map(
    ([name, { description, ...schema }]: [string, TSchema & { description?: string }]) => ({
      name,
      in: place,
      ...(required.includes(name) && { required: true }),
      ...(description !== undefined && description !== '' && { description }),
      schema,
    }),
  );
}

function answerObject({ description, content, headers }: Answer): object {
  const told = Object.entries(headers ?? {}).map(([name, text]) => [
    name,
    { description: text, schema: { type: 'string' } },
  ]);
  return {
    description,
    ...(told.length > 0 && { headers: Object.fromEntries(told) }),
    ...(content !== undefined && { content: contentOf(content) }),
  };
}

function contentOf(content: Readonly<Record<string, TSchema>>): object {
  return Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]));
}

function problemsOf(codes: NonNullable<Operation['problems']>, taken: readonly string[]): object {
  const byStatus = new Map<number, string[]>();
  for (const code of codes) {
    const { http } = kindOf(code);
    if (!taken.includes(String(http))) byStatus.set(http, [...(byStatus.get(http) ?? []), `\`${code}\``]);
  }
  const told = [...byStatus].map(([status, names]) => [
    status,
    { description: names.join(', '), content: { [problemType]: { schema: problemReference } } },
  ]);
  return Object.fromEntries(told);
}

const problemReference = { $ref: '#/components/schemas/Problem' };
const problemSchema = {
  type: 'object',
  description: 'RFC 9457; what the codes mean is in src/api/README.md.',
  required: ['type', 'title', 'status', 'code', 'detail', 'advice', 'retryable'],
  properties: {
    type: { const: 'about:blank' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'What programs go by.' },
    detail: { type: 'string', description: 'What is wrong, for people.' },
    advice: { type: 'string', description: 'What to do next.' },
    retryable: { type: 'boolean' },
    retryAfterSeconds: { type: 'number', description: 'How long to wait at least, where trying again can help.' },
    requestId: { type: 'string', description: 'As in `x-request-id` and in the log.' },
    faults: {
      type: 'array',
      description: 'What is wrong one by one, where that is known by key.',
      items: { type: 'object', properties: { key: { type: 'string' }, message: { type: 'string' } } },
    },
    results: { type: 'array', items: {}, description: 'Of a request with several items: one for each.' },
  },
};
