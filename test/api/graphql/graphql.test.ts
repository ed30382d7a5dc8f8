import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { resolversOf } from '../../../src/api/graphql/resolvers.ts';
import { HttpApi } from '../../../src/api/http-api.ts';
import { permissionsOf } from '../../../src/auth/scopes.ts';
import type { Command } from '../../../src/core/command.ts';
import { HeadgateError } from '../../../src/core/errors.ts';
import type { Message } from '../../../src/core/message.ts';
import { localPrincipal, type Principal } from '../../../src/core/principal.ts';
import { Site } from '../../registry/site.ts';
import { dependencies } from '../fixtures.ts';

async function api(t: TestContext, scopes?: readonly string[]) {
  const site = await Site.start(t);
  const published: Message[] = [];
  const commands: Command[] = [];
  const deliver = async (message: Message) => {
    if (message.topic === 'full') throw new HeadgateError('buffer.full', 'There is no room.');
    if (message.topic === 'broken') throw new TypeError('a secret of the inside');
    published.push(message);
    return message.topic === 'early' ? {} : { sequence: published.length };
  };
  const may = scopes && permissionsOf(scopes);
  assert.notEqual(typeof may, 'string');
  const principal = may ? { ...localPrincipal, name: 'the test', may } : localPrincipal;
  const app = await new HttpApi(
    dependencies(
      {},
      {
        devices: site.registry,
        publish: { deliver, identity: () => ({ gateway: 'g', epoch: 'e' }), recentDeliveries: () => [] },
        commands: {
          send: async (command: Command) => {
            commands.push(command);
            const { id, deviceId, name } = command;
            return { id, deviceId, name, revision: 1, state: 'queued' };
          },
          watch: () => () => {},
          get: () => undefined,
          ofDevice: () => [],
          over: async () => undefined,
        },
        identify: () => principal as Principal,
      },
    ),
  ).build();
  t.after(() => app.close());
  const post = (body: object | string, headers: object = {}) =>
    app.inject({
      method: 'POST',
      url: '/graphql',
      headers: { 'content-type': 'application/json', ...headers },
      payload: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const ask = async (query: string, variables?: object) => (await post({ query, variables })).json();
  const get = (query: string) => app.inject({ url: `/graphql?${new URLSearchParams({ query })}` });
  return { site, published, commands, post, ask, get };
}

const errorsOf = (answer: { errors?: { message: string; extensions: { code: string } }[] }) =>
  (answer.errors ?? []).map(({ message, extensions }) => [extensions.code, message] as const);

test('devices are asked for, as deep as is wanted', async (t) => {
  const { site, ask, get, post } = await api(t);
  site.says('tasmota:b', {
    fields: { temperature: 21.5, n: 9007199254740993n },
    profile: { name: 'tasmota/plug', version: 1 },
  });
  site.says('x', { fields: { on: true } });
  const query = `query ($id: ID!) {
    devices(first: 1) { total next devices { id name presence fields(names: ["temperature"]) { name value } } }
    device(id: $id) { id profile { name version } fields { name value unit } attributes { name } topics lastSeen }
    nobody: device(id: "nobody") { id }
  }`;
  const { data, errors } = await ask(query, { id: 'tasmota:b' });
  assert.deepEqual(errors ?? [], []);
  assert.equal(data.devices.total, 2);
  assert.equal(data.devices.devices.length, 1);
  assert.deepEqual(data.device.fields[0], { name: 'temperature', value: 21.5, unit: null });
  // Digit by digit, which JSON.parse would round.
  assert.match((await post({ query, variables: { id: 'tasmota:b' } })).body, /"name":"n","value":9007199254740993,/);
  assert.deepEqual(data.device.profile, { name: 'tasmota/plug', version: 1 });
  assert.equal(data.nobody, null);
  const next = await ask(
    `{ devices(after: ${JSON.stringify(data.devices.next)}) { devices { id fields { value } } } }`,
  );
  assert.deepEqual(next.errors ?? [], []);
  assert.deepEqual(next.data.devices.devices, [{ id: 'x', fields: [{ value: true }] }]);
  const gateway = (await get('{ gateway { id health uplink waitingRecords } }')).json();
  assert.equal(gateway.data.gateway.health, 'ready');
});

test('a message is taken in, and its receipt told', async (t) => {
  const { ask, published } = await api(t);
  const publish =
    'mutation ($topic: String!, $text: String, $bytes: String) { publish(topic: $topic, payload: $text, payloadBase64: $bytes) { sequence } }';
  const first = await ask(publish, { topic: 'a', text: '21,5 °C' });
  assert.deepEqual(first, { data: { publish: { sequence: 1 } } });
  assert.deepEqual((await ask(publish, { topic: 'b', bytes: 'AP8=' })).data.publish, { sequence: 2 });
  assert.deepEqual((await ask(publish, { topic: 'early', text: '' })).data.publish, { sequence: null });
  assert.deepEqual(
    published.map(({ source, topic, payload }) => [source, topic, Buffer.from(payload).toString('latin1')]),
    [
      ['graphql', 'a', Buffer.from('21,5 °C').toString('latin1')],
      ['graphql', 'b', '\u0000\u00ff'],
      ['graphql', 'early', ''],
    ],
  );
  const rows: readonly (readonly [variables: object, code: string, says: RegExp])[] = [
    [{ topic: 'full', text: '1' }, 'buffer.full', /no room/],
    [{ topic: 'broken', text: '1' }, 'server.failed', /see its log/],
    [{ topic: 'a' }, 'request.invalid', /is needed/],
    [{ topic: 'a', text: '1', bytes: 'MQ==' }, 'request.invalid', /Only one/],
    [{ topic: 'a', bytes: '*' }, 'request.invalid', /no base64/],
    [{ text: '1' }, 'request.invalid', /\$topic/],
  ];
  for (const [variables, code, says] of rows) {
    const [[found, message] = []] = errorsOf(await ask(publish, variables));
    assert.equal(found, code);
    assert.match(message ?? '', says);
  }
});

test('a device is given a command, in the words of REST', async (t) => {
  const { ask, commands } = await api(t);
  const given = await ask(
    'mutation { sendCommand(device: "lamp", name: "power", payload: "true", id: "c-1", priority: critical, expiresInSeconds: 60) { id device name state result at } }',
  );
  assert.deepEqual(given.data.sendCommand, {
    id: 'c-1',
    device: 'lamp',
    name: 'power',
    state: 'queued',
    result: null,
    at: null,
  });
  const [{ payload, by, ...command }] = commands as [Command];
  assert.deepEqual(command, { id: 'c-1', deviceId: 'lamp', name: 'power', priority: 'critical', expiresInMs: 60_000 });
  assert.equal(Buffer.from(payload).toString(), 'true');
  assert.equal(by, 'this machine');
  const rows: readonly (readonly [args: string, says: RegExp])[] = [
    ['id: "a b"', /`id` must have/],
    ['waitSeconds: 61', /`waitSeconds` must be/],
    ['expiresInSeconds: 0', /`expiresInSeconds` must be/],
    ['payloadBase64: "*"', /no base64/],
  ];
  for (const [args, says] of rows) {
    const [[code, message] = []] = errorsOf(await ask(`mutation { sendCommand(device: "lamp", ${args}) { id } }`));
    assert.equal(code, 'request.invalid');
    assert.match(message ?? '', says);
  }
  assert.equal(commands.length, 1);
});

test('everybody sees and does what they may, and nothing else', async (t) => {
  const { site, ask } = await api(t, ['read:device/a*', 'publish:own/#']);
  for (const id of ['a1', 'a2', 'b']) site.says(id);
  const { data } = await ask('{ devices { total devices { id } } }');
  assert.deepEqual(data.devices, { total: 2, devices: [{ id: 'a1' }, { id: 'a2' }] });
  const rows: readonly (readonly [query: string, code: string | undefined])[] = [
    ['{ device(id: "a1") { id } }', undefined],
    ['{ device(id: "b") { id } }', 'access.denied'],
    ['{ gateway { id } }', 'access.denied'],
    ['mutation { publish(topic: "own/x", payload: "1") { sequence } }', undefined],
    ['mutation { publish(topic: "other", payload: "1") { sequence } }', 'access.denied'],
    ['mutation { sendCommand(device: "a1") { id } }', 'access.denied'],
  ];
  for (const [query, code] of rows) assert.equal(errorsOf(await ask(query))[0]?.[0], code, query);
});

test('what is too deep, too much or no query is refused before anything is done', async (t) => {
  const { post, get, published } = await api(t);
  const nest = (depth: number): string => (depth === 0 ? 'name' : `fields { ${nest(depth - 1)} }`);
  const bomb = Array.from({ length: 30 }, (_, i) => `fragment f${i} on Device { ...f${i + 1} ...f${i + 1} }`).join(' ');
  const rows: readonly (readonly [body: object | string, says: RegExp])[] = [
    [{ query: `{ devices { devices { ${nest(3)} } } }` }, /Cannot query field/],
    [
      { query: '{ devices(first: 1000) { devices { fields { name value unit at } attributes { name value } } } }' },
      /may cost 20000, and costs 63001/,
    ],
    [
      { query: 'query ($n: Int) { devices(first: $n) { devices { fields { name value unit } } } }' },
      /asks for too much/,
    ],
    [{ query: `{ devices { devices { ...f0 } } } ${bomb} fragment f30 on Device { id }` }, /asks for too much/],
    [
      {
        query: `{ __schema { types { ofType: fields { type { ofType { ofType { ofType { ofType { ofType { name } } } } } } } } } }`,
      },
      /levels deep/,
    ],
    [{ query: '{ devices { devices { ...a } } } fragment a on Device { ...a }' }, /fragment ..a../],
    [{ query: `{ ${'a '.repeat(3_000)} }` }, /2000 tokens/],
    [{ query: '{' }, /Syntax Error/],
    [{ query: '{ nothing }' }, /Cannot query field ..nothing/],
    [{ query: 'query a { gateway { id } } query b { gateway { id } }' }, /`operationName`/],
    [{ query: '{ gateway { id } }', operationName: 'x' }, /no operation x/],
    [{ query: 1 }, /`query` must be a text/],
    [{ query: '{ gateway { id } }', variables: [] }, /`variables` must be an object/],
    ['[]', /must be a JSON object/],
  ];
  for (const [body, says] of rows) {
    const response = await post(body);
    assert.equal(response.statusCode, 400, response.body);
    assert.match(response.body, says);
    assert.match(response.body, /"request\.invalid"/);
  }
  const mutation = await get('mutation { publish(topic: "a", payload: "1") { sequence } }');
  assert.equal(mutation.statusCode, 400);
  assert.match(mutation.body, /send this with POST/);
  assert.deepEqual(published, []);
});

test('what devices have is counted as it is told, however many they have', () => {
  const { Device } = resolversOf({} as never);
  const device = {
    fields: [1, 2, 3].map((value) => ({ name: `f${value}`, value })),
    topics: ['a'],
    attributes: { a: '1' },
  };
  for (const [name, length] of [
    ['fields', 3],
    ['topics', 1],
    ['attributes', 1],
  ] as const) {
    const ask = (told: number) => Device![name]!(device as never, {} as never, { told } as never) as unknown[];
    assert.equal(ask(50_000 - length).length, length, name);
    assert.throws(() => ask(50_001 - length), { code: 'request.invalid' }, name);
  }
});

test('it answers in the form that is asked for', async (t) => {
  const { post } = await api(t);
  const own = await post({ query: '{ gateway { id } }' }, { accept: 'application/graphql-response+json' });
  assert.match(String(own.headers['content-type']), /^application\/graphql-response\+json/);
  assert.match(String((await post({ query: '{ gateway { id } }' })).headers['content-type']), /^application\/json/);
  const introspection = await post({ query: '{ __schema { queryType { name } types { name fields { name } } } }' });
  assert.equal(introspection.json().data.__schema.queryType.name, 'Query');
});
