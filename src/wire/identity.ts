const prefix = 'urn:headgate:gateway:';

/** How a certificate names a gateway: a subject alternative name of type URI. */
export function gatewayUri(gateway: string): string {
  return prefix + encodeURIComponent(gateway);
}

/** The gateway that a URI names; undefined when it names none. */
export function gatewayOfUri(uri: string): string | undefined {
  if (!uri.startsWith(prefix)) return undefined;
  try {
    return decodeURIComponent(uri.slice(prefix.length));
  } catch {
    // Not what gatewayUri makes.
    return undefined;
  }
}
