import type { FastifyInstance } from 'fastify';
import { closest } from '../lib/spelling.ts';
import type { ProfileDescription, ProfileSummary } from '../profiles/describe.ts';
import { admin, needs, read } from './guard.ts';
import { problem, sendProblem } from './problem.ts';

/** What reading the profiles again came to. */
export interface ReloadedProfiles {
  /** How many there are now. */
  readonly profiles: number;
  /** Names of those that are new, different or gone. */
  readonly changed: readonly string[];
  /** What is wrong in people's own, a line each: `FILE:LINE:COLUMN: what`. */
  readonly errors: readonly string[];
}

/** The device profiles, as far as they can be asked about. */
export interface ProfilesApi {
  /** In order of their names. */
  readonly profiles: () => readonly ProfileSummary[];
  readonly profile: (name: string) => ProfileDescription | undefined;
  /** @throws {HeadgateError} config.unreadable */
  readonly reload: () => ReloadedProfiles;
}

/**
 * `GET /api/v1/profiles`, what each is and what it could not read; `…/{vendor}/{model}` with all that it says. For callers on
 * this machine `POST …/reload` to read people's own again.
 */
export function addProfilesRoutes(app: FastifyInstance, api: ProfilesApi): void {
  app.get('/api/v1/profiles', needs(read), () => ({ profiles: api.profiles() }));
  app.post('/api/v1/profiles/reload', needs(admin), () => api.reload());
  app.get('/api/v1/profiles/:vendor/:model', needs(read), (request, reply) => {
    const { vendor, model } = request.params as Readonly<Record<'vendor' | 'model', string>>;
    const name = `${vendor}/${model}`;
    const found = api.profile(name);
    if (found !== undefined) return reply.send(found);
    return sendProblem(reply, problem(404, noProfile(name, api.profiles())));
  });
}

/** That there is no such profile, and which one was likely meant. */
export function noProfile(name: string, profiles: readonly { readonly name: string }[]): string {
  const shown = name.slice(0, 80);
  const names = profiles.map((one) => one.name);
  const meant = closest(name.slice(0, 200), names);
  return `There is no profile \`${shown}\`${meant === undefined ? ': `GET /api/v1/profiles` tells which there are.' : `; did you mean \`${meant}\`?`}`;
}
