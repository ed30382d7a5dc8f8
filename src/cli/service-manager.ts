import type { SdNotify } from '../upkeep/sd-notify.ts';
import type { Terminal } from './terminal.ts';

/** The service manager that waits for what this process says of itself; undefined when none does. It knows that it starts. */
export async function serviceManager({ environment, err }: Terminal): Promise<SdNotify | undefined> {
  if (!environment.NOTIFY_SOCKET) return undefined;
  const { SdNotify } = await import('../upkeep/sd-notify.ts');
  const manager = new SdNotify({ environment, onTrouble: err });
  manager.starting();
  process.once('SIGTERM', () => void manager.stopping());
  return manager;
}
