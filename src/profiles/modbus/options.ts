import { type Static, Type } from 'typebox';
import { count, duration, oneOrMore } from '../../lib/option-types.ts';
import { byteOrder, numberType } from '../binary/options.ts';
import { byName, optional, type Scalar, scalar, text, words } from '../language/option-types.ts';

const registerOptions = Type.Object(
  {
    name: text('What the field is called.', ['voltage']),
    table: optional(
      words(
        ['holding', 'input', 'coil', 'discrete'],
        'Where it is: `holding` registers (read by function 3), `input` registers (4), `coil`s (1) or `discrete` inputs (2). Default `holding`.',
      ),
    ),
    address: Type.Integer({
      minimum: 0,
      maximum: 65535,
      description: 'Its address as it is sent, from 0 on: register 40001 of a manual is holding 0, 30001 input 0.',
    }),
    type: optional(numberType),
    order: optional(byteOrder),
    length: optional(
      Type.Integer({ minimum: 1, maximum: 250, description: 'How many bytes `bcd`, `text` or `hex` has.' }),
    ),
    mask: optional(
      Type.Integer({
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'Which bits of a whole number belong to the value, moved down to the lowest.',
      }),
    ),
    unit: optional(text('Unit code: SenML where it has one (`V`, `Cel`), or the usual symbol.', ['V'])),
    scale: optional(Type.Number({ description: 'The value is multiplied by it.' })),
    offset: optional(Type.Number({ description: 'Then this is added.' })),
    range: optional(
      Type.Array(Type.Number(), { minItems: 2, maxItems: 2, description: 'What it can be; beyond, it is left out.' }),
    ),
    except: optional(
      oneOrMore(Type.Unsafe<Scalar>(scalar), { description: 'Values, as sent, that mean "no value": `[65535]`.' }),
    ),
    words: optional(byName<Scalar>(scalar, 'What numbers mean.', [{ 0: 'off', 1: 'on' }])),
    exponentAt: optional(
      Type.Integer({
        minimum: 0,
        maximum: 65535,
        description:
          'The address of the register that holds the power of ten by which the value is multiplied, as in SunSpec. It is read in the same request.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** What a profile says of a Modbus device. */
export const modbusOptions = Type.Object(
  {
    registers: Type.Array(registerOptions, {
      maxItems: 1000,
      description: 'Its values. Neighbours are read together.',
    }),
    every: optional(duration({ default: '10s', description: 'How often it is read.' })),
    attributes: optional(
      byName<string>(
        { type: 'string', minLength: 1 },
        'What is known of the device itself, by the names of registers.',
        [{ serial: 'serial_number' }],
      ),
    ),
    rest: optional(
      words(['keep', 'drop'], 'What no register names, of what was read: `holding[107]`, or nothing. Default `drop`.'),
    ),
    maxCount: optional(
      count({ maximum: 125, description: 'How many registers it gives at once. Default 125, what Modbus allows.' }),
    ),
    maxGap: optional(
      count({
        minimum: 0,
        maximum: 124,
        description:
          'Over how many registers without a name it is read on; devices may refuse those that they do not have. Default 0.',
      }),
    ),
  },
  { additionalProperties: false, description: 'The registers of a Modbus device.' },
);

export type ModbusOptions = Static<typeof modbusOptions>;
export type RegisterOptions = ModbusOptions['registers'][number];
export type RegisterTable = NonNullable<RegisterOptions['table']>;
