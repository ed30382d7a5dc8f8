import { Type } from 'typebox';
import { json, number, type Operations, ok, oneOf, orNull, text, whole } from './operation.ts';

export const serialOperations: Operations = {
  'GET /api/v1/serial': {
    tag: 'Gateway',
    summary: 'Serial ports that there are, and those that are configured.',
    needs: 'read',
    answers: ok(
      'The ports.',
      Type.Object({
        ports: Type.Array(
          Type.Object({
            path: text('By which to name it.'),
            node: orNull(text('Its node; null: it is not there now.')),
            usb: orNull(
              Type.Object(
                {
                  vendor: text('Four hexadecimal digits.'),
                  product: text('Four hexadecimal digits.'),
                  manufacturer: orNull(text('')),
                  name: orNull(text('')),
                  serialNumber: orNull(text('')),
                },
                { description: 'What it says of itself; null: it is not on USB.' },
              ),
            ),
            adapter: orNull(text('What kind of chip or board it is.')),
            suggestions: Type.Array(Type.Object({ profile: text(''), reason: text('') }), {
              description: 'What its USB device tells of what may be on it.',
            }),
            configured: orNull(
              Type.Object(
                {
                  name: text(''),
                  profile: orNull(text('Null: it is a Modbus bus, and its units have profiles.')),
                  state: oneOf(['closed', 'waiting', 'open'], '`waiting`: it can’t be opened, and is tried again.'),
                  reason: orNull(text('Why it waits.')),
                  hint: orNull(text('What is likely to be wrong, where nothing of it can be read.')),
                },
                { description: 'What the configuration makes of it; null: nothing.' },
              ),
            ),
          }),
        ),
      }),
    ),
  },
  'POST /api/v1/serial/scan': {
    tag: 'Gateway',
    summary: 'Listens to a serial port, to tell what is on it.',
    description:
      'Takes up to half a minute, or as long as `seconds` says; with `ask` some minutes. It ends when nobody waits for it any more.',
    needs: 'admin',
    body: json(
      Type.Object({
        path: text('The port.'),
        baud: Type.Optional(Type.Integer({ minimum: 1, maximum: 4_000_000 })),
        format: Type.Optional(Type.String({ pattern: '^[5-8][NEO][12]$', examples: ['8N1'] })),
        seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 120 })),
        ask: Type.Optional(
          Type.Boolean({
            description:
              'If nothing that is heard can be read, also send what profiles ask their devices, and Modbus requests to read a register of units 1 to 10 and 247. Without it nothing is sent.',
          }),
        ),
      }),
    ),
    answers: ok(
      'What was heard.',
      Type.Object({
        path: text('The port.'),
        baud: whole('With which most was understood.'),
        format: text('Data bits, parity, stop bits.'),
        bytes: whole('How much was heard.'),
        sample: text('The first of it, as hexadecimal digits.'),
        suggestions: Type.Array(
          Type.Object({
            profile: text(''),
            confidence: number('From 0 to 1.'),
            reason: text(''),
            modbusUnit: Type.Optional(whole('The unit that answered: then it is for `modbus.buses`.')),
          }),
        ),
      }),
    ),
    problems: ['request.conflict'],
  },
};
