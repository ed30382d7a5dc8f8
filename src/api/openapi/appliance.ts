import { Type } from 'typebox';
import { flag, json, list, type Operations, ok, oneOf, orNull, text, time, whole } from './operation.ts';

const slot = Type.Object({
  name: oneOf(['A', 'B'], ''),
  state: oneOf(
    ['proven', 'trial', 'installed', 'failed', 'incomplete', 'empty'],
    '`proven`: it has shown that it works; `trial`: it runs and has not yet; `installed`: its first start is the next; `failed`: it was started, and did not work; `incomplete`: writing to it began and did not end; `empty`: nothing was ever written to it.',
  ),
  isRunning: flag(''),
  isNext: flag('The next start is from it.'),
  version: orNull(text('Null: none, or nobody noted it.')),
  build: orNull(text('')),
  triesLeft: whole('How often it is still started before the other one’s turn comes.'),
  installedAt: orNull(time('Null: it came with the image.')),
});

const from = text('The address, without its query, or the file’s name.');
const installed = { from, version: text(''), isOlder: flag('Than the version that runs.') };
const update = Type.Union(
  [
    Type.Object({ step: Type.Literal('idle') }),
    Type.Object({
      step: Type.Literal('receiving'),
      from,
      bytes: whole('That are there.'),
      totalBytes: orNull(whole('Null: nobody says.')),
    }),
    Type.Object({ step: Type.Literal('verifying'), from }),
    Type.Object({ step: Type.Literal('installing'), percent: whole('Up to 100.'), ...installed }),
    Type.Object({ step: Type.Literal('installed'), ...installed }),
    Type.Object({
      step: Type.Literal('failed'),
      from,
      error: Type.Object({ code: text(''), detail: text('What is wrong.'), advice: text('What to do next.') }),
    }),
  ],
  { description: 'Where an update is that was begun here since the gateway’s start.' },
);

const asked = (state: string) => ({
  202: { description: 'It goes down now.', content: json(Type.Object({ state: Type.Literal(state) })) },
});

/** The machine, where it runs from the Headgate image. */
export const applianceOperations: Operations = {
  'GET /api/v1/appliance': {
    tag: 'Appliance',
    summary: 'What the machine runs, what it starts next, and how an update is getting on.',
    description: 'On any other machine than one that runs from the Headgate image: 404, `appliance.none`.',
    needs: 'read',
    answers: ok(
      'As it is.',
      Type.Object({
        version: text('That runs.'),
        build: text('Tells builds of one version apart.'),
        architecture: text('`amd64`, `arm64`.'),
        hostname: text('The machine’s name.'),
        slots: list(slot, 'The two root file systems: one runs, an update goes to the other.'),
        update,
      }),
    ),
    problems: ['appliance.none', 'appliance.failed'],
  },
  'POST /api/v1/appliance/update': {
    tag: 'Appliance',
    summary: 'Installs another version from a signed bundle, while the gateway runs.',
    description:
      'The bundle itself as `application/octet-stream`, answered when it is there and good; or its address, answered at once. It goes on by itself, `GET /api/v1/appliance` tells how. The version that runs stays until the machine restarts.',
    needs: 'admin',
    query: { name: text('What a bundle that is sent is called.') },
    body: {
      ...json(Type.Object({ url: text('`https://` or `http://`. What breaks off goes on where it was.') })),
      'application/octet-stream': Type.String({ format: 'binary' }),
    },
    answers: { 202: { description: 'It goes on.', content: json(update) } },
    problems: ['appliance.none', 'request.conflict', 'update.refused', 'update.no-room', 'update.failed'],
  },
  'POST /api/v1/appliance/restart': {
    tag: 'Appliance',
    summary: 'Restarts the machine.',
    needs: 'admin',
    answers: asked('restarting'),
    problems: ['appliance.none', 'request.conflict', 'appliance.failed'],
  },
  'POST /api/v1/appliance/factory-reset': {
    tag: 'Appliance',
    summary: 'Deletes everything on the machine but its system, and starts it anew.',
    description: 'Records that have not been delivered are lost.',
    needs: 'admin',
    body: json(Type.Object({ confirm: text('The machine’s name, as `hostname` tells it.') })),
    answers: asked('resetting'),
    problems: ['appliance.none', 'request.conflict', 'appliance.failed'],
  },
};
