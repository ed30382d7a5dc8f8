import type { Trouble } from './given.ts';

/** What everybody on the machine may read of it, as `problems.json`: the gateway does, and the console. */
export interface Problems {
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** Of several that say the same, one. */
export function problemsOf(troubles: readonly Trouble[]): Problems {
  const ofKind = (kind: Trouble['kind']) => [
    ...new Set(troubles.filter((one) => one.kind === kind).map(({ text }) => text)),
  ];
  return { problems: ofKind('problem'), notes: ofKind('note') };
}

/**
 * What lies beside the settings on the boot partition, for somebody who has a card reader and nothing else; undefined: there is nothing to
 * say. With line ends that every editor shows.
 */
export function problemsText({ problems, notes }: Problems): string | undefined {
  if (problems.length + notes.length === 0) return undefined;
  const part = (title: string, lines: readonly string[]) => (lines.length === 0 ? [] : [title, '', ...lines, '']);
  return [
    'Written by Headgate at its last start. It goes when all is right.',
    '',
    ...part('Wrong, and so left out (everything else holds):', problems),
    ...part('Right, but nothing that this machine does:', notes),
  ].join('\r\n');
}
