import { join } from 'node:path';
import { atLeast, type Scenario } from '../lib/scenario.ts';
import { headgate, relay } from './relay.ts';

const without = 'without profiles';
const general = 'profiles, none matches';
const matching = 'decoded by a profile';
const directory = join(import.meta.dirname, '../lib/profiles');
/** What of the rate has to be left with profiles. */
const goalRatio = 0.85;

const settings = (set: Readonly<Record<string, string>>) => ({ gateway: set });

export const profiles: Scenario = {
  name: 'profiles',
  title: 'What device profiles cost a message',
  about:
    'The relay with a file sink: by the general rules alone, with all profiles while none matches the topics of the load, and with one that names each value, gives it its unit and names the device.',
  seconds: relay.seconds,
  rounds: relay.rounds,
  metrics: relay.metrics,
  ratio: { metric: 'rate', to: without },
  peers: [
    { name: without, run: (bench) => headgate(bench, 'file', settings({ 'decode.profiles': 'false' })) },
    { name: general, run: (bench) => headgate(bench, 'file') },
    { name: matching, run: (bench) => headgate(bench, 'file', settings({ 'decode.profileDirs': directory })) },
  ],
  goals: (summary) =>
    [general, matching].map((peer) =>
      atLeast(
        `${peer}: msg/s, against none`,
        summary.ratio(peer, without, 'rate')?.median ?? Number.NaN,
        goalRatio,
        '×',
        2,
      ),
    ),
};
