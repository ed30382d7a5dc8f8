import { type Static, Type } from 'typebox';
import { bytes, duration, numberByName } from '../lib/option-types.ts';

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

const matchOptions = Type.Object(
  {
    topic: text('MQTT topic filter: `+` is one level, a last `#` all further ones.'),
    source: text('The way in, such as `mqtt`, `serial`, `modbus`, `bridge:NAME` or `rest`.'),
    device: text("The device's id; `*` stands for any text."),
    profile: text('The device profile that decoded the message, `vendor/model`; `*` stands for any text.'),
    kind: Type.Optional(
      Type.Union(
        [
          Type.Literal('measurement'),
          Type.Literal('raw'),
          Type.Literal('failed'),
          Type.Literal('availability'),
          Type.Literal('discovery'),
          Type.Literal('event'),
          Type.Literal('log'),
          Type.Literal('command'),
          Type.Literal('duplicate'),
        ],
        {
          description:
            'What the message is: `measurement`, `raw` when nothing is known of it, `failed` when its profile could not read it, `availability`, `discovery`, `event`, `log`, `command` or `duplicate`.',
        },
      ),
    ),
    field: text('A field that the measurement must have, whatever its value: `BME280.Temperature`.'),
    mqttQos: Type.Optional(
      Type.Union([Type.Literal(0), Type.Literal(1), Type.Literal(2)], {
        description: 'The quality of service that its publisher used.',
      }),
    ),
  },
  { description: 'Which messages it is for: all that is said here must hold. Without it, every message.' },
);

const thinOptions = Type.Object(
  {
    every: Type.Optional(
      duration({ description: 'Keeps the first record in each such time, by device, topic and tags.' }),
    ),
    deadband: Type.Optional(
      numberByName({
        description:
          'Fields, each with a number: keeps a record when one has moved by so much since the last one kept.',
      }),
    ),
    onChange: Type.Optional(
      Type.Literal(true, { description: 'Keeps a record when any of its fields differs from the last one kept.' }),
    ),
  },
  { description: 'Leaves records out on purpose, and counts them. It takes exactly one of the following three.' },
);

const ruleOptions = Type.Object({
  name: Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'What it is called in metrics, status and gap reports. Each rule has a name of its own.',
  }),
  match: Type.Optional(matchOptions),
  priority: Type.Optional(
    Type.Union([Type.Literal('critical'), Type.Literal('normal'), Type.Literal('bulk')], {
      description:
        '`critical`, `normal` or `bulk`: who goes first when the uplink is short, and who stays when space is. Unset: `bulk` for MQTT QoS 0, else `normal`.',
    }),
  ),
  durability: Type.Optional(
    Type.Union([Type.Literal('local'), Type.Literal('anywhere'), Type.Literal('relaxed'), Type.Literal('memory')], {
      description:
        "When the source gets its acknowledgement. `local`: after this gateway's fsync. `anywhere`: after that or the collector's durable confirmation, whichever is first. `relaxed`: at once, and on disk within a second. `memory`: at once, and never on disk. Unset: `relaxed` for MQTT QoS 0, else `local`.",
    }),
  ),
  ttl: Type.Optional(duration({ description: 'How long a record may wait for the collector. Unset: for ever.' })),
  whenFull: Type.Optional(
    Type.Union([Type.Literal('block'), Type.Literal('dropOldest'), Type.Literal('dropNewest')], {
      description:
        'What gives way when there is no room: the source, which waits (`block`), the oldest records (`dropOldest`) or the new ones (`dropNewest`). Unset: `block` for critical records, else `dropOldest`.',
    }),
  ),
  maxBytes: Type.Optional(
    bytes({ description: "What the rule's waiting records may take on disk. Unset: as much as the buffer has." }),
  ),
  thin: Type.Optional(thinOptions),
  forward: Type.Boolean({
    default: true,
    description: 'Whether records go to the collector; without it they are for local readers only.',
  }),
});

export const rulesOptions = Type.Array(ruleOptions, {
  default: [],
  maxItems: 200,
  description:
    'QoS rules: how urgent, how durable. The first rule that matches a message holds for it. Behind them stand two that are always there: MQTT QoS 0 is bulk, relaxed, dropOldest; everything else normal, local, dropOldest. `headgate check --topic TOPIC` tells which rule holds for a topic, and why. A change here holds without a restart.',
  examples: [
    [
      {
        name: 'alarms',
        match: { topic: 'alarm/#' },
        priority: 'critical',
        durability: 'local',
        ttl: '30d',
        maxBytes: '200MB',
      },
      { name: 'chatter', match: { topic: 'site/+/debug/#' }, priority: 'bulk', thin: { every: '10s' } },
    ],
  ],
});

/** One QoS rule as it is configured; durations in milliseconds, sizes in bytes. */
export type RuleOptions = Static<typeof ruleOptions>;
/** A rule's conditions as they are configured. */
export type MatchOptions = Static<typeof matchOptions>;
/** A rule's `thin` as it is configured: exactly one of the three is there once {@link RuleOptions} are checked. */
export type ThinOptions = Static<typeof thinOptions>;
