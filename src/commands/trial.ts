import type { Command } from '../core/command.ts';
import { messageOf } from '../core/errors.ts';
import type { Shelf } from '../core/shelf.ts';
import type { Log } from '../lib/log.ts';

/** How the gateway's own rules and configuration are changed from afar: by an overlay over its configuration file. */
export interface RemoteConfig {
  /** The overlay in force, YAML; empty: none. */
  overlay(): string;
  /** What the overlay becomes by a command, or everything that is wrong with it. Changes nothing. */
  plan(command: Command): { readonly overlay: string } | { readonly reason: string };
  /** Makes an overlay durable and puts it in force. @throws what the disk or the configuration says */
  apply(overlay: string): void;
}

export interface TrialDependencies {
  readonly shelf: Shelf;
  readonly remote: RemoteConfig;
  /** Gives the uplink's connection up and makes a new one at once. */
  readonly redial: () => void;
  readonly log: Log;
}

/** Where on the shelf it lies. The name means the same for ever. */
const space = 'commands.trial';
const key = 'trial';

interface Terms {
  readonly id: string;
  readonly before: string;
  readonly after: string;
}

type TrialState =
  /** The configuration is as it is to stay. */
  | { readonly name: 'none' }
  /** Noted, and not in force yet: the note is on its way to the disk. */
  | { readonly name: 'prepared'; readonly terms: Terms }
  /** In force until it is confirmed over a connection made later than `sinceConnection`, or taken back. */
  | { readonly name: 'running'; readonly terms: Terms; readonly sinceConnection: number };

/**
 * A change of the gateway's own configuration, on trial: a gateway that can't be reached any more can't be told to take it
 * back, so it does that itself. What was before is noted durably first; so a trial goes on where it was after a crash.
 */
export class Trial {
  readonly #deps: TrialDependencies;
  #state: TrialState = { name: 'none' };

  constructor(deps: TrialDependencies) {
    this.#deps = deps;
  }

  /** Takes up the trial that the last run left. @param isOpen whether its command is still under way */
  async load(isOpen: (id: string) => boolean): Promise<void> {
    const [found] = await this.#deps.shelf.entries(space);
    if (found === undefined) return;
    const terms = parse(found[1]);
    if (terms !== undefined && isOpen(terms.id)) this.#state = { name: 'prepared', terms };
    else this.#deps.shelf.delete(space, key);
  }

  /** The command that is on trial. */
  get commandId(): string | undefined {
    return this.#state.name === 'none' ? undefined : this.#state.terms.id;
  }

  /** Notes what is to be tried, along with whatever else is put in this turn. @returns why not, when it can't be */
  prepare(command: Command): string | undefined {
    const { shelf, remote } = this.#deps;
    const plan = remote.plan(command);
    if ('reason' in plan) return plan.reason;
    const terms: Terms = { id: command.id, before: remote.overlay(), after: plan.overlay };
    this.#state = { name: 'prepared', terms };
    shelf.put(space, key, Buffer.from(JSON.stringify(terms)));
    return undefined;
  }

  /** The note is durable: puts it in force, and has the uplink prove itself. @returns why that failed, when it did */
  begin(connections: number): string | undefined {
    if (this.#state.name !== 'prepared') return undefined;
    const { remote, redial, log } = this.#deps;
    const { terms } = this.#state;
    this.#state = { name: 'running', terms, sinceConnection: connections };
    try {
      if (remote.overlay() !== terms.after) remote.apply(terms.after);
    } catch (error) {
      return messageOf(error);
    }
    log.info({ command: terms.id }, 'A configuration from the collector is on trial.');
    redial();
    return undefined;
  }

  /** Whether what the collector confirms on this connection proves that it can still be reached. */
  isProvedOn(connection: number): boolean {
    return this.#state.name === 'running' && connection > this.#state.sinceConnection;
  }

  /** It is to stay. */
  keep(): void {
    this.#deps.log.info({ command: this.commandId }, 'The configuration from the collector holds.');
    this.#end();
  }

  /** Puts back what was before. @returns whether it is back; if not, it is to be tried again */
  takeBack(why: string): boolean {
    if (this.#state.name === 'none') return true;
    const { remote, log } = this.#deps;
    const { id, before } = this.#state.terms;
    try {
      if (remote.overlay() !== before) remote.apply(before);
    } catch (error) {
      log.error({ command: id, reason: messageOf(error) }, 'The configuration of before could not be put back yet.');
      return false;
    }
    log.warn({ command: id, reason: why }, 'The configuration from the collector was taken back.');
    this.#end();
    return true;
  }

  #end(): void {
    this.#state = { name: 'none' };
    this.#deps.shelf.delete(space, key);
  }
}

function parse(bytes: Uint8Array): Terms | undefined {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    // Written by something else: there is nothing to go back to.
    return undefined;
  }
}
