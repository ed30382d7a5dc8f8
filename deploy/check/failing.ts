import { eventually } from '../../test/support/wait.ts';

/** Asks a gateway how it is. */
type Look = () => Promise<{ readonly health: { readonly state: string; readonly summary: string } }>;

/**
 * Waits until a gateway says that it is failing.
 *
 * @param look asks it for its status
 * @returns in which words it says so
 */
export async function failing(look: Look, timeoutMs = 30_000): Promise<string> {
  const check = async () => {
    const { health } = await look();
    return health.state === 'failing' && health.summary;
  };
  return await eventually('the status to say that it fails', check, { timeoutMs, everyMs: 50 });
}

/** Waits until it says so no more. */
export async function recovered(look: Look, timeoutMs = 120_000): Promise<void> {
  const check = async () => (await look()).health.state !== 'failing';
  await eventually('the status to say that it recovered', check, { timeoutMs, everyMs: 250 });
}
