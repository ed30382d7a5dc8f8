import type { Permissions } from '../core/principal.ts';
import { topicFilterFault } from '../lib/topic-filter.ts';

/** So many scopes a principal may have: every one is looked at for every message. */
const maxScopes = 100;
const maxLength = 1_000;

/**
 * What scopes allow. `admin`: everything. `read`: to see everything. `read:device/GLOB`: to see these devices. `command:GLOB`: to
 * give them commands. `publish:FILTER`, `subscribe:FILTER`: messages whose topics an MQTT filter matches.
 *
 * @returns a sentence when one of them is none
 */
export function permissionsOf(scopes: readonly string[]): Permissions | string {
  if (scopes.length > maxScopes) return `A principal may have ${maxScopes} scopes; these are ${scopes.length}.`;
  const found = {
    isAdmin: false,
    readsAll: false,
    readDevices: [] as string[],
    command: [] as string[],
    publish: [] as string[],
    subscribe: [] as string[],
  };
  for (const scope of scopes) {
    if (scope.length > maxLength || /\p{Cc}/u.test(scope))
      return 'A scope is a text of at most 1,000 characters in one line.';
    const colon = scope.indexOf(':');
    const kind = colon < 0 ? scope : scope.slice(0, colon);
    const rest = colon < 0 ? undefined : scope.slice(colon + 1);
    if (kind === 'admin' && rest === undefined) found.isAdmin = true;
    else if (kind === 'read' && rest === undefined) found.readsAll = true;
    else if (kind === 'read' && rest?.startsWith(device) && rest.length > device.length)
      found.readDevices.push(rest.slice(device.length));
    else if (kind === 'command' && rest) found.command.push(rest);
    else if ((kind === 'publish' || kind === 'subscribe') && rest !== undefined) {
      const fault = topicFilterFault(rest);
      if (fault !== undefined) return `The scope \`${scope}\` has \`${rest}\` for a topic filter, ${fault}.`;
      if (rest.startsWith('$share/'))
        return `The scope \`${scope}\` needs no $share/: it holds for shared subscriptions as well.`;
      found[kind].push(rest);
    } else return `There is no scope \`${scope.slice(0, 100)}\`; there are ${known.join(', ')}.`;
  }
  return found;
}

const device = 'device/';
const known = ['admin', 'read', 'read:device/ID', 'publish:FILTER', 'subscribe:FILTER', 'command:DEVICE'];
