import { messageOf } from '../../core/errors.ts';

/** Why a connection is no more, and whether that is over by itself. */
export interface Ending {
  readonly isRefusal: boolean;
  readonly reason: string;
}

/** CONNACK: 3.1.1's return codes (§ 3.2.2.3) and MQTT 5.0's reason codes (§ 3.2.2.2). */
const connackReasons: Readonly<Record<number, string>> = {
  1: 'the broker does not speak this version of MQTT: set `protocol` to the other one',
  2: 'the broker does not accept the client id: set `clientId` to one that it does',
  4: 'the broker does not accept the user or password: check `username` and `passwordFile`',
  5: 'the broker does not let this gateway in: check `username` and `passwordFile`, and what the broker allows them',
  132: 'the broker does not speak this version of MQTT: set `protocol` to the other one',
  133: 'the broker does not accept the client id: set `clientId` to one that it does',
  134: 'the broker does not accept the user or password: check `username` and `passwordFile`',
  135: 'the broker does not let this gateway in: check `username` and `passwordFile`, and what the broker allows them',
  138: 'the broker has banned this client',
  140: 'the broker wants another way of authentication than user and password',
};

/** SUBACK. 3.1.1 has one code for every reason (§ 3.9.3), which 5.0 calls unspecified. */
const subackReasons: Readonly<Record<number, string>> = {
  128: 'the broker does not allow it',
  135: 'the broker does not allow it to this user',
  143: 'the broker does not accept the filter',
  151: 'the broker allows no further subscription',
  158: 'the broker has no shared subscriptions',
  162: 'the broker allows no wildcards',
};

/** DISCONNECT of an MQTT 5 broker (§ 3.14.2.1). */
const disconnectReasons: Readonly<Record<number, string>> = {
  139: 'the broker is shutting down',
  141: 'the broker heard nothing of this gateway for too long',
  142: 'another client took over the session: each gateway and each bridge needs a `clientId` of its own',
  147: 'the broker sent more than it was allowed to',
  149: 'the broker was sent too large a message',
};

/** How MQTT.js says that nothing came in time. */
const silences: ReadonlySet<string> = new Set(['connack timeout', 'Keepalive timeout']);

/** Why the broker did not grant a filter; undefined when it did. @param code of the SUBACK */
export function filterRefusal(code: number): string | undefined {
  return code < 0x80 ? undefined : (subackReasons[code] ?? `the broker does not allow it (${code})`);
}

export function disconnectReason(code = 0): string {
  return disconnectReasons[code] ?? `the broker ended the connection (${code})`;
}

/** @param error what MQTT.js said last before the connection was gone; undefined: nothing */
export function endingOf(error: unknown): Ending {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code === 'number') {
    const reason = connackReasons[code];
    return { isRefusal: reason !== undefined, reason: reason ?? `the broker can't take this gateway now (${code})` };
  }
  if (error === undefined) return { isRefusal: false, reason: 'the connection is gone' };
  const message = messageOf(error);
  switch (code) {
    case 'ECONNREFUSED':
      return { isRefusal: false, reason: 'nobody listens there' };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { isRefusal: false, reason: 'there is no such host, or no name server to ask' };
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return { isRefusal: false, reason: 'the broker can’t be reached' };
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return {
        isRefusal: true,
        reason: `the broker's certificate is signed by somebody whom this gateway does not trust (${code}): name the authority with \`tls.ca\``,
      };
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return {
        isRefusal: true,
        reason: `the broker's certificate is not valid now (${code}): check it, and the clock`,
      };
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return {
        isRefusal: true,
        reason: "the broker's certificate is for another name: use that one in `url`, or say it with `tls.serverName`",
      };
    default:
      if (silences.has(message)) return { isRefusal: false, reason: 'the broker does not answer' };
      return tlsEnding(code) ?? webSocketEnding(message) ?? { isRefusal: false, reason: message.trim() };
  }
}

/** What OpenSSL makes of the broker's alerts (RFC 8446 § 6.2), and of a broker that does not speak TLS. */
function tlsEnding(code: unknown): Ending | undefined {
  if (typeof code !== 'string' || !/^(?:ERR_SSL_|EPROTO$)/.test(code)) return undefined;
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/.test(code)) {
    const reason = `the broker wants a certificate of this gateway (${code}): name it with \`tls.certificate\`, and its key with \`tls.key\``;
    return { isRefusal: true, reason };
  }
  if (
    /ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_|ACCESS_DENIED|DECRYPT_ERROR)/.test(code)
  ) {
    const reason = `the broker does not accept this gateway's certificate (${code}): see \`tls.certificate\`, and whom the broker trusts`;
    return { isRefusal: true, reason };
  }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/.test(code))
    return {
      isRefusal: true,
      reason: `the broker does not speak TLS there (${code}): see the port and the scheme of \`url\``,
    };
  return { isRefusal: false, reason: `TLS failed (${code})` };
}

/** How `ws` says that there is no WebSocket. */
function webSocketEnding(message: string): Ending | undefined {
  const status = /^Unexpected server response: (\d+)$/.exec(message)?.[1];
  if (status !== undefined) {
    const reason = `there is no WebSocket there, its server answers with ${status}: see the path of \`url\`, often /mqtt`;
    return { isRefusal: /^4/.test(status), reason };
  }
  if (/subprotocol/i.test(message))
    return { isRefusal: true, reason: 'the WebSocket there is not for MQTT: see the path of `url`, often /mqtt' };
  return undefined;
}
