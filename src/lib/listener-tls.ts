import { type Static, Type } from 'typebox';

/** The options of a listener's TLS, besides those that a part has of its own. */
export const listenerTls = {
  enabled: Type.Boolean({ default: false, description: 'Whether TLS is spoken.' }),
  certificate: Type.Optional(
    Type.String({
      description:
        'File with a certificate and those between it and its authority (PEM). Unset: the gateway makes an authority and a certificate of its own, in `identity/tls` of `dataDir`. Read anew when it changes; `credential:NAME` is a file that systemd hands over.',
      examples: ['/etc/headgate/server.pem'],
    }),
  ),
  key: Type.Optional(
    Type.String({
      description: 'File with the key of `certificate` (PEM). Unset: it is in the same file.',
      examples: ['/etc/headgate/server-key.pem'],
    }),
  ),
  names: Type.Array(Type.String({ minLength: 1 }), {
    default: [],
    description:
      "Host names and IP addresses for a certificate of the gateway's own, besides those that the machine knows of itself.",
    examples: [['gate.example.org']],
  }),
};

const all = Type.Object(listenerTls);
export type ListenerTls = Static<typeof all>;
