import { Type } from 'typebox';

// The building blocks of the profile language, beside those of the configuration.

export const text = (description: string, examples?: readonly unknown[]) =>
  Type.String({ minLength: 1, maxLength: 500, description, ...(examples && { examples }) });
export const words = <const W extends string>(all: readonly W[], description: string) =>
  Type.Unsafe<W>({ anyOf: all.map((one) => ({ type: 'string', const: one })), description });
export const scalar = { anyOf: [{ type: 'boolean' }, { type: 'number' }, { type: 'string' }] } as const;
export type Scalar = boolean | number | string;
export const byName = <T>(items: object, description: string, examples?: readonly unknown[]) =>
  Type.Unsafe<Readonly<Record<string, T>>>({
    type: 'object',
    additionalProperties: items,
    description,
    ...(examples && { examples }),
  });
export const optional = Type.Optional;

/** What a message can be, by a profile's word. */
export const kinds = ['measurement', 'availability', 'discovery', 'event', 'log', 'command', 'raw'] as const;
