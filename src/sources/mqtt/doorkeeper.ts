import type { TLSSocket } from 'node:tls';
import type { Client, PublishPacket } from 'aedes';
import type { ShownByMqtt } from '../../auth/mqtt-access.ts';
import { kindOf } from '../../core/errors.ts';
import type { ByteStream } from '../../lib/byte-stream.ts';
import type { Tally } from '../../lib/tally.ts';
import { markAnswered } from './aedes-guard.ts';
import { type Gate, refusals } from './gate.ts';
import type { Done } from './incoming.ts';
import type { Reception } from './reception.ts';
import type { RefusedReason } from './refused.ts';

/** MQTT 5.0 § 2.4. */
const notAuthorized = kindOf('access.denied').mqtt;

/** What aedes knows of a client and its types do not tell. */
interface Known {
  readonly _will?: { readonly topic: string };
  readonly broker: { readonly clients: Readonly<Record<string, Client>> };
}

/**
 * Lets a client in, or says in aedes' way why not.
 *
 * @param reception tells an MQTT 5 client why where aedes has no word for it
 * @param done false with an error that says what a CONNACK is to say
 */
export function authenticate(
  gate: Gate<Client>,
  client: Client,
  given: { readonly username: string | undefined; readonly password: Buffer | undefined },
  reception: Pick<Reception, 'faultOf' | 'refusing'>,
  done: (isAllowed: boolean, error: (Error & { returnCode: never }) | null) => void,
): void {
  const { localAddress, remoteAddress } = client.conn as ByteStream;
  const known = client as unknown as Known;
  const certificate = certificateOf(client.conn as ByteStream & Partial<TLSSocket>);
  const shown = {
    certificate,
    username: given.username,
    password: given.password?.toString(),
    localAddress,
    remoteAddress,
  };
  const refuse = (returnCode: number, message: string): void =>
    done(false, Object.assign(new Error(message), { returnCode }) as Error & { returnCode: never });
  const turnAway = (why: keyof typeof refusals): void => {
    const [returnCode, reasonCode] = refusals[why];
    if (returnCode === 3) reception.refusing(client, reasonCode);
    refuse(returnCode, messages[why]);
  };
  const fault = reception.faultOf(client);
  if (fault !== undefined) {
    refuse(fault.returnCode, fault.why);
    return;
  }
  gate.admit(client, shown).then(
    (refusal) => {
      if (refusal !== undefined) return turnAway(refusal);
      const { _will: will } = known;
      if (will !== undefined && !gate.mayPublish(client, will.topic)) return refuse(5, 'it may not publish its will');
      const other = known.broker.clients[client.id];
      if (other !== undefined && other !== client && !gate.mayReplace(client, other))
        return refuse(2, 'identifier rejected: it is that of somebody else who is connected');
      const conn = client.conn as ByteStream;
      // Whoever is gone already does not count, as nobody would tell that they are.
      if (!conn.destroyed) {
        if (!gate.connects(client, other === client ? undefined : other)) return turnAway('crowded');
        conn.once('close', () => gate.left(client));
      }
      done(true, null);
    },
    () => refuse(3, messages.wait),
  );
}

/** The certificate that a client has shown the key of. */
function certificateOf(conn: Partial<TLSSocket>): ShownByMqtt['certificate'] {
  const found = conn.getPeerCertificate?.();
  if (!found?.fingerprint256) return undefined;
  const { CN: name } = found.subject ?? {};
  return {
    fingerprint: found.fingerprint256.replaceAll(':', '').toLowerCase(),
    // Anybody can write any name into a certificate that nobody signed.
    ...(conn.authorized === true && typeof name === 'string' && { commonName: name }),
  };
}

const messages = {
  wrong: 'bad user name or password',
  unknown: 'not authorized',
  wait: 'Server unavailable',
  crowded: 'too many connections of one name',
} as const;

/**
 * What is not allowed is not taken. An MQTT 5 client is told so in the acknowledgement; an older one can't be told, and to acknowledge
 * what was not taken would be a lie: its connection ends (MQTT 3.1.1 § 3.3.5), but for QoS 0, of which nothing is promised.
 */
export function refusePublish(client: Client, packet: PublishPacket, done: Done, refused: Tally<RefusedReason>): void {
  const isWill = packet.cmd === undefined;
  if (packet.qos === 0 && !isWill) {
    refused.add('not-authorized');
    markAnswered(packet);
    done(null);
  } else {
    // Counted by its text.
    done(new Error(`${client.id} may not publish to ${packet.topic.slice(0, 200)}`));
  }
}

/** Ends the connection of whoever was revoked, also if it reads nothing any more. */
export function cutOff(client: Client, refused: Tally<RefusedReason>): void {
  refused.add('revoked');
  const conn = client.conn as ByteStream;
  client.disconnect({ reasonCode: notAuthorized });
  setTimeout(() => conn.destroy(), 1_000).unref();
}
