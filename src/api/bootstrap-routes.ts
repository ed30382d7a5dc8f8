import type { FastifyInstance } from 'fastify';
import { allows, mayRead, mayReadSome } from '../auth/allows.ts';
import type { Auth } from '../auth/auth.ts';
import type { LiveFeed } from '../core/live.ts';
import type { Principal } from '../core/principal.ts';
import type { GatewayReport } from '../first-run/gateway-card.ts';
import type { GatewayStatus } from '../instrumentation/status.ts';
import type { DeviceSummary } from '../registry/describe.ts';
import { type AlarmsApi, alarmsSeenBy } from './alarms-routes.ts';
import type { ClockApi } from './clock-routes.ts';
import { withFields } from './device-fields.ts';
import { pageOf } from './device-query.ts';
import type { DevicesApi } from './devices-routes.ts';
import type { WelcomeApi } from './first-run-routes.ts';
import { needs, read } from './guard.ts';
import { cursorNow } from './live/cursor-now.ts';
import type { HistoryApi } from './measurements/history-routes.ts';
import { whoIs } from './session-routes.ts';
import { chosenPins, sparklinesOf } from './sparklines.ts';

export interface BootstrapDependencies {
  readonly auth: Auth;
  readonly welcome: WelcomeApi;
  readonly status: () => GatewayStatus;
  readonly clock: ClockApi;
  readonly devices: DevicesApi;
  readonly alarms: Pick<AlarmsApi, 'all'>;
  readonly history: HistoryApi;
  readonly live: { readonly feed: LiveFeed };
}

/** Devices on the first page, and fields told of each. */
const firstPage = 100;
const maxFields = 8;
const maxAlarms = 20;

/**
 * `GET /api/v1/bootstrap`: all that a page needs before it draws, in one answer, as far as whoever asks may see it. `live.cursor` is of
 * before the rest was looked at: who follows the live feed from there misses nothing.
 */
export function addBootstrapRoute(app: FastifyInstance, deps: BootstrapDependencies): void {
  const { auth, welcome, clock, status, devices } = deps;
  app.get('/api/v1/bootstrap', needs('somebody'), async (request) => {
    const { principal } = request;
    // First: what happens from here on is told by the feed.
    const cursor = cursorNow(principal, deps.live.feed);
    const seen = devicesFor(principal, devices);
    const preferences = welcome.preferences.of(principal.id);
    const page = pageOf(seen, { presences: [], isIgnored: false, limit: firstPage, fields: maxFields });
    const mayReadAll = allows(principal, read);
    const { quality, now } = clock.status();
    const pins = chosenPins(preferences.pinned, seen, devices);
    return {
      ...whoIs(auth, request),
      firstRun: welcome.firstRun.status(),
      gateway: gatewayFor(welcome.gateway.report(), mayReadAll),
      clock: { now: new Date(now).toISOString(), quality },
      preferences,
      status: mayReadAll ? status() : null,
      devices: withFields(page, devices, maxFields),
      alarms: alarmsFor(principal, deps.alarms),
      sparklines: await sparklinesOf(pins, deps.history, devices),
      live: { cursor },
    };
  });
}

function devicesFor({ may }: Principal, devices: DevicesApi): readonly DeviceSummary[] {
  if (!mayReadSome(may)) return [];
  const all = devices.summaries();
  return may.isAdmin || may.readsAll ? all : all.filter(({ id }) => mayRead(may, id));
}

/** Those that are open: the active ones first, as they come first to whoever looks. */
function alarmsFor(principal: Principal, alarms: Pick<AlarmsApi, 'all'>): object {
  const seen = mayReadSome(principal.may) ? alarmsSeenBy(principal, alarms.all()) : [];
  const active = seen.filter(({ state }) => state === 'active');
  const acknowledged = seen.filter(({ state }) => state === 'acknowledged');
  const open = [...active, ...acknowledged];
  return { alarms: open.slice(0, maxAlarms), total: open.length };
}

/** Where it is found is for whoever may see the gateway. */
function gatewayFor(report: GatewayReport, mayReadAll: boolean): object {
  const { id, name, isNamed, version, timeZone, units } = report;
  return mayReadAll ? report : { id, name, isNamed, version, timeZone, units };
}
