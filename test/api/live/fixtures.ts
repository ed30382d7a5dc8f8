import type { TestContext } from 'node:test';
import type { CommandsApi } from '../../../src/api/commands-routes.ts';
import type { Identify } from '../../../src/api/guard.ts';
import { HttpApi } from '../../../src/api/http-api.ts';
import type { LiveApi } from '../../../src/api/live/live-routes.ts';
import type { LoadApi } from '../../../src/api/load-hook.ts';
import type { LiveFeed } from '../../../src/core/live.ts';
import type { Message, Take } from '../../../src/core/message.ts';
import type { Principal } from '../../../src/core/principal.ts';
import { systemClock } from '../../../src/core/time.ts';
import type { HubBounds } from '../../../src/live/bounds.ts';
import { LiveHub } from '../../../src/live/hub.ts';
import { dependencies } from '../fixtures.ts';

export interface LiveSite {
  readonly hub: LiveHub;
  readonly http: HttpApi;
  /** `127.0.0.1:40123` */
  readonly address: string;
  /** What was published. */
  readonly published: Message[];
  /** Takes somebody's rights away. */
  readonly revoke: (principalId: string) => void;
}

export interface LiveSiteOptions {
  readonly bounds?: Partial<HubBounds>;
  readonly identify?: Identify;
  readonly take?: Take;
  readonly commands?: CommandsApi;
  readonly admit?: LiveApi['admit'];
  /** What is done with the watch over connections. */
  readonly counted?: (watch: LiveApi['watch']) => LiveApi['watch'];
  readonly maxLiveConnections?: number;
  readonly load?: LoadApi;
  /** What is read, instead of the hub itself. */
  readonly feed?: (hub: LiveHub) => LiveFeed;
}

/** A hub, and an HTTP server on which it is read. Whoever is on this machine may do everything. */
export async function liveSite(t: TestContext, options: LiveSiteOptions = {}): Promise<LiveSite> {
  const { bounds = {}, identify, maxLiveConnections = 1_000 } = options;
  const hub = new LiveHub({ clock: systemClock, utilisation: () => 0, bounds });
  const published: Message[] = [];
  const take: Take = (message, bearer) => {
    published.push({ ...message, payload: Uint8Array.from(message.payload) });
    bearer.taken(published.length);
  };
  const watched = new Map<string, Set<() => void>>();
  const watch = ({ id }: Principal, end: () => void): (() => void) => {
    const all = watched.get(id) ?? new Set();
    watched.set(id, all.add(end));
    return () => all.delete(end);
  };
  const feed = options.feed?.(hub) ?? hub;
  const counted = options.counted?.(watch) ?? watch;
  const live: LiveApi = { feed, take: options.take ?? take, admit: options.admit, watch: counted };
  const http = new HttpApi(
    dependencies(
      {},
      {
        live,
        options: { host: '127.0.0.1', port: 0, allowedOrigins: [], maxLiveConnections },
        ...(identify && { identify }),
        ...(options.load && { load: options.load }),
        ...(options.commands && { commands: options.commands }),
      },
    ),
  );
  await http.start();
  t.after(async () => {
    await hub.stop();
    await http.stop();
  });
  const revoke = (id: string): void => {
    for (const end of watched.get(id) ?? []) end();
  };
  return { hub, http, address: http.address, published, revoke };
}

/** An event as a stream tells it. */
export interface Told {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

/** Reads Server-Sent Events as the standard says (WHATWG HTML § 9.2.6), piece by piece. */
export class EventReader {
  readonly events: Told[] = [];
  lastId = '';
  comments = 0;
  #text = '';

  read(piece: string): void {
    this.#text += piece;
    for (let end = this.#text.indexOf('\n\n'); end >= 0; end = this.#text.indexOf('\n\n')) {
      const block = this.#text.slice(0, end).split('\n');
      this.#text = this.#text.slice(end + 2);
      const value = (name: string): string | undefined =>
        block.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      this.comments += block.filter((line) => line.startsWith(':')).length;
      this.lastId = value('id') ?? this.lastId;
      const data = value('data');
      if (data !== undefined)
        this.events.push({ id: value('id'), event: value('event') ?? 'message', data: JSON.parse(data) });
    }
  }

  named(name: string): unknown[] {
    return this.events.filter(({ event }) => event === name).map(({ data }) => data);
  }
}
