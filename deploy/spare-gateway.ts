import { defaultsOf } from '../src/config/load.ts';
import { configNode } from '../src/config/node.ts';
import type { Config } from '../src/config/schema.ts';
import { Gateway } from '../src/gateway.ts';
import { silentLog } from '../src/lib/log.ts';
import { Restart } from '../src/lib/restart.ts';

/** A gateway in this very process, on free ports, with a directory of its own: for a moment's use, and for what nobody can bring about from outside. Not started yet. */
export function spareGateway(dataDir: string, more: { readonly commitDelayMs?: number } = {}): Gateway {
  const defaults = defaultsOf(configNode) as Config;
  const config: Config = {
    ...defaults,
    dataDir,
    mqtt: { ...defaults.mqtt, port: 0 },
    http: { ...defaults.http, port: 0 },
    grpc: { ...defaults.grpc, port: 0 },
    collector: { ...defaults.collector, port: 0 },
  };
  return new Gateway(config, { ...silentLog, child: () => silentLog }, {}, new Restart(false), more);
}
