import { type Static, Type } from 'typebox';
import { count, duration } from '../lib/option-types.ts';

export const authOptions = Type.Object({
  setupWindow: duration({
    default: '30m',
    description:
      'How long after the first start a browser in the same network may make the first administrator; later it takes the code that `headgate setup-code` prints.',
  }),
  sessionIdle: duration({ default: '12h', description: 'How long a browser stays signed in without being used.' }),
  sessionLifetime: duration({ default: '30d', description: 'How long it stays signed in at the most.' }),
  administrator: Type.Object(
    {
      name: Type.String({ default: 'admin', minLength: 1, maxLength: 200, description: 'What they sign in with.' }),
      passwordHash: Type.Optional(
        Type.String({
          description: 'What `headgate user hash` prints for their password. Unset: nobody is made so.',
          secret: true,
          minLength: 1,
        }),
      ),
    },
    {
      default: {},
      description:
        'The administrator that a start makes while nobody is set up. Whoever is set up already stays as they are.',
    },
  ),
  maxSessions: count({
    default: 1000,
    description: 'Browsers signed in at once; beyond it the one unused longest goes.',
  }),
  maxAccounts: count({ default: 20000, description: 'People, tokens and credentials of devices together.' }),
  maxAuditEntries: count({ default: 5000, description: 'Entries of the audit log that are kept.' }),
});
export type AuthOptions = Static<typeof authOptions>;
