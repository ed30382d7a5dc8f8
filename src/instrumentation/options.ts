import { type Static, Type } from 'typebox';

export const logOptions = Type.Object({
  level: Type.Union(
    [
      Type.Literal('trace'),
      Type.Literal('debug'),
      Type.Literal('info'),
      Type.Literal('warn'),
      Type.Literal('error'),
      Type.Literal('silent'),
    ],
    { default: 'info', description: 'The least severe line that is written.' },
  ),
});
export type LogOptions = Static<typeof logOptions>;
