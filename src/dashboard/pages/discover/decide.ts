import { ask } from '../../api/ask.ts';
import type { PostTopicsAdoptAnswer } from '../../api/schema.ts';
import { plural, t } from '../../i18n/text.ts';
import { say, sayProblem } from '../../ui/toasts.tsx';
import type { Topic } from './topic-list.ts';
import type { Topics } from './use-topics.ts';

type Change = Topics['change'];

/** What is to be decoded by a profile: the topics of a template, or one of them alone. */
export type Target = { readonly template: string } | { readonly topic: string };

/** What adopting would make of a message. @param device the pattern by which its device is named; undefined: as the profile does @throws {ApiProblem} */
export function preview(
  target: Target,
  profile: string,
  device: string | undefined,
  signal: AbortSignal,
): Promise<PostTopicsAdoptAnswer> {
  const query = { dryRun: true };
  return ask('api/v1/topics/adopt', { method: 'POST', query, body: { ...target, profile, device }, signal });
}

/** Adopts one after the other. @throws {ApiProblem} for the first that can't be */
export async function adopt(
  targets: readonly Target[],
  profile: string,
  device: string | undefined,
  change: Change,
): Promise<void> {
  const done: string[] = [];
  try {
    for (const target of targets) {
      await ask('api/v1/topics/adopt', { method: 'POST', body: { ...target, profile, device } });
      done.push('template' in target ? target.template : target.topic);
    }
  } finally {
    change(done, () => ({ state: 'adopted', profile, suggestions: [] }));
  }
  say(plural(done.length, 'Adopted: {n} kind of topic.', 'Adopted: {n} kinds of topics.'), {
    undo: () => {
      const undone = done.map((name) => reset(name).then(() => change([name], asUnknown)));
      Promise.all(undone).catch(sayProblem);
    },
  });
}

/** Leaves topics alone, with some seconds to think again. */
export async function ignore(topic: Topic, change: Change): Promise<void> {
  const { template, state, profile, suggestions } = topic;
  try {
    await ask('api/v1/topics/ignore', { method: 'POST', body: { template } });
    change([template], () => ({ state: 'ignored', profile: null, suggestions: [] }));
    say(t('{topic} is ignored.', { topic: template }), {
      undo: () => reset(template).then(() => change([template], () => ({ state, profile, suggestions })), sayProblem),
    });
  } catch (error) {
    sayProblem(error);
  }
}

/** Takes back what people decided; with some seconds to think again. */
export async function takeBack(topic: Topic, change: Change): Promise<void> {
  const { template, state, profile, decision } = topic;
  // The decision may be for more than these.
  const decided = decision?.template ?? template;
  try {
    await reset(decided);
    change([template], asUnknown);
    say(t('{topic} is recognised anew with its next message.', { topic: decided }), {
      undo: () => {
        const body = { template: decided, ...(profile !== null && { profile }) };
        const path = profile === null ? 'api/v1/topics/ignore' : 'api/v1/topics/adopt';
        ask(path, { method: 'POST', body }).then(() => change([template], () => ({ state, profile })), sayProblem);
      },
    });
  } catch (error) {
    sayProblem(error);
  }
}

function reset(template: string): Promise<unknown> {
  return ask('api/v1/topics/reset', { method: 'POST', body: { template } });
}

const asUnknown = (): Partial<Topic> => ({ state: 'unknown', profile: null, decision: null });
