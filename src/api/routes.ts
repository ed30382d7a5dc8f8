import type { FastifyInstance } from 'fastify';
import type { Auth } from '../auth/auth.ts';
import type { GatewayStatus } from '../instrumentation/status.ts';
import { addAccountsRoutes } from './accounts-routes.ts';
import { type AlarmsApi, addAlarmsRoutes } from './alarms-routes.ts';
import { type ApplianceApi, addApplianceRoutes } from './appliance-routes.ts';
import { type AttemptsApi, addAttemptsRoute } from './attempts-routes.ts';
import { addBootstrapRoute } from './bootstrap-routes.ts';
import { addBufferRoutes, type BufferApi } from './buffer-routes.ts';
import { addClockRoutes, type ClockApi } from './clock-routes.ts';
import { addCommandsRoutes, type CommandsApi } from './commands-routes.ts';
import { addConfigRoutes, type ConfigApi } from './config-routes.ts';
import type { Connections } from './connections.ts';
import { addDashboardRoutes } from './dashboard-routes.ts';
import { addDemoRoutes, type DemoApi } from './demo-routes.ts';
import { addDeviceMetrics } from './device-metrics.ts';
import { addDevicesRoutes, type DevicesApi } from './devices-routes.ts';
import { addDocsRoutes } from './docs-routes.ts';
import { addFirstRunRoutes, type WelcomeApi } from './first-run-routes.ts';
import type { GraphqlEngine } from './graphql/engine.ts';
import { addGraphqlRoutes } from './graphql-routes.ts';
import { needs, read } from './guard.ts';
import { addLiveRoutes, type LiveApi } from './live/live-routes.ts';
import type { LoadApi } from './load-hook.ts';
import { addLogsRoutes, type LogsApi } from './logs-routes.ts';
import { addHistoryRoutes, type HistoryApi } from './measurements/history-routes.ts';
import { addMeasurementsRoutes, type PublishApi } from './measurements/routes.ts';
import { problem, sendProblem } from './problem.ts';
import { addProfileEditorRoutes, type ProfileEditorApi } from './profile-editor-routes.ts';
import { addProfilesRoutes, type ProfilesApi } from './profiles-routes.ts';
import { addRedecodeRoutes, type RedecodeApi } from './redecode-routes.ts';
import { addRulesRoutes, type RulesApi } from './rules-routes.ts';
import { addSerialRoutes, type SerialApi } from './serial-routes.ts';
import { addSessionRoutes } from './session-routes.ts';
import { addTopicsRoutes, type TopicsApi } from './topics-routes.ts';
import { addUpkeepRoutes, type UpkeepApi } from './upkeep-routes.ts';
import { addCanaryRoute, addUplinkTestRoute, type CanaryApi, type UplinkTestApi } from './uplink-test-route.ts';

/** The parts, as far as the routes can ask them for something. */
export interface RouteDependencies {
  readonly status: () => GatewayStatus;
  readonly metrics: () => Promise<{ readonly body: string; readonly contentType: string }>;
  readonly rules: RulesApi;
  readonly devices: DevicesApi;
  readonly profiles: ProfilesApi;
  readonly editor: ProfileEditorApi;
  readonly topics: TopicsApi;
  readonly redecode: RedecodeApi;
  readonly serial: SerialApi;
  readonly buffer: BufferApi;
  readonly clock: ClockApi;
  readonly publish: PublishApi;
  readonly commands: CommandsApi;
  /** Absent: everybody may ask for as much as they like. */
  readonly load?: LoadApi;
  readonly config: ConfigApi;
  /** Who may do what; without it, nobody but who is on this machine may do anything. */
  readonly auth?: Auth;
  readonly history: HistoryApi;
  readonly live: LiveApi;
  readonly welcome: WelcomeApi;
  readonly attempts: AttemptsApi;
  readonly alarms: AlarmsApi;
  readonly uplinkTest: UplinkTestApi;
  readonly canary: CanaryApi;
  readonly demo: DemoApi;
  readonly logs: LogsApi;
  readonly upkeep: UpkeepApi;
  readonly appliance: ApplianceApi;
}

/** What the server itself has for its routes. */
export interface ServerParts {
  readonly connections: Connections;
  readonly graphql: () => Promise<GraphqlEngine>;
}

/** Every route that there is. */
export function addRoutes(app: FastifyInstance, deps: RouteDependencies & ServerParts): void {
  addOwnRoutes(app, deps);
  addDashboardRoutes(app);
  addDocsRoutes(app);
  addRulesRoutes(app, deps.rules);
  addDevicesRoutes(app, deps.devices);
  addDeviceMetrics(app, deps.devices);
  addProfilesRoutes(app, deps.profiles);
  addProfileEditorRoutes(app, deps.editor);
  addTopicsRoutes(app, deps.topics);
  addRedecodeRoutes(app, deps.redecode, deps.profiles);
  addSerialRoutes(app, deps.serial);
  addBufferRoutes(app, deps.status, deps.buffer);
  addClockRoutes(app, deps.clock);
  addMeasurementsRoutes(app, deps.publish, deps.load);
  addCommandsRoutes(app, deps.commands);
  addConfigRoutes(app, deps.config, deps.rules);
  addUplinkTestRoute(app, deps.uplinkTest, deps.config);
  addCanaryRoute(app, deps.canary);
  addDemoRoutes(app, deps.demo);
  addGraphqlRoutes(app, deps.graphql);
  addLogsRoutes(app, deps.logs);
  addUpkeepRoutes(app, deps.upkeep);
  addApplianceRoutes(app, deps.appliance);
  if (deps.auth !== undefined) {
    addSessionRoutes(app, deps.auth, deps.welcome.firstRun, deps.live.feed);
    addAccountsRoutes(app, deps.auth, deps.welcome.gateway);
    addFirstRunRoutes(app, deps.welcome, deps.auth);
    addAttemptsRoute(app, deps.attempts, deps.auth);
    addBootstrapRoute(app, { ...deps, auth: deps.auth });
  }
  addHistoryRoutes(app, deps.history, deps.devices);
  addAlarmsRoutes(app, deps.alarms);
  addLiveRoutes(app, deps.live, deps.connections);
}

/** `/api/v1/health/live` and `…/ready`, `/api/v1/status`, and `/metrics` for Prometheus. */
function addOwnRoutes(app: FastifyInstance, { status, metrics }: RouteDependencies): void {
  app.get('/api/v1/health/live', needs('nothing'), () => ({ status: 'live' }));
  app.get('/api/v1/health/ready', needs('nothing'), (_request, reply) => {
    const { health } = status();
    // Degraded is ready: messages are taken in and safe.
    const isReady = health.state === 'ready' || health.state === 'degraded';
    return isReady ? reply.send({ status: 'ready' }) : sendProblem(reply, problem(503, health.summary));
  });
  app.get('/api/v1/status', needs(read), () => status());
  app.get('/api/v1/uplink', needs(read), () => status().uplink);
  app.get('/metrics', needs(read), async (_request, reply) => {
    const { body, contentType } = await metrics();
    return reply.type(contentType).send(body);
  });
}
