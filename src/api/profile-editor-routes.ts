import type { FastifyInstance } from 'fastify';
import type { Captured } from '../profiles/language/draft.ts';
import type { Trial } from '../profiles/workbench.ts';
import { objectIn } from './body.ts';
import { decodedAnswer } from './decoded-answer.ts';
import { admin, needs, read } from './guard.ts';
import { problem, sendProblem } from './problem.ts';
import type { ReloadedProfiles } from './profiles-routes.ts';

/** Where profiles are made. Whatever fails is a {@link HeadgateError}. */
export interface ProfileEditorApi {
  draft(captured: Captured): string;
  tryOut(name: string, text: string, message?: { readonly topic: string; readonly payload: Uint8Array }): Trial;
  /** Its text; undefined: it was not made here. */
  text(name: string): string | undefined;
  /** Writes it, and has it hold from the next message on. @throws {HeadgateError} request.invalid with `faults`, request.conflict, … */
  save(name: string, text: string): ReloadedProfiles & { readonly file: string };
  /** @returns undefined when it was not made here */
  remove(name: string): ReloadedProfiles | undefined;
}

const path = '/api/v1/profiles';
const maxTopic = 1_000;

/**
 * For administrators: `POST …/preview` tells what is wrong in a profile's text or what its examples become, `…/draft` writes a first one
 * from a message; `PUT …/{vendor}/{model}` saves one, `DELETE` removes one that was saved so, and `GET …/{vendor}/{model}/text`
 * has its text.
 */
export function addProfileEditorRoutes(app: FastifyInstance, editor: ProfileEditorApi): void {
  app.post(`${path}/preview`, needs(admin), (request, reply) => {
    const asked = messageIn(request.body, ['name', 'text', 'topic', 'payload', 'payloadHex']);
    if (typeof asked === 'string') return sendProblem(reply, problem(400, asked));
    const { given, topic, payload } = asked;
    const { name = 'my/device', text } = given;
    if (typeof name !== 'string') return sendProblem(reply, problem(400, '`name` must be a text: `vendor/model`.'));
    if (typeof text !== 'string')
      return sendProblem(reply, problem(400, "`text` must be a profile's text, as in its file."));
    const message = topic !== undefined && payload !== undefined ? { topic, payload } : undefined;
    return reply.send(trialAnswer(editor.tryOut(name, text, message)));
  });
  app.post(`${path}/draft`, needs(admin), (request, reply) => {
    const asked = messageIn(request.body, ['name', 'topic', 'payload', 'payloadHex', 'deviceLevel']);
    if (typeof asked === 'string') return sendProblem(reply, problem(400, asked));
    const { given, topic, payload } = asked;
    const { name, deviceLevel } = given;
    if (typeof name !== 'string') return sendProblem(reply, problem(400, '`name` must be a text: `vendor/model`.'));
    if (topic === undefined || payload === undefined)
      return sendProblem(
        reply,
        problem(400, '`topic`, and `payload` or `payloadHex`, tell the message that it is for.'),
      );
    const levels = topic.split('/').length;
    if (deviceLevel !== undefined && !isLevel(deviceLevel, levels))
      return sendProblem(reply, problem(400, `\`deviceLevel\` must be a level of the topic, from 1 to ${levels}.`));
    return reply.send({ text: editor.draft({ name, topic, payload, deviceLevel: deviceLevel as number | undefined }) });
  });
  app.get(`${path}/:vendor/:model/text`, needs(read), (request, reply) => {
    const name = nameOf(request.params);
    const text = editor.text(name);
    return text === undefined ? sendProblem(reply, problem(404, notOwn(name))) : reply.send({ name, text });
  });
  app.put(`${path}/:vendor/:model`, needs(admin), (request, reply) => {
    const given = objectIn(request.body, ['text']);
    if (typeof given === 'string') return sendProblem(reply, problem(400, given));
    if (typeof given.text !== 'string')
      return sendProblem(reply, problem(400, "`text` must be a profile's text, as in its file."));
    return reply.send(editor.save(nameOf(request.params), given.text));
  });
  app.delete(`${path}/:vendor/:model`, needs(admin), (request, reply) => {
    const name = nameOf(request.params);
    const done = editor.remove(name);
    return done === undefined ? sendProblem(reply, problem(404, notOwn(name))) : reply.send(done);
  });
}

function trialAnswer(trial: Trial): object {
  if ('faults' in trial) return { faults: trial.faults, examples: [], message: null };
  const { examples, message } = trial;
  return {
    faults: [],
    examples: examples.map(({ line, about, topic, faults, decoded }) => ({
      ...{ line, about: about ?? null, topic: topic ?? null, faults },
      becomes: decoded === undefined ? null : decodedAnswer(decoded),
    })),
    message: message ? { ...decodedAnswer(message.decoded), confidence: message.confidence ?? null } : null,
  };
}

interface Asked {
  readonly given: Readonly<Record<string, unknown>>;
  readonly topic: string | undefined;
  readonly payload: Uint8Array | undefined;
}

/** The message in a body. @returns a sentence when it is not right */
function messageIn(body: unknown, names: readonly string[]): Asked | string {
  const given = objectIn(body, names);
  if (typeof given === 'string') return given;
  const { topic, payload, payloadHex } = given;
  if (
    topic !== undefined &&
    (typeof topic !== 'string' || topic === '' || topic.length > maxTopic || /[+#]/.test(topic))
  )
    return '`topic` must be one topic, without + and #.';
  if (payload !== undefined && payloadHex !== undefined) return 'Give `payload` or `payloadHex`, not both.';
  if (payload !== undefined && typeof payload !== 'string') return '`payload` must be a text.';
  if (payloadHex !== undefined && !(typeof payloadHex === 'string' && /^([0-9a-fA-F]{2} ?)*$/.test(payloadHex)))
    return '`payloadHex` must be pairs of hexadecimal digits.';
  const bytes =
    payloadHex !== undefined
      ? Buffer.from(String(payloadHex).replaceAll(' ', ''), 'hex')
      : payload === undefined
        ? undefined
        : Buffer.from(payload as string);
  return { given, topic: topic as string | undefined, payload: bytes };
}

function nameOf(params: unknown): string {
  const { vendor, model } = params as Readonly<Record<'vendor' | 'model', string>>;
  return `${vendor}/${model}`;
}

function notOwn(name: string): string {
  return `There is no profile \`${name.slice(0, 80)}\` that was made here: those that come with Headgate, and those in \`decode.profileDirs\`, are files.`;
}

function isLevel(value: unknown, levels: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= levels;
}
