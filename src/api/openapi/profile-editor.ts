import { Type } from 'typebox';
import { decodedMessage, reloaded } from './decoding.ts';
import { json, list, number, type Operations, ok, orNull, text, whole } from './operation.ts';

export const profileEditorOperations: Operations = {
  'PUT /api/v1/profiles/{vendor}/{model}': {
    tag: 'Topics and profiles',
    summary: 'Saves a profile.',
    description:
      'Into `profiles` under the data directory, in place of one of that name; it holds from the next message on. When it is not right, nothing is saved, and `faults` tells why, by `line:column`.',
    needs: 'admin',
    path: { vendor: text(''), model: text('') },
    body: json(Type.Object({ text: text('As in its file.') })),
    answers: ok('It holds.', Type.Object({ file: text('Where it is.'), ...reloaded })),
    problems: ['request.conflict'],
  },
  'DELETE /api/v1/profiles/{vendor}/{model}': {
    tag: 'Topics and profiles',
    summary: 'Removes a profile that was saved so.',
    needs: 'admin',
    path: { vendor: text(''), model: text('') },
    answers: ok('It does not hold any more.', Type.Object(reloaded)),
    problems: ['request.unknown'],
  },
  'GET /api/v1/profiles/{vendor}/{model}/text': {
    tag: 'Topics and profiles',
    summary: 'The text of a profile that was saved so.',
    needs: 'read',
    path: { vendor: text(''), model: text('') },
    answers: ok('As it was saved.', Type.Object({ name: text(''), text: text('') })),
    problems: ['request.unknown'],
  },
  'POST /api/v1/profiles/draft': {
    tag: 'Topics and profiles',
    summary: 'Drafts a profile from one message of a device.',
    needs: 'admin',
    body: json(
      Type.Object({
        name: text('`vendor/model`.'),
        topic: text('That the message came on.'),
        payload: Type.Optional(text('As text, or …')),
        payloadHex: Type.Optional(text('… as pairs of hexadecimal digits.')),
        deviceLevel: Type.Optional(
          Type.Integer({
            minimum: 1,
            description: 'Which level of the topic names the device. Default: the likeliest.',
          }),
        ),
      }),
    ),
    answers: ok('Its text.', Type.Object({ text: text('YAML, to be gone through by people.') })),
  },
  'POST /api/v1/profiles/preview': {
    tag: 'Topics and profiles',
    summary: 'Tries a profile’s text: what is wrong in it, or what its examples become.',
    description: 'Nothing is kept of it.',
    needs: 'admin',
    body: json(
      Type.Object({
        name: Type.Optional(text('`vendor/model`. Default: `my/device`.')),
        text: text('As in its file.'),
        topic: Type.Optional(text('Of a message to be decoded beside the examples …')),
        payload: Type.Optional(text('… its payload as text, or …')),
        payloadHex: Type.Optional(text('… as pairs of hexadecimal digits.')),
      }),
    ),
    answers: ok(
      'What came of it.',
      Type.Object({
        faults: list(
          Type.Object({ line: whole('From 1.'), column: whole('From 1.'), message: text('') }),
          'What is wrong in it; then nothing was tried.',
        ),
        examples: list(
          Type.Object({
            line: whole('Where it begins.'),
            about: orNull(text('')),
            topic: orNull(text('')),
            faults: list(Type.String(), 'What is not as it says.'),
            becomes: orNull(Type.Object(decodedMessage, { description: 'Null: it is of a command.' })),
          }),
          'The first 50.',
        ),
        message: orNull(
          Type.Object({
            ...decodedMessage,
            confidence: orNull(number('How sure the profile is of it, from 0 to 1; null: it would not be recognised.')),
          }),
        ),
      }),
    ),
  },
};
